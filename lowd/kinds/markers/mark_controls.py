"""`lowd step mark-controls`: the markers of the teacher, and of pure memorisation."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.kinds.markers.mark import GROUP, MarkStep

if TYPE_CHECKING:
    from lowd.kinds.markers.measure import Group


class MarkControlsStep(MarkStep):
    """Settings of the step: those of students."""


def mark_controls(
    settings: MarkControlsStep,
    *,
    levels: Path,
    drawn: Path,
    memorised: Path,
    teacher: Path,
    truth: Path,
    empirical: Path,
    pool: Path,
    points: Path,
    noise: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Write every marker of both to the store `output`, over `control` and as of students.

    The teacher is measured beside every training set, as if it were a student that learned nothing
    from it; the empirical denoiser of the set is one that learned nothing else. `drawn`
    and `memorised` are their samples, `truth` and `empirical` what the study compares in
    their place.
    """
    import xarray as xr

    from lowd.kinds.markers.measure import forward_markers, read_known
    from lowd.kinds.markers.samples import PIXELS, of_samples
    from lowd.steps.scoring import Features, read_features
    from lowd.store.arrays import read_store, write_store

    known = read_known(settings, truth, empirical, pool, points, yardstick)
    cells = list(known.memorised)
    alone = PIXELS(read_store(drawn)["samples"].values)
    samples: dict[str, tuple[Features, Features]] = {
        "teacher": (dict.fromkeys(cells, alone), dict.fromkeys(cells, known.truth)),
        "empirical": (read_features(memorised, PIXELS), known.memorised),
    }
    found = []
    for control, (own, features) in samples.items():
        groups = _groups(control, settings, teacher, pool)
        dataset = forward_markers(settings, groups, levels, teacher, pool, noise)
        found.append(dataset.assign(of_samples(own, features, known, settings.samples)))
    write_store(output, xr.concat(found, xr.Variable("control", list(samples))))


def _groups(
    control: str, settings: MarkControlsStep, teacher: Path, pool: Path
) -> "Iterator[Group]":
    """A few training sets at a time, and the control beside each as a stack."""
    import torch

    from lowd.diffusion.denoiser import Denoiser, Sigma
    from lowd.distributions.empirical import Empirical
    from lowd.kinds.markers.places import read_training_sets
    from lowd.steps.teachers.teacher import load_teacher

    def stacked(denoisers: list[Denoiser]) -> Denoiser:
        def denoise(x: torch.Tensor, sigma: Sigma) -> torch.Tensor:
            return torch.stack([one(y, sigma) for one, y in zip(denoisers, x, strict=True)])

        return denoise

    device = torch.device("cpu")
    truth = load_teacher(teacher, device).denoise
    sets = read_training_sets(pool, settings.samples, settings.replicates, device)
    cells = list(sets)
    for first in range(0, len(cells), GROUP):
        part = cells[first : first + GROUP]
        is_teacher = control == "teacher"
        yield (
            part,
            stacked(
                [truth if is_teacher else Empirical(sets[cell].points).denoise for cell in part]
            ),
        )
