"""Samples of a mixture together with the component that each comes from."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.distributions.molrg import MoLRG


def sample_labelled(
    mixture: MoLRG, n: int, generator: torch.Generator
) -> tuple[Float[Tensor, "sample feature"], Int[Tensor, " sample"]]:
    """What `mixture.sample` draws, (n, d), and the component of each draw, (n,)."""
    before = generator.get_state()
    # The first thing that `sample` draws.
    labels = torch.multinomial(mixture.weights.cpu(), n, replacement=True, generator=generator)
    generator.set_state(before)
    return mixture.sample(n, generator), labels
