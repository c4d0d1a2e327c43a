"""`lowd step figure`: one figure of one study, in every format asked for."""

from pathlib import Path

from lowd.base import Settings


class FigureStep(Settings):
    """Settings of the figure step.

    Attributes:
        name: of a kind's figures.
        studies: for a figure across studies, what to call them, in the order of their results.
    """

    name: str
    studies: tuple[str, ...] = ()


def figure(
    settings: FigureStep, *, results: list[Path], output: list[Path], lineage: str | None = None
) -> None:
    """Draw the figure from the results of one study, or of several, into each file of `output`.

    Files are .svg, .png, .txt for the caption, or .csv for all that is plotted; the lineage id is
    embedded in the first two. If scores that the figure shows, its module's `SCORES`, cannot vary,
    caption and log say so.
    """
    import importlib
    import sys

    from lowd.figures.export import export
    from lowd.figures.find import figure_module
    from lowd.figures.style import letter, styled
    from lowd.figures.vacuous import vacuous_shown
    from lowd.store.arrays import read_store

    datasets = [read_store(path, finite=False) for path in results]
    module = importlib.import_module(figure_module(settings.name))
    with styled():
        shown = (
            dict(zip(settings.studies, datasets, strict=True)) if settings.studies else datasets[0]
        )
        warnings = vacuous_shown(shown, getattr(module, "SCORES", ()))
        for sentence in warnings:
            print(sentence, file=sys.stderr)
        drawn = module.draw(shown)
        letter(drawn)
        export(drawn, " ".join([module.caption(shown), *warnings]), output, lineage)
