"""A change that a fault interrupts is taken in by the next run, or the next run fails.

A few of the cells of benchmarks/faults/changes.py, with commands that start as a user's do.
"""

import json
import shutil

import pytest
import yaml
from interrupted import REACHED, VARIABLE, arm
from repositories import Repository, commit

pytestmark = [pytest.mark.faults, pytest.mark.campaign]

SETTINGS = {
    "noise": ("noise", {"size": 20}, "full", {"size": 20}),
    # Of one training alone.
    "train-mlp-4": (
        "compute",
        {"backend": {"mlp-4": "batched"}},
        "killed",
        {"compute": {"precision": "single", "backend": "batched"}},
    ),
}
"""By job: a key of the study, its new value, a fault, and what is other in the job's settings."""
STAGE = ("dvc", "repro", "study@tiny")

FIGURES = {f"figure-{name}" for name in ("regimes", "errors", "memorised", "transition", "plane")}


@pytest.fixture
def finished(tiny, tmp_path):
    """A finished study, committed, jobs of which can be interrupted."""
    repository = Repository(shutil.copytree(tiny.path, tmp_path / "copy", symlinks=True))
    arm(repository.path)
    commit(repository)
    return repository


def change(repository, key, value):
    """Give a setting of the study another value, and commit that."""
    path = repository.path / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["studies"]["tiny"][key] = value
    path.write_text(yaml.safe_dump(params, sort_keys=False))
    commit(repository)


def edit(repository, module):
    """Add a line to a module, and commit that."""
    with (repository.path / module).open("a") as file:
        file.write("\n_EDITED = 1\n")
    commit(repository)


def interrupt(repository, job, fault):
    """Run the study, in which a fault befalls the job."""
    process = Repository(repository.path).start(
        "env", f"{VARIABLE}={fault}:provenance/tiny/{job}.json", *STAGE
    )
    said, _ = process.communicate()
    assert (repository.path / REACHED).exists(), said
    assert process.returncode, said


def statements(repository):
    """Every statement of the study, by the name of its job."""
    folder = repository.path / "provenance/tiny"
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("[!.]*.json")}


def run_again(repository):
    """Names of the jobs that the next run makes, after which nothing is stale."""
    before = statements(repository)
    repository.run(*STAGE)
    commit(repository)
    after = statements(repository)
    made = {name for name, one in after.items() if before.get(name) != one}
    lock = yaml.safe_load((repository.path / "dvc.lock").read_text())
    params = yaml.safe_load((repository.path / "params.yaml").read_text())
    recorded = lock["stages"]["study@tiny"]["params"]["declared.json"]
    assert recorded["declared.studies.tiny"] == params["studies"]["tiny"]
    repository.run("lowd", "verify")
    repository.run("lowd", "audit")
    repository.run("lowd", "trace", "figures/tiny/plane.svg")
    return made


@pytest.mark.parametrize("job", SETTINGS)
def test_settings_that_a_fault_interrupts_are_taken_in(finished, job):
    key, value, fault, asked = SETTINGS[job]
    change(finished, key, value)
    interrupt(finished, job, fault)
    made = run_again(finished)
    definition = statements(finished)[job]["predicate"]["buildDefinition"]
    assert asked.items() <= definition["externalParameters"]["settings"].items()
    assert {job, "generate-mlp-4", "score-mlp-4", "collect", "figure-plane", "manifest"} <= made
    assert not {"teacher", "pool", "describe"} & made


def test_code_that_a_fault_interrupts_is_taken_in(finished):
    edit(finished, "lowd/kinds/transition/controls.py")
    interrupt(finished, "controls", "killed")
    made = run_again(finished)
    assert {"controls"} <= made <= {"controls", "collect", *FIGURES, "manifest"}


def test_inputs_that_change_before_a_fault_are_taken_in(finished):
    change(finished, "threshold", {"nearest": 0.8})
    interrupt(finished, "collect", "fails")
    made = run_again(finished)
    assert made == {"collect", *FIGURES, "manifest"}
