"""Images of the user's own, as an array in an .npz or .npy file."""

from collections.abc import Iterator

import numpy as np

from lowd.sources.image_settings import ArraySource
from lowd.sources.own_arrays import Images, checked


def read(settings: ArraySource) -> Iterator[tuple[str, Images]]:
    """The array of an .npz file, or the one of an .npy file, whole.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, or has no such array, or one of other values than told.
    """
    path = settings.path
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                if path.suffix != ".npy":
                    raise ValueError("it is an .npy file; call it that")
                keys, images = [settings.key], loaded
            else:
                keys, images = sorted(loaded), loaded.get(settings.key)
    except Exception as error:  # zipfile, zlib and numpy each raise types of their own
        raise ValueError(f"{path}: not an .npz file of plain arrays ({error})") from None
    if images is None:
        raise ValueError(f"{path}: no array {settings.key!r}; it holds {keys}")
    yield str(path), checked(images, settings)
