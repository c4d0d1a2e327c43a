"""Scores of hand-made samples whose answers are known: every number is right and in its place."""

import itertools
import json
import sys
from math import nan, sqrt
from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from lowd.kinds.transition.asked import SIDES, check_metrics
from lowd.kinds.transition.collect import CollectStep, collect
from lowd.kinds.transition.controls import ControlsStep, controls
from lowd.kinds.transition.score import ScoreStep, score
from lowd.metrics.estimate import Estimate
from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
from lowd.metrics.settings import NearestRule, UnrelatedRule
from lowd.metrics.transition import UNKNOWN
from lowd.models.build import parameter_count
from lowd.models.settings import MLPSettings
from lowd.steps.describe import DescribeStep, describe, load_yardstick
from lowd.steps.training_sets import training_rows
from lowd.steps.transitions import transitions
from lowd.store.arrays import read_store, write_store

SAMPLES, REPLICATES, NOISES = (2, 4), 3, 12
GRID = (len(SAMPLES), REPLICATES, NOISES)
PAIRS = list(itertools.combinations(range(REPLICATES), 2))
# Whole numbers, so that distances are exact in single precision.
TEACHER = np.arange(2 * NOISES, dtype=np.float32).reshape(NOISES, 2) - 7
DISTANCES = np.array([[5.0, 10.0, 15.0], [20.0, 25.0, 30.0]])
SHIFTED = TEACHER + (DISTANCES[..., None, None] / 5 * [3, 4]).astype(np.float32)
CELLS = ["e_gen", "e_mem", "e_gap", "s", "gl", "gl_other", "nearer", "rp_emp", "rp_emp_chance"]
CELLS += ["frechet", "authenticity", "data_copying"]
RP_DISJOINT = ["rp_disjoint", "rp_disjoint_chance"]
RP_SAME = ["rp_same", "rp_same_chance"]
CONTROLS = ["e_emp", "gl_teacher", "gl_emp", "gl_noise"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_samples(path, samples):
    """Samples of a teacher, (noise, feature), or of a grid of students."""
    dims = ("N", "replicate", "noise", "feature")[-samples.ndim :]
    axes = {"N": list(SAMPLES), "replicate": list(range(REPLICATES))} if samples.ndim == 4 else {}
    write_store(path, xr.Dataset({"samples": (dims, samples.astype(np.float32))}, axes))
    return path


def write_pool(path, samples, reference=None):
    drawn = {"sample": samples, "reference_sample": samples if reference is None else reference}
    names = ("samples", "reference")
    write_store(
        path,
        xr.Dataset(
            {
                name: ((dim, "feature"), values.astype(np.float32))
                for name, (dim, values) in zip(names, drawn.items(), strict=True)
            }
        ),
    )
    return path


def write_yardstick(path, threshold=0.5):
    fixed = {"descriptor": "identity", "mean": None, "threshold": threshold}
    path.write_text(json.dumps(fixed | {"rule": {"nearest": 0.9}, "teacher": {}}))
    return path


def scored(
    folder, ours, teacher, empirical, pool, others=None, finite=True, reference=None, metrics=()
):
    """What `score` writes for a model called `mine`."""
    score(
        ScoreStep(
            name="mine",
            samples=SAMPLES,
            replicates=REPLICATES,
            others=tuple(others or ()),
            metrics=metrics,
        ),
        generated=write_samples(folder / "mine.zarr", ours),
        teacher=write_samples(folder / "teacher.zarr", teacher),
        empirical=write_samples(folder / "empirical.zarr", empirical),
        pool=write_pool(folder / "pool.zarr", pool, reference),
        yardstick=write_yardstick(folder / "yardstick.json"),
        other=[write_samples(folder / f"{name}.zarr", x) for name, x in (others or {}).items()],
        output=folder / "scores.zarr",
    )
    return read_store(folder / "scores.zarr", finite=finite)


def everywhere(samples):
    """The same samples in every cell."""
    return np.broadcast_to(samples, (*GRID, samples.shape[-1]))


def directions(indices, dimension):
    """Unit vectors along the axes named, of different lengths, which cosines do not see."""
    indices = np.asarray(indices)
    lengths = 1 + np.arange(indices.size).reshape(indices.shape) % 3
    return np.eye(dimension)[indices] * lengths[..., None]


def normal(*shape, seed):
    return np.random.default_rng(seed).standard_normal(shape)


# Two kinds of samples, along one axis or the other: two models agree where the kinds are equal.
KINDS = np.random.default_rng(3).integers(0, 2, (4, *GRID))
OURS, EMPIRICAL, FIRST, SECOND = KINDS


def agreement_scored(folder, **changed):
    kinds = {"ours": OURS, "first": FIRST, "second": SECOND}
    samples = {name: directions(kind, 2) for name, kind in kinds.items()} | changed
    ours = samples.pop("ours")
    return scored(
        folder,
        ours,
        np.ones((NOISES, 2)),
        directions(EMPIRICAL, 2),
        normal(12, 2, seed=1),
        others=samples,
        finite=not changed,
    )


@pytest.mark.parametrize(
    ("empirical", "ours", "e_gen", "e_mem"),
    [
        (SHIFTED, everywhere(TEACHER), 0 * DISTANCES, DISTANCES),
        (SHIFTED, SHIFTED, DISTANCES, 0 * DISTANCES),
        (everywhere(TEACHER), SHIFTED, DISTANCES, DISTANCES),
    ],
)
def test_e_gen_is_from_the_teacher_and_e_mem_from_pure_memorisation(
    folder, empirical, ours, e_gen, e_mem
):
    found = scored(folder, ours, TEACHER, empirical, normal(12, 2, seed=0), finite=False)
    for name, expected in {"e_gen": e_gen, "e_mem": e_mem, "e_gap": e_gen - e_mem}.items():
        assert found[name].dims == ("N", "replicate")
        np.testing.assert_array_equal(found[name], expected)
        # Every noise is as far as every other.
        np.testing.assert_allclose(found[f"{name}_se"], 0, atol=1e-12)
    assert found["N"].values.tolist() == list(SAMPLES)
    assert found["replicate"].values.tolist() == [0, 1, 2]


def test_the_gap_falls_from_above_to_below_zero_as_students_leave_memory_for_the_teacher(folder):
    memory, ours = SHIFTED, SHIFTED.copy()
    ours[1] = TEACHER + (SHIFTED[1] - TEACHER) / 5
    found = scored(folder, ours, TEACHER, memory, normal(12, 2, seed=0))
    np.testing.assert_allclose(found["s"], [[1] * REPLICATES, [0.2] * REPLICATES], atol=1e-6)
    gap = found["e_gap"]
    np.testing.assert_allclose(gap, [DISTANCES[0], -0.6 * DISTANCES[1]], rtol=1e-6)


def test_the_error_of_a_gap_is_that_of_a_paired_difference():
    rng = np.random.default_rng(4)
    gaps, stated, unpaired = [], [], []
    for _ in range(600):
        # A noise that is hard is hard for both: the distances to 0 and to -1 share it.
        ours = 3 + rng.normal(0, 0.5, (64, 1)) + rng.normal(0, 0.1, (64, 1))
        zero, one = np.zeros_like(ours), rng.normal(-1, 0.1, ours.shape)
        gap = probability_flow_gap(ours, zero, one)
        gaps.append(gap.value)
        stated.append(gap.standard_error)
        errors = [probability_flow_distance(ours, end).standard_error for end in (zero, one)]
        unpaired.append(np.hypot(*errors))
    # The standard deviation of 600 numbers is known to 1/√1200: four of its errors are 12 %.
    assert sqrt(np.square(stated).mean()) == pytest.approx(np.std(gaps, ddof=1), rel=0.12)
    assert max(stated) < min(unpaired) / 3


def test_the_error_of_e_gap_is_stated_of_the_cells_own_samples(folder):
    ours, teacher, empirical = normal(*GRID, 2, seed=0), TEACHER / 9, normal(*GRID, 2, seed=1)
    found = scored(folder, ours, teacher, empirical, normal(12, 2, seed=2))
    for n, r in np.ndindex(*GRID[:2]):
        samples = (x.astype(np.float32) for x in (ours[n, r], teacher, empirical[n, r]))
        expected = probability_flow_gap(*samples)
        cell = found.isel(N=n, replicate=r)
        assert (float(cell["e_gap"]), float(cell["e_gap_se"])) == pytest.approx(expected)


# Training sets of N = 2 and 4, of two replicates: two points along each of four axes.
NESTED = directions(np.repeat([0, 1, 2, 3], 2), 4)


def copies(*counts):
    """Samples of which so many are copies, rescaled, along each axis."""
    return directions(np.repeat(np.arange(len(counts)), counts), len(counts))


def gl_scored(folder, ours):
    samples = np.broadcast_to(ours, (2, 2, *ours.shape))
    axes = {"N": list(SAMPLES), "replicate": [0, 1]}
    dims = ("N", "replicate", "noise", "feature")
    write_store(folder / "mine.zarr", xr.Dataset({"samples": (dims, samples)}, axes))
    score(
        ScoreStep(name="mine", samples=SAMPLES, replicates=2),
        generated=folder / "mine.zarr",
        teacher=write_samples(folder / "teacher.zarr", ours),
        empirical=folder / "mine.zarr",
        pool=write_pool(folder / "pool.zarr", NESTED),
        yardstick=write_yardstick(folder / "yardstick.json"),
        output=folder / "scores.zarr",
    )
    return read_store(folder / "scores.zarr", finite=False)["gl"].values


def test_gl_counts_what_is_far_from_the_cells_own_training_set(folder):
    found = gl_scored(folder, copies(1, 2, 4, 1))
    np.testing.assert_array_equal(found, [[1 - 1 / 8, 1 - 4 / 8], [1 - 3 / 8, 1 - 5 / 8]])


def test_an_unseen_set_is_the_first_replicates_and_for_that_the_second(folder):
    pool = normal(12, 2, seed=0)
    sets = training_rows(12, SAMPLES, REPLICATES)
    first, second = (pool[sets[SAMPLES[-1], replicate]] for replicate in (0, 1))
    copied = {0: np.resize(second, (NOISES, 2)), 1: np.resize(first, (NOISES, 2))}
    ours = np.stack([copied[0], copied[1], copied[1]])[None].repeat(len(SAMPLES), 0)
    found = scored(folder, ours, normal(NOISES, 2, seed=1), normal(2, 3, NOISES, 2, seed=3), pool)
    largest = found.isel(N=-1)
    assert largest["gl_other"].values.tolist() == [0, 0, 0]
    assert largest["nearer"].values.tolist() == [0, 0, 0]


def test_gl_is_0_of_copies_and_1_of_the_opposite(folder):
    np.testing.assert_array_equal(gl_scored(folder, copies(8, 0, 0, 0)), [[0, 1], [0, 1]])
    np.testing.assert_array_equal(gl_scored(folder, -copies(2, 2, 2, 2)), np.ones((2, 2)))


def test_every_rp_is_the_share_of_noises_that_agree_in_its_place(folder):
    found = agreement_scored(folder)
    assert found["disjoint_pair"].values.tolist() == ["0|1", "0|2", "1|2"]
    assert found["same_pair"].values.tolist() == ["first|mine", "second|mine"]
    pairs = [(OURS[:, a], OURS[:, b]) for a, b in PAIRS]
    expected = {
        "rp_disjoint": (("N", "disjoint_pair"), pairs, 1),
        "rp_same": (("same_pair", "N", "replicate"), [(FIRST, OURS), (SECOND, OURS)], 0),
        "rp_emp": (("N", "replicate"), [(OURS, EMPIRICAL)], None),
    }
    for name, (dims, both, axis) in expected.items():
        agree = [np.equal(a, b).mean(-1) for a, b in both]
        # Over all pairs of different noises.
        chance = [
            (np.equal(a[..., None], b[..., None, :]).sum((-2, -1)) - np.equal(a, b).sum(-1))
            / (NOISES * (NOISES - 1))
            for a, b in both
        ]
        for variable, parts in {name: agree, f"{name}_chance": chance}.items():
            table = parts[0] if axis is None else np.stack(parts, axis)
            assert found[variable].dims == found[f"{variable}_se"].dims == dims
            np.testing.assert_array_equal(found[variable], table)
            assert len(np.unique(table)) > 2, "values in other places must differ"
            assert (found[f"{variable}_se"] > 0).all()


def test_a_diverged_cell_scores_nan_and_no_other_does(folder):
    clean = agreement_scored(folder)
    broken = directions(OURS, 2)
    broken[1, 2, 5, 0] = nan
    found = agreement_scored(folder, ours=broken)
    cell = {"N": 4, "replicate": 2}
    pairs = {"N": 4, "disjoint_pair": ["0|2", "1|2"]}
    assert set(found) == {
        f"{name}{se}" for name in [*CELLS, *RP_DISJOINT, *RP_SAME] for se in ("", "_se")
    }
    for name in found:
        where = pairs if "disjoint_pair" in found[name].dims else cell
        assert np.isnan(found[name].sel(where)).all()
        expected = clean[name].copy()
        expected.loc[where] = nan
        xr.testing.assert_identical(found[name], expected)


def test_a_diverged_cell_of_another_model_is_missing_from_rp_same_alone(folder):
    clean = agreement_scored(folder)
    broken = directions(SECOND, 2)
    broken[0, 1, 0, 0] = nan
    found = agreement_scored(folder, second=broken)
    for name in found:
        expected = clean[name].copy()
        if "same_pair" in expected.dims:
            expected.loc[{"same_pair": "second|mine", "N": 2, "replicate": 1}] = nan
        xr.testing.assert_identical(found[name], expected)


def test_baselines_compare_with_reference_samples_of_the_pool(folder):
    # Replicates own a third of the pool each, three widths apart; the reference lies beyond.
    pool = normal(3, 4, 2, seed=5) + 9 * np.arange(3)[:, None, None]
    reference = normal(4, 2, seed=8) + 27
    ours = np.stack([np.tile(reference, (3, 3, 1)), np.tile(pool, (1, 3, 1))])
    found = scored(folder, ours, TEACHER, ours, pool.reshape(12, 2), reference=reference)
    # At N = 2 samples are the held-out points threefold, at N = 4 the training set's own.
    assert found["frechet"].sel(N=2).max() < 1 < 80 < found["frechet"].sel(N=4).min()
    np.testing.assert_array_equal(found["authenticity"], [[100] * 3, [0] * 3])
    bound = sqrt(3 * NOISES * 4 / (NOISES + 4 + 1))
    # All pairs are nearer, but for the correction of a half.
    correction = 0.5 / sqrt(NOISES * 4 * (NOISES + 4 + 1) / 12)
    np.testing.assert_allclose(found["data_copying"].sel(N=4), -bound + correction)
    np.testing.assert_allclose(found["data_copying"].sel(N=2), correction, atol=1e-12)


def test_controls_are_scored_each_against_its_own(folder):
    teacher = copies(1, 2, 4, 1)
    shift = np.array([[1, 2], [3, 4]])[..., None, None] * np.array([3.0, 4, 0, 0])
    write_store(
        folder / "empirical.zarr",
        xr.Dataset(
            {"samples": (("N", "replicate", "noise", "feature"), teacher + shift)},
            {"N": list(SAMPLES), "replicate": [0, 1]},
        ),
    )
    noise = directions([0, 1, 0, 2, 0, 1, 2, 3], 4)
    write_store(folder / "noise.zarr", xr.Dataset({"noise": (("noise", "feature"), noise)}))
    controls(
        ControlsStep(samples=SAMPLES, replicates=2),
        teacher=write_samples(folder / "teacher.zarr", teacher),
        empirical=folder / "empirical.zarr",
        noise=folder / "noise.zarr",
        pool=write_pool(folder / "pool.zarr", NESTED),
        yardstick=write_yardstick(folder / "yardstick.json", threshold=0.7),
        output=folder / "controls.zarr",
    )
    found = read_store(folder / "controls.zarr")
    np.testing.assert_allclose(found["e_emp"], [[5, 10], [15, 20]])
    gl_teacher = [[1 - 1 / 8, 1 - 4 / 8], [1 - 3 / 8, 1 - 5 / 8]]
    np.testing.assert_array_equal(found["gl_teacher"], gl_teacher)
    np.testing.assert_array_equal(found["gl_noise"], [[5 / 8, 6 / 8], [3 / 8, 5 / 8]])
    assert float(found["rp_noise"]) == 2 / 4
    own = {
        (n, r): (teacher + shift[i, r]) / np.linalg.norm(teacher + shift[i, r], axis=1)[:, None]
        for i, n in enumerate(SAMPLES)
        for r in range(2)
    }
    for i, n in enumerate(SAMPLES):
        alike = (own[n, 0] * own[n, 1]).sum(1) > 0.7
        assert found["rp_disjoint_emp"].values[i].tolist() == [alike.mean()]
        for r in range(2):
            axes = [2 * r, 2 * r + 1][: n // 2]
            expected = (own[n, r][:, axes].max(1) <= 0.7).mean()
            assert float(found["gl_emp"].sel(N=n, replicate=r)) == expected
    assert found["rp_disjoint_emp"].dims == ("N", "disjoint_pair")
    for name in ("e_emp", "gl_teacher", "gl_emp", "gl_noise", "rp_disjoint_emp", "rp_noise"):
        assert found[f"{name}_se"].dims == found[name].dims
        assert (found[f"{name}_se"] > 0).all() or name == "e_emp"


def cosines(ours, theirs):
    ours, theirs = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (ours, theirs))
    return ours @ theirs.T


def described(folder, samples, rule, descriptor="identity", images=None, fresh=10):
    if images:
        arrays = {name: (("image", "feature"), x.astype(np.float32)) for name, x in images.items()}
        arrays["held_out"] = (("held", "feature"), arrays["held_out"][1])
        write_store(folder / "teacher/images.zarr", xr.Dataset(arrays))
    describe(
        DescribeStep(descriptor=descriptor, threshold=rule, largest=6),
        pool=write_pool(folder / "pool.zarr", samples[:-fresh], samples[-fresh:]),
        teacher=folder / "teacher",
        output=folder / "yardstick.json",
    )
    return json.loads((folder / "yardstick.json").read_text())


@pytest.mark.parametrize("descriptor", ["identity", "centred"])
@pytest.mark.parametrize("q", [0.25, 0.9])
def test_the_threshold_is_the_quantile_its_rule_names(folder, descriptor, q):
    samples = normal(16, 3, seed=6).astype(np.float32) + 1
    # The last ten are the pool's reference.
    seen = samples - samples[6:].mean(0) if descriptor == "centred" else samples
    nearest = described(folder, samples, NearestRule(nearest=q), descriptor)
    assert nearest["rule"] == {"nearest": q}
    closest = cosines(seen[6:], seen[:6]).max(1)
    assert nearest["threshold"] == pytest.approx(np.quantile(closest, q), rel=1e-5)
    unrelated = described(folder, samples, UnrelatedRule(unrelated=q), descriptor)
    assert unrelated["rule"] == {"unrelated": q}
    between = cosines(seen[6:], seen[6:])[np.triu_indices(10, 1)]
    assert unrelated["threshold"] == pytest.approx(np.quantile(between, q), rel=1e-5)
    loaded, threshold = load_yardstick(folder / "yardstick.json")
    assert threshold == unrelated["threshold"]
    expected = samples
    if descriptor == "centred":
        expected = seen / np.linalg.norm(seen, axis=1, keepdims=True)
    np.testing.assert_allclose(loaded(samples).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_trained_teacher_is_compared_with_images_it_has_not_seen(folder):
    held_out = normal(8, 2, seed=7)
    training = held_out + np.array([3, 4])
    images = {"held_out": held_out, "training": training}
    # Of the reference half are training images again.
    pool = np.concatenate([training[:6], held_out, training])
    rule = NearestRule(nearest=0.5)
    found = described(folder, pool, rule, images=images, fresh=16)["teacher"]
    assert found["frechet"][0] == pytest.approx(0, abs=1e-5)
    assert found["frechet_real"][0] == pytest.approx(25, rel=1e-5)
    real = found["authenticity_real"][0]
    assert 0 < real <= 100
    assert found["authenticity"][0] == pytest.approx(real / 2)
    assert described(folder / "exact", pool, rule, fresh=16)["teacher"] == {}


MODELS = {f"mlp-{width}": MLPSettings(architecture="mlp", width=width) for width in (4, 8, 16)}


def score_of(position, models=tuple(MODELS)):
    """Scores whose values tell model, cell and pair."""
    cells = 100 * position + np.arange(6.0).reshape(2, 3)
    variables = {name: (("N", "replicate"), cells + i / 10) for i, name in enumerate(CELLS)}
    variables |= dict.fromkeys(RP_DISJOINT, (("N", "disjoint_pair"), cells + 0.5))
    axes = {"N": [2, 4], "replicate": [0, 1, 2], "disjoint_pair": ["0|1", "0|2", "1|2"]}
    if position:
        pairs = np.stack([1000 * other + cells for other in range(position)])
        variables |= dict.fromkeys(RP_SAME, (("same_pair", "N", "replicate"), pairs))
        axes["same_pair"] = [f"{models[other]}|{models[position]}" for other in range(position)]
    variables |= {f"{name}_se": (dims, 0.01 * x) for name, (dims, x) in variables.items()}
    return xr.Dataset(variables, axes)


def collected(folder, models, fixed=None):
    paths = [folder / f"{name}.zarr" for name in models]
    for position, path in enumerate(paths):
        write_store(path, score_of(position, list(models)))
    cells = {
        name: (("N", "replicate"), np.full((2, 3), i + 7.0)) for i, name in enumerate(CONTROLS)
    }
    axes = {"N": [2, 4], "replicate": [0, 1, 2]}
    write_store(folder / "controls.zarr", xr.Dataset(cells | {"rp_noise": 0.5}, axes))
    yardstick = {"descriptor": "identity", "threshold": 0.25, "rule": {"nearest": 0.9}}
    (folder / "yardstick.json").write_text(json.dumps(yardstick | {"teacher": fixed or {}}))
    collect(
        CollectStep(models=models, shape=(6,), noises=8, sampler="euler, 3 steps", steps=10),
        score=paths,
        controls=folder / "controls.zarr",
        yardstick=folder / "yardstick.json",
        output=folder / "results.zarr",
    )
    return read_store(folder / "results.zarr", finite=False)


def test_results_hold_every_score_under_its_own_labels(folder):
    found = collected(folder, MODELS, {"frechet": [0.5, 0.125]})
    assert found["model"].values.tolist() == list(MODELS)
    counts = [parameter_count(model, (6,)) for model in MODELS.values()]
    assert found["parameters"].values.tolist() == counts
    for position, model in enumerate(MODELS):
        stored = score_of(position)
        for name in [*CELLS, *RP_DISJOINT]:
            for variable in (name, f"{name}_se"):
                ours = found[variable].sel(model=model).drop_vars(["model", "parameters"])
                xr.testing.assert_equal(ours, stored[variable])
        for pair in stored["same_pair"].values if position else []:
            for name in RP_SAME:
                xr.testing.assert_equal(
                    found[name].sel(same_pair=pair), stored[name].sel(same_pair=pair)
                )
    assert found.sizes["same_pair"] == 3
    for i, name in enumerate(CONTROLS):
        np.testing.assert_array_equal(found[name], np.full((2, 3), i + 7))
    assert float(found["rp_noise"]) == 0.5
    assert (float(found["teacher_frechet"]), float(found["teacher_frechet_se"])) == (0.5, 0.125)
    for name, values in transitions(found).items():
        np.testing.assert_array_equal(found[name], values)
    rule = found.attrs.pop("threshold_rule")
    assert json.loads(rule) == {"nearest": 0.9}
    made = {"noises": 8, "sampler": "euler, 3 steps", "steps": 10}
    assert found.attrs == {"descriptor": "identity", "threshold": 0.25} | made


def test_results_of_one_model_have_no_pairs_of_models(folder):
    found = collected(folder, {"mlp-8": MODELS["mlp-8"]})
    assert "same_pair" not in found.dims
    assert not set(RP_SAME) & set(found)
    assert found.sizes["model"] == 1
    assert np.isnan(found["slope_e"])


LOG2_N = np.arange(1.0, 10)
LOG2_PARAMETERS = np.array([8.0, 10, 12])
OFFSETS = np.array([-0.25, 0, 0.25])
SLOPES = {"e": 0.5, "gl": 0.75, "rp": 0.25}
# Not on the grid, and inside it for every slope and offset.
BASE = {"e": -0.4, "gl": -3.4, "rp": 1.6}


def scores_with_crossings(points):
    """Scores linear in log₂ N that cross at `points` (rule: (model, replicate or pair))."""
    dims, pairs = ("model", "N", "replicate"), ("model", "N", "disjoint_pair")
    late = {rule: (x[:, None, :] - LOG2_N[:, None]) / 32 for rule, x in points.items()}
    ceiling = np.linspace(0.9, 0.6, len(LOG2_N))[:, None] * np.ones(len(OFFSETS))
    return xr.Dataset(
        {
            "e_gen": (dims, 2 + late["e"]),
            "e_mem": (dims, np.full_like(late["e"], 2.0)),
            "gl": (dims, ceiling / 2 - late["gl"]),
            "gl_teacher": (dims[1:], ceiling),
            "rp_disjoint": (pairs, 0.5 - late["rp"]),
        },
        {
            "N": 2 ** LOG2_N.astype(int),
            "model": [f"mlp-{i}" for i in range(len(points["e"]))],
            "parameters": ("model", 2.0 ** np.resize(LOG2_PARAMETERS, len(points["e"]))),
        },
    )


def lines():
    return {
        rule: BASE[rule] + slope * LOG2_PARAMETERS[:, None] + OFFSETS
        for rule, slope in SLOPES.items()
    }


def test_transitions_are_where_the_curves_cross_and_slopes_are_theirs():
    found = transitions(scores_with_crossings(lines()))
    for rule, points in lines().items():
        np.testing.assert_allclose(found[f"log2_n_{rule}"], points)
        np.testing.assert_array_equal(found[f"censored_{rule}"], np.zeros((3, 3)))
        slope, low, high = (float(found[f"slope_{rule}{end}"]) for end in ("", "_low", "_high"))
        assert slope == pytest.approx(SLOPES[rule])
        assert low < slope < high
        assert float(found[f"spread_{rule}"]) == pytest.approx(4 * SLOPES[rule])
        collapsed = abs(4 * (SLOPES[rule] - 0.5))
        assert float(found[f"rescaled_spread_{rule}"]) == pytest.approx(collapsed, abs=1e-9)
    assert found["log2_n_e"].dims == ("model", "replicate")
    assert found["log2_n_rp"].dims == ("model", "disjoint_pair")


def test_rules_look_only_at_their_own_scores():
    scores = scores_with_crossings(lines())
    before = transitions(scores)
    changes = {"e": "e_mem", "gl": "gl_teacher", "rp": "rp_disjoint"}
    for rule, name in changes.items():
        after = transitions(scores.assign({name: 1.01 * scores[name]}))
        moved = {
            other
            for other in SLOPES
            if not after[f"log2_n_{other}"].equals(before[f"log2_n_{other}"])
        }
        assert moved == {rule}
        # A higher E_mem or RP is crossed at a smaller N, a higher ceiling at a larger one.
        earlier = after[f"log2_n_{rule}"] < before[f"log2_n_{rule}"]
        assert (earlier == (rule != "gl")).all()


def test_crossings_outside_the_grid_are_marked_and_their_models_left_out():
    points = lines()
    points["e"] = np.vstack([points["e"], [[0.5, 4, 4], [9.5, 4, 4], [0.9, 9.1, 0.9]]])
    for rule in ("gl", "rp"):
        points[rule] = np.vstack([points[rule], np.full((3, 3), 20)])
    found = transitions(scores_with_crossings(points))
    expected = np.zeros((6, 3))
    expected[3:] = [[-1, 0, 0], [1, 0, 0], [-1, 1, -1]]
    np.testing.assert_array_equal(found["censored_e"], expected)
    np.testing.assert_array_equal(np.isnan(found["log2_n_e"]), expected != 0)
    np.testing.assert_allclose(found["log2_n_e"][3:5, 1:], 4)
    np.testing.assert_array_equal(found["censored_gl"][3:], np.ones((3, 3)))
    for rule, slope in SLOPES.items():
        assert float(found[f"slope_{rule}"]) == pytest.approx(slope)
        assert float(found[f"spread_{rule}"]) == pytest.approx(4 * slope)


def test_diverged_students_are_passed_over_and_curves_without_two_others_are_unknown():
    scores = scores_with_crossings(lines())
    before = transitions(scores)
    scores["e_gen"][0, [0, 8], 0] = nan
    xr.testing.assert_allclose(transitions(scores), before)
    scores["e_gen"][0, 1:, 0] = nan
    scores["e_gen"][1, :, 2] = nan
    found = transitions(scores)
    expected = np.zeros((3, 3))
    expected[[0, 1], [0, 2]] = UNKNOWN
    np.testing.assert_array_equal(found["censored_e"], expected)
    np.testing.assert_array_equal(np.isnan(found["log2_n_e"]), expected != 0)
    # One model is left, which has no slope.
    assert np.isnan([found[f"slope_e{end}"] for end in ("", "_low", "_high")]).all()
    assert float(found["spread_e"]) == 0
    xr.testing.assert_identical(found["slope_gl"], before["slope_gl"])


# Metrics that a study asks for


def add_metric(monkeypatch, function):
    """A module of lowd.metrics of the function's name, which has it."""
    name = f"lowd.metrics.{function.__name__}"
    module = ModuleType(name)
    setattr(module, function.__name__, function)
    monkeypatch.setitem(sys.modules, name, module)


def test_a_metric_asked_for_is_scored_beside_the_others(folder):
    ours = everywhere(TEACHER).copy()
    ours[0, 1] = nan
    pool = np.arange(48).reshape(24, 2)
    scores = scored(folder, ours, TEACHER, SHIFTED, pool, finite=False, metrics=("generalization",))
    for name in ("", "_se"):
        found, known = scores[f"generalization{name}"], scores[f"gl{name}"]
        assert found.dims == known.dims == ("N", "replicate")
        np.testing.assert_array_equal(found, known)
    assert np.isnan(scores["generalization"].values).sum() == 1


def test_what_a_metric_is_given_goes_by_the_names_of_its_parameters(folder, monkeypatch):
    given = []

    def seen(threshold, held_out, training, memorised, teacher, generated):
        given.append((generated, teacher, memorised, training, held_out, threshold))
        return Estimate(1.0, 0.0)

    add_metric(monkeypatch, seen)
    pool, reference = np.arange(48).reshape(24, 2), np.arange(NOISES * 2).reshape(NOISES, 2) / 4
    scored(
        folder,
        everywhere(TEACHER + 1),
        TEACHER,
        SHIFTED,
        pool,
        reference=reference,
        metrics=("seen",),
    )
    assert len(given) == len(SAMPLES) * REPLICATES
    last = (TEACHER + 1, TEACHER, SHIFTED[-1, -1], pool[16:20], reference, 0.5)
    for found, expected in zip(given[-1], last, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_no_metric_asked_for_leaves_no_trace():
    settings = {"name": "mine", "samples": (2,), "replicates": 2}
    assert "metrics" not in ScoreStep(**settings).model_dump()
    asked = ScoreStep(**settings, metrics=("generalization",)).model_dump(mode="json")
    assert asked["metrics"] == ["generalization"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["none"],
            r"^metrics\[0\]: 'none': no function .* lowd/metrics/none.py; write it, or ",
        ),
        (["frechet"], r"^metrics\[0\]: 'frechet': no function of that name"),
        (["generalization", "odd"], rf"^metrics\[1\]: 'odd': .* 'what' is none of {SIDES[0]}, "),
        (["generalization"] * 2, r"^metrics\[1\]: 'generalization' is there twice"),
        (["authenticity"], r"^metrics\[0\]: 'authenticity' is scored in every study; leave it out"),
    ],
)
def test_metrics_that_can_not_be_asked_for_are_refused(names, message, monkeypatch):
    def odd(generated, what):
        return Estimate(0.0, 0.0)

    add_metric(monkeypatch, odd)
    with pytest.raises(ValueError, match=message):
        check_metrics(names)
