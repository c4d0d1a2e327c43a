"""A similarity threshold by rule: from teacher samples alone, before any student is scored."""

import numpy as np

from lowd.metrics.descriptors import unit
from lowd.metrics.neighbours import most_similar
from lowd.metrics.numbers import Samples
from lowd.metrics.rows import comparable_rows, feature_rows


def unrelated_quantile(features: Samples, q: float, rows: int = 4096) -> float:
    """The q-quantile of the cosine between different teacher samples.

    A threshold here calls a fraction 1 − q of unrelated pairs alike: the chance level of
    reproducibility.

    Args:
        features: descriptors of independent teacher samples, (sample, feature); normalised here.
        q: between 0 and 1.
        rows: only the first so many samples are used, in all their pairs, to bound memory
            (16 bytes times rows squared).

    Raises:
        ValueError: there are fewer than two samples, a value is not finite, or q is no fraction.
    """
    _check_fraction(q)
    directions = unit(feature_rows(features, "features")[:rows].double()).cpu().numpy()
    pairs = np.triu_indices(len(directions), k=1)
    return _quantile((directions @ directions.T)[pairs], q)


def nearest_quantile(fresh: Samples, reference: Samples, q: float) -> float:
    """The q-quantile, over fresh teacher samples, of the cosine with the most similar reference.

    A threshold here sets the teacher's own generalization to q at a training set of this size.

    Args:
        fresh: descriptors of teacher samples, (sample, feature); normalised here.
        reference: descriptors of other teacher samples, as many as a training set has.
        q: between 0 and 1.

    Raises:
        ValueError: features differ in number, there are fewer than two samples, a value is not
            finite, or q is no fraction.
    """
    _check_fraction(q)
    fresh, reference = comparable_rows(fresh=fresh, reference=reference)
    return _quantile(most_similar(fresh, reference)[0].cpu().numpy(), q)


def _quantile(cosines: np.ndarray, q: float) -> float:
    """Of cosines that may exceed 1 by rounding, which no threshold may."""
    return float(np.clip(np.quantile(cosines, q), -1, 1))


def _check_fraction(q: float) -> None:
    if not 0 <= q <= 1:
        raise ValueError(f"q {q} is out of range; give a fraction between 0 and 1")
