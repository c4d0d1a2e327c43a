"""What the exact denoiser of a mixture with variance δ² off its classes' subspaces lets through.

The data model is that of arXiv:2502.05743: K classes, each with variance 1 in a subspace of its own
and δ² in those of the others.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.distributions.molrg import MoLRG


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


def class_posterior(
    mixture: MoLRG, x: Float[Tensor, "point feature"], sigma: float
) -> Float[Tensor, "point class"]:
    """P(class | x) at noise level σ, the weights of `mixture.denoise`, in float64."""
    logits = []
    for k, basis in enumerate(mixture.bases):
        offset = x.double() - mixture.means[k]
        inside = offset @ basis
        outside = (offset - inside @ basis.mT).square().sum(dim=1)
        noisy = mixture.variances[k] + sigma**2
        spread = torch.log(noisy / sigma**2).sum() + (inside.square() / noisy).sum(dim=1)
        logits.append(mixture.weights[k].log() - (spread + outside / sigma**2) / 2)
    return torch.stack(logits, dim=1).softmax(dim=1)
