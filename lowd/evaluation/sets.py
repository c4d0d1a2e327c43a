"""Sets of samples in a folder or file: images, vectors, or ready features."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, UInt8

from lowd.sources.image_settings import FolderSource, ImageSource
from lowd.sources.own import image_files, read_folder
from lowd.sources.processing import process
from lowd.sources.scaling import scaled

Images = Float32[np.ndarray, "image channel height width"]
Pixels = UInt8[np.ndarray, "height width channel"]

ARRAYS = (".npy", ".npz", ".zarr")
NAMES = ("images", "samples", "features", "arr_0")
"""What an array is looked for by, where there are several."""
AT_ONCE = 256
"""Images read together."""
WHITE = (255, 255, 255)
SHOWN = 160
"""Pixels along the longer side of an image that is shown, at most."""
GREY = {"1", "L", "LA"}
"""Pillow's modes without colours."""


@dataclass(frozen=True)
class Reading:
    """How sets are read.

    Attributes:
        features: arrays hold ready features, one row a sample.
        range: the values that black and white have among floats; −1 and 1 if not given.
        size: height and width to shrink images to, by averaging areas.
    """

    features: bool = False
    range: tuple[float, float] | None = None
    size: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Samples that are read when they are asked for.

    Attributes:
        name: where they are.
        kind: images in [−1, 1], or rows of numbers.
        shape: of a sample, (channel, height, width) or (feature,).
        count: how many there are.
        content: SHA-256 of the files or of the array.
        blocks: some samples at a time, in their order.
        labels: what each is called.
        image: one image as it is shown; None of vectors.
    """

    name: str
    kind: Literal["images", "vectors"]
    shape: tuple[int, ...]
    count: int
    content: str
    blocks: Callable[[], Iterator[Images | Float[np.ndarray, "sample feature"]]]
    labels: tuple[str, ...]
    image: Callable[[int], Pixels] | None = None

    def rows(self) -> Float[np.ndarray, "sample feature"]:
        """All samples, flattened.

        Raises:
            ValueError: a value is not finite, or a file can't be read.
        """
        rows = np.concatenate([block.reshape(len(block), -1) for block in self.blocks()])
        if bad := int((~np.isfinite(rows)).any(axis=1).sum()):
            raise ValueError(
                f"{self.name}: {bad} of {len(rows)} rows are not finite; leave out those samples"
            )
        return rows


def open_set(text: str | Path, reading: Reading, grey: bool | None = None) -> SampleSet:
    """The samples at a path; of an array in a store or archive, at `path::name`.

    Args:
        text: a folder of images, which may have folders inside, or an .npy, .npz or .zarr array.
        reading: how.
        grey: whether images in a folder lose their colours; None where none has any.

    Raises:
        FileNotFoundError: nothing is there, or no image.
        ValueError: it is something else, an image or array can't be read, or there are fewer than
            two samples.
    """
    name, _, key = str(text).partition("::")
    path = Path(name)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    if path.suffix in ARRAYS:
        opened = of_array(str(text), _load(path, key), reading)
    elif path.is_dir():
        if reading.features:
            raise ValueError(f"{path}: a folder holds no ready features; give {_spoken(ARRAYS)}")
        opened = _open_folder(path, reading, grey)
    else:
        raise ValueError(f"{path}: give a folder of images, or an array in {_spoken(ARRAYS)}")
    if opened.count < 2:
        raise ValueError(f"{path}: {opened.count} sample; give at least 2")
    return opened


def is_grey(opened: SampleSet) -> bool:
    """Whether images have no colours."""
    return opened.kind == "images" and opened.shape[0] == 1


def check_alike(reference: SampleSet, other: SampleSet) -> None:
    """Raise ValueError unless samples of both have one kind and shape."""
    if reference.kind != other.kind:
        raise ValueError(
            f"{other.name}: {other.kind}, but {reference.name} holds {reference.kind}; give both "
            "alike"
        )
    if reference.shape != other.shape:
        theirs, ours = ("×".join(map(str, one.shape)) for one in (other, reference))
        remedy = (
            "`--size` shrinks images to one size"
            if reference.kind == "images"
            else "use one descriptor for all"
        )
        raise ValueError(
            f"{other.name}: {theirs} a sample, but {reference.name} has {ours}; {remedy}"
        )


def _open_folder(folder: Path, reading: Reading, grey: bool | None) -> SampleSet:
    files, _ = image_files(folder)
    if grey is None:
        grey = all(_mode(path) in GREY for path in files)
    source = FolderSource(
        source="folder", path=folder, shape=(1 if grey else 3, 1, 1), background=WHITE
    )
    steps = ImageSource(size=reading.size)

    def images() -> Iterator[np.ndarray]:
        expected = None
        for name, pixels in read_folder(source):
            try:
                pixels = process(pixels, steps)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            expected = expected or pixels.shape
            if pixels.shape != expected:
                raise ValueError(
                    f"{name}: {pixels.shape[2]}×{pixels.shape[3]} pixels, but the first image has "
                    f"{expected[2]}×{expected[3]}; `--size` shrinks images to one size"
                )
            yield pixels

    def blocks() -> Iterator[Images]:
        block: list[np.ndarray] = []
        for pixels in images():
            block.append(pixels)
            if len(block) == AT_ONCE:
                yield scaled(np.concatenate(block))
                block = []
        if block:
            yield scaled(np.concatenate(block))

    def image(row: int) -> Pixels:
        from PIL import Image

        with Image.open(files[row]) as opened:
            shown = opened.convert("RGBA")
            shown = Image.alpha_composite(Image.new("RGBA", shown.size, (*WHITE, 255)), shown)
            shown.thumbnail((SHOWN, SHOWN))
            return np.asarray(shown.convert("RGB"))

    content = hashlib.sha256(f"{grey} {reading.size}".encode())
    for path in files:
        content.update(path.read_bytes())
    return SampleSet(
        name=str(folder),
        kind="images",
        shape=next(images()).shape[1:],
        count=len(files),
        content=content.hexdigest(),
        blocks=blocks,
        labels=tuple(path.relative_to(folder).as_posix() for path in files),
        image=image,
    )


def _mode(path: Path) -> str:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.mode
    except Exception as error:  # Pillow's decoders raise types of their own
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: not a readable image ({reason})") from None


def of_array(name: str, array: np.ndarray, reading: Reading) -> SampleSet:
    """The samples in an array that is in memory, or is read as far as it is asked for.

    Raises:
        ValueError: its shape or type is of neither images nor vectors, or a value is not finite.
    """
    if reading.features and array.ndim != 2:
        raise ValueError(f"{name}: shape {array.shape}; ready features are (sample, feature)")
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise ValueError(
            f"{name}: shape {array.shape}; give vectors (sample, feature) or images (sample, "
            "channel, height, width)"
        )
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name}: {array.dtype} values; store floats or integers")
    if len(array) < 2:
        raise ValueError(f"{name}: 1 sample; give at least 2")
    return _vectors(name, array) if array.ndim == 2 else _images(name, array, reading)


def _images(name: str, array: np.ndarray, reading: Reading) -> SampleSet:
    """Grey images may lack their channel, and channels may come last, where that is certain."""
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise ValueError(f"{name}: {array.dtype} values; store uint8, or floats in [-1, 1]")
    is_last = array.ndim == 4 and array.shape[1] not in (1, 3) and array.shape[3] in (1, 3)
    steps = ImageSource(size=reading.size)

    def block(first: int, last: int) -> Images:
        images = np.asarray(array[first:last])
        if array.ndim == 3:
            images = images[:, None]
        elif is_last:
            images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
        if images.dtype != np.uint8:
            images = _in_range(name, images, reading.range)
        try:
            return scaled(process(images, steps))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None

    def image(row: int) -> Pixels:
        pixels = ((block(row, row + 1)[0] + 1) * 127.5).round().astype(np.uint8)
        return np.repeat(pixels.transpose(1, 2, 0), 3 // len(pixels), axis=2)

    shape = block(0, 1).shape[1:]
    if array.dtype != np.uint8 and reading.range is None and np.min(array[:AT_ONCE]) >= 0:
        print(
            f"{name}: no value is below 0; if black is 0 and white is 1, give `--range 0 1`",
            file=sys.stderr,
        )
    return SampleSet(
        name=name,
        kind="images",
        shape=shape,
        count=len(array),
        content=_digest(array, f"{reading.size} {reading.range}"),
        blocks=lambda: (block(first, first + AT_ONCE) for first in range(0, len(array), AT_ONCE)),
        labels=tuple(map(str, range(len(array)))),
        image=image if shape[0] in (1, 3) else None,
    )


def _in_range(name: str, images: np.ndarray, ends: tuple[float, float] | None) -> Images:
    """Floats of the declared range as floats in [−1, 1]."""
    low, high = ends or (-1.0, 1.0)
    if bad := int((~np.isfinite(images)).reshape(len(images), -1).any(axis=1).sum()):
        raise ValueError(f"{name}: {bad} images are not finite; leave them out")
    least, largest = float(images.min()), float(images.max())
    if least < low or largest > high:
        raise ValueError(
            f"{name}: values from {least:g} to {largest:g} lie outside [{low:g}, {high:g}]; give "
            f"`--range LOW HIGH`, the values of black and white, or store uint8"
        )
    return ((images.astype(np.float64) - low) * (2 / (high - low)) - 1).astype(np.float32)


def _vectors(name: str, array: np.ndarray) -> SampleSet:
    is_double = array.dtype.itemsize == 8 or array.dtype.kind != "f"
    rows = np.asarray(array).astype(np.float64 if is_double else np.float32)
    if bad := int((~np.isfinite(rows)).any(axis=1).sum()):
        raise ValueError(
            f"{name}: {bad} of {len(rows)} rows are not finite; leave out those samples"
        )
    return SampleSet(
        name=name,
        kind="vectors",
        shape=rows.shape[1:],
        count=len(rows),
        content=_digest(rows),
        blocks=lambda: iter([rows]),
        labels=tuple(map(str, range(len(rows)))),
    )


def _load(path: Path, key: str) -> np.ndarray:
    """An array, of a store not yet in memory; nothing pickled is ever opened."""
    try:
        if path.suffix == ".npy":
            return np.load(path, mmap_mode="r", allow_pickle=False)
        if path.suffix == ".zarr":
            import zarr

            arrays = dict(zarr.open_group(path, mode="r").arrays())
        else:
            arrays = dict(np.load(path, allow_pickle=False))
    except Exception as error:  # zipfile, zlib, numpy and zarr each raise types of their own
        reason = " ".join(str(error).split()) or type(error).__name__
        if "object" in reason.lower():
            # numpy takes whatever it does not know for a pickle, and says how to run it.
            reason = "it is pickled or something else, and is not opened"
        raise ValueError(
            f"{path}: not a readable {path.suffix} of plain arrays ({reason})"
        ) from None
    rows = [name for name, array in arrays.items() if array.ndim > 1]
    known = [name for name in NAMES if name in rows]
    wanted = key or (known[0] if known else rows[0] if len(rows) == 1 else "")
    if wanted not in arrays:
        raise ValueError(
            f"{path}: {f'no array {key!r}' if key else 'no array is named'}; it holds "
            f"{', '.join(sorted(arrays)) or 'none'}: give {path}::NAME"
        )
    return arrays[wanted]  # type: ignore[return-value]


def _digest(array: np.ndarray, reading: str = "") -> str:
    content = hashlib.sha256(f"{array.dtype} {array.shape} {reading}".encode())
    for first in range(0, len(array), AT_ONCE):
        content.update(np.ascontiguousarray(array[first : first + AT_ONCE]).data)
    return content.hexdigest()


def _spoken(suffixes: tuple[str, ...]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
