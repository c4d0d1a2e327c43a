"""What is run to know how long the disk's stores and images take: the steps' own code."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from lowd.cost.probes import ImageProbe, StoreProbe
from lowd.sources.image_settings import (
    ArraySource,
    DigitsSource,
    FolderSource,
    SourceSettings,
)
from lowd.sources.images import load_images
from lowd.sources.source_settings import ImageSource
from lowd.store.arrays import read_store, sample_dims, write_store
from lowd.streams import stream

DIGITS = 1797
FILES = 64
"""Images made up, if each is a file."""
NUMBERS = 2**22
"""Of made-up arrays at most."""


def image_unit(probe: ImageProbe) -> tuple[float | int, Callable[[], object]]:
    """How many images a run reads, processes, hashes and stores, and the run."""
    folder = tempfile.TemporaryDirectory()
    count, source = _pictures(probe, Path(folder.name))

    def run() -> None:
        images = load_images(source).images
        dims = ("image", *sample_dims(images.shape[1:]))
        write_store(Path(folder.name, "stored"), xr.Dataset({"images": (dims, images)}))

    return count, run


def store_unit(probe: StoreProbe) -> tuple[float | int, Callable[[], object]]:
    """How much of such a store a run reads or writes, and the run."""
    folder = tempfile.TemporaryDirectory()
    numbers = min(probe.numbers, NUMBERS)
    values = torch.randn(numbers, generator=stream("probe")).numpy()
    names = range(probe.variables)
    dataset = xr.Dataset({f"variable-{name}": (f"axis-{name}", values) for name in names})
    path = Path(folder.name, "stored")
    write_store(path, dataset)
    share = numbers / probe.numbers
    if probe.kind == "read":
        # The folder lasts as long as what may read it.
        return share, lambda: (folder, read_store(path))

    def write() -> tempfile.TemporaryDirectory[str]:
        write_store(path, dataset)
        return folder

    return share, write


def _pictures(probe: ImageProbe, folder: Path) -> tuple[int, SourceSettings]:
    """Leave images in a folder; how many, and the source to read them by.

    Half of the pixels are 0, so that packing takes them down to about a half, as it does the
    published data sets.
    """
    processing = {key: getattr(probe.processing, key) for key in ImageSource.model_fields}
    if probe.kind == "digits":
        return DIGITS, DigitsSource(source="digits", **processing)
    channels, *native = probe.native
    sides = probe.processing.size or probe.processing.crop or tuple(native)
    given = {"shape": (1 if probe.processing.grey else channels, *sides), **processing}
    count = max(2, NUMBERS // int(np.prod(probe.native)))
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
