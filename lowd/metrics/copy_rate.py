"""How many samples are copies, by distances alone: nothing is to be calibrated.

Yoon et al. 2023 (ICML workshop, "Diffusion probabilistic models generalize when they fail to
memorize"); Gu et al. 2023 (arXiv:2310.02664), who call the largest N at which most samples are
copies effective model memorisation (EMM).
"""

from lowd.metrics.closest import closest
from lowd.metrics.estimate import Estimate, proportion
from lowd.metrics.neighbours import nearest
from lowd.metrics.rows import Samples, comparable_rows

RATIO = 1 / 3
"""The field's."""


def copy_rate(generated: Samples, training: Samples, ratio: float = RATIO) -> Estimate:
    """f_mem = P(‖x − x⁽¹⁾‖ < ratio ‖x − x⁽²⁾‖), x⁽¹⁾ and x⁽²⁾ the nearest two training points.

    Args:
        generated: (sample, feature), commonly pixels.
        training: (point, feature), two points or more.
        ratio: below which a sample is a copy.

    Returns:
        The share of copies, and its standard error over samples (Agresti and Coull's).

    Raises:
        ValueError: features differ in number, a value is not finite, there is one point only, or
            the ratio is not above 0 and at most 1.
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"ratio {ratio} is not above 0 and at most 1; give 1/3, say")
    distances, _ = closest(generated, training, count=2)
    return proportion(distances[:, 0] < ratio * distances[:, 1])


def nearer_own(generated: Samples, training: Samples, unseen: Samples) -> Estimate:
    """P(the nearest training point is nearer than the nearest of as many unseen points).

    A model that knows nothing of its training set but the distribution it is from has exactly ½,
    whatever its errors, since the two sets could change places. No threshold is needed, and there
    is no ceiling to know. A sample as near to both counts half.

    Args:
        generated: (sample, feature).
        training: (point, feature), the model's own set.
        unseen: (point, feature), as many of the same distribution.

    Returns:
        The probability, and its standard error over samples, both sets being given. Sets differ
        too: of one pair of sets even the teacher's samples do not have exactly ½.

    Raises:
        ValueError: features differ in number, the sets in size, or a value is not finite.
    """
    training, unseen = comparable_rows(at_least=1, training=training, unseen=unseen)
    if len(training) != len(unseen):
        raise ValueError(
            f"training has {len(training)} points and unseen {len(unseen)}; chance is ½ only for "
            "sets of one size"
        )
    own, _ = nearest(generated, training)
    other, _ = nearest(generated, unseen)
    nearer, even = own < other, own == other
    hits = proportion(nearer)
    return Estimate(hits.value + float(even.double().mean()) / 2, hits.standard_error)
