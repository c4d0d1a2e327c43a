"""A study that grows or is renamed makes what is new, and comes out as if made afresh."""

import copy
import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from lowd.cli.again import foresee
from lowd.cli.app import app
from lowd.cli.cell import find_student, find_training, parse_cell
from lowd.cli.due import due
from lowd.cli.kept import dropped, keeping, known
from lowd.cli.planned import planned
from lowd.cli.run import run
from lowd.models.settings import MLPSettings
from lowd.provenance.cells import cells_of, earlier_jobs
from lowd.provenance.digests import digest
from lowd.provenance.repository import read_repository
from lowd.provenance.statement import read_statement, read_statements
from lowd.steps.train import TrainStep, student_name
from lowd.store.atomic import remove
from lowd.table import read_graph

RESULTS = Path("results/s.zarr")
STUDY = {
    "teacher": {"kind": "molrg", "dimension": 6, "rank": 2},
    "pool": {"size": 64, "reference": 16},
    "noise": {"size": 16},
    "sampler": {"steps": 3},
    "samples": [2, 8],
    "replicates": 2,
    "training": {"steps": 20, "warm_up": 5, "batch": 8},
    "models": {
        "small": {"architecture": "mlp", "width": 4},
        "large": {"architecture": "mlp", "width": 8},
    },
}
PICTURES = {
    "teacher": {
        "kind": "trained",
        "images": {"source": "digits"},
        "model": {"architecture": "unet", "width": 4},
        "training": {"steps": 2, "warm_up": 1, "batch": 4},
    },
    "pool": {"size": 40, "reference": 8, "sampler": {"steps": 2}},
    "models": {"net": {"architecture": "unet", "width": 4}},
}


def edited(study, **changes):
    """The study with other values, of mappings with other keys."""
    made = copy.deepcopy(study)
    for key, value in changes.items():
        nested = isinstance(value, dict) and isinstance(made.get(key), dict) and key != "models"
        made[key] = made[key] | value if nested else value
    return made


def make(study, stop_before=None):
    """Make the study's results in this process; the names of the jobs that ran."""
    Path("params.yaml").write_text(yaml.safe_dump({"studies": {"s": study}}, sort_keys=False))
    everything = read_graph()
    graph = everything.leading_to([RESULTS])
    reasons = due(graph)
    due_first = [job for job in graph.jobs if job.statement in reasons]
    running = {job.statement for job in graph.followers(due_first)}
    todo = [job for job in graph.in_order if job.statement in running]
    jobs = {one.statement: one for one in planned([str(RESULTS)])}
    ran = []
    with suppress(SystemExit), keeping(graph, everything, reasons):
        for job in todo:
            if job.statement.stem == stop_before:
                raise SystemExit(1)
            for path in job.outputs:  # as Snakemake does
                remove(path)
            one = jobs[job.statement]
            run(one.step, one.settings, dict(one.paths), one.statement)
            ran.append(job.statement.stem)
        raise SystemExit(0)
    return ran


def new_cells():
    """By job that has cells, how many of them it made itself."""
    return {
        path.stem: sum(not job for group in cells_of(stated) for job in group.jobs)
        for path, stated in read_statements().items()
        if cells_of(stated)
    }


def outputs():
    return {
        output.path: digest(output.path)
        for stated in read_statements().values()
        for output in stated.subject
        if output.path.exists()
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of the finished study."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make(STUDY)
    return folder


@pytest.fixture
def folder(finished, tmp_path, monkeypatch):
    place = tmp_path / "grown"
    shutil.copytree(finished, place)
    monkeypatch.chdir(place)
    return place


def afresh(study, folder, monkeypatch):
    """What the study leaves in an empty folder."""
    folder.mkdir()
    with monkeypatch.context() as patch:
        patch.chdir(folder)
        make(study)
        return outputs()


def counts(train=0, generate=0, empirical=0, score=0, same=0, controls=0):
    """New cells of every job that has some; the second model is compared with the first too."""
    return {
        **{"train-small": train, "train-large": train},
        **{"generate-small": generate, "generate-large": generate, "generate-empirical": empirical},
        **{"score-small": score, "score-large": score + same, "controls": controls},
    }


def sampled(jobs):
    """Those of the jobs that come after training."""
    return {job: count for job, count in jobs.items() if not job.startswith("train")}


EDITS = {
    # Cells, and pairs of replicates.
    "one N more": ({"samples": [2, 4, 8]}, counts(2, 2, 2, 2 + 1, 2, 2 + 1)),
    "one N less": ({"samples": [8]}, counts()),
    # The new replicate makes a pair with both others.
    "a replicate more": ({"replicates": 3}, counts(2, 2, 2, 2 + 4, 2, 2 + 4)),
    "a larger pool": ({"pool": {"size": 128}}, counts()),
    "a model renamed": (
        {"models": {"tiny": STUDY["models"]["small"], "large": STUDY["models"]["large"]}},
        {"train-tiny": 0, "generate-tiny": 0, "score-tiny": 0, "score-large": 0},
    ),
    "a model more": (
        {"models": STUDY["models"] | {"third": {"architecture": "mlp", "width": 6}}},
        {"train-third": 4, "generate-third": 4, "score-third": 4 + 2 + 2 * 4},
    ),
    # Two points are where the flow of two points ends, whatever the steps: one pair is as it was.
    "another sampler": ({"sampler": {"steps": 4}}, sampled(counts(0, 4, 4, 4 + 2, 4, 4 + 1))),
    "a stack in parts": (
        {"compute": {"students_per_job": 2}},
        {f"train-{model}.{part}": 0 for model in ("small", "large") for part in (1, 2)}
        | {f"{step}-{model}": 0 for step in ("generate", "score") for model in ("small", "large")},
    ),
}


QUICK = ("one N more", "a model renamed")


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.campaign) for name in EDITS],
)
def test_an_edit_makes_new_cells_and_leaves_what_a_fresh_run_does(
    name, folder, tmp_path, monkeypatch
):
    changes, made = EDITS[name]
    study = edited(STUDY, **changes)
    ran = make(study)
    counted = new_cells()
    assert {job: counted[job] for job in ran if job in counted} == made
    fresh = afresh(study, tmp_path / "fresh", monkeypatch)
    grown = outputs()
    assert [path for path in fresh if fresh[path] != grown[path]] == []


@pytest.mark.campaign
@pytest.mark.parametrize("stop", ["train-large", "generate-large", "score-small", "collect"])
def test_growth_that_was_cut_short_goes_on_without_loss(stop, folder, tmp_path, monkeypatch):
    study = edited(STUDY, samples=[2, 4, 8])
    make(study, stop_before=stop)
    make(study)
    counted = new_cells()
    assert (counted["train-small"], counted["train-large"], counted["score-small"]) == (2, 2, 3)
    fresh = afresh(study, tmp_path / "fresh", monkeypatch)
    grown = outputs()
    assert [path for path in fresh if fresh[path] != grown[path]] == []


@pytest.mark.campaign
def test_what_was_dropped_comes_back_until_it_is_cleaned(folder):
    smaller = edited(STUDY, samples=[8])
    make(smaller)
    assert sum(one.cells for one in dropped(read_graph())) > 0
    make(STUDY)
    assert new_cells()["train-large"] == 0
    assert dropped(read_graph()) == []  # all that was kept is in outputs again
    make(smaller)
    shown = CliRunner().invoke(app, ["clean"], input="n\n")
    assert shown.exit_code == 1 and dropped(read_graph())
    assert "data/s/students/small/weights.safetensors: 2 cells that no study has" in shown.output
    assert CliRunner().invoke(app, ["clean", "--yes"]).exit_code == 0
    assert dropped(read_graph()) == []
    make(STUDY)
    assert new_cells()["train-large"] == 2


def test_a_run_that_was_cut_short_has_what_it_is_to_take_up(folder):
    study = edited(STUDY, samples=[2, 4, 8])
    make(study, stop_before="train-large")
    remove(Path("data/s/students/large/weights.safetensors"))  # as Snakemake does before a job
    shown = CliRunner().invoke(app, ["clean", "--yes"])
    assert "students/large" not in shown.output
    graph = read_graph().leading_to([RESULTS])
    ahead = foresee(graph, due(graph))
    # Describe and collect have no cells; of the others all keep some.
    assert ahead.fresh == 0 and sum(one.jobs for one in ahead.lost.values()) <= 2
    make(study)
    assert new_cells()["train-large"] == 2


@pytest.mark.campaign
def test_what_is_kept_and_can_not_be_read_stops_nothing_and_is_cleaned(folder):
    make(edited(STUDY, samples=[8]))
    kept = [one.folder for one in dropped(read_graph()) if "students" in str(one.output)]
    (kept[0] / "statement.json").write_text("{not json")
    swapped = json.loads((kept[1] / "statement.json").read_text())
    for each in swapped["predicate"]["runDetails"]["byproducts"]:
        if each["name"] == "cells":
            each["annotations"]["groups"][0]["keys"].reverse()
    (kept[1] / "statement.json").write_text(json.dumps(swapped))
    Path(".lowd/kept/.half").mkdir()
    make(STUDY)
    counted = new_cells()
    # Nothing was taken from either; of the other cells none was made again.
    assert (counted["train-small"], counted["train-large"]) == (2, 2)
    shown = CliRunner().invoke(app, ["clean", "--yes"])
    assert shown.exit_code == 0 and shown.output.count("left over, of no use") == 3
    assert list(Path(".lowd/kept").iterdir()) == []


@pytest.mark.campaign
def test_cells_of_other_code_or_damaged_files_are_not_taken(folder):
    code = read_statement(Path("provenance/s/train-small.json")).code
    make(edited(STUDY, samples=[8]))
    assert len(known("train", code).places) == 8
    assert not known("train", "0" * 64).places and not known("generate", code).places
    (kept,) = {one.folder for one in dropped(read_graph()) if "students/small" in str(one.output)}
    with (kept / "data/s/students/small/weights.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    make(STUDY)
    counted = new_cells()
    assert (counted["train-small"], counted["train-large"]) == (2, 0)


@pytest.mark.campaign
def test_an_old_and_a_new_cell_lead_to_the_two_jobs(folder):
    first = read_statement(Path("provenance/s/train-small.json")).lineage
    make(edited(STUDY, samples=[2, 4, 8]))
    statements = read_statements()
    stated = statements[Path("provenance/s/train-small.json")]
    made_by = {}
    for n in (2, 4):
        cell = parse_cell(f"model=small,N={n},replicate=1")
        training = statements[find_training(cell, statements)]
        made_by[n] = find_student(cell, training, None, here=True).made_by
    assert made_by == {2: first, 4: stated.lineage}
    assert earlier_jobs(stated)[first].settings["samples"] == [2, 8]
    # A third generation still knows the first.
    make(edited(STUDY, samples=[2, 4, 6, 8]))
    statements = read_statements()
    stated = statements[Path("provenance/s/train-small.json")]
    assert {job for group in cells_of(stated) for job in group.jobs} == {*made_by.values(), ""}


@pytest.mark.campaign
@pytest.mark.parametrize("edit", ["settings", "dropped", "maker"])
def test_a_statement_whose_earlier_job_was_edited_is_told(edit, folder):
    make(edited(STUDY, samples=[2, 4, 8]))
    path = Path("provenance/s/train-small.json")
    assert read_repository().edited == set()
    content = json.loads(path.read_text())
    details = content["predicate"]["runDetails"]
    (cells,) = (each for each in details["byproducts"] if each["name"] == "cells")
    (earlier,) = (each for each in details["byproducts"] if each["name"] == "earlier")
    if edit == "settings":
        definition = earlier["annotations"]["statement"]["predicate"]["buildDefinition"]
        definition["externalParameters"]["settings"]["seed"] = 7
    elif edit == "dropped":
        details["byproducts"].remove(earlier)
    else:
        cells["annotations"]["groups"][0]["madeBy"] = [-1] * 6
    path.write_text(json.dumps(content))
    assert read_repository().edited == {path}


@pytest.mark.campaign
def test_students_of_images_are_the_same_in_every_stack(tmp_path, monkeypatch):
    study = STUDY | PICTURES
    (tmp_path / "grown").mkdir()
    monkeypatch.chdir(tmp_path / "grown")
    make(study)
    bigger = edited(study, samples=[2, 4, 8], replicates=3, pool={"size": 48})
    make(bigger)
    assert new_cells()["train-net"] == 9 - 4
    fresh = afresh(bigger, tmp_path / "fresh", monkeypatch)
    grown = outputs()
    assert [path for path in fresh if fresh[path] != grown[path]] == []


def test_names_of_students_follow_what_they_are():
    def name(**changes):
        settings = {
            "seed": 0,
            "model": {"architecture": "mlp", "width": 8},
            "samples": (2,),
            "replicates": 1,
            "training": {"steps": 200},
        }
        return student_name(TrainStep.model_validate(settings | changes))

    first = name()
    assert first == name(samples=(4, 8), replicates=3, training={"steps": 300})
    assert first == name(model=MLPSettings(architecture="mlp", width=8).model_dump())
    others = {
        name(model={"architecture": "mlp", "width": 16}),
        name(model={"architecture": "unet", "width": 8}),
        name(objective={"kind": "epsilon", "kernel": "vp", "sigma_min": 0.1, "sigma_max": 1}),
    }
    assert len({first, *others}) == 4
