"""`lowd step draw`: a transition study's figure, of students that were trained elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings

if TYPE_CHECKING:
    import xarray as xr


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
    from lowd.figures.style import letter, styled
    from lowd.store.arrays import read_store

    module = import_module(figure_module(settings.name))
    dataset = read_store(results, finite=False)
    with styled():
        drawn = module.draw(dataset)
        letter(drawn)
        export(drawn, f"{module.caption(dataset)} {origin(dataset)}", output, lineage)


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
