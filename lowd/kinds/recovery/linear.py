"""The linear student in closed form."""

from jaxtyping import Float
from torch import Tensor

from lowd.distributions.gaussian import Gaussian


def linear_student(points: Float[Tensor, " point *shape"]) -> Gaussian:
    """The Gaussian whose denoiser Σ̂ (Σ̂ + σ²I)⁻¹ x is the best linear one of these points.

    At every σ it minimises Σ_i E‖W (x⁽ⁱ⁾ + σε) − x⁽ⁱ⁾‖² over matrices W; Σ̂ are the points' second
    moments about 0.
    """
    flat = points.flatten(1).double()
    return Gaussian(points.new_zeros(points.shape[1:]), flat.mT @ flat / len(flat))
