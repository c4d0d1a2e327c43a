"""Figures of generations of students, of whatever results may hold."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from captions import read_by
from test_figures import closed, drawn  # noqa: F401

from lowd.kinds.collapse.figures import samples
from lowd.kinds.collapse.scores import SCORES
from lowd.kinds.collapse.settings import Collapse

pytestmark = pytest.mark.filterwarnings("error")


def results(gaussian=True, broken=False, sizes=(64, 512)):
    """Every number made up; a mode's entropy falls with the generation."""
    rng = np.random.default_rng(0)
    axes = {
        "mode": ["control", "replace", "half-fresh"], "N": list(sizes), "replicate": [0, 1, 2],
        "generation": [0, 1, 2, 3],
    }  # fmt: skip
    dims, shape = tuple(axes), [len(each) for each in axes.values()]
    data = {}
    for name in SCORES:
        values = rng.uniform(0.2, 0.9, shape)
        if name == "entropy_data":
            values = 17 - np.arange(4) - 0.1 * values
        if broken:
            values[1, 0, 1] = np.nan
        data[name] = (dims, values)
        data[f"{name}_se"] = (dims, np.full(shape, 0.02))
    data["crossing"] = (dims[:3], np.where(rng.random(shape[:3]) < 0.5, np.nan, 1.5))
    censored = np.where(np.isnan(data["crossing"][1]), 1, 0)
    data["censored"] = (dims[:3], censored.astype(np.int8))
    count = len(sizes)
    per_size = {"entropy_control": np.full(count, 17.0), "entropy_control_se": np.full(count, 0.1)}
    data |= {name: (("N",), values) for name, values in per_size.items()}
    data |= {"entropy_samples_teacher": 17.0, "solver_gain": 0.0138}
    line = -np.outer(np.ones(count), np.arange(4)) if gaussian else np.full((count, 4), np.nan)
    data |= {"gaussian_entropy": (("N", "generation"), line)}
    data |= {"gaussian_e_gen": (("N", "generation"), -line)}
    return xr.Dataset(data, axes, {"threshold": 0.9})


@pytest.mark.parametrize("figure", Collapse.plots)
@pytest.mark.parametrize("given", [{}, {"broken": True}, {"gaussian": False}, {"sizes": (64,)}])
def test_figures_are_drawn_with_all_their_numbers(figure, given):
    caption = drawn(figure, results(**given))
    assert "nan" not in caption and caption.endswith(".")
    assert ("Gaussian to N samples" in caption) == (
        figure == "collapse" and given.get("gaussian", True)
    )


@pytest.mark.parametrize("figure", Collapse.plots)
def test_what_an_audit_compares_is_what_a_figure_shows(figure):
    read = read_by(figure, results())
    assert set(Collapse.plots[figure]) <= read
    assert read & set(SCORES) <= set(Collapse.plots[figure])


def test_a_caption_tells_when_each_mode_memorises_and_what_the_solver_adds():
    one = results()
    one["censored"][:] = 1
    one["censored"].loc[{"mode": "replace", "N": 64}] = [0, 0, -1]
    one["crossing"].loc[{"mode": "replace", "N": 64}] = [1.25, 2.5, np.nan]
    caption = drawn("collapse", one)
    assert (
        "E_gen exceeds E_mem from generation 1.2 to 2.5 on in 2, from the first on in 1, not at "
        "all in 15 of 18 runs."
    ) in caption
    assert "The solver alone adds +0.014 nats a generation" in caption
    assert "lose exactly 1.000 at N = 64, 1.000 at N = 512 nats" in caption


def test_entropy_and_generalisation_are_ranked_at_each_n():
    one = results()
    one["gl"] = 0.02 * (one["entropy_data"] - 10)
    said = re.search(r"of training data ([^;.]*[^;]*);", drawn("entropy", one).split("\n")[1])[1]
    assert said == "1.00 at N = 64, 1.00 at N = 512"


def test_a_sheet_shows_a_row_a_generation_and_says_how_far_it_is():
    images = np.zeros((5, 1, 4, 4), np.float32)
    rows = [
        samples.Row("teacher", images),
        samples.Row("first generation", images + 0.5),
        samples.Row("replace, generation 4", images - 1),
    ]
    figure = samples.draw(rows)
    assert len(figure.axes) == 15
    plt.close(figure)
    caption = samples.caption(rows, 64)
    assert "first generation 0.50, replace, generation 4 1.00." in caption
