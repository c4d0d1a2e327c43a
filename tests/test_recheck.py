"""Cells made again agree if rounding alone sets them apart, and differ if anything else does."""

import json
import re
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
import xarray as xr
from repositories import STUDIES, Repository

from lowd.cli import recheck as rechecking
from lowd.cli.agreement import move_of_losses, move_of_sampling, move_of_training
from lowd.cli.planned import planned
from lowd.cli.recheck import recheck
from lowd.cli.rederive import run_again
from lowd.diffusion.noise_levels import sampler_levels
from lowd.diffusion.solvers import probability_flow
from lowd.metrics.descriptors import Descriptor
from lowd.metrics.estimate import Estimate
from lowd.metrics.flow_distance import probability_flow_distance
from lowd.steps.train import TrainStep
from lowd.store.students import Students, load_students, save_students
from lowd.streams import stream
from lowd.training.trainer import Trainer

pytestmark = pytest.mark.campaign

CELLS = {
    f"model={model},N={n},replicate={replicate}"
    for model, n, replicate in product(
        STUDIES["tiny"]["models"], STUDIES["tiny"]["samples"], range(STUDIES["tiny"]["replicates"])
    )
}


@pytest.fixture(scope="module")
def repository(tiny, tmp_path_factory):
    """A copy of where `tiny` has been run."""
    path = tmp_path_factory.mktemp("recheck") / "repository"
    return Repository(shutil.copytree(tiny.path, path))


@pytest.fixture(scope="module")
def jobs(repository):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository.path)
        patch.setenv("PYTHONPATH", str(repository.path))
        return planned(["data/tiny/manifest.json"])


@pytest.fixture
def study(repository, jobs, monkeypatch):
    """The study, in the current folder, planned once."""
    monkeypatch.chdir(repository.path)
    monkeypatch.setattr(rechecking, "planned", lambda targets: jobs)
    return "tiny"


def switch_off_training(monkeypatch):
    def no_gradient(trainer, loss):
        for parameter in trainer.parameters.values():
            parameter.grad.zero_()

    monkeypatch.setattr(Trainer, "_clip_and_freeze", no_gradient)


def take_another_seed(monkeypatch):
    monkeypatch.setattr("lowd.training.draws.stream", lambda *names: stream("other", *names))


def take_another_solver(monkeypatch):
    def euler(denoise, start, sigmas, solver):
        return probability_flow(denoise, start, sigmas, "euler")

    monkeypatch.setattr("lowd.steps.generation.probability_flow", euler)


def take_a_step_less(monkeypatch):
    def fewer(sampler):
        return sampler_levels(sampler.model_copy(update={"steps": sampler.steps - 1}))

    monkeypatch.setattr("lowd.steps.generation.sampler_levels", fewer)


def take_another_metric(monkeypatch):
    def wrong(*features):
        value, error = probability_flow_distance(*features)
        return Estimate(value * 1.01, error)

    monkeypatch.setattr("lowd.metrics.flow_distance.probability_flow_distance", wrong)


def keep_training(monkeypatch):
    """Take the stored stack for the one trained again, which it is to the bit here."""

    def again(job, folder, instead=MappingProxyType({})):
        if isinstance(job.settings, TrainStep):
            return {path: path for path in job.outputs}
        return run_again(job, folder, instead)

    monkeypatch.setattr(rechecking, "run_again", again)


def beyond_bounds(rederived):
    return {move.what for move in rederived.moves if not move.agrees}


@pytest.mark.parametrize("change", [switch_off_training, take_another_seed])
def test_no_cell_agrees_that_is_trained_otherwise(study, change, monkeypatch):
    change(monkeypatch)
    found = recheck([study], len(CELLS))
    assert {one.cell for one in found} == CELLS
    assert all(one.verdict.startswith("differs: first losses moved by") for one in found)
    both = {"first losses", "samples"}
    assert all({"first losses"} <= beyond_bounds(one) <= both for one in found)
    # Where training is switched off either alone would tell; another seed may end near.
    told = sum(beyond_bounds(one) == both for one in found)
    assert told == len(found) if change is switch_off_training else told > 0


@pytest.mark.parametrize("change", [take_another_solver, take_a_step_less])
def test_no_cell_agrees_that_is_sampled_otherwise(study, change, monkeypatch):
    change(monkeypatch)
    keep_training(monkeypatch)
    found = recheck([study], len(CELLS))
    assert {one.cell for one in found} == CELLS
    assert all("samples of the stored weights" in beyond_bounds(one) for one in found)
    assert all(one.verdict.startswith("differs: ") for one in found)


def test_no_cell_agrees_whose_stored_weights_are_anothers(study):
    """Though training again leaves the samples that are stored."""
    paths = sorted(Path("data/tiny/students").glob("*/weights.safetensors"))
    kept = [path.read_bytes() for path in paths]
    for path in paths:
        students = load_students(path)
        rolled = {name: weight.roll(1, 0) for name, weight in students.weights.items()}
        save_students(path, replace(students, weights=rolled))
    found = recheck([study], len(CELLS))
    for path, content in zip(paths, kept, strict=True):
        path.write_bytes(content)
    assert {one.cell for one in found} == CELLS
    assert all("samples of the stored weights" in beyond_bounds(one) for one in found)


def test_no_cell_agrees_that_is_scored_otherwise(study, monkeypatch):
    take_another_metric(monkeypatch)
    keep_training(monkeypatch)
    found = recheck([study], len(CELLS))
    assert {one.cell for one in found} == CELLS
    assert all(re.fullmatch(r"e_\w+ of the stored samples", *beyond_bounds(one)) for one in found)


def test_every_cell_agrees_on_another_instruction_set(repository):
    environment = ["ATEN_CPU_CAPABILITY=default", "ONEDNN_MAX_CPU_ISA=AVX2", "MKL_CBWR=AVX2"]
    command = ("lowd", "audit", "results/tiny.zarr", "--json", "--rederive", str(len(CELLS)))
    said = repository.run("env", *environment, *command)
    found = json.loads(said[said.index("{") :])["rederived"]
    assert {one["cell"] for one in found} == CELLS
    assert all(one["agrees"] for one in found)


def test_students_without_scores_are_made_again_by_their_samples(along, monkeypatch):
    monkeypatch.chdir(along.path)
    monkeypatch.setenv("PYTHONPATH", str(along.path))
    (found,) = recheck(["along"], 1)
    assert re.fullmatch(r"model=unet-4,N=[28],replicate=[01]", found.cell)
    assert [move.what for move in found.moves] == [
        "first losses",
        "samples",
        "samples of the stored weights",
    ]
    assert found.agrees


IDENTITY = Descriptor("identity")


def samples(*students):
    """A store of students (N=2, replicate), each one of two values a noise."""
    array = np.array([students], dtype=np.float32)
    dims = ("N", "replicate", "noise", "feature")
    return xr.DataArray(array, dims=dims, coords={"N": [2], "replicate": range(len(students))})


CELL = {"N": 2, "replicate": 0}
OURS, OTHER = [[0, 0], [0, 1]], [[0, 3], [4, 1]]
DIVERGED = [[np.nan, np.nan]] * 2


@pytest.mark.parametrize(
    ("stored", "again", "size"),
    [
        ((OURS, OTHER), ([[0, 0.3], [0, 1]], OTHER), 0.3 / 5),
        ((OURS, OTHER, [[0, 9], [9, 9]]), (OTHER, OTHER, OTHER), 1.0),
        # Where there is no other, or it diverged, its own size is the unit.
        ((OURS,), ([[0, 0.3], [0, 1]],), 0.3),
        ((OURS, DIVERGED), ([[0, 0.3], [0, 1]], OTHER), 0.3),
        ((DIVERGED, OTHER), (DIVERGED, OTHER), 0.0),
        ((DIVERGED, OTHER), (OURS, OTHER), np.inf),
        ((OURS, OTHER), (DIVERGED, OTHER), np.inf),
    ],
)
def test_training_is_judged_by_the_nearest_other_student(stored, again, size):
    found = move_of_training(samples(*stored), samples(*again), CELL, IDENTITY)
    assert found.size == pytest.approx(size, rel=1e-6)


def test_a_collapsed_student_may_move_by_rounding():
    collapsed = [[3, 4], [3, 4]]
    rounded = [[3, 4 + 4e-6], [3, 4]]
    found = move_of_sampling(samples(collapsed), samples(rounded), CELL, IDENTITY)
    assert 0 < found.size < 1e-6
    assert found.agrees


@pytest.mark.parametrize(
    ("moved", "agrees"), [(1 + 1e-6, True), (1 + 1e-3, False), (np.nan, False)]
)
def test_early_losses_alone_are_compared(moved, agrees):
    def stack(*losses):
        return Students(
            model={},
            shape=(2,),
            sigma_data=0.5,
            cells=[{"N": 2, "replicate": 1}, CELL],
            weights={},
            diverged=torch.tensor([-1, -1]),
            losses=torch.tensor([[1.0, 1.0, 1.0], losses]),
        )

    early = move_of_losses(stack(1, 0.9, 0.8), stack(1, 0.9 * moved, 0.4), CELL, "single")
    assert early.agrees == agrees
