"""A folder with all that was found: results.zarr, evaluation.html, figures/."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

import xarray as xr
from matplotlib.figure import Figure

from lowd.evaluation.drawing import FIGURES, drawable, histogram, histogram_caption
from lowd.evaluation.evaluate import Evaluation
from lowd.evaluation.grid import warnings_of
from lowd.evaluation.page import Drawing, page, table_page
from lowd.evaluation.results import dataset
from lowd.figures.export import export
from lowd.figures.style import letter, styled
from lowd.html import data_uri
from lowd.store.arrays import write_store
from lowd.store.atomic import staged

UNSEEN = (
    "These samples were made elsewhere: whether training was the same for all, and training sets "
    "nested, is not known here."
)
"""What captions of studies take for granted, and these can't."""
PAGE, RESULTS, DRAWN = "evaluation.html", "results.zarr", "figures"


def check_output(folder: Path) -> None:
    """Raise ValueError if writing would fail, or replace what an evaluation did not write."""
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise ValueError(f"{place}: a file; give --output a new folder")
    strange = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if strange := strange - {PAGE, RESULTS, DRAWN}:
        raise ValueError(
            f"{folder}: holds {min(strange)}, which is not of an evaluation; give --output a new "
            "folder"
        )
    # A new folder is written beside the old one, and renamed.
    beside = next(each for each in folder.absolute().parents if each.exists())
    try:
        with TemporaryFile(dir=beside):
            pass
    except OSError as error:
        raise ValueError(
            f"{folder}: {beside} can't be written ({error.strerror}); give --output another folder"
        ) from None


def write(folder: Path, evaluations: Sequence[Evaluation]) -> None:
    """Everything of some sets of samples, or nothing.

    Raises:
        ValueError: as `check_output`.
        OSError: the folder can't be written.
    """
    with _replaced(folder) as draft, styled():
        drawings = []
        for position, one in enumerate(evaluations, 1):
            name = f"similarity-{position}" if len(evaluations) > 1 else "similarity"
            drawings.append(_drawn(draft, name, histogram(one), histogram_caption(one)))
        write_store(draft / RESULTS, dataset(evaluations))
        (draft / PAGE).write_text(page(evaluations, drawings), encoding="utf-8")


def write_table(folder: Path, table: Path, results: xr.Dataset) -> None:
    """Everything of a table, with the figures of a transition study; raises as `write` does."""
    said = warnings_of(table, results)
    with _replaced(folder) as draft, styled():
        drawings = []
        for name in drawable(results) if not said else ():
            module = FIGURES[name]
            caption = f"{module.caption(results)} {UNSEEN}"
            drawings.append(_drawn(draft, name, module.draw(results), caption))
        write_store(draft / RESULTS, results)
        (draft / PAGE).write_text(table_page(str(table), results, drawings, said), encoding="utf-8")


@contextmanager
def _replaced(folder: Path) -> Iterator[Path]:
    check_output(folder)
    with staged(folder) as draft:
        draft.mkdir()
        yield draft


def _drawn(folder: Path, name: str, figure: Figure, caption: str) -> Drawing:
    stem = folder / DRAWN / name
    png = stem.with_suffix(".png")
    width = float(figure.get_figwidth())
    letter(figure)
    export(figure, caption, [stem.with_suffix(end) for end in (".svg", ".png", ".txt", ".csv")])
    return Drawing(name, data_uri("image/png", png.read_bytes()), caption, width)
