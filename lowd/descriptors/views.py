"""Small whitened images, and views of them: a descriptor for copies that needs no training.

Cosines of pixels are ruled by the few directions in which images vary most, such as brightness, and
unrelated images are then alike. Whitening gives all directions a like say, so that what is left in
common is the image itself. A copy that is mirrored or cropped is recognised because the original is
mirrored and cropped too: every reference image has several views, and the most similar counts.
"""

from dataclasses import dataclass
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lowd.metrics.descriptors import unit

Images = Float[Tensor, "image channel height width"]

KEPT = 32
"""Images are kept at this height and width at most, from which views are cut."""
SIDE = 16
"""Height and width at most of what is compared."""
CROP = 0.9
"""How much of each side a cropped view keeps."""
PLACES = (0.0, 0.5, 1.0)
"""Where crops lie along each side, between its start and its end."""
RIDGE = 0.1
"""What is added to every variance before whitening, in units of their mean: noise is not blown up,
and directions that few images leave unknown count alike."""


def reduced(images: Images) -> Float[Tensor, "image channel _row _column"]:
    """Images averaged over areas to at most KEPT × KEPT pixels; smaller ones as they are."""
    height, width = images.shape[2:]
    rows, columns = (
        _averages(size, min(size, KEPT), 0, size).to(images) for size in (height, width)
    )
    return rows @ images @ columns.T


@dataclass(frozen=True, eq=False)
class Views:
    """Features of reduced images, fitted to reference images before anything is compared.

    Attributes:
        mean: of small reference images, (feature,).
        whitening: (C + RIDGE tr(C)/d)^−½, C their covariance, (feature, feature).
    """

    mean: Float[Tensor, " feature"]
    whitening: Float[Tensor, "feature feature"]

    @classmethod
    def fitted(cls, references: Images) -> "Views":
        """From reduced reference images, and from their mirror images as often.

        Raises:
            ValueError: all are the same.
        """
        small = _windows(references)[0].double()
        rows = torch.cat([small, small.flip(-1)]).flatten(1)
        mean = rows.mean(dim=0)
        centred = rows - mean
        variances, directions = torch.linalg.eigh(centred.T @ centred / len(rows))
        variances = variances.clamp(min=0)
        if not variances.any():
            raise ValueError("all reference images are the same; give different ones")
        scales = (variances + RIDGE * variances.mean()).rsqrt()
        whitening = directions * scales @ directions.T
        return cls(mean.to(references), whitening.to(references))

    def __call__(self, images: Images) -> Float[Tensor, "image feature"]:
        """Features of unit norm of reduced images as they stand."""
        return self._described(_windows(images)[0])

    def of(self, images: Images) -> Float[Tensor, "view image feature"]:
        """Features of all views: the whole image and its crops, each as it stands and mirrored."""
        views = [_windows(images)[0], *_windows(images, CROP)]
        return torch.stack(
            [self._described(each) for view in views for each in (view, view.flip(-1))]
        )

    def _described(
        self, small: Float[Tensor, "image channel _row _column"]
    ) -> Float[Tensor, "image feature"]:
        return unit((small.flatten(1) - self.mean) @ self.whitening)


def _windows(
    images: Images, kept: float = 1.0
) -> list[Float[Tensor, "image channel _row _column"]]:
    """Parts of images, which keep so much of each side, at SIDE × SIDE pixels at most."""
    places = PLACES if kept < 1 else (0.0,)
    rows, columns = (
        [
            _averages(size, min(size, SIDE), place * (1 - kept) * size, kept * size).to(images)
            for place in places
        ]
        for size in images.shape[2:]
    )
    return [row @ images @ column.T for row, column in product(rows, columns)]


def _averages(
    old: int, new: int, start: float | int, length: float | int
) -> Float[Tensor, "new old"]:
    """The weights of old pixels in new ones, each the mean over an equal part of a window."""
    edges = start + torch.arange(new + 1, dtype=torch.float64) * length / new
    pixels = torch.arange(old + 1, dtype=torch.float64)
    ends = torch.minimum(edges[1:, None], pixels[None, 1:])
    starts = torch.maximum(edges[:-1, None], pixels[None, :-1])
    return functional.normalize((ends - starts).clamp(min=0), p=1, dim=1)
