"""Checkpoints of students that were trained elsewhere, as denoisers D(x, sigma).

No pickle is run on the way: files that hold one are refused, by whatever loader.
"""

import importlib
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from lowd.diffusion.denoiser import Denoiser, Sigma
from lowd.kinds.external.pickles import without_pickles
from lowd.kinds.external.settings import (
    CustomStudents,
    ExportedStudents,
    PipelineStudents,
    ScriptedStudents,
)
from lowd.sources.settings import DiffusersTeacher
from lowd.steps.teachers import diffusers
from lowd.steps.teachers.teacher import WEIGHTS
from lowd.store.checkpoints import load_checkpoint

Students = PipelineStudents | ScriptedStudents | ExportedStudents | CustomStudents
PROBED = (0.5, 5.0)
"""Noise levels at which each is asked once."""


class Student(NamedTuple):
    """A student as it is needed: D(x, sigma), and |θ|."""

    denoise: Denoiser
    parameters: int


def load(students: Students, path: Path, shape: tuple[int, ...], device: torch.device) -> Student:
    """The student in a file or folder, once it has answered with finite values of x's shape.

    Raises:
        ValueError: it can't be loaded, answers with something else, or has no count of parameters;
            the message starts with its path.
    """
    try:
        match students:
            case PipelineStudents():
                student = _pipeline(path, shape, device)
            case ScriptedStudents():
                student = _scripted(path, device)
            case ExportedStudents():
                student = _exported(path, device)
            case CustomStudents():
                student = _custom(students, path, device)
        _try(student.denoise, shape, device)
    except Exception as error:  # loaders and the user's own code raise types of their own
        reason = " ".join(str(error).split()) or type(error).__name__
        told = reason if reason.startswith(str(path)) else f"{path}: {reason}"
        raise ValueError(told) from error
    return student


def _pipeline(path: Path, shape: tuple[int, ...], device: torch.device) -> Student:
    """As a teacher of this kind: its own scheduler has to agree with the denoiser."""
    if len(shape) != 3:
        raise ValueError(f"pipelines are of images, not of samples of shape {list(shape)}")
    channels, height, width = shape
    settings = DiffusersTeacher(
        kind="diffusers", path=path, repository=None, shape=(channels, height, width)
    )
    with tempfile.TemporaryDirectory() as folder, without_pickles():
        diffusers.make(settings, 0, Path(folder), None)
        tensors, _ = load_checkpoint(Path(folder, WEIGHTS))
        denoise = diffusers.load(Path(folder), device).denoise
    count = sum(one.numel() for name, one in tensors.items() if name.startswith("unet."))
    return Student(denoise, count)


def _scripted(path: Path, device: torch.device) -> Student:
    try:
        with without_pickles():
            module = torch.jit.load(path, map_location=device)
    except (RuntimeError, ValueError) as error:
        raise ValueError(
            "not a TorchScript file, which torch.jit.save writes; pickles are never opened"
        ) from error
    return _of_module(module.eval())


def _exported(path: Path, device: torch.device) -> Student:
    try:
        with without_pickles():
            program = torch.export.load(path)
    except Exception as error:  # whatever a file that is something else leads to
        raise ValueError(
            "not a file of torch.export.save, or one with pickled parts; pickles are never opened"
        ) from error
    return _of_module(program.module().to(device))


def _of_module(module: nn.Module) -> Student:
    """A module that takes one noise level for each sample."""

    def denoise(x: Tensor, sigma: Sigma) -> Tensor:
        levels = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
        return module(x, levels.expand(len(x)).contiguous())

    return Student(denoise, _count(module))


def _custom(students: CustomStudents, path: Path, device: torch.device) -> Student:
    module, function = students.entry.split(":")
    try:
        denoise: Any = getattr(importlib.import_module(module), function)(path, **students.options)
    except Exception as error:
        raise ValueError(
            f"entry {students.entry!r} fails with options {students.options} "
            f"({type(error).__name__}: {error})"
        ) from error
    if not callable(denoise):
        raise ValueError(f"entry {students.entry!r} returns {denoise!r}, not D(x, sigma)")
    if isinstance(denoise, nn.Module):
        denoise.to(device).eval()
    if students.parameters is None and not isinstance(denoise, nn.Module):
        raise ValueError(
            f"entry {students.entry!r} returns no torch.nn.Module, whose parameters could be "
            "counted; give `parameters`"
        )
    return Student(denoise, students.parameters or _count(denoise))


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@torch.no_grad()
def _try(denoise: Denoiser, shape: tuple[int, ...], device: torch.device) -> None:
    generator = torch.Generator().manual_seed(0)
    for rows, sigma in enumerate(PROBED, start=2):
        x = sigma * torch.randn(rows, *shape, generator=generator).to(device)
        try:
            answer = denoise(x, sigma)
        except Exception as error:
            raise ValueError(
                f"fails on x {tuple(x.shape)} at sigma {sigma}; it has to be D(x, sigma), for any "
                f"number of samples ({type(error).__name__}: {error})"
            ) from error
        if not isinstance(answer, Tensor) or answer.shape != x.shape:
            got = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
            raise ValueError(f"maps x {tuple(x.shape)} to {got}, not to the shape of x")
        if not answer.isfinite().all():
            raise ValueError(f"is not finite at sigma {sigma}")
        if not torch.equal(denoise(x, sigma), answer):
            raise ValueError("answers the same call differently; take dropout and the like out")
