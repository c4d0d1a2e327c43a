"""Real images with their classes, of the sources that have any."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Shaped

from lowd.sources.image_settings import DigitsSource, FolderSource, SourceSettings
from lowd.sources.images import find_repeats, load_images


class Labelled(NamedTuple):
    """Images, and what they are of.

    Attributes:
        images: as `load_images` gives them.
        labels: classes from 0.
        names: of the classes, in their order.
    """

    images: Shaped[np.ndarray, "image channel height width"]
    labels: Int[np.ndarray, " image"]
    names: tuple[str, ...]


def load_labelled(settings: SourceSettings) -> Labelled:
    """Images with their classes: digits' own, or a folder's first subfolders.

    Raises:
        ValueError: the source has no classes, or an image of a folder is in no subfolder.
        OSError: as `load_images`.
    """
    names, labels = _labels(settings)
    every = load_images(settings.model_copy(update={"duplicates": "keep"})).images
    kept = np.ones(len(every), bool)
    if settings.duplicates == "drop":
        repeats, _ = find_repeats(every)
        kept = ~repeats
    return Labelled(every[kept], labels[kept], names)


def _labels(settings: SourceSettings) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the classes, and each image's, in the order of `load_images`."""
    if isinstance(settings, DigitsSource):
        from sklearn.datasets import load_digits

        return tuple(map(str, range(10))), load_digits().target.astype(np.int64)
    if isinstance(settings, FolderSource):
        from lowd.sources.own import image_files

        places = [path.relative_to(settings.path) for path in image_files(settings.path)[0]]
        if loose := [place for place in places if len(place.parts) < 2]:
            raise ValueError(
                f"{settings.path / loose[0]}: in no subfolder, whose name would be its class; "
                "move it into one"
            )
        names, labels = np.unique([place.parts[0] for place in places], return_inverse=True)
        return tuple(names.tolist()), labels.astype(np.int64)
    raise ValueError(f"source: classes of {settings.source} are not read; use digits or a folder")
