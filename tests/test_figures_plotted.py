"""The table beside a figure: every point that is drawn, and nothing else."""

import csv
from io import StringIO

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.lines import Line2D

from lowd.figures.plotted import panels, table
from lowd.figures.style import band, letter, share_interval


@pytest.fixture
def drawn():
    """A figure with two panels, and the rows of its table once the test has drawn on it."""
    figure, axes = plt.subplots(1, 2, sharey=True)
    yield figure, axes, lambda: list(csv.DictReader(StringIO(table(figure))))
    plt.close(figure)


def test_a_curve_has_its_band_and_the_name_that_the_legend_gives_its_look(drawn):
    figure, (left, right), rows = drawn
    x, centre, error = np.array([2, 4]), xr.DataArray([1.0, 2.0]), xr.DataArray([0.25, 0.5])
    band(left, x, centre, error, color="red", ls="--")
    right.plot(x, [5, 6], color="blue", label="named")
    left.set_title("first", loc="left")
    left.set_xlabel("$N$")
    left.set_ylabel("$\\mathcal{E}_{gen}$")
    figure.legend(handles=[Line2D([], [], color="red", ls="--", label="$|\\theta|$")])
    assert [tuple(row.values()) for row in rows()] == [
        ("a", "first", "|theta|", "N", "E_gen", "2", "1", "", "0.5", "1.5"),
        ("a", "first", "|theta|", "N", "E_gen", "4", "2", "", "1", "3"),
        ("b", "", "named", "", "E_gen", "2", "5", "", "", ""),
        ("b", "", "named", "", "E_gen", "4", "6", "", "", ""),
    ]


def test_error_bars_are_intervals_and_levels_have_no_x(drawn):
    _, (left, right), rows = drawn
    left.errorbar([1, 2], [3, 4], yerr=[[0.5, 1], [1, 2]], label="mean")
    right.axhline(0.5, label="chance")
    found = [(row["series"], row["x"], row["y"], row["low"], row["high"]) for row in rows()]
    assert found == [
        ("mean", "1", "3", "2.5", "4"),
        ("mean", "2", "4", "3", "6"),
        ("chance", "", "0.5", "", ""),
    ]


def test_cells_of_a_map_and_points_have_values_but_a_colour_bar_is_no_panel(drawn):
    figure, (left, right), rows = drawn
    mesh = left.pcolormesh([0, 2, 4], [0, 1, 2], [[1, 2], [3, np.nan]])
    figure.colorbar(mesh, ax=left)
    right.scatter([7], [8], c=[0.5], label="cell")
    found = [(row["panel"], row["x"], row["y"], row["value"]) for row in rows()]
    assert found == [
        ("a", "1", "0.5", "1"),
        ("a", "3", "0.5", "2"),
        ("a", "1", "1.5", "3"),
        ("b", "7", "8", "0.5"),
    ]


def test_letters_are_given_where_there_are_several_panels_and_not_to_pictures(drawn):
    figure, (left, right), rows = drawn
    right.imshow(np.zeros((2, 2)))
    right.set(xticks=[], yticks=[])
    assert panels(figure) == [left]
    letter(figure)
    assert not left.texts
    right.set(xticks=[0, 1])
    letter(figure)
    assert [text.get_text() for axes in (left, right) for text in axes.texts] == ["a", "b"]
    assert [row["value"] for row in rows()] == ["0"] * 4


def test_horizontal_bars_have_their_length_their_name_and_their_interval(drawn):
    _, (left, right), rows = drawn
    left.barh([0, 1], [3, 5], xerr=[1, 2], label="length")
    left.set_yticks([0, 1], ["mlp", "u-net 8"])
    right.errorbar([2.5], [1.1], xerr=[0.5], fmt="o", label="slope")
    found = [(r["series"], r["x"], r["y"], r["low"], r["high"]) for r in rows()]
    assert ("length", "3", "mlp", "2", "4") in found
    assert ("length", "5", "u-net 8", "3", "7") in found
    assert ("slope", "2.5", "u-net 8", "2", "3") in found


def test_steps_of_a_histogram_and_upright_lines_are_told(drawn):
    _, (left, _), rows = drawn
    left.stairs([0.25, 0.75], [0, 1, 2], label="share")
    left.axvline(1.5, label="mean")
    assert [(r["series"], r["x"], r["y"]) for r in rows()] == [
        ("mean", "1.5", ""),
        ("share", "0.5", "0.25"),
        ("share", "1.5", "0.75"),
    ]


def test_an_interval_of_a_share_stays_within_0_and_1_and_is_the_plain_one_in_the_middle():
    share, error = np.array([0.5, 0.02, 0.98, 0.0, 1.0]), np.array([0.01, 0.02, 0.02, 0.01, 0.0])
    low, high = share_interval(share, error)
    assert (low >= 0).all() and (high <= 1).all() and (low <= share).all() and (share <= high).all()
    assert (low[0], high[0]) == pytest.approx((0.48, 0.52), abs=1e-4)
    assert (high[3], low[4]) == (0.02, 1)
    assert low[1] > 0 or high[1] < 0.1
    np.testing.assert_allclose(low[1], 1 - high[2])
