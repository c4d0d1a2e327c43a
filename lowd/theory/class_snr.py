"""What the exact denoiser of a mixture with variance δ² off its classes' subspaces lets through.

The data model is that of arXiv:2502.05743: K classes, each with variance 1 in a subspace of its own
and δ² in those of the others.
"""


def snr_formula(sigma: float, classes: int, delta: float, confidence: float) -> float:
    """The class signal-to-noise ratio of D(x; σ) at clean x, by the mean weight of the own class.

    With a = 1/(1 + σ²), b = δ²/(δ² + σ²), w the confidence and v = (1 − w)/(K − 1) of each other
    class, (wa + (1 − w)b)² / ((K − 1) δ² (wb + va + (1 − w − v)b)²). A mean weight stands for
    the weights, so that it is exact where they do not vary. Both ends, σ → 0 (w → 1) and σ → ∞
    (w → 1/K), give 1/((K − 1)δ²), the ratio of the data themselves.

    Args:
        sigma: σ, positive.
        classes: K, 2 or more.
        delta: δ, positive.
        confidence: w.
    """
    own, other = 1 / (1 + sigma**2), delta**2 / (delta**2 + sigma**2)
    each = (1 - confidence) / (classes - 1)
    signal = confidence * own + (1 - confidence) * other
    noise = confidence * other + each * own + (1 - confidence - each) * other
    return (signal / noise) ** 2 / ((classes - 1) * delta**2)
