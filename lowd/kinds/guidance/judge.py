"""What is asked of guided samples of each class."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.metrics.estimate import Estimate, mean_estimate, proportion, root_mean_square
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.neighbours import nearest

BOUND = 1.1
"""Numbers of images beyond ±BOUND are out of range."""
PENALTY = 10.0
"""C of the judge's support vectors."""
BY_CLASS = ("accuracy", "diversity", "offset", "frechet")


@dataclass(frozen=True)
class Judge:
    """A classifier that saw training points alone, and those points.

    Attributes:
        classifier: support vectors with a radial kernel, C = PENALTY.
        training: (point, feature).
        labels: of the training points.
        means: of the classes, (class, feature).
    """

    classifier: Any
    training: Float[Tensor, "point feature"]
    labels: Int[Tensor, " point"]
    means: Float[Tensor, "class feature"]

    def by_class(
        self, samples: Float[Tensor, "sample feature"], labels: Int[Tensor, " sample"]
    ) -> dict[str, list[Estimate]]:
        """Of each class: the share that the classifier takes for it; trace of the covariance;
        distance of the mean from the class's own; Fréchet distance to its training points.
        """
        found = torch.from_numpy(self.classifier.predict(samples.numpy()))
        scores: dict[str, list[Estimate]] = {name: [] for name in BY_CLASS}
        for k, mean in enumerate(self.means):
            own = samples[labels == k].double()
            scores["accuracy"].append(proportion(found[labels == k] == k))
            scores["diversity"].append(spread(own))
            scores["offset"].append(_distance(own, mean))
            scores["frechet"].append(frechet_distance(own, self.training[self.labels == k]))
        return scores

    def nearest(self, samples: Float[Tensor, "sample feature"]) -> Estimate:
        """Mean distance to the nearest training point."""
        return mean_estimate(nearest(samples, self.training)[0])


def fitted(
    training: Float[Tensor, "point feature"],
    labels: Int[Tensor, " point"],
    means: Float[Tensor, "class feature"],
) -> Judge:
    """The judge, before any sample is seen."""
    from sklearn.svm import SVC

    classifier = SVC(C=PENALTY, gamma="scale").fit(training.numpy(), labels.numpy())
    return Judge(classifier, training, labels, means)


def spread(samples: Float[Tensor, "sample feature"]) -> Estimate:
    """Trace of the covariance, with its standard error over samples."""
    squared = (samples - samples.mean(dim=0)).square().sum(dim=1)
    return mean_estimate(squared * len(samples) / (len(samples) - 1))


def outside(samples: Float[Tensor, "sample feature"]) -> Estimate:
    """The share of numbers out of range, with its standard error over samples."""
    return mean_estimate((samples.abs() > BOUND).double().mean(dim=1))


def agreement(
    ours: Float[Tensor, "sample feature"], theirs: Float[Tensor, "sample feature"]
) -> Estimate:
    """Mean cosine of samples from the same noises, each less the mean of its own kind."""
    return mean_cosine(ours - ours.mean(dim=0), theirs - theirs.mean(dim=0))


def mean_cosine(
    ours: Float[Tensor, "row feature"], theirs: Float[Tensor, "row feature"]
) -> Estimate:
    """Mean cosine of paired rows."""
    return mean_estimate(torch.cosine_similarity(ours.double(), theirs.double(), dim=1, eps=1e-30))


def mean_norm(rows: Float[Tensor, "row feature"]) -> Estimate:
    """Root mean squared norm of rows."""
    return root_mean_square(rows.double().square().sum(dim=1))


def _distance(samples: Tensor, mean: Tensor) -> Estimate:
    """Of the samples' mean from another (delta method)."""
    gap = samples.mean(dim=0) - mean
    length = float(gap.norm())
    along = samples @ (gap / max(length, 1e-30))
    return Estimate(length, float(along.std()) / len(samples) ** 0.5)
