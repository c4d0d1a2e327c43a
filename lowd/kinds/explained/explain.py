"""`lowd step explain`: what closed-form students explain of trained ones, noise by noise."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.kinds.explained.settings import MixtureSettings
from lowd.models.settings import ModelSettings

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from lowd.diffusion.denoiser import Denoiser
    from lowd.kinds.explained.given import Given
    from lowd.metrics.estimate import Estimate

THEORIES = (
    "teacher",
    "p_emp",
    "gaussian",
    "mixture",
    "local",
    "equivariant",
    "pca locality",
    "disjoint student",
)
"""What a student is compared with; the first two and the last have samples already."""
SCORES = ("cosine", "r2", "pfd")


class ExplainStep(Settings):
    """Settings of the explain step.

    Attributes:
        study: the study whose students they are; names the random streams.
        models: its models, in the order of `students` and `generated`.
        samples: its N.
        grid: its training sets of each, by which its pool is shared out.
        replicates: the first so many of them are compared.
        noises: the first so many are used.
        sampler: its sampler.
        mixture: of the mixture that is fitted to each training set, if one is.
        equivariant: up to which N patches from anywhere are tried.
    """

    study: str
    models: dict[str, ModelSettings]
    samples: tuple[int, ...]
    grid: int
    replicates: int
    noises: int
    sampler: SamplerSettings
    mixture: MixtureSettings | None
    equivariant: int


def explain(
    settings: ExplainStep,
    *,
    students: list[Path],
    generated: list[Path],
    truth: Path,
    empirical: Path,
    pool: Path,
    noise: Path,
    output: Path,
) -> None:
    """Compare every student's samples with those of every theory: the store `output`.

    `cosine`, `r2` and `pfd` (theory, model, N, replicate) are the mean cosine of both samples seen
    from the pool's mean, the share of the student's squared distance from there that the theory
    explains, and the probability flow distance in pixels, each with its standard error over
    noises. NaN where a student diverged or a theory was not tried. `side` (model, N, replicate,
    sigma) are the windows of the local machines, chosen by how near they come to the student's
    denoising of points of the next replicate.
    """
    import numpy as np
    import torch
    import xarray as xr

    from lowd.kinds.explained.given import read_given
    from lowd.models.build import parameter_count
    from lowd.store.arrays import write_store

    given = read_given(settings, students, generated, truth, empirical, pool, noise)
    cells = (len(settings.models), len(settings.samples), settings.replicates)
    scores = np.full((len(THEORIES), *cells, len(SCORES), 2), np.nan)
    sides = np.full((*cells, len(given.levels)), -1)
    with torch.no_grad():
        for place, theory, estimates in _estimates(settings, given, sides):
            scores[(THEORIES.index(theory), *place)] = estimates
    dims = ("theory", "model", "N", "replicate")
    variables = {"side": ((*dims[1:], "sigma"), sides)}
    for at, name in enumerate(SCORES):
        variables[name] = (dims, scores[..., at, 0])
        variables[f"{name}_se"] = (dims, scores[..., at, 1])
    axes = {
        "theory": list(THEORIES),
        "model": list(settings.models),
        "N": list(settings.samples),
        "replicate": list(range(settings.replicates)),
        "sigma": given.levels,
    }
    shape = tuple(given.pool.shape[1:])
    counts = [parameter_count(model, shape) for model in settings.models.values()]
    write_store(output, xr.Dataset(variables, axes).assign_coords(parameters=("model", counts)))


def _estimates(
    settings: ExplainStep, given: "Given", sides: "np.ndarray"
) -> "Iterator[tuple[tuple[int, int, int], str, list[Estimate]]]":
    """Of every student its place on the grid, a theory, and scores; fills in the windows."""
    for at_n, n in enumerate(settings.samples):
        for replicate in range(settings.replicates):
            shared = _shared(settings, given, n, replicate)
            for at_model in range(len(settings.models)):
                ours = given.samples(at_model, n, replicate)
                if ours is None:
                    continue
                place = at_model, at_n, replicate
                chosen, machines = _local(settings, given, at_model, n, replicate)
                sides[place] = chosen
                other = given.samples(at_model, n, (replicate + 1) % settings.grid)
                theories = shared | machines | {"disjoint student": other}
                for name, theirs in theories.items():
                    if theirs is not None:
                        yield place, name, _scores(ours, theirs, given.centre)
            print(f"N = {n}, replicate {replicate} explained", flush=True)


def _shared(
    settings: ExplainStep, given: "Given", n: int, replicate: int
) -> "dict[str, Tensor | None]":
    """What teacher and theories of the training set make of the noises."""
    from lowd.kinds.explained.theories import of_training_set
    from lowd.streams import stream_seed

    seed = stream_seed("explained", settings.study, f"N={n}", f"replicate={replicate}")
    theories = of_training_set(given.points(n, replicate), settings.mixture, seed)
    return {
        "teacher": given.truth,
        "p_emp": given.memorised(n, replicate),
        **_sampled(theories, given.noises, settings),
    }


def _local(
    settings: ExplainStep, given: "Given", model: int, n: int, replicate: int
) -> "tuple[list[int], dict[str, Tensor | None]]":
    """The windows that fit a student best, and what the machines with them make of the noises."""
    import torch

    from lowd.kinds.explained.theories import FITTED, fitted_sides, local_machines
    from lowd.streams import stream

    points = given.points(n, replicate)
    held_out = given.points(settings.samples[-1], (replicate + 1) % settings.grid)[:FITTED]
    drawn = stream("explained", settings.study, f"replicate={replicate}")
    noise = torch.randn(held_out.shape, generator=drawn)
    student = given.student(model, n, replicate)
    sides = fitted_sides(student, points, held_out, noise, given.levels)
    machines = local_machines(points, given.levels, sides, n <= settings.equivariant)
    return sides, _sampled(machines, given.noises, settings)


def _sampled(
    theories: "Iterator[tuple[str, Denoiser]]", noises: "Tensor", settings: ExplainStep
) -> "dict[str, Tensor | None]":
    """What each theory makes of the noises."""
    import torch

    from lowd.steps.generation import flow_in_batches

    device = torch.device("cpu")
    return {
        name: flow_in_batches(denoise, noises, settings.sampler, device)
        for name, denoise in theories
    }


def _scores(ours: "Tensor", theirs: "Tensor", centre: "Tensor") -> "list[Estimate]":
    """In the order of SCORES."""
    from lowd.metrics.explained import explained_share, sample_cosine
    from lowd.metrics.flow_distance import probability_flow_distance

    return [
        sample_cosine(ours, theirs, centre),
        explained_share(ours, theirs, centre),
        probability_flow_distance(ours, theirs),
    ]
