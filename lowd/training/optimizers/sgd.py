"""Stochastic gradient descent with momentum."""

from collections.abc import Mapping

from torch import Tensor

from lowd.training.optimizer_settings import SGDSettings


def descend(
    optimizer: SGDSettings,
    weights: Tensor,
    gradient: Tensor,
    moments: Mapping[str, Tensor],
    rate: Tensor,
) -> None:
    """One step, b ← μ b + g and w ← w − η b (Polyak 1964; no dampening, as in PyTorch).

    Args:
        optimizer: has μ.
        weights: w, changed in place.
        gradient: g, of the same shape.
        moments: the trainer's; b is the first, which it saves, restores and keeps at 0 of students
            that are frozen.
        rate: η, of no dimensions: it is not read, so that nothing waits for the device.
    """
    buffer = moments["exp_avg"].mul_(optimizer.momentum).add_(gradient)
    weights.addcmul_(buffer, rate, value=-1)
