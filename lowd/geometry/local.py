"""What a denoiser does about points, whether its Jacobians are held or known by products alone."""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real
from lowd.geometry.dense import DENSE
from lowd.geometry.directions import FLOOR, most_local
from lowd.geometry.jacobian import jacobian
from lowd.geometry.linearisation import Linearisation
from lowd.geometry.subspaces import top_subspace

SEARCHED = 10
"""Directions of the region that the best one is looked for among, where it is by products."""


class Dense:
    """Jacobians J of a denoiser at M points themselves, in float64, of up to `DENSE` dimensions.

    Attributes:
        sine: 0: nothing is searched for.
    """

    def __init__(self, denoise: Denoiser, x: Float[Tensor, " noise *shape"], sigma: Real) -> None:
        self.sine = 0.0
        with torch.enable_grad():
            self.jacobian = jacobian(denoise, x, sigma).double()

    def right(
        self, rank: int, inside: Tensor | None = None
    ) -> tuple[Float[Tensor, "noise feature rank"], Float[Tensor, "noise rank"]]:
        """Leading right-singular vectors of J, or of its rows `inside`, with their values."""
        rows = self.jacobian if inside is None else self.jacobian[:, inside]
        _, singular, right = torch.linalg.svd(rows, full_matrices=False)
        return right[:, :rank].mT, singular[:, :rank]

    def push(self, direction: Float[Tensor, "noise feature"]) -> Float[Tensor, "noise feature"]:
        """Jv."""
        return (self.jacobian @ direction[..., None])[..., 0]

    def best(
        self, inside: Tensor, protected: int, floor: float = FLOOR
    ) -> Float[Tensor, "noise feature"]:
        """The most local direction of all; `protected` does not matter."""
        return most_local(self.jacobian, inside, floor)


class Products:
    """The same by products with J.

    Args:
        denoise: with second derivatives.
        x: noisy points.
        sigma: their noise level.
        generator: of the subspaces that iterations start from; on the CPU.

    Attributes:
        sine: of the largest angle that a search for a subspace ended at.
    """

    def __init__(
        self,
        denoise: Denoiser,
        x: Float[Tensor, " noise *shape"],
        sigma: Real,
        generator: torch.Generator,
    ) -> None:
        self._denoise, self._x, self._sigma = denoise, x, sigma
        self.sine = 0.0
        self._seed = int(torch.randint(2**62, (), generator=generator))

    def right(
        self, rank: int, inside: Tensor | None = None
    ) -> tuple[Float[Tensor, "noise feature rank"], Float[Tensor, "noise rank"]]:
        """Leading right-singular vectors of J, or of its rows `inside`, with their values."""
        generator = torch.Generator().manual_seed(self._seed)
        found = top_subspace(self._denoise, self._x, self._sigma, rank, generator, inside=inside)
        self.sine = max(self.sine, float(found.sine.max()))
        return found.right, found.singular

    def push(self, direction: Float[Tensor, "noise feature"]) -> Float[Tensor, "noise feature"]:
        """Jv."""
        return self._moved(direction[..., None])[..., 0]

    def best(
        self, inside: Tensor, protected: int, floor: float = FLOOR
    ) -> Float[Tensor, "noise feature"]:
        """The most local direction in the span of what moves the region most and the rest most."""
        within, _ = self.right(min(SEARCHED, int(inside.sum())), inside)
        without, _ = self.right(min(max(protected, SEARCHED), int((~inside).sum())), ~inside)
        basis = torch.linalg.qr(torch.cat([within, without], dim=-1)).Q
        chosen = most_local(self._moved(basis), inside, floor)
        return (basis @ chosen[..., None])[..., 0]

    def _moved(self, directions: Float[Tensor, "noise feature column"]) -> Tensor:
        columns = directions.shape[-1]
        return torch.cat(
            [
                Linearisation(self._denoise, point[None], self._sigma, columns).forward(own[None])
                for point, own in zip(self._x, directions, strict=True)
            ]
        )


def local(
    denoise: Denoiser,
    x: Float[Tensor, " noise *shape"],
    sigma: Real,
    generator: torch.Generator,
) -> Dense | Products:
    """Jacobians at the points, held if they are small enough."""
    if x[0].numel() <= DENSE:
        return Dense(denoise, x, sigma)
    return Products(denoise, x, sigma, generator)
