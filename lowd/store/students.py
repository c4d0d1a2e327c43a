"""Stacks of trained students, written and read back as denoisers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from pydantic import TypeAdapter
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.models.settings import ModelSettings
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.training.objectives.build import assemble, objective
from lowd.training.settings import EDMSettings, ObjectiveSettings


@dataclass(frozen=True)
class Students:
    """One stack, its weights averaged over training.

    Attributes:
        model: the architecture.
        cells: for each student its coordinates: `N` and `replicate`, and `seed` and `step` where
            there are several. They fill a grid, the last coordinate by alphabet fastest.
        diverged: for each student, the step at which training failed, or −1.
        losses: (student, block), the mean training loss of every block of steps.
    """

    model: dict[str, Any]
    shape: tuple[int, ...]
    sigma_data: float
    cells: list[dict[str, int]]
    weights: dict[str, Tensor]
    diverged: Int[Tensor, " student"]
    losses: Float[Tensor, "student block"]
    aim: ObjectiveSettings = field(default_factory=EDMSettings)

    def of(self, students: Sequence[int]) -> "Students":
        """Some of the students, in the order given."""
        chosen = list(students)
        return replace(
            self,
            cells=[self.cells[at] for at in chosen],
            weights={name: tensor[chosen] for name, tensor in self.weights.items()},
            diverged=self.diverged[chosen],
            losses=self.losses[chosen],
        )

    def denoiser(self, students: slice, device: torch.device) -> Denoiser:
        """D(x, sigma) of some students, x (student, M, *shape)."""
        weights = {name: tensor[students] for name, tensor in self.weights.items()}
        settings: ModelSettings = TypeAdapter(ModelSettings).validate_python(self.model)
        stack = assemble(self.aim, settings, len(self.cells[students]), self.shape)
        try:
            stack.load_state_dict(weights)
        except RuntimeError as error:
            raise ValueError(
                f"weights are not those of {self.model}; train it again ({error})"
            ) from error
        return objective(self.aim, stack.to(device).eval(), self.sigma_data).denoise


def joined(stacks: Sequence[Students]) -> Students:
    """One stack of the students of several, one after another.

    Raises:
        ValueError: they are not of one model and one training.
    """
    first = stacks[0]
    if any(_kind(stack) != _kind(first) for stack in stacks):
        raise ValueError("students of another model than the first make no stack with it")
    return replace(
        first,
        cells=[cell for stack in stacks for cell in stack.cells],
        weights={
            name: torch.cat([stack.weights[name].cpu() for stack in stacks])
            for name in first.weights
        },
        diverged=torch.cat([stack.diverged.cpu() for stack in stacks]),
        losses=torch.cat([stack.losses for stack in stacks]),
    )


def _kind(stack: Students) -> tuple[object, ...]:
    return stack.model, stack.shape, stack.sigma_data, stack.aim, stack.losses.shape[1]


def save_students(path: Path, students: Students) -> None:
    """Write a stack; raises as writing a file does."""
    tensors = {f"average.{name}": tensor for name, tensor in students.weights.items()}
    tensors |= {"diverged": students.diverged, "losses": students.losses}
    metadata = {
        "model": students.model,
        "shape": list(students.shape),
        "sigma_data": students.sigma_data,
        "cells": students.cells,
    }
    # EDM's goes without saying: most checkpoints are of it.
    if not isinstance(students.aim, EDMSettings):
        metadata["aim"] = students.aim.model_dump(mode="json")
    save_checkpoint(path, tensors, metadata)


def load_students(path: Path) -> Students:
    """Read what `save_students` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or holds something else.
    """
    tensors, metadata = load_checkpoint(path)
    if "cells" not in metadata:
        raise ValueError(f"{path}: not a stack of students; give what `lowd train` wrote")
    weights = {
        name.removeprefix("average."): tensor
        for name, tensor in tensors.items()
        if name.startswith("average.")
    }
    return Students(
        model=metadata["model"],
        shape=tuple(metadata["shape"]),
        sigma_data=metadata["sigma_data"],
        cells=metadata["cells"],
        weights=weights,
        diverged=tensors["diverged"],
        losses=tensors["losses"],
        aim=TypeAdapter(ObjectiveSettings).validate_python(metadata.get("aim", {"kind": "edm"})),
    )
