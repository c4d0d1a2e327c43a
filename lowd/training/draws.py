"""What each student sees: which training points, which noise, which noise levels.

Draws are re-seeded for every block of steps from the cell's own name, so that a cell's draws do
not depend on its stack, and a run that stopped after any block goes on with the same numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.streams import stream
from lowd.training.settings import BLOCK


@dataclass(frozen=True)
class Cell:
    """One student of a grid: `samples` (N) consecutive rows of the pool from `first` on.

    `name` and `seed` name its random streams: two cells that share both see the same draws.
    """

    name: str
    seed: int
    samples: int
    first: int

    def initialisation(self) -> torch.Generator:
        """The stream its parameters are drawn from."""
        return stream(self.seed, self.name, "initialisation")


class Draws(NamedTuple):
    """A block of draws for a stack: of every example its pool row, noise and noise level.

    Noise and `log_sigma` are standard normal; the trainer's settings give ln σ mean and scale.
    """

    rows: Int[Tensor, "student step batch"]
    noise: Float[Tensor, "student step batch *shape"]
    log_sigma: Float[Tensor, "student step batch"]


def draw_block(cells: Sequence[Cell], block: int, batch: int, shape: Sequence[int]) -> Draws:
    """Draws of the `block`-th BLOCK of steps for every cell, on the CPU."""
    size = (BLOCK, batch)
    rows = torch.empty((len(cells), *size), dtype=torch.int64)
    noise = torch.empty((len(cells), *size, *shape))
    log_sigma = torch.empty((len(cells), *size))
    for student, cell in enumerate(cells):
        generator = stream(cell.seed, cell.name, "training", block)
        torch.randint(cell.samples, size, generator=generator, out=rows[student])
        rows[student] += cell.first
        torch.randn(noise.shape[1:], generator=generator, out=noise[student])
        torch.randn(size, generator=generator, out=log_sigma[student])
    return Draws(rows, noise, log_sigma)
