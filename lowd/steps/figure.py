"""`lowd figure`: one figure of one study, in every format asked for."""

from pathlib import Path

from lowd.base import Settings


class FigureStep(Settings):
    """Settings of the figure step; `name` is a module of `lowd.figures`."""

    name: str


def figure(settings: FigureStep, *, results: Path, output: list[Path]) -> None:
    """Draw the figure from a study's results into each file of `output` (.svg or .png)."""
    import importlib

    from lowd.figures.export import export
    from lowd.figures.style import styled
    from lowd.store.arrays import read_store

    module = importlib.import_module(f"lowd.figures.{settings.name}")
    with styled():
        export(module.draw(read_store(results, finite=False)), output)
