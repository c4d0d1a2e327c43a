"""scikit-learn's digits."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32

from lowd.sources.image_settings import DigitsSource


def read(settings: DigitsSource) -> Iterator[tuple[str, Float32[np.ndarray, "image 1 8 8"]]]:
    """All of them in one block, in [-1, 1]."""
    from sklearn.datasets import load_digits

    yield "digits", (load_digits().images[:, None] / 8 - 1).astype(np.float32)
