"""Spectra of covariances: a power law with spikes."""

from collections.abc import Sequence


def spectrum(dimension: int, spikes: Sequence[float] = (), decay: float = 0.0) -> list[float]:
    """Variances λ_j = d j^−α / Σ_i i^−α + θ_j along the axes of a Gaussian.

    Without spikes their mean is 1; α = 0 is the spiked model of Johnstone 2001, identity plus
    spikes.

    Args:
        dimension: d.
        spikes: θ of the first axes, not ascending, fewer than d.
        decay: α.

    Returns:
        d values that do not ascend.
    """
    law = [(j + 1) ** -decay for j in range(dimension)]
    scale = dimension / sum(law)
    extra = [*spikes, *[0.0] * (dimension - len(spikes))]
    return [scale * each + theta for each, theta in zip(law, extra, strict=True)]
