"""The study of docs/studies.md that extends another, varies it and fixes the threshold."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import lowd
from lowd.cli.app import app
from lowd.settings import load_declared, load_params
from lowd.table import graph
from lowd.written.inheritance import merged

ROOT = Path(__file__).parents[1]
SECTION = (ROOT / "docs/studies.md").read_text().split("\n## One study from another\n")[1]
SECTION = SECTION.split("\n## ")[0]
NAME, TEXT = re.search(r"`studies/(\w+)\.yaml`:\n\n```yaml\n(.*?)```", SECTION, re.S).groups()
MEMBERS = list(re.search(r"are two studies, `([\w-]+)` and `([\w-]+)`", SECTION).groups())
FAMILY = re.search(r"make figures STUDIES=(\w+)", SECTION)[1]
SMALL = {
    "pool": {"size": 64},
    "noise": {"size": 16},
    "sampler": {"steps": 4},
    "samples": [2, 8],
    "replicates": 2,
    "training": {"steps": 40, "warm_up": 5, "batch": 16},
}


@pytest.fixture
def paper(tmp_path, monkeypatch):
    """A repository that `lowd init` wrote, with the base and the file of the page."""
    assert CliRunner().invoke(app, ["init", str(tmp_path / "paper")]).exit_code == 0
    monkeypatch.chdir(tmp_path / "paper")
    base = yaml.safe_load((ROOT / "params.yaml").read_text())["studies"]["molrg"]
    Path("params.yaml").write_text(yaml.safe_dump({"studies": {"molrg": base}}))
    Path(f"studies/{NAME}.yaml").write_text(TEXT)
    return tmp_path / "paper"


def test_the_file_of_the_page_is_the_studies_that_it_says(paper):
    params = load_params(Path("params.yaml"))
    assert [*params.studies] == ["molrg", *MEMBERS] and FAMILY == NAME
    assert load_declared(Path("params.yaml")).families == {FAMILY: tuple(MEMBERS)}
    base = params.studies["molrg"]
    for name in MEMBERS:
        study = params.studies[name]
        assert study.teacher.rank == int(name.split("-")[-1]) and study.threshold == 0.6
        teacher = study.teacher.model_copy(update={"rank": base.teacher.rank})
        training = study.training.model_copy(update={"sigma_data": base.training.sigma_data})
        update = {"teacher": teacher, "training": training, "threshold": base.threshold}
        assert study.model_copy(update=update) == base
    jobs = graph(params).jobs
    assert {j.study for j in jobs if j.step.name == "describe_fixed"} == set(MEMBERS)


def test_labels_and_keys_together_are_as_the_page_writes_them(paper):
    written = re.findall(r"`([\w., ]+: \{[^`]*\})`", SECTION)
    for text in written:
        if "teacher" in text:
            Path("studies/more.yaml").write_text(f"extends: molrg\nvary:\n  {text}\n")
        else:
            Path("studies/more.yaml").write_text(f"extends: molrg\n{text}\n")
        assert any(name.startswith("more") for name in load_params(Path("params.yaml")).studies)
    assert len(written) == 3


def run(*command):
    place = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["env", f"PATH={place}:/usr/local/bin:/usr/bin:/bin", f"PYTHONPATH={ROOT}", *command],
        capture_output=True,
        text=True,
    )
    assert not done.returncode, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def commit():
    run("git", "add", "-A")
    author = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")
    run("git", *author, "commit", "-qm", "all")


@pytest.mark.campaign
def test_it_runs_is_audited_and_restored_and_an_edit_of_its_base_is_seen(paper):
    params = yaml.safe_load(Path("params.yaml").read_text())
    base = merged(params["studies"]["molrg"], SMALL)
    base["models"] = {"mlp-4": {"architecture": "mlp", "width": 4}}
    Path("params.yaml").write_text(yaml.safe_dump({"studies": {"molrg": base}}))
    (name, *_) = MEMBERS
    commit()
    assert f"{name}: made" in run("lowd", "run", name)
    assert "declared:" not in run("dvc", "status", "declared", f"study@{name}")
    assert json.loads(Path(f"results/{name}.yardstick.json").read_text())["threshold"] == 0.6
    results = lowd.open_results(name)
    assert results.attrs["threshold"] == 0.6
    assert json.loads(results.attrs["threshold_rule"]) == {"fixed": 0.6}
    commit()
    assert "passed" in run("lowd", "audit")
    assert f"{name}: nothing to do" in run("lowd", "run", name)
    assert f"restored {name}" in run("lowd", "restore")
    assert "every link verifies" in run("lowd", "trace", f"figures/{name}/regimes.svg")
    base["noise"]["size"] = 20
    Path("params.yaml").write_text(yaml.safe_dump({"studies": {"molrg": base}}))
    assert "declared:" in run("dvc", "status", "declared")
    run("dvc", "repro", f"study@{name}")
    assert lowd.open_results(name).sizes["N"] == 2
    stated = json.loads(Path(f"provenance/{name}/noise.json").read_text())["predicate"]
    assert stated["buildDefinition"]["externalParameters"]["settings"]["size"] == 20
    commit()
    assert "passed" in run("lowd", "audit")
