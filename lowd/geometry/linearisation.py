"""Products with the Jacobian of a denoiser at many points at once, without ever holding it.

J = ∇_x D(x; σ). JᵀU is one backward pass. JV is the derivative of JᵀU in U, so that nothing but
backward passes is asked of the denoiser: any network that has second derivatives will do, whether
or not its layers know forward mode.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Real


class Linearisation:
    """The linear part of a denoiser about every point x.

    The graph is made once and asked as often as wanted. It holds `columns` copies of every point,
    and so does memory.

    Args:
        denoise: D(x, sigma).
        x: noisy points, (M, *shape).
        sigma: the noise level of all of them.
        columns: how many directions a product has.
        inside: (feature) booleans: only these rows of J count, the others being 0.

    Raises:
        ValueError: no column, or `inside` does not fit x.
    """

    def __init__(
        self,
        denoise: Denoiser,
        x: Float[Tensor, " noise *shape"],
        sigma: Real,
        columns: int,
        inside: Tensor | None = None,
    ) -> None:
        if columns < 1:
            raise ValueError(f"columns: {columns}; a product needs at least one direction")
        self.points, self.columns = len(x), columns
        self.features = x[0].numel()
        if inside is not None and inside.shape != (self.features,):
            raise ValueError(
                f"inside: shape {tuple(inside.shape)} for points of {self.features} numbers; give "
                "one boolean a number"
            )
        copies = x.detach().repeat_interleave(columns, dim=0).requires_grad_(True)
        with torch.enable_grad():
            outputs = denoise(copies, sigma).flatten(1)
            if inside is not None:
                outputs = outputs * inside.to(outputs)
            seed = torch.zeros_like(outputs, requires_grad=True)
            (pulled,) = torch.autograd.grad(outputs, copies, seed, create_graph=True)
        self._copies, self._outputs, self._seed, self._pulled = copies, outputs, seed, pulled

    def forward(
        self, directions: Float[Tensor, "noise feature column"]
    ) -> Float[Tensor, "noise feature column"]:
        """JV of every point, in V's dtype."""
        rows = self._rows(directions).view(self._copies.shape)
        (moved,) = torch.autograd.grad(self._pulled, self._seed, rows, retain_graph=True)
        return self._stacked(moved, directions)

    def transposed(
        self, changes: Float[Tensor, "noise feature column"]
    ) -> Float[Tensor, "noise feature column"]:
        """JᵀU of every point, in U's dtype."""
        (pulled,) = torch.autograd.grad(
            self._outputs, self._copies, self._rows(changes), retain_graph=True
        )
        return self._stacked(pulled, changes)

    def _rows(self, columns: Tensor) -> Tensor:
        return columns.mT.reshape(-1, self.features).to(self._outputs)

    def _stacked(self, rows: Tensor, like: Tensor) -> Tensor:
        return rows.reshape(self.points, self.columns, self.features).mT.to(like)
