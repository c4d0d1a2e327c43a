"""The module that draws a figure, by the figure's name."""

from pathlib import Path

KINDS = Path(__file__).parents[1] / "kinds"


def figure_module(name: str) -> str:
    """The module of a figure, of whichever kind of study it is.

    Raises:
        ValueError: there is no such figure.
    """
    found = {path.stem: path.parts[-3] for path in sorted(KINDS.glob("*/figures/[!_]*.py"))}
    if name not in found:
        raise ValueError(f"no figure {name!r} (there are: {', '.join(found)})")
    return f"lowd.kinds.{found[name]}.figures.{name}"
