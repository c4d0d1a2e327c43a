"""What theory says of the error ‖ÛÛᵀ − UUᵀ‖_F of a basis learnt from N points.

Wang et al. 2024 (arXiv:2409.02426): with N ≥ r points PCA recovers the span, with N < r its error
is √(r − N) at least, up to a small δ, typically and if d > 2r − N.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Counts = int | Sequence[int] | NDArray[np.integer]


def lower_bound(rank: Counts, samples: Counts) -> NDArray[np.float64]:
    """√(r − N), 0 for N ≥ r."""
    return np.asarray(np.sqrt(np.maximum(np.subtract(rank, samples), 0.0)))


def random_completion(rank: Counts, samples: Counts, dimension: int) -> NDArray[np.float64]:
    """Root mean square of the error if the r − N missing directions are random.

    Û and U share the N directions seen. The other r − N of each lie in the d − N dimensions left,
    those of Û uniformly: E‖Û'ᵀU'‖_F² = (r − N)²/(d − N), hence √(2(r − N)(d − r)/(d − N)).
    """
    missing = np.maximum(np.subtract(rank, samples), 0.0)
    left = np.maximum(dimension - np.minimum(samples, rank), 1)
    return np.asarray(np.sqrt(2 * missing * np.subtract(dimension, rank) / left))
