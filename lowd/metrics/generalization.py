"""Generalization: how often a generated image has no near copy in the training set.

GL score of Zhang et al. 2024 (arXiv:2310.05264).
"""

from lowd.metrics.estimate import Estimate, proportion
from lowd.metrics.neighbours import most_similar
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import check_cosine, comparable_rows


def generalization(generated: Samples, training: Samples, threshold: float) -> Estimate:
    """1 − P(max_i ⟨h(x), h(x⁽ⁱ⁾)⟩ > threshold) over generated x and training images x⁽ⁱ⁾.

    Pure noise scores 1, so read it beside reproducibility or E_gen. The true distribution scores
    less than 1 against a training set that covers its support. Compare with that, but it is no
    bound: a model whose samples lie off the true ones exceeds it.

    Args:
        generated: descriptors, (sample, feature); rows are normalised here.
        training: descriptors of the model's own training set, (image, feature), likewise.
        threshold: a cosine; .6 is the published one for SSCD.

    Returns:
        The fraction of generated samples, and its standard error over them with the training set
        fixed (binomial after Agresti and Coull, not 0 at 0 and 1).

    Raises:
        ValueError: features differ in number, there are fewer than two rows, a value is not finite,
            or the threshold is no cosine.
    """
    check_cosine(threshold)
    generated, training = comparable_rows(generated=generated, training=training)
    similarity, _ = most_similar(generated, training)
    return proportion(similarity <= threshold)
