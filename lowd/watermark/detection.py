"""Is the key in the image? Statistics of a state and a key, with p-values that hold their level.

Under the null hypothesis the image knows nothing of the key. The key being uniform on a sphere of m
dimensions, its cosine r with any vector that does not depend on it has a distribution that is known
exactly, t = r √((m − 1)/(1 − r²)) being Student's with m − 1 degrees of freedom: whatever the
image, the attack, the network and its inversion. Keys that are not uniform on a sphere are compared
with others drawn alike, which under the null hypothesis might as well have been the key.
"""

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats
from torch import Tensor


def cosine(
    keys: Float[Tensor, "*#stack feature"],
    evidence: Float[Tensor, "*#stack feature"],
    basis: Float[Tensor, "feature rank"] | None = None,
) -> Float[Tensor, "*stack"]:
    """Cosine of keys and evidence, in the subspace that the keys are uniform on.

    Args:
        keys: unit vectors; leading dimensions broadcast.
        evidence: what a detector makes of an image.
        basis: orthonormal columns of the subspace, if it is not all of the space.
    """
    shown = evidence if basis is None else evidence @ basis
    length = torch.linalg.vector_norm(shown, dim=-1).clamp_min(torch.finfo(shown.dtype).tiny)
    return (keys * evidence).sum(-1) / length


def p_value(cosines: Float[Tensor, "*stack"], dimension: int) -> Float[Tensor, "*stack"]:
    """How likely a key that has nothing to do with the image has such a cosine, or a larger one.

    Args:
        cosines: of key and evidence.
        dimension: m of the sphere that keys are uniform on, 2 or more.
    """
    freedom = dimension - 1
    t = cosines * (freedom / (1 - cosines.square()).clamp_min(1e-300)).sqrt()
    return torch.as_tensor(np.asarray(stats.t.sf(t.numpy(), freedom)))


def shared_evidence(
    evidence: Float[Tensor, "image feature"],
) -> Float[Tensor, " feature"]:
    """The evidence of several images that have one key: the mean of unit vectors."""
    length = torch.linalg.vector_norm(evidence, dim=-1, keepdim=True)
    return (evidence / length.clamp_min(torch.finfo(evidence.dtype).tiny)).mean(0)


def against_decoys(
    coordinates: Float[Tensor, "image coordinate"],
    keys: Float[Tensor, "#image key coordinate"],
    decoys: Float[Tensor, "decoy coordinate"],
) -> tuple[Float[Tensor, "image key"], Float[Tensor, "image key"]]:
    """How much nearer coordinates are to keys than to decoys, by mean absolute difference.

    Args:
        coordinates: read from states.
        keys: those that each image is asked about, or one row for all.
        decoys: keys drawn alike, never used.

    Returns:
        The difference from the decoys' mean distance in their standard deviations, positive if the
        key is nearer; and the p-value, the key's rank among the decoys, which is never below
        1/(decoys + 1).
    """
    own = (coordinates[:, None] - keys).abs().mean(-1)
    others = torch.stack([(one - decoys).abs().mean(-1) for one in coordinates])
    spread = others.std(dim=1, keepdim=True).clamp_min(torch.finfo(others.dtype).tiny)
    nearer = torch.searchsorted(others.sort(dim=1).values, own, right=True)
    return (others.mean(1, keepdim=True) - own) / spread, (1 + nearer) / (1 + len(decoys))


def published_p_value(
    coordinates: Float[Tensor, "image coordinate"], keys: Float[Tensor, "image coordinate"]
) -> Float[Tensor, " image"]:
    """Tree-Ring's p-value (arXiv:2305.20030, equation 5): a noncentral χ².

    It holds its level only if coordinates are independent normal numbers of mean 0, whose variance
    is taken from the coordinates tested; `against_decoys` needs none of this.
    """
    spread = coordinates.std(dim=-1, keepdim=True)
    distance = ((coordinates - keys) / spread).square().sum(-1)
    noncentrality = (keys / spread).square().sum(-1)
    found = stats.ncx2.cdf(distance.numpy(), keys.shape[-1], noncentrality.numpy())
    return torch.from_numpy(found).reshape(distance.shape)
