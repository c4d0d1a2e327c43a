"""Probes: how well classes can be told from features."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import Estimate, proportion

LEAST = 1e-6
"""Added to a feature's standard deviation, lest one that is constant divides by 0."""
Features = Float[Tensor, "point feature"]
Labels = Int[Tensor, " point"]


def ridge_probe(
    training: Features, labels: Labels, test: Float[Tensor, "other feature"],
    truth: Int[Tensor, " other"], penalty: float = 1e-2,
) -> Estimate:  # fmt: skip
    """Accuracy of least squares onto one-hot classes, with a bias and a ridge of `penalty` · n.

    Features are standardised by the training points. Solved in closed form, in whichever of primal
    and dual is smaller; nothing is tuned.

    Args:
        training: features to fit to.
        labels: their classes, from 0.
        test: features to tell classes from.
        truth: their classes.
        penalty: of the mean squared error.
    """
    mean, scale = training.mean(dim=0), training.std(dim=0) + LEAST
    ours, theirs = (_with_bias((rows - mean) / scale).double() for rows in (training, test))
    classes = int(max(labels.max(), truth.max())) + 1
    wanted = functional.one_hot(labels, classes).double()
    weights = ridge_weights(ours, wanted, penalty * len(ours))
    return proportion((theirs @ weights).argmax(dim=1) == truth)


def ridge_weights(
    rows: Float[Tensor, "point feature"], wanted: Float[Tensor, "point class"], ridge: float
) -> Float[Tensor, "feature class"]:
    """Least squares with ‖W‖² · ridge: (AᵀA + ridge)⁻¹AᵀB, or the same by Aᵀ(AAᵀ + ridge)⁻¹B."""
    points, features = rows.shape
    if features > points:
        gram = rows @ rows.mT
        gram.diagonal().add_(ridge)
        return rows.mT @ torch.linalg.solve(gram, wanted)
    gram = rows.mT @ rows
    gram.diagonal().add_(ridge)
    return torch.linalg.solve(gram, rows.mT @ wanted)


def neighbour_probe(
    training: Features, labels: Labels, test: Float[Tensor, "other feature"],
    truth: Int[Tensor, " other"], neighbours: int = 5,
) -> Estimate:  # fmt: skip
    """Accuracy of the most frequent class among the nearest training points by cosine.

    Cosines are of features less the training points' mean; a tie goes to the lower class. Arguments
    as of `ridge_probe`.
    """
    mean = training.mean(dim=0)
    near = (unit(test - mean) @ unit(training - mean).mT).topk(neighbours, dim=1).indices
    votes = functional.one_hot(labels[near], int(labels.max()) + 1).sum(dim=1)
    return proportion(votes.argmax(dim=1) == truth)


def unimodality(curve: Float[Tensor, "... level"]) -> tuple[Tensor, Tensor]:
    """Unimodality u = min(peak − first, peak − last) of curves, and where the peak is.

    It is 0 where the peak is at an end. A maximum over levels, so that noise alone makes it
    positive: compare with a control.
    """
    peak, place = curve.max(dim=-1)
    return torch.minimum(peak - curve[..., 0], peak - curve[..., -1]), place


def _with_bias(rows: Tensor) -> Tensor:
    return torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1)
