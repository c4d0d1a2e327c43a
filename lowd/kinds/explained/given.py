"""What a study has trained and generated, as theories are compared with it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.noise_levels import sampler_levels
from lowd.steps.training_sets import training_rows
from lowd.store.arrays import read_store
from lowd.store.students import Students, load_students

if TYPE_CHECKING:
    from lowd.kinds.explained.explain import ExplainStep


@dataclass(frozen=True)
class Given:
    """Samples, students and training sets of a study.

    Attributes:
        pool: what training sets are rows of.
        rows: which, by (N, replicate).
        noises: unit noises.
        truth: what the teacher makes of them.
        levels: of the sampler, descending.
        stacks: students of every model.
        made: their samples.
        memories: those of empirical denoisers.
    """

    pool: Float[Tensor, "point channel height width"]
    rows: dict[tuple[int, int], slice]
    noises: Float[Tensor, "noise channel height width"]
    truth: Float[Tensor, "noise channel height width"]
    levels: list[float]
    stacks: list[Students]
    made: list[xr.DataArray]
    memories: xr.DataArray

    @property
    def centre(self) -> Float[Tensor, "1 channel height width"]:
        """The mean of the pool."""
        return self.pool.mean(dim=0, keepdim=True)

    def points(self, n: int, replicate: int) -> Float[Tensor, "point channel height width"]:
        """A training set."""
        return self.pool[self.rows[n, replicate]]

    def samples(self, model: int, n: int, replicate: int) -> Tensor | None:
        """What a student has made of the noises; nothing if it diverged."""
        found = self._of(self.made[model], n, replicate)
        return found if found.isfinite().all() else None

    def memorised(self, n: int, replicate: int) -> Tensor:
        """What the empirical denoiser of a training set has made of them."""
        return self._of(self.memories, n, replicate)

    def student(self, model: int, n: int, replicate: int) -> Denoiser:
        """D(x, sigma) of one student, x (M, *shape)."""
        stack = self.stacks[model]
        index = stack.cells.index({"N": n, "replicate": replicate})
        network = stack.denoiser(slice(index, index + 1), torch.device("cpu"))
        return lambda x, sigma: network(x[None], sigma)[0]

    def _of(self, samples: xr.DataArray, n: int, replicate: int) -> Tensor:
        values = samples.sel(N=n, replicate=replicate).values[: len(self.noises)]
        return torch.from_numpy(np.ascontiguousarray(values))


def read_given(
    settings: "ExplainStep",
    students: list[Path],
    generated: list[Path],
    truth: Path,
    empirical: Path,
    pool: Path,
    noise: Path,
) -> Given:
    """Read all of it; raises as `read_store` and `load_students`."""
    points = torch.from_numpy(read_store(pool)["samples"].values)
    sampler, count = settings.sampler, settings.noises
    grid = sampler_levels(sampler)
    return Given(
        pool=points,
        rows=training_rows(len(points), settings.samples, settings.grid),
        noises=torch.from_numpy(read_store(noise)["noise"].values[:count]),
        truth=torch.from_numpy(read_store(truth)["samples"].values[:count]),
        levels=grid[:-1].tolist(),
        stacks=[load_students(path) for path in students],
        made=[read_store(path, finite=False)["samples"] for path in generated],
        memories=read_store(empirical)["samples"],
    )
