"""`lowd step mark`: markers of memorisation of one model's students."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings

if TYPE_CHECKING:
    import torch

    from lowd.kinds.markers.measure import Group

GROUP = 8
"""Students side by side."""


class MarkStep(Settings):
    """Settings of the mark step.

    Attributes:
        study: the study whose students they are; names the random streams.
        samples: its N.
        replicates: its training sets of each.
        sampler: its sampler.
    """

    study: str
    samples: tuple[int, ...]
    replicates: int
    sampler: SamplerSettings


def mark(
    settings: MarkStep,
    *,
    levels: Path,
    students: Path,
    generated: Path,
    features: Path,
    teacher: Path,
    truth: Path,
    empirical: Path,
    pool: Path,
    points: Path,
    noise: Path,
    yardstick: Path,
    output: Path,
) -> None:
    """Write the markers of one model, each with its standard error, to the store `output`.

    Those of samples per (N, replicate), as `lowd.kinds.markers.samples` says; over sigma too what
    forward passes give, as `lowd.kinds.markers.passes` says. A diverged student has NaN.
    `features`, `truth`, `empirical` and `points` are what the study compares in place of samples
    of students, teacher, empirical denoisers and of the pool.
    """
    import torch

    from lowd.kinds.markers.measure import forward_markers, read_known
    from lowd.kinds.markers.samples import PIXELS, of_samples
    from lowd.steps.describe import load_yardstick
    from lowd.steps.scoring import read_features
    from lowd.store.arrays import write_store

    known = read_known(settings, truth, empirical, pool, points, yardstick)
    descriptor, _ = load_yardstick(yardstick)
    variables = of_samples(
        read_features(generated, PIXELS),
        read_features(features, descriptor),
        known,
        settings.samples,
    )
    groups = _groups(students, torch.device("cpu"))
    dataset = forward_markers(settings, groups, levels, teacher, pool, noise)
    write_store(output, dataset.assign(variables))


def _groups(checkpoint: Path, device: "torch.device") -> "Iterator[Group]":
    """The students that did not diverge, a few at a time."""
    from lowd.store.students import load_students

    stack = load_students(checkpoint)
    alive = [at for at, step in enumerate(stack.diverged.tolist()) if step < 0]
    runs: list[list[int]] = []
    for at in alive:
        if not runs or at != runs[-1][-1] + 1 or len(runs[-1]) == GROUP:
            runs.append([])
        runs[-1].append(at)
    for run in runs:
        part = slice(run[0], run[-1] + 1)
        cells = [(cell["N"], cell["replicate"]) for cell in stack.cells[part]]
        yield cells, stack.denoiser(part, device)
