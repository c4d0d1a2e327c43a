"""Authenticity: are generated samples farther from the training set than it is from itself?

Alaa et al. 2022 (arXiv:2102.08921); AuthPct of Stein et al. 2023 (arXiv:2306.04675).
"""

from lowd.metrics.estimate import Estimate, proportion
from lowd.metrics.neighbours import nearest
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import comparable_rows


def authenticity(generated: Samples, training: Samples) -> Estimate:
    """AuthPct: the percentage of generated samples that are authentic.

    One is authentic if it is farther from its nearest training sample than that sample is from its
    own nearest neighbour in the training set. A perfect model does not score 100: it is inauthentic
    where the two are each other's nearest, which for dense samples of one smooth density has
    probability 2/3, .6215, .5926 in 1, 2, 3 dimensions (Clark & Evans 1955), so that it scores 33,
    38, 41. Sparse samples in many dimensions crowd around few hubs and score more (4000 against
    4000 of a standard normal in 30 dimensions: 77). Compare with the score of held-out data.

    Args:
        generated: features, (sample, feature).
        training: features of the model's training set, (image, feature).

    Returns:
        Percent, and its standard error over generated samples with the training set fixed
        (binomial after Agresti and Coull, not 0 at 0 and 100).

    Raises:
        ValueError: features differ in number, there are fewer than two rows, or a value is not
            finite.
    """
    generated, training = comparable_rows(generated=generated, training=training)
    distance, closest = nearest(generated, training)
    spacing, _ = nearest(training, training, exclude_self=True)
    fraction, error = proportion(distance > spacing[closest])
    return Estimate(100 * fraction, 100 * error)
