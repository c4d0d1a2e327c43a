"""`lowd step breed`: the training sets of a generation, from the students of the one before."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.kinds.collapse.modes import Mode

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from lowd.kinds.collapse.sets import Candidates, Cell


class BreedStep(Settings):
    """Settings of the breed step.

    Attributes:
        name: the mode's name.
        mode: how sets come about; nothing for the first generation.
        generation: which, from 0.
    """

    seed: int
    name: str
    mode: Mode | None
    generation: int
    samples: tuple[int, ...]
    replicates: int
    sampler: SamplerSettings


def cell_name(generation: int, mode: str, n: int | str, replicate: int | str) -> str:
    """What the random streams of a student, and of what it learns from, are told apart by."""
    return f"generation={generation}/{mode}/N={n}/replicate={replicate}"


def made(mode: Mode, n: int) -> int:
    """How many samples a student makes for the next generation."""
    if mode.share is not None:
        return n - round(mode.share * n)
    return mode.candidates * n


def breed(
    settings: BreedStep,
    *,
    pool: Path,
    output: Path,
    students: Path | None = None,
    sets: Path | None = None,
    first: Path | None = None,
) -> None:
    """Write the training sets of a generation to the store `output`, and all they are chosen from.

    New samples of the teacher are rows of the pool that no generation before has seen. `students`
    is the checkpoint of the generation before, `sets` its training sets, which modes that keep
    data need, and `first` those of the first generation, whose spacing a filter starts from.
    """
    from lowd.kinds.collapse.sets import read_sets, write_sets
    from lowd.steps.training_sets import training_rows
    from lowd.store.arrays import read_store

    points = read_store(pool)["samples"].values
    drawn = {} if students is None else _draw(settings, students)
    earlier = {} if sets is None else read_sets(sets)
    founders = {} if first is None else read_sets(first)
    found = {}
    for cell, rows in training_rows(len(points), settings.samples, settings.replicates).items():
        new = drawn.get(cell, points[:0])
        start = rows.start + settings.generation * cell[0]
        taught = points[start : start + _taught(settings.mode, cell[0])]
        every = _joined(settings, earlier.get(cell), taught, new)
        found[cell] = _chosen(settings, cell, every, founders.get(cell))
    write_sets(output, found)


def _taught(mode: Mode | None, n: int) -> int:
    """How many of a training set's points are new ones of the teacher."""
    if mode is None or mode.data == "control":
        return n
    return n - made(mode, n) if mode.data == "fresh" else 0


def _joined(
    settings: BreedStep, kept: "Candidates | None", taught: "np.ndarray", new: "np.ndarray"
) -> "Candidates":
    """Points of earlier generations, of the teacher and of the last students, in this order."""
    import numpy as np

    from lowd.kinds.collapse.sets import TEACHER, Candidates

    maker = np.repeat([TEACHER, settings.generation - 1], [len(taught), len(new)])
    points = np.concatenate([taught, new])
    if kept is not None:
        points = np.concatenate([kept.points, points])
        maker = np.concatenate([kept.maker, maker])
    return Candidates(points, maker, np.ones(len(points), dtype=bool))


def _chosen(
    settings: BreedStep, cell: "Cell", every: "Candidates", founder: "Candidates | None"
) -> "Candidates":
    """N of the candidates, where a mode does not take all."""
    import numpy as np
    import torch

    mode = settings.mode
    if mode is None or mode.data not in ("replace", "subsample"):
        return every
    first = None if founder is None else torch.from_numpy(founder.training)
    rows = _select(settings, mode, cell, torch.from_numpy(every.points), first)
    return every._replace(chosen=np.isin(np.arange(len(every.points)), rows.numpy()))


def _draw(settings: BreedStep, students: Path) -> "dict[Cell, np.ndarray]":
    """What every student of the generation before makes, from noises of its own."""
    import torch

    from lowd.device import pick_device
    from lowd.progress import report_total
    from lowd.steps.generation import flow_of_stack
    from lowd.store.students import load_students
    from lowd.streams import stream

    assert settings.mode is not None
    stack, device = load_students(students), pick_device()
    found: dict[Cell, np.ndarray] = {}
    total = settings.replicates * sum(made(settings.mode, n) for n in settings.samples)
    report_total(total, "samples")
    for place, n in enumerate(settings.samples):
        group = slice(place * settings.replicates, (place + 1) * settings.replicates)
        names = [
            cell_name(settings.generation, settings.name, n, replicate)
            for replicate in range(settings.replicates)
        ]
        size = (made(settings.mode, n), *stack.shape)
        noise = torch.stack(
            [torch.randn(size, generator=stream(settings.seed, one, "noises")) for one in names]
        )
        samples = flow_of_stack(stack.denoiser(group, device), noise, settings.sampler, device)
        samples[stack.diverged[group] >= 0] = torch.nan
        found |= {(n, r): one.numpy() for r, one in enumerate(samples)}
    return found


def _select(
    settings: BreedStep, mode: Mode, cell: "Cell", every: "Tensor", founder: "Tensor | None"
) -> "Tensor":
    """Rows of the N candidates that become the training set."""
    import torch

    from lowd.kinds.collapse.selection import farthest, filtered, spacing
    from lowd.streams import stream

    n = cell[0]
    name = cell_name(settings.generation, settings.name, *cell)
    order = torch.randperm(len(every), generator=stream(settings.seed, name, "selection"))
    flat = every[order].flatten(1).double()
    if mode.select == "none" or not flat.isfinite().all():
        return order[:n]
    if mode.select == "farthest":
        return order[farthest(flat, n)]
    assert founder is not None and mode.quantile is not None
    return order[filtered(flat, n, spacing(founder.flatten(1), mode.quantile)).rows]
