"""`lowd step label-points`: points with their classes, and the Gaussian of every class."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from lowd.base import Settings
from lowd.sources.image_settings import SourceSettings

if TYPE_CHECKING:
    from torch import Tensor

    from lowd.distributions.class_gaussians import ClassGaussians

LEAST = 4
"""Points of a class that are learned from, or held out."""


class LabelPointsStep(Settings):
    """Settings of the label_points step.

    Attributes:
        images: the source of images with classes; if not given, points are drawn of a mixture.
        size: how many are drawn of a mixture.
        shape: of a point.
        held_out: share that nothing learns from.
    """

    seed: int
    images: SourceSettings | None = None
    size: int | None = Field(default=None, exclude_if=lambda size: size is None)
    shape: tuple[int, ...]
    held_out: float


def label_points(settings: LabelPointsStep, *, output: Path, teacher: Path | None = None) -> None:
    """Leave `training` and `held_out` points, each with its `_label`, in the store `output`.

    With them, in float64, `mean` (class, feature), `covariance` (class, feature, other_feature) and
    `weight` of the Gaussian that each class is taken for: of a mixture its component, of images the
    one fitted to those learned from. `teacher` is the mixture's folder.

    Raises:
        ValueError: a class has fewer than four points in either part.
    """
    import torch
    import xarray as xr

    from lowd.store.arrays import sample_dims, write_store
    from lowd.streams import stream

    if teacher is None:
        points, labels, names = _images(settings)
    else:
        points, labels, names = _drawn(settings, teacher)
    order = torch.randperm(len(points), generator=stream(settings.seed, "held out"))
    kept = len(points) - int(len(points) * settings.held_out)
    shares = {"training": order[:kept], "held_out": order[kept:]}
    for share, rows in shares.items():
        counts = torch.bincount(labels[rows], minlength=len(names))
        if counts.min() < LEAST:
            raise ValueError(
                f"held_out: class {names[int(counts.argmin())]} has {int(counts.min())} "
                f"{share.replace('_', '-')} points of at least {LEAST}; give more points or "
                "another share"
            )
    own = _gaussians(points[order[:kept]], labels[order[:kept]], teacher)
    dims, features = sample_dims(settings.shape), ("class", "number", "other_number")
    variables = {
        "mean": (features[:2], own.means.numpy()),
        "covariance": (features, own.covariances.numpy()),
        "weight": (features[:1], own.weights.numpy()),
    }
    for share, rows in shares.items():
        variables[share] = ((f"{share}_point", *dims), points[rows].numpy())
        variables[f"{share}_label"] = ((f"{share}_point",), labels[rows].numpy())
    write_store(output, xr.Dataset(variables, {"class": list(names)}))


def _images(settings: LabelPointsStep) -> "tuple[Tensor, Tensor, tuple[str, ...]]":
    import torch

    from lowd.sources.labelled import load_labelled
    from lowd.sources.scaling import scaled

    if settings.images is None:
        raise ValueError("images: give a source, or --teacher, the folder of a mixture")
    loaded = load_labelled(settings.images)
    pixels = torch.from_numpy(scaled(loaded.images))
    return pixels, torch.from_numpy(loaded.labels), loaded.names


def _drawn(settings: LabelPointsStep, teacher: Path) -> "tuple[Tensor, Tensor, tuple[str, ...]]":
    from lowd.steps.teachers.mixture import read_mixture
    from lowd.streams import stream

    if settings.size is None:
        raise ValueError("size: say how many points to draw of the mixture")
    mixture = read_mixture(teacher)
    points, labels = mixture.sample_labelled(settings.size, stream(settings.seed, "points"))
    names = tuple(str(k) for k in range(len(mixture.weights)))
    return points.float().reshape(-1, *settings.shape), labels, names


def _gaussians(points: "Tensor", labels: "Tensor", teacher: Path | None) -> "ClassGaussians":
    from lowd.distributions.class_gaussians import ClassGaussians
    from lowd.steps.teachers.mixture import read_mixture

    if teacher is None:
        return ClassGaussians.fitted(points, labels)
    mixture = read_mixture(teacher)
    scaled = mixture.bases * mixture.variances[:, None]
    return ClassGaussians(mixture.means, scaled @ mixture.bases.mT, mixture.weights)
