"""What a figure shows, as numbers: a table of every point that is drawn, with its interval."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from string import ascii_lowercase
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import StepPatch
from matplotlib.ticker import FixedFormatter, FuncFormatter

BANDS: WeakKeyDictionary[Line2D, tuple[np.ndarray, np.ndarray]] = WeakKeyDictionary()
"""The lower and upper edge of the band around a curve."""
LETTERS = (*ascii_lowercase, *(a + b for a in ascii_lowercase for b in ascii_lowercase))
DIGITS = 6
"""Significant ones."""


class Point(NamedTuple):
    """A row of the table.

    Attributes:
        panel: its letter.
        title: of the panel.
        series: what the legend calls it.
        x_axis, y_axis: their labels.
        x, y: where it is; in a map of values `x` and `y` are those of the cell. What ticks name in
            words goes by its name.
        value: of the cell of a map, or the colour of a point; else nothing.
        low, high: ends of the interval, if there is one: of y, or of x where bars are horizontal.
    """

    panel: str
    title: str
    series: str
    x_axis: str
    y_axis: str
    x: object
    y: object
    value: object = ""
    low: object = ""
    high: object = ""


def panels(figure: Figure) -> list[Axes]:
    """The axes that show data, in the order of their letters; no colour bars, no sheets."""
    return [
        axes
        for axes in figure.axes
        if axes.axison
        and axes.get_visible()
        and not hasattr(axes, "_colorbar")
        and (len(axes.get_xticks()) or len(axes.get_yticks()))
    ]


def table(figure: Figure) -> str:
    """Every point of the figure, as CSV; a heading alone if it shows pictures."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Point._fields)
    legend = [handle for each in _legends(figure) for handle in each]
    for number, axes in enumerate(panels(figure)):
        own = [*_handles(axes.get_legend()), *legend]
        about = (
            LETTERS[number],
            _plain(axes.get_title("left") or axes.get_title() or axes.get_title("right")),
        )
        labels = (_shared(axes, "x"), _shared(axes, "y"))
        for series, x, y, *numbers in _drawn(axes, own):
            place = (_category(axes.xaxis, x), _category(axes.yaxis, y))
            writer.writerow((*about, series, *labels, *map(_told, (*place, *numbers))))
    return text.getvalue()


def _shared(axes: Axes, name: str) -> str:
    """The label of an axis, or of one that it is shared with."""
    group = getattr(axes, f"get_shared_{name}_axes")().get_siblings(axes)
    labels = [getattr(each, f"get_{name}label")() for each in (axes, *group)]
    return _plain(next((label for label in labels if label), ""))


def _drawn(axes: Axes, legend: list[tuple[Any, str]]) -> Iterator[tuple[object, ...]]:
    """Series, x, y, value, low and high of all that is in one panel."""
    bars, names = {}, {}
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer) and container.lines[2]:
            bars[container.lines[0]] = _interval(container)
            names[container.lines[0]] = str(container.get_label())
        if isinstance(container, BarContainer):
            yield from _bars(container)
    for line in axes.lines:
        xs, ys = (np.atleast_1d(np.asarray(one, float)) for one in line.get_data(orig=False))
        if not len(xs) or not line.get_visible():
            continue
        series = _series(line, names.get(line, str(line.get_label())), legend)
        if line.get_transform() == axes.get_yaxis_transform():
            yield series, "", ys[0], "", "", ""
            continue
        if line.get_transform() == axes.get_xaxis_transform():
            yield series, xs[0], "", "", "", ""
            continue
        low, high = BANDS.get(line) or bars.get(line) or ([""] * len(xs), [""] * len(xs))
        for x, y, below, above in zip(xs, ys, low, high, strict=True):
            if np.isfinite(y):
                yield series, x, y, "", below, above
    for patch in axes.patches:
        if isinstance(patch, StepPatch):
            heights, edges, _ = patch.get_data()
            for middle, height in zip((edges[1:] + edges[:-1]) / 2, heights, strict=True):
                yield _plain(str(patch.get_label()).strip("_")), middle, height, "", "", ""
    for drawn in axes.collections:
        if isinstance(drawn, PathCollection):
            places, given = np.asarray(drawn.get_offsets()), drawn.get_array()
            values = [""] * len(places) if given is None else given
            colour = (
                "" if given is not None else to_hex(tuple(np.asarray(drawn.get_edgecolor())[0]))
            )
            series = _named(str(drawn.get_label()), colour, legend)
            for (x, y), value in zip(places, values, strict=True):
                yield series, x, y, value, "", ""
        if isinstance(drawn, QuadMesh):
            yield from _cells(drawn)
    for image in axes.images:
        values = np.asarray(image.get_array(), float)
        for (row, column), value in np.ndenumerate(
            values if values.ndim == 2 else values[:0, :0, 0]
        ):
            yield "", column, row, value, "", ""


def _interval(container: ErrorbarContainer) -> tuple[list[float], list[float]]:
    """The ends of vertical error bars, or of horizontal ones if there are no others."""
    last: LineCollection = container.lines[2][-1]
    along = int(container.has_yerr)
    # A bar of which an end is not known has no segment.
    ends = [
        np.asarray(segment)[:, along] if len(segment) else np.array([np.nan])
        for segment in last.get_segments()
    ]
    return [one.min() for one in ends], [one.max() for one in ends]


def _bars(container: BarContainer) -> Iterator[tuple[object, ...]]:
    """Bars by their middle and their length, with the intervals at their ends."""
    label = str(container.get_label()).strip("_")
    low, high = _interval(container.errorbar) if container.errorbar else ([], [])
    for at, bar in enumerate(container):
        reach = (low[at], high[at]) if at < len(low) else ("", "")
        if container.orientation == "horizontal":
            yield label, bar.get_width(), bar.get_y() + bar.get_height() / 2, "", *reach
        else:
            yield label, bar.get_x() + bar.get_width() / 2, bar.get_height(), "", *reach


def _category(axis: Axis, place: object) -> object:
    """What the ticks of an axis call a place in words; else the place itself."""
    names = axis.get_major_formatter()
    if isinstance(place, str) or axis.get_scale() != "linear":
        return place
    if not isinstance(names, FixedFormatter | FuncFormatter):
        return place
    ticks = axis.get_majorticklocs()
    words = names.format_ticks(ticks.tolist())
    if not words or not all(re.match(r"[^\W\d_]", word) for word in words):
        return place
    near = words[int(np.argmin(abs(ticks - float(place))))]  # type: ignore[arg-type]
    return _plain(near.replace("\n", " "))


def _cells(mesh: QuadMesh) -> Iterator[tuple[object, ...]]:
    corners = np.asarray(mesh.get_coordinates())
    middles = (corners[:-1, :-1] + corners[1:, 1:]) / 2
    values = np.ma.filled(np.ma.asarray(mesh.get_array(), float), np.nan).reshape(middles.shape[:2])
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            yield "", *middles[row, column], value, "", ""


def _series(line: Line2D, label: str, legend: list[tuple[Any, str]]) -> str:
    """A curve's name: its label, or what the legend calls its look, or its colour."""
    names = [name for handle, name in legend if _look(handle) == _look(line)]
    if label.startswith("_") and names:
        return " / ".join(dict.fromkeys(names))
    return _named(label, to_hex(line.get_color()), legend)


def _named(label: str, colour: str, legend: list[tuple[Any, str]]) -> str:
    """What is drawn by its label, or what the legend calls its colour, or that."""
    if not label.startswith("_"):
        return _plain(label)
    names = [name for handle, name in legend if to_hex(handle.get_color()) == colour]
    return " / ".join(dict.fromkeys(names)) or colour


def _look(line: Line2D) -> tuple[str, str, str]:
    return to_hex(line.get_color()), str(line.get_linestyle()), str(line.get_marker())


def _legends(figure: Figure) -> Iterator[list[tuple[Any, str]]]:
    for legend in figure.legends:
        yield _handles(legend)


def _handles(legend: Any) -> list[tuple[Any, str]]:
    """Lines of a legend with their names."""
    if legend is None:
        return []
    pairs = zip(legend.legend_handles, legend.get_texts(), strict=True)
    return [
        (handle, _plain(text.get_text())) for handle, text in pairs if isinstance(handle, Line2D)
    ]


def _plain(label: str) -> str:
    """A label without its mathematics: "$\\mathcal{E}_{gen}$" as "E_gen"."""
    return re.sub(r"\\(?:mathcal|mathrm|mathbf|bf|rm)|[${}]", "", label).replace("\\", "").strip()


def _told(number: object) -> object:
    if isinstance(number, str):
        return number
    return "" if np.isnan(number) else f"{float(number):.{DIGITS}g}"  # type: ignore[arg-type, call-overload]
