"""Kernel distance between two sets of features.

KID of Bińkowski et al. 2018 (arXiv:1801.01401) when features are Inception's.
"""

from math import isqrt

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate, squared
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import comparable_rows


def kernel_distance(generated: Samples, reference: Samples, entries: int = 2**24) -> Estimate:
    """The unbiased squared MMD with the kernel (⟨x, y⟩/d + 1)³, d features.

    The mean kernel over pairs within each set less twice that over pairs across: a U-statistic over
    all samples, where customary values are means of it over random subsets, which have the same
    expectation and more noise. 0 is expected of samples of one distribution, at any number of them;
    single values may be negative.

    Args:
        generated: features, (sample, feature).
        reference: features, (sample, feature).
        entries: float64 numbers held at a time.

    Returns:
        The squared distance, and its standard error over samples of both sets by the jackknife,
        which on average is never too small (Efron & Stein 1981), at distance 0 as well.

    Raises:
        ValueError: features differ in number, there are fewer than three rows, or a value is not
            finite.
    """
    first, second = comparable_rows(at_least=3, generated=generated, reference=reference)
    (own, m), (other, n) = (
        (_row_sums(rows, rows, entries) - _kernel_of_itself(rows), len(rows))
        for rows in (first, second)
    )
    across_first, across_second = (
        _row_sums(first, second, entries),
        _row_sums(second, first, entries),
    )
    within_first, within_second = own.sum() / (m * (m - 1)), other.sum() / (n * (n - 1))
    across = across_first.sum() / (m * n)
    distance = within_first + within_second - 2 * across
    variance = _jackknife(own, across_first, n) + _jackknife(other, across_second, m)
    return squared(distance.item(), variance.sqrt().item())


def _jackknife(
    own: Float[Tensor, " sample"], across: Float[Tensor, " sample"], others: int
) -> Float[Tensor, ""]:
    """Variance that one set gives the distance: what leaving out each of its samples changes.

    Args:
        own: for each sample the sum of its kernel with the others of its set.
        across: and with all of the other set, which has `others` samples.
    """
    m = len(own)
    within = (own.sum() - 2 * own) / ((m - 1) * (m - 2))
    between = (across.sum() - across) / ((m - 1) * others)
    return (within - 2 * between).var(correction=0) * (m - 1)


def _row_sums(
    rows: Float[Tensor, "row feature"], columns: Float[Tensor, "column feature"], entries: int
) -> Float[Tensor, " row"]:
    """For each row the sum of its kernel with all columns."""
    sums = torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
    side = max(1, min(isqrt(entries), entries // rows.shape[1]))
    for start, block in zip(range(0, len(rows), side), rows.split(side), strict=True):
        block = block.double() / rows.shape[1]
        for others in columns.split(side):
            sums[start : start + side] += (block @ others.double().T + 1).pow(3).sum(dim=1)
    return sums


def _kernel_of_itself(rows: Float[Tensor, "row feature"]) -> Float[Tensor, " row"]:
    return (rows.double().square().mean(dim=1) + 1).pow(3)
