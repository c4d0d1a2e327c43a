"""Figures: drawn and captioned of whatever a study may hold, the same bytes each time."""

import importlib
import re
from math import nan

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from captions import read_by

from lowd.figures.export import export
from lowd.figures.find import figure_module
from lowd.figures.style import centre_and_error, styled
from lowd.kinds.transition.figures.samples import Row
from lowd.kinds.transition.settings import Transition
from lowd.steps.transitions import transitions
from lowd.table import PLOTTED

FIGURES = Transition.plots
ACROSS = ("controls", "slopes")
# A mean of nothing warns, and so does a library before it refuses.
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def closed():
    """Figures that a failed test left open are not the next one's."""
    yield
    plt.close("all")
    plt.rcdefaults()


def results(models=3, sizes=range(1, 10), replicates=3):
    """A study as `collect` leaves it: curves that cross, noises of their own in every cell."""
    rng = np.random.default_rng(0)
    log2_n, log2_parameters = np.array(sizes, float), 8 + 2.0 * np.arange(models)
    pairs = [f"{a}|{b}" for a in range(replicates) for b in range(a + 1, replicates)]
    same = [f"mlp-{a}|mlp-{b}" for b in range(models) for a in range(b)]
    axes = {
        "model": [f"mlp-{i}" for i in range(models)],
        "N": 2 ** log2_n.astype(int),
        "replicate": list(range(replicates)),
        "disjoint_pair": pairs,
    } | ({"same_pair": same} if same else {})
    late = (log2_n - log2_parameters[:, None] / 2)[..., None]
    grown = 1 / (1 + np.exp(-late))
    cells, of_pairs = ("model", "N", "replicate"), ("model", "N", "disjoint_pair")
    ceiling = 1 - 0.02 * log2_n[:, None]
    curves = {
        "e_gen": (cells, 2 - grown),
        "e_mem": (cells, 1 + grown),
        "e_gap": (cells, 1 - 2 * grown),
        "s": (cells, 1 - grown),
        "gl": (cells, ceiling * grown),
        "gl_other": (cells, ceiling + 0 * grown),
        "rp_emp": (cells, 1 - grown),
        "rp_emp_chance": (cells, 0.01 + 0 * grown),
        "rp_disjoint": (of_pairs, grown),
        "rp_disjoint_chance": (of_pairs, 0.01 + 0 * grown),
        "e_emp": (cells[1:], 2.2 - 0.1 * log2_n[:, None]),
        "gl_teacher": (cells[1:], ceiling),
        "gl_emp": (cells[1:], 0 * ceiling),
        "gl_noise": (cells[1:], 0 * ceiling + 1),
        "rp_disjoint_emp": (of_pairs[1:], 0.01 * ceiling),
        "rp_noise": ((), 0.01),
    }
    if same:
        dip = np.broadcast_to(1 - 0.1 * log2_n[:, None], (len(same), len(log2_n), 1))
        of_models = ("same_pair", "N", "replicate")
        curves |= {"rp_same": (of_models, dip), "rp_same_chance": (of_models, 0.1 * dip)}
    variables = {}
    for name, (dims, curve) in curves.items():
        shape = [len(axes[dim]) for dim in dims]
        variables[name] = (dims, curve + rng.normal(0, 0.02, shape))
        variables[f"{name}_se"] = (dims, np.full(shape, 0.02))
    dataset = xr.Dataset(variables, axes).assign_coords(
        parameters=("model", (2**log2_parameters).astype(int))
    )
    dataset = dataset.merge(transitions(dataset))
    dataset.attrs = {"descriptor": "identity", "threshold": 0.9, "threshold_rule": '{"nearest": 1}'}
    dataset.attrs |= {"noises": 512, "steps": 2000, "sampler": "heun, 18 steps"}
    return dataset


def diverged():
    """The same after students diverged: some of a cell's replicates, all of another's."""
    broken = results()
    for name in list(broken):
        if "model" in broken[name].dims and "N" in broken[name].dims:
            broken[name][2, 0] = nan
            broken[name][2, 4, 0] = nan
            broken[name][1, 8, 1:] = nan
        elif "same_pair" in broken[name].dims:
            broken[name][:, 3] = nan
    found = transitions(broken)
    return broken.drop_vars(list(found)).merge(found).assign_attrs(broken.attrs)


STUDIES = {
    "with diverged students": diverged,
    "of two replicates": lambda: results(replicates=2),
    "of one model": lambda: results(models=1),
    "of one N": lambda: results(sizes=[3]),
    "of one model, one N and two replicates": lambda: results(1, [3], 2),
}


def shown(figure, study):
    """What the figure called so is drawn from."""
    return {"ours": study, "theirs": results()} if figure in ACROSS else study


def sheet(students=(2, 512), columns=3, channels=1):
    """Rows as `lowd sheet` makes them."""
    rng = np.random.default_rng(0)
    shape = (columns, channels, 4, 4)
    rows = [Row("teacher", rng.uniform(-1, 1, shape))]
    for n in students:
        images = rng.uniform(-1, 1, shape)
        rows += [Row(f"N = {n}", images), Row("nearest training", images + 0.1, nearest=True)]
    return rows


def drawn(figure, study):
    """The caption, after the figure was laid out and drawn."""
    module = importlib.import_module(figure_module(figure))
    with styled():
        picture = module.draw(study)
        picture.set_dpi(50)
        picture.canvas.draw()
        return module.caption(study)


@pytest.mark.parametrize("figure", [*FIGURES, *ACROSS])
@pytest.mark.parametrize("study", STUDIES)
def test_every_figure_is_drawn_of_a_study(figure, study):
    caption = drawn(figure, shown(figure, STUDIES[study]()))
    assert caption.endswith(".")
    assert "±" in caption or figure not in ("regimes", "errors")
    assert (caption.split("\n")[0].endswith(".") and "512 noises" in caption) or figure in ACROSS
    assert "nan" not in caption


@pytest.mark.parametrize("figure", ["regimes", "errors"])
def test_a_caption_tells_the_only_n_once(figure):
    assert drawn(figure, results(sizes=[3])).count("N = 8") == 1


@pytest.mark.parametrize(("models", "told"), [(3, 0), (1, 3)])
def test_a_caption_says_why_there_is_no_slope(models, told):
    caption = drawn("transition", results(models=models)).split("\n")[0]
    assert caption.count("fewer than two sizes cross") == told
    assert caption.count("slope") == 3 - told


def test_a_caption_tells_unknown_crossings_from_censored_ones():
    caption = drawn("transition", results(sizes=[3]))
    assert "grid of N (0 of 27)" in caption and "27 are unknown" in caption


@pytest.mark.parametrize("figure", [*FIGURES, *ACROSS])
def test_captions_have_numbers_where_all_was_measured(figure):
    caption = importlib.import_module(figure_module(figure)).caption(shown(figure, results()))
    assert "nan" not in caption
    assert sum(character.isdigit() for character in caption) > 8


@pytest.mark.parametrize(
    "rows",
    [sheet(), sheet(channels=3), sheet(students=[])],
    ids=["grey", "colour", "no student left"],
)
def test_a_sheet_is_drawn_of_whatever_is_left_to_show(rows):
    caption = drawn("samples", rows)
    assert ("0.10 at N = 2; 0.10 at N = 512" in caption) == (len(rows) == 5)
    assert caption.endswith(".")


@pytest.mark.parametrize("figure", [*FIGURES, *ACROSS, "samples"])
def test_a_figure_is_the_same_bytes_each_time(figure, tmp_path):
    module = importlib.import_module(figure_module(figure))
    study = sheet() if figure == "samples" else shown(figure, results())
    content = []
    for attempt in ("first", "second"):
        paths = [tmp_path / attempt / f"{figure}.{suffix}" for suffix in ("svg", "png", "txt")]
        with styled():
            export(module.draw(study), module.caption(study), paths)
        content.append([path.read_bytes() for path in paths])
        # Nothing of what the user, or an earlier figure, set may show.
        plt.rcParams.update({"lines.linewidth": 5, "font.size": 20})
    assert content[0] == content[1]
    assert all(content[0])
    assert not plt.get_fignums()


SIMULATIONS = 4000


def repeated(values, errors, over, names):
    """A score measured in many repetitions, as results hold it."""
    dims = ("repetition", over)
    return xr.Dataset({"score": (dims, values), "score_se": (dims, errors)}, {over: names})


@pytest.mark.parametrize("replicates", [2, 3, 8])
def test_the_error_of_a_mean_over_replicates_is_the_one_it_varies_by(replicates):
    rng = np.random.default_rng(replicates)
    # The noises are the same for all replicates, so is what they add to every score.
    noise = rng.normal(0, 0.7, (SIMULATIONS, 1))
    values = 5 + rng.normal(0, 1.3, (SIMULATIONS, replicates)) + noise
    scores = repeated(values, np.full_like(values, 0.7), "replicate", range(replicates))
    centre, error = centre_and_error(scores, "score", "replicate")
    np.testing.assert_allclose(centre, values.mean(1))
    # A variance from 4000 numbers is known to √(2/4000), what two replicates state on average is
    # known as well: four errors of the ratio are 12 %.
    assert float((error**2).mean()) == pytest.approx(centre.values.var(ddof=1), rel=0.12)


@pytest.mark.parametrize("replicates", [3, 4, 8])
@pytest.mark.parametrize("interaction", [0, 0.8])
def test_the_error_of_a_mean_over_pairs_counts_the_replicates_they_share(replicates, interaction):
    rng = np.random.default_rng(replicates)
    first, second = np.triu_indices(replicates, 1)
    effect = rng.normal(0, 1, (SIMULATIONS, replicates))
    noise = rng.normal(0, 0.7, (SIMULATIONS, 1))
    values = effect[:, first] + effect[:, second] + noise
    values += rng.normal(0, 1, values.shape) * interaction
    names = [f"{a}|{b}" for a, b in zip(first, second, strict=True)]
    scores = repeated(values, np.full_like(values, 0.7), "disjoint_pair", names)
    centre, error = centre_and_error(scores, "score", "disjoint_pair")
    np.testing.assert_allclose(centre, values.mean(1))
    stated, true = float((error**2).mean()), centre.values.var(ddof=1)
    # Of the mean over pairs: 4/R for the replicates, 1/pairs for what is a pair's own.
    assert true == pytest.approx(4 / replicates + 0.49 + interaction**2 / len(first), rel=0.09)
    if not interaction:
        assert stated == pytest.approx(true, rel=0.12)
    # The jackknife counts what is a pair's own 2(R - 1)/(R - 2) times: it is never too small.
    own = interaction**2 / len(first) * 2 * (replicates - 1) / (replicates - 2)
    assert stated == pytest.approx(4 / replicates + 0.49 + own, rel=0.12)


def test_two_replicates_are_one_pair_of_which_noises_alone_tell():
    values = np.random.default_rng(0).normal(0, 1, (7, 1))
    scores = repeated(values, np.full_like(values, 0.7), "disjoint_pair", ["0|1"])
    centre, error = centre_and_error(scores, "score", "disjoint_pair")
    np.testing.assert_array_equal(centre, values[:, 0])
    np.testing.assert_allclose(error, 0.7)


@pytest.mark.parametrize(
    ("over", "names"), [("replicate", range(3)), ("disjoint_pair", ["0|1", "0|2", "1|2"])]
)
def test_what_was_not_measured_counts_neither_in_the_mean_nor_in_its_error(over, names):
    values = np.array([[1.0, 2.0, 6.0], [1.0, nan, nan], [nan, nan, nan]])
    errors = np.where(np.isnan(values), nan, 0.5)
    centre, error = centre_and_error(repeated(values, errors, over, names), "score", over)
    np.testing.assert_array_equal(centre, [3, 1, nan])
    assert error[0] > error[1]
    np.testing.assert_allclose(error[1:], [0.5, nan])


@pytest.mark.parametrize("figure", FIGURES)
def test_what_an_audit_compares_is_what_a_figure_shows(figure):
    """Chance levels, single crossings and their spreads aside, which the slopes summarise."""
    dataset = results()
    variables = set(map(str, dataset.data_vars))
    read = read_by(figure, dataset)
    aside = re.compile(".*_se|.*_chance|slope_.*|(rescaled_)?spread_.*|censored_.*|log2_n_.*")
    shown = {name for name in read & variables if not aside.fullmatch(name)}
    assert shown <= set(PLOTTED[figure]) <= read
