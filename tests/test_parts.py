"""A model's students trained in several jobs: the same grid, gathered in one checkpoint."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from repositories import STUDIES

from lowd.cli.cell import find_training, parse_cell
from lowd.kinds.transition.jobs import parts as parts_of
from lowd.kinds.transition.jobs import trainings as trainings_of
from lowd.kinds.transition.settings import Transition
from lowd.provenance.in_toto import Subject
from lowd.provenance.statement import Statement
from lowd.steps.gather import GatherStep, gather
from lowd.store.students import Students, save_students
from lowd.training.settings import EpsilonSettings


def study(samples, replicates, stack):
    settings = copy.deepcopy(STUDIES["tiny"]) | {
        "samples": samples,
        "replicates": replicates,
        "pool": {"size": replicates * samples[-1]},
        "compute": {"students_per_job": stack, "backend": {"mlp-4": "looped"}},
    }
    return Transition.model_validate_json(json.dumps(settings))


@given(
    samples=st.sets(st.integers(2, 40), min_size=1, max_size=9).map(sorted),
    replicates=st.integers(2, 4),
    spare=st.integers(0, 30),
)
def test_parts_share_the_grid_in_order_within_the_stack(samples, replicates, spare):
    one = study(samples, replicates, replicates + spare)
    whole = trainings_of(one)["mlp-4"]
    parts = parts_of(one, "mlp-4")
    cells = len(samples) * replicates
    assert bool(parts) == (replicates + spare < cells)
    if parts:
        assert sum((part.samples for part in parts), ()) == one.samples
        assert all(len(part.samples) * replicates <= replicates + spare for part in parts)
        # Streams go by model, N and replicate: what a job is called must not matter to them.
        assert all(part.model_copy(update={"samples": whole.samples}) == whole for part in parts)


def test_a_stack_may_be_one_models_and_its_fellows_are_not_gathered():
    one = study([2, 4, 8], 2, {"mlp-8": 4})
    assert [part.samples for part in parts_of(one, "mlp-8")] == [(2, 4), (8,)]
    assert parts_of(one, "mlp-4") == []
    assert parts_of(study([2, 4, 8], 2, {"mlp-8": 6}), "mlp-8") == []


def test_only_what_differs_from_single_precision_and_grouping_is_passed_on():
    one = study([2, 4], 2, 2)
    trainings = trainings_of(one)
    assert trainings["mlp-4"].compute.backend == "looped"
    assert "compute" not in json.loads(trainings["mlp-8"].model_dump_json())


def stack(samples=(2, 4, 8), **changes):
    cells = [{"N": n, "replicate": r} for n in samples for r in (0, 1)]
    generator = torch.Generator().manual_seed(0)
    return Students(
        **{
            "model": {"architecture": "mlp", "width": 4, "depth": 2},
            "shape": (3,),
            "sigma_data": 0.5,
            "cells": cells,
            "weights": {"w": torch.randn(len(cells), 2, generator=generator)},
            "diverged": torch.arange(len(cells)),
            "losses": torch.randn(len(cells), 3, generator=generator),
        }
        | changes
    )


def share(whole, rows):
    return replace(
        whole,
        cells=whole.cells[rows],
        weights={name: tensor[rows] for name, tensor in whole.weights.items()},
        diverged=whole.diverged[rows],
        losses=whole.losses[rows],
    )


def test_gathered_parts_are_the_whole_to_the_byte(tmp_path):
    whole = stack()
    save_students(tmp_path / "whole", whole)
    for name, rows in {"1": slice(0, 4), "2": slice(4, 6)}.items():
        save_students(tmp_path / name, share(whole, rows))
    gather(
        GatherStep(samples=(2, 4, 8)),
        part=[tmp_path / "1", tmp_path / "2"],
        output=tmp_path / "made",
    )
    assert (tmp_path / "made").read_bytes() == (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (stack((2,)), r"students of N = \(2, 4\) are not"),
        (stack((8,), shape=(4,)), "another model"),
        (stack((8,), sigma_data=0.7), "another model"),
        (stack((8,), losses=torch.zeros(2, 4)), "another model"),
        (stack((8,), aim=EpsilonSettings(kind="epsilon", kernel="vp")), "another model"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(tmp_path, other, message):
    save_students(tmp_path / "1", stack((2, 4)))
    save_students(tmp_path / "2", other)
    with pytest.raises(ValueError, match=message):
        gather(
            GatherStep(samples=(2, 4, 8)),
            part=[tmp_path / "1", tmp_path / "2"],
            output=tmp_path / "made",
        )
    assert not (tmp_path / "made").exists()


def trained(part, *samples):
    """A statement, as far as one of training is asked."""
    asked = SimpleNamespace(step="train", settings={"samples": list(samples), "replicates": 2})
    definition = SimpleNamespace(external_parameters=asked)
    output = Subject(name=f"data/s/parts/a.{part}/weights.safetensors", digest={"sha256": "0" * 64})
    return Statement.model_construct(
        subject=(output,), predicate=SimpleNamespace(build_definition=definition)
    )


def test_a_cell_is_found_in_the_part_that_has_its_n():
    statements = {Path("first"): trained(1, 2, 4), Path("second"): trained(2, 8)}
    assert find_training(parse_cell("model=a,N=4,replicate=0"), statements) == Path("first")
    assert find_training(parse_cell("model=a,N=8,replicate=1"), statements) == Path("second")
    with pytest.raises(ValueError, match=r"N of 2, 4, 8; replicates 0 to 1"):
        find_training(parse_cell("model=a,N=5,replicate=0"), statements)
