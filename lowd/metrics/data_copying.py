"""Data copying: are generated samples nearer to the training set than held-out data are?

Meehan, Chaudhuri & Dasgupta 2020 (arXiv:2004.05675), the statistic C_T with a single cell.
"""

import numpy as np
from scipy.stats import rankdata

from lowd.metrics.estimate import Estimate
from lowd.metrics.neighbours import nearest
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import comparable_rows


def data_copying(generated: Samples, held_out: Samples, training: Samples) -> Estimate:
    """C_T: the z-score of the Mann–Whitney U of distances to the nearest training sample.

    U counts the pairs in which the generated sample is farther away than the held-out one, ties as
    a half. Around 0 for a perfect model, far below for copying, far above for underfitting. The
    mean, nm/2 − ½, and variance, nm(n + m + 1)/12, are those of the published implementation:
    continuity correction, none for ties.

    Args:
        generated: features, (sample, feature), m rows.
        held_out: features of data the model never saw, n rows.
        training: features of the model's training set.

    Returns:
        The z-score, and its standard error over generated and held-out samples with the training
        set fixed (DeLong et al. 1988). It is about 1 for a perfect model and shrinks to 0 as
        the two sets of distances separate, where z is at its bound ±(3nm/(n + m + 1))^½.

    Raises:
        ValueError: features differ in number, there are fewer than two rows, or a value is not
            finite.
    """
    generated, held_out, training = comparable_rows(
        generated=generated, held_out=held_out, training=training
    )
    ours = nearest(generated, training)[0].cpu().numpy()
    theirs = nearest(held_out, training)[0].cpu().numpy()
    m, n = len(ours), len(theirs)
    ranks = rankdata(np.concatenate([ours, theirs]))
    # The rank among all less the rank among one's own: how many of the others lie below.
    farther = ranks[:m] - rankdata(ours)
    nearer = m - (ranks[m:] - rankdata(theirs))
    scale = (n * m * (n + m + 1) / 12) ** 0.5
    error = (m * farther.var(ddof=1) + n * nearer.var(ddof=1)) ** 0.5
    return Estimate(float((farther.sum() - (n * m / 2 - 0.5)) / scale), float(error / scale))
