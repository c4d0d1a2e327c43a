"""Rings of Fourier coefficients that are overwritten by a key.

Tree-Ring (Wen et al. 2023, arXiv:2305.20030) writes them into the noise that an image is sampled
from; Shallow Diffuse (Li et al. 2024, arXiv:2410.21088) at a lower noise level. Coefficients of a
real image come in conjugate pairs, so that a key written into all of them loses half of itself. The
coordinates here are those of an orthonormal real basis, which hold what is written.
"""

import math
from collections.abc import Iterator
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lowd.diffusion.denoiser import Real

Place = Literal["low", "high"]


def ring_places(
    height: int, width: int, radius: Real, place: Place
) -> tuple[Bool[Tensor, "height width"], Float[Tensor, "height width"]]:
    """Which coefficients lie on rings up to `radius`, and their distances from the centre.

    Args:
        height: of an image, in pixels.
        width: likewise.
        radius: in coefficients.
        place: whether rings lie about the mean or about the highest frequency of both axes.

    Returns:
        Both in the layout of `torch.fft.fft2`, and the same for a coefficient and its conjugate.
    """
    distances = []
    for size in (height, width):
        frequency = torch.arange(size, dtype=torch.float64)
        frequency = torch.minimum(frequency, size - frequency)
        distances.append(frequency if place == "low" else size // 2 - frequency)
    distance = (distances[0][:, None] ** 2 + distances[1][None] ** 2).sqrt()
    return distance <= radius, distance


def fourier_basis(
    places: Bool[Tensor, "height width"],
) -> tuple[Float[Tensor, "pixel coordinate"], list[tuple[int, int, bool]]]:
    """An orthonormal basis of the images whose spectrum lies in `places`.

    Args:
        places: coefficients, a conjugate wherever there is the other.

    Returns:
        A column for each cosine and each sine that is not 0, and for each column the row and column
        of its coefficient and whether it is a cosine.
    """
    columns, labels = [], []
    for row, column, is_cosine, wave in _waves(places):
        columns.append((wave / wave.norm()).flatten())
        labels.append((row, column, is_cosine))
    return torch.stack(columns, dim=1), labels


def _waves(places: Tensor) -> Iterator[tuple[int, int, bool, Tensor]]:
    height, width = places.shape
    down = torch.arange(height, dtype=torch.float64)[:, None]
    across = torch.arange(width, dtype=torch.float64)[None]
    for row, column in places.nonzero().tolist():
        conjugate = (-row % height, -column % width)
        if conjugate < (row, column):
            continue
        phase = 2 * math.pi * (row * down / height + column * across / width)
        yield row, column, True, phase.cos()
        if conjugate != (row, column):
            yield row, column, False, phase.sin()


class Rings:
    """Rings of one size and place in images' first channel, whatever key they get.

    Args:
        shape: (channels, height, width) of an image.
        radius: of the largest ring, in coefficients.
        place: of their centre.

    Attributes:
        basis: (feature, coordinate), orthonormal columns.

    Raises:
        ValueError: a ring of that radius does not fit.
    """

    def __init__(self, shape: tuple[int, ...], radius: Real, place: Place) -> None:
        channels, height, width = shape
        if not 0 <= radius < min(height, width) / 2:
            raise ValueError(
                f"radius: a ring of radius {radius:g} does not fit {height}×{width} coefficients"
            )
        places, distance = ring_places(height, width, radius, place)
        columns, labels = fourier_basis(places)
        self.basis = torch.zeros(channels * height * width, columns.shape[1], dtype=torch.float64)
        self.basis[: height * width] = columns
        self._ring = torch.tensor([int(distance[row, column].round()) for row, column, _ in labels])
        self._is_cosine = torch.tensor([is_cosine for _, _, is_cosine in labels])

    def keys(self, count: int, generator: torch.Generator) -> Float[Tensor, "key coordinate"]:
        """Keys of unit variance: one normal value a ring for its cosines, 0 for its sines."""
        rings = int(self._ring.max()) + 1
        values = torch.randn(count, rings, generator=generator, dtype=torch.float64)
        return values[:, self._ring] * self._is_cosine

    def read(
        self, states: Float[Tensor, " noise *shape"], mean: Float[Tensor, " feature"]
    ) -> Float[Tensor, "noise coordinate"]:
        """Coordinates of states, from those of the mean: pixels have one, and noise has none."""
        return (states.flatten(1).to(torch.float64) - mean) @ self.basis

    def write(
        self,
        states: Float[Tensor, " noise *shape"],
        keys: Float[Tensor, "noise coordinate"],
        mean: Float[Tensor, " feature"],
    ) -> Float[Tensor, " noise *shape"]:
        """States whose coordinates, from those of the mean, are the keys."""
        change = (keys - self.read(states, mean)) @ self.basis.mT
        return (states.to(torch.float64) + change.reshape(states.shape)).to(states.dtype)
