"""A stack of networks of the user's own, found by the name `module:function`."""

import json
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call, vmap

from lowd.models.layers import StackedLayer
from lowd.models.own import Own, own_network


class Custom(StackedLayer):
    """Students that know nothing of each other, each what the user's function returns.

    What is trained has a leading student axis here. Buffers, and parameters that want no gradient,
    are drawn once and the same for every student, as a checkpoint holds none of them.

    Args:
        students: size of the stack.
        shape: shape of one sample.
        entry: the name of the function.
        options: its keywords.

    Raises:
        ValueError: it can't be had, or is not such as a student has to be.
    """

    def __init__(
        self, students: int, shape: tuple[int, ...], entry: str, options: dict[str, Any]
    ) -> None:
        super().__init__(students)
        # In a tuple it is no child: its own parameters must not be trained.
        self.own = (own_network(entry, json.dumps(options, sort_keys=True), tuple(shape)),)
        for name, value in self._own.trained.items():
            self.declare(_flat(name), *(value.shape or (1,)), bound=0.0)
        for name, value in self._own.fixed.items():
            here = value.detach().to(torch.get_default_device(), copy=True)
            self.register_buffer(_flat(name), here, persistent=False)
        self.bounds = {"drawn": 1.0}

    @property
    def _own(self) -> Own:
        return self.own[0]

    @property
    def drawn(self) -> list["_Initialisation"]:
        """Every student, for `initialise` to draw."""
        return [_Initialisation(self, student) for student in range(self.students)]

    def forward(
        self, x: Float[Tensor, "student batch *shape"], c_noise: Float[Tensor, "..."]
    ) -> Float[Tensor, "student batch *shape"]:
        levels = c_noise.reshape(c_noise.shape + (1,) * (2 - c_noise.ndim)).expand(x.shape[:2])
        weights = {name: getattr(self, _flat(name)) for name in self._own.trained}
        fixed = {name: getattr(self, _flat(name)) for name in self._own.fixed}
        one = partial(_answer, self._own, fixed)
        if self.students > 1 and self._own.is_stackable:
            return vmap(one)(weights, x, levels)
        return torch.stack(
            [
                one({name: p[student] for name, p in weights.items()}, x[student], levels[student])
                for student in range(self.students)
            ]
        )


class _Initialisation:
    """One student's parameters, which its network's own initialisation draws, within no bounds."""

    def __init__(self, stack: Custom, student: int) -> None:
        self.stack, self.student = stack, student

    def uniform_(self, low: float, high: float, *, generator: torch.Generator) -> None:
        """Draw them from the generator's stream."""
        for name, value in self.stack._own.draw(generator.initial_seed()).items():
            getattr(self.stack, _flat(name))[self.student].copy_(value)


def _answer(
    own: Own, fixed: dict[str, Tensor], weights: dict[str, Tensor], x: Tensor, c_noise: Tensor
) -> Tensor:
    """What one network makes of a batch."""
    shaped = {name: p.view(own.trained[name].shape) for name, p in weights.items()}
    return functional_call(own.network, {**fixed, **shaped}, (x, c_noise))


def _flat(name: str) -> str:
    """The name of a parameter of a network's part, as one of the stack itself."""
    return f"network/{name.replace('.', '/')}"
