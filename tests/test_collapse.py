"""Generations of students: what each learns from, and how it is scored, against plain loops."""

import json
from math import nan
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError

from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers import probability_flow
from lowd.distributions import Empirical
from lowd.kinds.collapse.breed import BreedStep, breed, made
from lowd.kinds.collapse.modes import FIRST, Mode
from lowd.kinds.collapse.score_generations import ScoreGenerationsStep, score_generations
from lowd.kinds.collapse.scores import memorisation
from lowd.kinds.collapse.sets import TEACHER, read_sets
from lowd.kinds.collapse.span import entropies, solver_gain, span_of
from lowd.kinds.collapse.train_generation import TrainGenerationStep, train_generation
from lowd.metrics.descriptors import unit
from lowd.metrics.entropy import entropy
from lowd.models.settings import MLPSettings
from lowd.steps.generate import GenerateStep, generate
from lowd.store.arrays import read_store, write_store
from lowd.store.students import load_students, save_students
from lowd.streams import stream
from lowd.training.settings import TrainingSettings

SAMPLES, REPLICATES, POOL, NOISES, TAU = (6, 10), 2, 128, 40, 0.6
MLP = MLPSettings(architecture="mlp", width=4)
TRAINING = TrainingSettings(steps=15, batch=8, warm_up=5)
SAMPLER = SamplerSettings(solver="dpmpp", steps=6, sigma_min=0.05, sigma_max=80.0)
BASIS = torch.linalg.qr(torch.randn(5, 3, generator=torch.Generator().manual_seed(3))).Q
CELLS = [(n, r) for n in SAMPLES for r in range(REPLICATES)]
MODES = {
    "control": Mode(data="control"),
    "replace": Mode(data="replace"),
    "accumulate": Mode(data="accumulate"),
    "subsample": Mode(data="subsample"),
    "fresh": Mode(data="fresh", share=0.5),
    "farthest": Mode(data="replace", candidates=3, select="farthest"),
    "filter": Mode(data="subsample", select="filter", quantile=0.1),
}

SCORED = ("replace", "accumulate")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Three generations of every mode, and what they rest on."""
    folder = tmp_path_factory.mktemp("collapse")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        generator = torch.Generator().manual_seed(0)
        pool = torch.randn(POOL, 3, generator=generator) @ BASIS.T
        noise = torch.randn(NOISES, 5, generator=generator)
        true = torch.randn(NOISES, 3, generator=generator) @ BASIS.T
        for name, variable, dim, values in (
            ("pool", "samples", "sample", pool),
            ("noise", "noise", "noise", noise),
            ("teacher", "samples", "noise", true),
        ):
            dims = (dim, "feature")
            write_store(Path(f"{name}.zarr"), xr.Dataset({variable: (dims, values.numpy())}))
        Path("yardstick.json").write_text(
            json.dumps({"descriptor": "identity", "mean": None, "threshold": TAU})
        )
        raise_generation(FIRST, None, 0)
        for name, mode in MODES.items():
            for generation in (1, 2):
                raise_generation(name, mode, generation)
    return folder


@pytest.fixture(autouse=True)
def here(study, monkeypatch):
    """In its folder."""
    monkeypatch.chdir(study)


def path(kind, name, generation):
    return Path(f"{kind}-{name if generation else FIRST}.{generation}")


def breeding(name, mode, generation, samples=SAMPLES):
    return BreedStep(
        seed=5, name=name, mode=mode, generation=generation, samples=samples,
        replicates=REPLICATES, sampler=SAMPLER,
    )  # fmt: skip


def raise_generation(name, mode, generation):
    """What the jobs of a generation do."""
    read = {}
    if generation and mode.data != "control":
        read["students"] = path("students", name, generation - 1)
        if mode.data in ("accumulate", "subsample"):
            read["sets"] = path("sets", name, generation - 1)
        if mode.select == "filter":
            read["first"] = path("sets", FIRST, 0)
    sets, students = path("sets", name, generation), path("students", name, generation)
    breed(breeding(name, mode, generation), pool=Path("pool.zarr"), output=sets, **read)
    step = TrainGenerationStep(
        seed=5, name=name, model=MLP, samples=SAMPLES, replicates=REPLICATES, training=TRAINING,
        generation=generation,
    )  # fmt: skip
    train_generation(step, sets=sets, output=students)
    made_of = path("generated", name, generation)
    generate(
        GenerateStep(sampler=SAMPLER), noise=Path("noise.zarr"), students=students, output=made_of
    )


def sets_of(name, generation):
    return read_sets(path("sets", name, generation))


def drawn(name, generation, cell, count):
    """What a student makes for the generation after it, by hand."""
    stack = load_students(path("students", name, generation))
    place = CELLS.index(cell)
    own = f"generation={generation + 1}/{name}/N={cell[0]}/replicate={cell[1]}"
    noise = torch.randn((count, 5), generator=stream(5, own, "noises"))
    denoise = stack.denoiser(slice(place, place + 1), torch.device("cpu"))
    sigmas = karras_sigmas(SAMPLER.steps, SAMPLER.sigma_min, SAMPLER.sigma_max, SAMPLER.rho)
    with torch.no_grad():
        return probability_flow(denoise, 80.0 * noise[None], sigmas, "dpmpp")[0].numpy()


# What a generation learns from


def test_the_first_generation_learns_from_the_first_rows_of_each_part_of_the_pool():
    pool = read_store(Path("pool.zarr"))["samples"].values
    for (n, r), one in sets_of(FIRST, 0).items():
        start = r * POOL // REPLICATES
        np.testing.assert_array_equal(one.training, pool[start : start + n])
        assert (one.maker == TEACHER).all()


def test_a_control_learns_from_points_that_none_before_has_seen():
    pool = read_store(Path("pool.zarr"))["samples"].values
    for cell in CELLS:
        seen = [sets_of("control", g)[cell].training for g in (0, 1, 2)]
        rows = [np.flatnonzero((pool == point).all(1))[0] for one in seen for point in one]
        assert len(set(rows)) == 3 * cell[0]


@pytest.mark.parametrize("name", ["replace", "accumulate", "fresh"])
@pytest.mark.parametrize("generation", [1, 2])
def test_what_students_make_becomes_the_data_of_the_next(name, generation):
    mode = MODES[name]
    for cell, one in sets_of(name, generation).items():
        count = made(mode, cell[0])
        expected = drawn(name, generation - 1, cell, count)
        # Alone a student is the same as in its stack but for rounding.
        np.testing.assert_allclose(one.points[-count:], expected, rtol=1e-3, atol=1e-4)
        assert (one.maker[-count:] == generation - 1).all() and one.chosen.all()
        rest, makers = one.points[:-count], one.maker[:-count]
        if name == "replace":
            assert len(rest) == 0
        elif name == "fresh":
            assert len(rest) == cell[0] / 2 and (makers == TEACHER).all()
            earlier = sets_of(name, generation - 1)[cell].points
            assert not (rest[:, None] == earlier[None]).all(2).any()
        else:
            np.testing.assert_array_equal(rest, sets_of(name, generation - 1)[cell].points)
            assert len(one.points) == (generation + 1) * cell[0]


@pytest.mark.parametrize("name", ["subsample", "filter", "farthest"])
def test_n_are_chosen_of_all_there_is(name):
    for cell, one in sets_of(name, 2).items():
        assert one.chosen.sum() == cell[0] == len(one.training)
        if name == "farthest":
            assert len(one.points) == 3 * cell[0] and (one.maker == 1).all()
        else:
            counts = [(one.maker == maker).sum() for maker in (TEACHER, 0, 1)]
            assert counts == [cell[0]] * 3
            # What was not chosen before may be now.
            earlier = sets_of(name, 1)[cell]
            np.testing.assert_array_equal(one.points[: len(earlier.points)], earlier.points)


def test_selected_points_are_further_apart_than_any():
    def spacing(points):
        rows = torch.from_numpy(points)
        return float((torch.cdist(rows, rows) + 1e9 * torch.eye(len(rows))).min())

    for one in sets_of("farthest", 2).values():
        assert spacing(one.training) >= spacing(one.points)


def test_sets_do_not_depend_on_what_other_n_are_bred():
    """Streams go by generation, mode, N and replicate alone."""
    alone = SAMPLES[:1]
    stack = load_students(path("students", "replace", 1))
    few = {name: one[:REPLICATES] for name, one in stack.weights.items()}
    save_students(
        Path("few"),
        type(stack)(
            stack.model, stack.shape, stack.sigma_data, stack.cells[:REPLICATES], few,
            stack.diverged[:REPLICATES], stack.losses[:REPLICATES], stack.aim,
        ),
    )  # fmt: skip
    breed(
        breeding("replace", MODES["replace"], 2, alone),
        pool=Path("pool.zarr"), students=Path("few"), output=Path("few-sets"),
    )  # fmt: skip
    both = sets_of("replace", 2)
    for cell, one in read_sets(Path("few-sets")).items():
        np.testing.assert_array_equal(one.points, both[cell].points)


def test_a_student_that_diverged_leaves_no_numbers_to_its_descendants():
    stack = load_students(path("students", "subsample", 1))
    stack.diverged[0] = 3
    save_students(Path("broken"), stack)
    for name in ("replace", "subsample", "farthest", "filter"):
        read = {"sets": path("sets", "subsample", 1)} if name in ("subsample", "filter") else {}
        read["first"] = path("sets", FIRST, 0)
        breed(
            breeding(name, MODES[name], 2), pool=Path("pool.zarr"), students=Path("broken"),
            output=Path("broken-sets"), **read,
        )  # fmt: skip
        found = read_sets(Path("broken-sets"))
        assert np.isnan(found[CELLS[0]].points[-1]).all()
        assert all(np.isfinite(found[cell].points).all() for cell in CELLS[1:])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"data": "fresh"}, "share: None"),
        ({"data": "replace", "share": 0.5}, "share: 0.5"),
        ({"data": "subsample", "select": "filter"}, "quantile: None"),
        ({"data": "accumulate", "select": "farthest"}, "nothing can be selected"),
        ({"data": "control", "candidates": 2}, "nothing can be selected"),
        ({"data": "replace", "select": "farthest"}, "candidates: 1"),
        ({"data": "replace", "candidates": 4}, "candidates: 4"),
    ],
)
def test_modes_that_make_no_sense_are_refused(given, told):
    with pytest.raises(ValidationError, match=told):
        Mode(**given)


# Scores


@pytest.fixture(scope="module")
def results(study):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(study)
        each = [(FIRST, 0), *((mode, g) for mode in SCORED for g in (1, 2))]
        score_generations(
            ScoreGenerationsStep(
                seed=5, modes=SCORED, generations=3, samples=SAMPLES,
                replicates=REPLICATES, sampler=SAMPLER, gaussian=3,
            ),
            generated=[path("generated", *one) for one in each],
            sets=[path("sets", *one) for one in each],
            teacher=Path("teacher.zarr"), pool=Path("pool.zarr"), noise=Path("noise.zarr"),
            yardstick=Path("yardstick.json"), output=Path("results.zarr"),
        )  # fmt: skip
        return read_store(Path("results.zarr"), finite=False)


@pytest.mark.parametrize("mode", SCORED)
@pytest.mark.parametrize("generation", [0, 1, 2])
def test_scores_are_those_of_plain_loops(results, mode, generation):
    noise = torch.from_numpy(read_store(Path("noise.zarr"))["noise"].values)
    true = read_store(Path("teacher.zarr"))["samples"].values
    sigmas = karras_sigmas(SAMPLER.steps, SAMPLER.sigma_min, SAMPLER.sigma_max, SAMPLER.rho)
    samples = read_store(path("generated", mode, generation))["samples"]
    for n, r in CELLS:
        one = results.sel(mode=mode, N=n, replicate=r, generation=generation)
        training = sets_of(mode, generation)[n, r].training
        first = sets_of(mode, 0)[n, r].training
        ours = samples.sel(N=n, replicate=r).values
        start = 80.0 * noise
        memory = probability_flow(
            Empirical(torch.from_numpy(training)).denoise, start, sigmas, "dpmpp"
        ).numpy()
        apart = [np.sqrt(((ours - other) ** 2).sum(1).mean()) for other in (true, memory)]
        assert float(one["e_gen"]) == pytest.approx(apart[0], rel=1e-5)
        assert float(one["e_mem"]) == pytest.approx(apart[1], rel=1e-4)
        assert float(one["e_gap"]) == pytest.approx(apart[0] - apart[1], rel=1e-3, abs=1e-5)

        def share(some, others):
            cosines = unit(torch.from_numpy(some)) @ unit(torch.from_numpy(others)).T
            return float((cosines.amax(1) <= TAU).double().mean())

        assert float(one["gl"]) == share(ours, training)
        assert float(one["gl_teacher"]) == share(true, training)
        assert float(one["gl_first"]) == share(ours, first)
        if generation:
            earlier = read_store(path("generated", mode, generation - 1))["samples"]
            moved = ours - earlier.sel(N=n, replicate=r).values
            assert float(one["drift"]) == pytest.approx(np.sqrt((moved**2).sum(1).mean()), rel=1e-5)
        else:
            assert np.isnan(one["drift"])
        within = np.cov(ours @ BASIS.numpy(), rowvar=False, bias=True)
        assert float(one["trace"]) == pytest.approx(np.trace(within), rel=1e-4)
        assert float(one["least"]) == pytest.approx(np.linalg.eigvalsh(within)[0], rel=1e-3)
        determinant = 3 / 2 * np.log(2 * np.pi * np.e) + np.linalg.slogdet(within)[1] / 2
        assert float(one["entropy_gaussian"]) == pytest.approx(determinant, rel=1e-4)
        if len(training) == n:
            alone = entropy(training @ BASIS.numpy()).value
            assert float(one["entropy_data"]) == pytest.approx(alone, rel=1e-4)


def test_all_modes_share_the_first_generation_and_no_later_one(results):
    first, last = (results["e_gen"].sel(generation=g) for g in (0, 2))
    assert (first == first.isel(mode=0)).all()
    assert len(np.unique(last.values)) == last.size


def test_entropies_of_data_are_of_n_points_and_held_to_as_many_of_the_teachers(results):
    pool = read_store(Path("pool.zarr"))["samples"].values @ BASIS.numpy()
    for n in SAMPLES:
        own = [entropy(pool[i : i + n]).value for i in range(0, POOL - n + 1, n)][:16]
        assert float(results["entropy_control"].sel(N=n)) == pytest.approx(np.mean(own), rel=1e-5)
    steps = results["gaussian_entropy"].diff("generation").values
    assert (steps < 0).all() and np.allclose(steps[:, 0], steps[:, 1])
    assert (results["gaussian_e_gen"].diff("generation") > 0).all()


def test_the_generation_of_memorisation_is_interpolated_and_censored():
    curves = [[-1.0, 3.0, 2.0], [0.5, 1.0, 2.0], [-3.0, -2.0, -1.0], [nan, nan, 1.0]]
    gap = xr.DataArray(
        np.array(curves).reshape(1, 1, 4, 3), dims=("mode", "N", "replicate", "generation"),
        coords={"generation": [0, 1, 2]},
    )  # fmt: skip
    found = memorisation(gap)
    np.testing.assert_allclose(found["crossing"].values.ravel(), [0.25, nan, nan, nan])
    assert found["censored"].values.ravel().tolist() == [0, -1, 1, 2]


# The span, and what a solver does within


def test_the_span_of_samples_on_a_subspace_is_the_subspace():
    pool = read_store(Path("pool.zarr"))["samples"].values
    span = span_of(pool)
    assert span.basis.shape == (5, 3)
    torch.testing.assert_close(
        span.basis @ span.basis.T, (BASIS @ BASIS.T).double(), atol=1e-5, rtol=0
    )
    lifted = pool + np.linalg.svd(BASIS.numpy())[0][:, 3].astype(np.float32)
    assert span.outside(pool).max() < 1e-9
    torch.testing.assert_close(span.outside(lifted), torch.ones(POOL).double(), atol=1e-5, rtol=0)
    assert entropies(lifted, span)["outside"].value == pytest.approx(1, abs=1e-5)
    turned = entropy(pool @ BASIS.numpy()).value
    assert entropies(pool, span)["entropy_samples"].value == pytest.approx(turned, rel=1e-4)


@pytest.mark.parametrize("sigma_max", [8.0, 80.0])
def test_a_fine_grid_loses_the_entropy_of_a_start_without_the_data(sigma_max):
    span = span_of(read_store(Path("pool.zarr"))["samples"].values)
    fine = SamplerSettings(steps=600, sigma_min=1e-3, sigma_max=sigma_max)
    exact = -float(torch.log1p(span.variances / sigma_max**2).sum()) / 2
    assert solver_gain(span, fine) == pytest.approx(exact, abs=2e-3)
    # As few steps as samples are often drawn with make more than the start takes.
    coarse = SamplerSettings(steps=18, sigma_min=0.02, sigma_max=80.0)
    assert solver_gain(span, coarse) > 0.05
