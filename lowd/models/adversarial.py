"""Generative adversarial network of any architecture (Goodfellow et al. 2014, arXiv:1406.2661)."""

from jaxtyping import Float
from torch import Tensor, nn

from lowd.models.build import build
from lowd.models.settings import ModelSettings


class Adversarial(nn.Module):
    """A generator from noise of the sample's own shape, and a critic.

    Args:
        settings: the architecture of both, which know no noise level.
        students: size of the stack.
        shape: shape of one sample.
    """

    def __init__(self, settings: ModelSettings, students: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.generator = build(settings, students, shape)
        self.critic = Critic(build(settings, students, shape))

    def generate(
        self, noise: Float[Tensor, "student batch *shape"]
    ) -> Float[Tensor, "student batch *shape"]:
        """Samples."""
        return self.generator(noise, noise.new_zeros(()))


class Critic(nn.Module):
    """How real a sample looks, a logit: all that a network puts out, summed."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Float[Tensor, "student batch *shape"]) -> Float[Tensor, "student batch"]:
        return self.network(x, x.new_zeros(())).flatten(2).sum(2)
