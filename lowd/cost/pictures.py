"""Images made up to see how long such take to be read."""

from pathlib import Path

import numpy as np

from lowd.cost.probes import ImageProbe
from lowd.sources.image_settings import (
    ArraySource,
    DigitsSource,
    FolderSource,
    ImageSource,
    SourceSettings,
)

DIGITS = 1797
FILES = 64


def pictures(probe: ImageProbe, folder: Path, numbers: int) -> tuple[int, SourceSettings]:
    """Leave images in a folder, of `numbers` at most; how many, and the source to read them by.

    Half of the pixels are 0, so that packing takes them down to about a half, as it does the
    published data sets.
    """
    processing = {key: getattr(probe.processing, key) for key in ImageSource.model_fields}
    if probe.kind == "digits":
        return DIGITS, DigitsSource(source="digits", **processing)
    channels, *native = probe.native
    sides = probe.processing.size or probe.processing.crop or tuple(native)
    given = {"shape": (1 if probe.processing.grey else channels, *sides), **processing}
    count = max(2, numbers // int(np.prod(probe.native)))
    count = min(count, FILES) if probe.kind == "file" else count
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (count, *probe.native), dtype=np.uint8)
    images *= draw.integers(0, 2, images.shape, dtype=np.uint8)
    if probe.kind == "file":
        from PIL import Image

        for row, image in enumerate(images):
            pixels = image[0] if channels == 1 else image.transpose(1, 2, 0)
            Image.fromarray(pixels).save(folder / f"{row}.png")
        return count, FolderSource(source="folder", path=folder, **given)
    save = np.savez_compressed if probe.kind == "packed" else np.savez
    save(folder / "images.npz", images=images)
    return count, ArraySource(source="npz", path=folder / "images.npz", **given)
