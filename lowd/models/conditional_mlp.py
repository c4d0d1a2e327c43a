"""The multilayer perceptron, told a class: its first layer has a vector for each."""

import math

from lowd.models.conditional import FEATURES, ConditionEmbedding
from lowd.models.layers import Linear
from lowd.models.mlp import MLP


class ConditionalMLP(MLP):
    """An MLP that takes `lowd.models.conditional.condition` in c_noise's place.

    Args:
        students: size of the stack.
        shape: shape of one sample.
        width: hidden units.
        depth: hidden layers.
        classes: K, without the one for none.
    """

    def __init__(
        self, students: int, shape: tuple[int, ...], width: int, depth: int, classes: int
    ) -> None:
        super().__init__(students, shape, width, depth, FEATURES)
        self.embed = ConditionEmbedding(FEATURES)
        self.hidden[0] = Linear(students, math.prod(shape) + FEATURES + classes + 1, width)
