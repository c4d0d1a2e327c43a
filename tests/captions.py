"""What all captions and figures keep to."""

import importlib
import re
from itertools import pairwise

import matplotlib.pyplot as plt
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.text import Text

from lowd.figures.find import figure_module
from lowd.figures.plotted import table
from lowd.figures.style import letter, styled

FIRST, WORDS = 30, 130
"""Words of the first sentence, and of all, at most."""
POINTS = 6.5
"""The smallest font that is read in a printed column."""


def keeps_to_the_standard(caption: str) -> None:
    """A sentence on what is found, then what is shown; short, and with nothing internal in it."""
    first, _, rest = caption.partition("\n")
    assert first.endswith(".") and rest.endswith("."), caption
    assert len(first.split()) <= FIRST, (len(first.split()), first)
    assert len(caption.split()) <= WORDS, (len(caption.split()), caption)
    assert not re.search(r'[{}"]|log2|log₂|nan\b|rp_disjoint|  ', caption), caption


def is_legible(figure: Figure) -> None:
    """No text is too small for a printed column, says what only code does, or runs into another.

    The last is asked of numbers on horizontal axes.
    """
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            assert text.get_fontsize() >= POINTS, (text.get_text(), text.get_fontsize())
            assert "log_2" not in text.get_text(), text.get_text()
    figure.canvas.draw()
    for axes in (each for each in figure.axes if each.axison):
        shown = [one for one in axes.get_xticklabels() if one.get_text() and one.get_visible()]
        low, high = axes.get_window_extent().intervalx
        ends = [one.get_window_extent().intervalx for one in shown]
        ends = sorted((left, right) for left, right in ends if low <= (left + right) / 2 <= high)
        for (_, right), (left, _) in pairwise(ends):
            assert right < left, [one.get_text() for one in shown]


def figure_keeps_to_the_standard(name: str, shown: object) -> None:
    """The figure called so of these results is legible, has a table, and its caption is short."""
    module = importlib.import_module(figure_module(name))
    with styled():
        figure = module.draw(shown)
        letter(figure)
        is_legible(figure)
        points = table(figure)
        assert points.startswith("panel,")
        assert not re.search(r",_?child\d+,", points), "a series without a name"
        plt.close(figure)
    keeps_to_the_standard(module.caption(shown))


def read_by(name: str, results: xr.Dataset) -> set[str]:
    """The variables of results that the figure called so, and its caption, look at."""
    read, get = set(), xr.Dataset.__getitem__
    module = importlib.import_module(figure_module(name))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xr.Dataset, "__getitem__", lambda own, key: (read.add(key), get(own, key))[1])
        module.draw(results)
        module.caption(results)
    return read
