"""How well one number tells members of a training set from other points."""

from jaxtyping import Float
from torch import Tensor

from lowd.metrics.estimate import Estimate


def telling_apart(members: Float[Tensor, " member"], others: Float[Tensor, " other"]) -> Estimate:
    """AUC = P(a member's value is below another point's) + ½ P(both are equal).

    The area under the ROC curve of a test that calls points of low value members: ½ tells nothing.

    Args:
        members: a value for each training point, two or more.
        others: a value for each point that was not learned from, two or more.

    Returns:
        The area, and its standard error over points (DeLong et al. 1988).
    """
    ours, theirs = members.double()[:, None], others.double()[None]
    wins = (ours < theirs).double() + (ours == theirs).double() / 2
    by_member, by_other = wins.mean(dim=1), wins.mean(dim=0)
    variance = by_member.var() / len(by_member) + by_other.var() / len(by_other)
    return Estimate(wins.mean().item(), variance.sqrt().item())
