"""Conditional networks as denoisers that can be told classes."""

from jaxtyping import Int
from torch import Tensor, nn

from lowd.diffusion.denoiser import Denoiser, Sigma
from lowd.diffusion.preconditioning import precondition
from lowd.models.conditional import condition


class ClassDenoiser:
    """A stack of conditional networks as a denoiser that can be told classes.

    Args:
        stack: from `lowd.models.build`, of conditional settings.
        classes: K.
        sigma_data: standard deviation of data.
    """

    def __init__(self, stack: nn.Module, classes: int, sigma_data: float) -> None:
        self.stack = stack
        self.classes = classes
        self.sigma_data = sigma_data

    def given(self, labels: Int[Tensor, "student batch"]) -> Denoiser:
        """D(x; σ | class), x (student, batch, *shape), a class for each row."""

        def denoise(x: Tensor, sigma: Sigma) -> Tensor:
            def network(scaled: Tensor, c_noise: Tensor) -> Tensor:
                return self.stack(scaled, condition(c_noise, labels, self.classes))

            return precondition(network, self.sigma_data)(x, sigma)

        return denoise
