"""All parameters of a stack in one tensor, and their gradients in another.

What is done to each number by itself, as an optimiser does, is one call then. It also rounds every
number alike: kernels that take several at once do the last few of a tensor otherwise, so that the
last student of a stack would come out otherwise than the same student elsewhere in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

SPARE = 64
"""Numbers after the last, more than any kernel takes at once."""


@dataclass(frozen=True)
class Flat:
    """Parameters that share one tensor.

    Attributes:
        whole: all of them, as the one parameter of an optimiser; its gradient is theirs.
        places: by name where each stands in it, and its shape.
    """

    whole: nn.Parameter
    places: Mapping[str, tuple[slice, torch.Size]]

    def views(self, whole: Tensor) -> dict[str, Tensor]:
        """The parts of a tensor like `whole`, by the names of the parameters."""
        return {name: whole[place].view(shape) for name, (place, shape) in self.places.items()}


def flatten(parameters: Mapping[str, nn.Parameter]) -> Flat:
    """Have the parameters and their gradients, zeros, share a tensor each."""
    places = {}
    first = 0
    for name, p in parameters.items():
        places[name] = slice(first, first + p.numel()), p.shape
        first += p.numel()
    one = next(iter(parameters.values()))
    whole = nn.Parameter(one.new_zeros(first + SPARE))
    whole.grad = torch.zeros_like(whole)
    flat = Flat(whole, places)
    values, gradients = flat.views(whole.data), flat.views(whole.grad)
    for name, p in parameters.items():
        values[name].copy_(p.data)
        p.data, p.grad = values[name], gradients[name]
    return flat
