"""A whole run of generations of students: killed, resumed, and traced to its first ancestor."""

import json
import os
import signal
import time
from contextlib import suppress

import pytest
from repositories import HOLD, create, hold

import lowd
from lowd.kinds.collapse.train_generation import TrainGenerationStep, train_generation
from lowd.provenance.statement import read_statement
from lowd.store.checkpoints import load_checkpoint
from lowd.training.settings import BLOCK

pytestmark = pytest.mark.campaign
MANIFEST = "data/descent/manifest.json"


def saved_step(path):
    """How far the first generation's training could go on from."""
    steps = [0]
    for scratch in path.glob(".lowd/descent/first.0-*.safetensors"):
        with suppress(FileNotFoundError):
            steps.append(int(load_checkpoint(scratch)[0]["step"]))
    return max(steps)


@pytest.fixture(scope="module")
def descent(tmp_path_factory):
    """Where the run was killed while the first generation trained, and then went on; and when."""
    repository = create(tmp_path_factory.mktemp("descent") / "repository")
    hold(repository)
    first = repository.start("workflow/run", MANIFEST)
    while (step := saved_step(repository.path)) < 200:
        assert first.poll() is None, first.communicate()[0]
        time.sleep(0.01)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    step = saved_step(repository.path)
    (repository.path / HOLD).unlink()
    repository.run("workflow/run", MANIFEST)
    return repository, step


def test_all_that_is_declared_is_made(descent):
    repository, _ = descent
    made = json.loads((repository.path / MANIFEST).read_text())
    expected = {f"data/descent/sets/{name}.zarr" for name in ("first.0", "replace.2", "half.2")}
    expected |= {f"figures/descent/{name}.png" for name in ("collapse", "entropy", "samples")}
    assert expected < set(made)
    assert all((repository.path / path).exists() for path in made)
    results = lowd.open_results("descent", repository.path)
    assert dict(results["e_gen"].sizes) == {"mode": 2, "N": 1, "replicate": 2, "generation": 3}
    assert results["e_gen"].notnull().all()
    assert "Nothing to be done" in repository.run("snakemake", "-n", MANIFEST)


def test_a_generation_killed_in_training_resumes_to_the_same_bytes(descent, tmp_path):
    repository, step = descent
    log = (repository.path / "logs/descent/train-first.0.log").read_text()
    assert f"step {step + BLOCK}, loss" in log and ": step 100, loss" not in log
    assert not list(repository.path.glob(".lowd/descent/*"))
    stated = read_statement(repository.path / "provenance/descent/train-first.0.json")
    again = tmp_path / "weights.safetensors"
    train_generation(
        TrainGenerationStep.model_validate_json(json.dumps(stated.settings)),
        sets=repository.path / "data/descent/sets/first.0.zarr",
        output=again,
    )
    trained = repository.path / "data/descent/generations/first.0/weights.safetensors"
    assert again.read_bytes() == trained.read_bytes()


def test_a_point_is_traced_to_its_first_ancestor_and_to_no_other_line(descent):
    repository, _ = descent
    point = "data/descent/generated/replace.2.zarr"
    found = json.loads(repository.run("lowd", "trace", point, "--json"))
    assert found["verified"]
    assert set(found["jobs"]) == {
        "provenance/descent/generate-replace.2.json",
        *(
            f"provenance/descent/{job}-{name}.json"
            for job in ("breed", "train")
            for name in ("replace.2", "replace.1", "first.0")
        ),
        *(f"provenance/pictures/{job}.json" for job in ("pool", "teacher", "images", "noise")),
    }
