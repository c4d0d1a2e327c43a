"""`lowd step draw`: a transition study's figure, of students that were trained elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings

if TYPE_CHECKING:
    import xarray as xr

SEEN = {
    ", with this many steps at this learning rate": "",
    " All sizes are trained for the same steps at the same learning rate: N* and how it grows are "
    "those of that training.": "",
    "Training sets of one replicate are nested over N, so bands": "Bands",
}
"""What captions say of trainings that lowd has seen, and of training sets that it has cut."""


class DrawStep(Settings):
    """Settings of the step: the figure's name."""

    name: str


def draw(
    settings: DrawStep, *, results: Path, output: list[Path], lineage: str | None = None
) -> None:
    """Draw the figure; its caption says what is known of the students."""
    from importlib import import_module

    from lowd.figures.export import export
    from lowd.figures.find import figure_module
    from lowd.figures.style import styled
    from lowd.store.arrays import read_store

    module = import_module(figure_module(settings.name))
    dataset = read_store(results, finite=False)
    with styled():
        caption = f"{without_training(module.caption(dataset))} {origin(dataset)}"
        export(module.draw(dataset), caption, output, lineage)


def without_training(caption: str) -> str:
    """A caption that says nothing of a training that nobody has seen."""
    for said, instead in SEEN.items():
        caption = caption.replace(said, instead)
    return caption


def origin(results: "xr.Dataset") -> str:
    """The sentences on where the students are from, and how many there are not."""
    told = (
        "The students were trained elsewhere: their checkpoints and training sets are known here, "
        "their training is not, nor whether it was alike for all sizes."
    )
    if results.attrs["missing"]:
        told += (
            f" Of {results.attrs['cells']} cells {results.attrs['missing']} are missing, and left "
            "out of means."
        )
    if results.attrs["overlapping"]:
        told += (
            f" {results.attrs['overlapping']} pairs of training sets share points, and are left "
            "out of RP of disjoint sets."
        )
    return told
