"""How well scores tell two groups apart: area under the ROC curve, share found at a rate."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate, binomial_error

RESAMPLED = 100


def area_under_roc(
    negative: Float[Tensor, "negative score"], positive: Float[Tensor, " positive"]
) -> Estimate:
    """How often a positive has the higher score, ties counting half.

    The standard error is that of a two-sample U-statistic (DeLong et al. 1988, Biometrics 44), over
    rows of negatives; where all pairs agree it is that of a proportion of the fewer, never 0.

    Args:
        negative: scores of what should be low, a row each; a row's scores go together.
        positive: scores of what should be high.

    Raises:
        ValueError: fewer than two of either.
    """
    if len(negative) < 2 or len(positive) < 2:
        raise ValueError(f"{len(negative)} negatives and {len(positive)} positives; give 2 or more")
    above = positive[:, None, None] > negative[None]
    level = positive[:, None, None] == negative[None]
    wins = (above.double() + level.double() / 2).mean(-1)
    variance = wins.mean(1).var() / len(positive) + wins.mean(0).var() / len(negative)
    value, fewer = float(wins.mean()), min(wins.shape)
    if value in (0.0, 1.0):
        return Estimate(value, binomial_error(round(value * fewer), fewer))
    return Estimate(value, math.sqrt(float(variance)))


def threshold_at(negative: Float[Tensor, "..."], rate: float) -> float:
    """The least score that at most a share `rate` of the negatives exceeds; −∞ for all of them."""
    ordered = negative.flatten().sort(descending=True).values
    allowed = math.floor(rate * len(ordered))
    return float(ordered[allowed]) if allowed < len(ordered) else -math.inf


def share_above(positive: Float[Tensor, "..."], threshold: float) -> float:
    """The share of scores that exceed the threshold."""
    return float((positive > threshold).double().mean())


def share_found(
    negative: Float[Tensor, "negative score"],
    positive: Float[Tensor, " positive"],
    rate: float,
    generator: torch.Generator,
) -> Estimate:
    """The share of positives above the threshold that `rate` of the negatives exceed.

    The standard error is bootstrapped over rows of negatives and over positives, so that it has the
    threshold's share; it is at least that of a proportion.

    Args:
        negative: as of `area_under_roc`; only these choose the threshold.
        positive: scores of what should be found.
        rate: of false alarms.
        generator: of the bootstrap.
    """
    value = share_above(positive, threshold_at(negative, rate))
    resampled = []
    for _ in range(RESAMPLED):
        rows = torch.randint(len(negative), (len(negative),), generator=generator)
        own = torch.randint(len(positive), (len(positive),), generator=generator)
        resampled.append(share_above(positive[own], threshold_at(negative[rows], rate)))
    found = binomial_error(round(value * len(positive)), len(positive))
    return Estimate(value, max(float(torch.tensor(resampled).std()), found))


def roc_curve(
    negative: Float[Tensor, "..."],
    positive: Float[Tensor, "..."],
    rates: Float[Tensor, " rate"],
) -> Float[Tensor, " rate"]:
    """The share of positives above the threshold of each rate of false alarms."""
    return torch.tensor(
        [share_above(positive, threshold_at(negative, rate)) for rate in rates.tolist()],
        dtype=torch.float64,
    )
