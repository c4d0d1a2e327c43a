"""What is due is told by content: statements against the jobs of now."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from lowd.cli.again import consent, foresee
from lowd.cli.due import Reason, due
from lowd.parsing import parse_settings
from lowd.provenance.record import begin, finish
from lowd.provenance.statement import write_statement
from lowd.settings import Params
from lowd.table import graph

STUDY = """
studies:
  s:
    teacher: {{kind: molrg, dimension: 6, rank: 2}}
    pool: {{size: 64}}
    noise: {{size: {noises}}}
    samples: [2, 8]
    training: {{steps: {steps}, batch: 8, sigma_data: 0.5}}
    models:
      narrow: {{architecture: mlp, width: 4}}
      wide: {{architecture: mlp, width: 8}}
"""
PAGE = (Path(__file__).parents[1] / "docs/studies.md").read_text()
SECTION = PAGE.split("## What an edit makes again")[1].split("\n## ")[0]
EDITS = re.findall(r"^\| `(\w+: .*?)` \| (.*?)(?:;.*)? \|$", SECTION, re.MULTILINE)
FIGURE = Path("figures/s/errors.svg")
MANIFEST = Path("data/s/manifest.json")


def jobs(noises=4, steps=200):
    """The jobs of a study with these settings."""
    text = STUDY.format(noises=noises, steps=steps)
    return graph(parse_settings(Params, text, "params.yaml"))


def names(reasons):
    return {path.stem for path in reasons}


def make(job, content="made"):
    """Leave some outputs of a job, and the statement that it would."""
    inputs = {role: list(paths) for role, paths in job.inputs.items()}
    begun = begin(
        job.step.name,
        job.settings.model_dump(mode="json"),
        inputs=inputs,
        outputs=job.outputs,
        modules=job.modules,
    )
    for path in job.outputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{path}: {content}")
    job.statement.parent.mkdir(parents=True, exist_ok=True)
    write_statement(job.statement, finish(begun))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, where every job of the study was made."""
    monkeypatch.chdir(tmp_path)
    for job in jobs().in_order:
        make(job)


def job(rule, **wildcards):
    (found,) = (
        one
        for one in jobs().jobs
        if one.rule.name == rule and wildcards.items() <= one.wildcards.items()
    )
    return found


def test_nothing_is_due_of_what_is_made():
    assert due(jobs()) == {}


def test_due_names_the_setting_that_changed_and_the_jobs_that_get_it():
    reasons = due(jobs(noises=5))
    assert reasons == {
        Path("provenance/s/noise.json"): Reason("setting", "size was 4, is 5"),
        # What captions say of scores.
        Path("provenance/s/collect.json"): Reason("setting", "noises was 4, is 5"),
    }
    assert names(due(jobs(steps=300))) == {"train-narrow", "train-wide", "collect"}


def test_an_output_that_is_gone_is_due_for_the_manifest_that_declares_it():
    Path("data/s/noise.zarr").unlink()
    gone = Reason("missing", "data/s/noise.zarr is missing")
    assert due(jobs()) == {Path("provenance/s/noise.json"): gone}
    assert names(due(jobs().leading_to([MANIFEST]))) == {"noise"}


def test_a_figure_needs_nothing_of_what_its_results_were_made_from():
    shutil.rmtree("data")
    asked = jobs().leading_to([FIGURE])
    assert due(asked) == {}
    FIGURE.unlink()
    assert names(due(asked)) == {"figure-errors"}


def test_what_a_job_that_runs_reads_is_made_first():
    Path("data/s/pool.zarr").unlink()
    Path("data/s/teacher").unlink()
    asked = jobs(steps=300).leading_to([FIGURE])
    assert names(due(asked)) >= {"train-narrow", "train-wide", "pool", "teacher"}
    assert "noise" not in names(due(asked))


def test_a_job_is_due_when_what_it_read_was_made_again_as_something_else():
    make(job("noise"))
    assert due(jobs()) == {}  # the same again
    make(job("noise"), "other noises")
    reasons = due(jobs())
    generated = {f"generate-{name}" for name in ("narrow", "wide", "teacher", "empirical")}
    assert names(reasons) == generated | {"controls"}
    assert set(reasons.values()) == {Reason("input", "data/s/noise.zarr was made again")}


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_job_without_a_statement_that_can_be_read_is_due(content):
    statement = job("train", model="wide").statement
    statement.unlink()
    if content is not None:
        statement.write_text(content)
    (path, reason) = next(iter(due(jobs()).items()))
    assert path == statement
    assert reason.kind == "new" and "statement" in reason.text


def test_a_job_whose_code_changed_is_due(monkeypatch):
    one = job("score", model="wide")
    monkeypatch.setattr(type(one), "code", "another" * 8)
    assert set(due(jobs()).values()) == {Reason("code", "its code has changed")}


def test_what_an_edit_has_made_again_is_told_from_what_was_never_made():
    asked = jobs(steps=300)
    FIGURE.unlink()
    ahead = foresee(asked, due(asked))
    assert ahead.fresh == 1
    assert ahead.lost["setting"].jobs == 3
    told = ("training.steps was 200, is 300", "steps was 200, is 300")
    assert ahead.lost["setting"].examples == told
    shutil.rmtree("data")
    gone = foresee(asked, due(asked))
    # Nothing is lost that is not here, but results are.
    assert gone.lost["setting"].examples == ("steps was 200, is 300",)


def test_more_finished_work_than_the_budget_needs_consent(monkeypatch):
    asked = jobs(steps=300)
    ahead = foresee(asked, due(asked))
    consent(ahead)  # it took no ten minutes
    monkeypatch.setenv("BUDGET", "0")
    with pytest.raises(ValueError, match=r"finished work would be made again: .*YES=1"):
        consent(ahead)
    monkeypatch.setenv("YES", "1")
    consent(ahead)
    monkeypatch.setenv("YES", "")
    monkeypatch.setenv("BUDGET", "much")
    with pytest.raises(ValueError, match="BUDGET: 'much' is not a number of minutes"):
        consent(ahead)
    monkeypatch.setenv("BUDGET", "0")
    consent(foresee(jobs(), due(jobs())))  # nothing is due


@pytest.mark.parametrize(("edit", "told"), EDITS)
def test_an_edit_makes_again_what_the_table_says(edit, told):
    params = yaml.safe_load(STUDY.format(noises=4, steps=200))
    ((key, value),) = yaml.safe_load(edit).items()
    before = params["studies"]["s"].get(key)
    params["studies"]["s"][key] = before | value if isinstance(before, dict) else value
    asked = graph(parse_settings(Params, yaml.safe_dump(params), "params.yaml"))
    reasons = due(asked)
    running = asked.followers(job for job in asked.jobs if job.statement in reasons)
    rules = {job.rule.name for job in running} - {"collect", "figure", "manifest"}
    assert rules == set(re.findall(r"\w+", told)) & {one.rule.name for one in asked.jobs}
    if key == "models":
        assert {job.wildcards["model"] for job in running if job.rule.name == "train"} == {"third"}


def test_the_table_of_edits_has_rows():
    assert len(EDITS) == 9
