"""The samples at a path."""

from pathlib import Path

from lowd.evaluation.arrays import ARRAYS, load_array, of_array
from lowd.evaluation.folders import open_folder
from lowd.evaluation.sets import Reading, SampleSet


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
        opened = of_array(str(text), load_array(path, key), reading)
    elif path.is_dir():
        if reading.features:
            raise ValueError(f"{path}: a folder holds no ready features; give {_spoken(ARRAYS)}")
        opened = open_folder(path, reading, grey)
    else:
        raise ValueError(f"{path}: give a folder of images, or an array in {_spoken(ARRAYS)}")
    if opened.count < 2:
        raise ValueError(f"{path}: {opened.count} sample; give at least 2")
    return opened


def _spoken(suffixes: tuple[str, ...]) -> str:
    return f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
