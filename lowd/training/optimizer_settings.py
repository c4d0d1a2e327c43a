"""Settings of optimisers; a module of lowd/training/optimizers/ for each `kind`.

Adam has none: it goes without saying, with the rate of `training`.
"""

from typing import Literal

from pydantic import PositiveFloat

from lowd.base import Settings
from lowd.training.settings import Decay


class SGDSettings(Settings):
    """Stochastic gradient descent with momentum.

    Attributes:
        learning_rate: the highest, in the place of Adam's.
        momentum: the share of a step that the next one keeps.
    """

    kind: Literal["sgd"]
    learning_rate: PositiveFloat = 0.05
    momentum: Decay = 0.95


OptimizerSettings = SGDSettings
"""The settings of any; a union told apart by `kind`, once there are several."""


def optimizer_module(optimizer: OptimizerSettings) -> str:
    """The module that has its `descend`."""
    return f"lowd.training.optimizers.{optimizer.kind}"
