"""Edits of a study's images: against closed forms, plain loops and dense algebra."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from captions import is_legible, keeps_to_the_standard
from pydantic import ValidationError

from lowd.cost.bills import bill
from lowd.diffusion.inversion import invert, levels_between
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.solvers import probability_flow
from lowd.distributions.molrg import MoLRG
from lowd.figures.style import styled
from lowd.geometry.jacobian import jacobian
from lowd.geometry.local import Dense, Products
from lowd.kinds.editing.figures import editing, edits, linearity, reuse, steering
from lowd.kinds.editing.measure_edits import MeasureEditsStep, measure_edits
from lowd.kinds.editing.settings import Editing
from lowd.models.build import build, initialise
from lowd.models.settings import UNetSettings
from lowd.steps.noise import NoiseStep, noise
from lowd.steps.pool import PoolStep, pool
from lowd.steps.teacher import TeacherStep, teacher
from lowd.steps.teachers.teacher import load_teacher
from lowd.store.arrays import read_store
from lowd.streams import stream
from lowd.table import read_graph

SHAPE, IMAGES, SIGMAS, STRENGTHS = (1, 4, 4), 6, (0.3, 1.0), (0.5, 1.0, 2.0)
CHANGES = {
    "seed": 3, "images": IMAGES, "sigmas": SIGMAS, "strengths": STRENGTHS, "singular": [1, 3],
    "protect": [0, 1],
}  # fmt: skip
STEP = {
    "seed": 3, "shape": SHAPE, "images": IMAGES, "starts": ("noise", "images"), "sigmas": SIGMAS,
    "strengths": STRENGTHS, "singular": (1, 3), "region": (1, 1, 3, 3),
    "compose": ((0, 0, 2, 4), (2, 0, 4, 4)), "protect": (0, 1), "floor": 0.05,
    "least_left": 0.01, "mixture": None, "sampler": {"steps": 12, "sigma_min": 0.02},
    "sigma_max": 8.0,
}  # fmt: skip
INSIDE = torch.zeros(SHAPE, dtype=torch.bool)
INSIDE[:, 1:3, 1:3] = True
INSIDE = INSIDE.flatten()


def measured(path, clusters, **changes):
    """Results of a tiny study of a mixture of planes, and its folder."""
    path.mkdir(exist_ok=True)
    declared = {"kind": "molrg_images", "shape": SHAPE, "rank": 4, "clusters": clusters}
    teacher(TeacherStep.model_validate({"seed": 0, "teacher": declared}), output=path / "teacher")
    noise(NoiseStep(seed=0, size=8, shape=SHAPE), output=path / "noise.zarr")
    drawn = PoolStep(seed=0, size=64, reference=16, replicates=2, shape=SHAPE)
    pool(drawn, teacher=path / "teacher", output=path / "pool.zarr")
    measure_edits(
        MeasureEditsStep.model_validate(STEP | changes),
        teacher=path / "teacher",
        noise=path / "noise.zarr",
        pool=path / "pool.zarr",
        output=path / "edits.zarr",
    )
    return SimpleNamespace(
        path=path,
        results=read_store(path / "edits.zarr"),
        denoise=load_teacher(path / "teacher", torch.device("cpu")).denoise,
    )


@pytest.fixture(scope="module")
def gaussian(tmp_path_factory):
    """One subspace: a Gaussian, whose denoiser and flow are linear."""
    return measured(tmp_path_factory.mktemp("gaussian"), 1)


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    """Two subspaces, with a fitted mixture beside."""
    return measured(tmp_path_factory.mktemp("mixture"), 2, mixture={"clusters": 2, "rank": 3})


def test_a_gaussians_edits_are_linear_add_up_and_carry_over(gaussian):
    results = gaussian.results.isel(denoiser=0)
    kept = results.sel(direction=["singular-1", "region", "loco-1", "best"])
    assert float(kept["residual"].max()) < 1e-4
    assert float(kept["odd"].min()) > 1 - 1e-4
    assert float(results["compose_residual"].max()) < 1e-4
    assert float(results["transfer_gain"].sel(carried="loco-1").min()) > 0
    torch.testing.assert_close(
        torch.from_numpy(results["transfer_cosine"].values), torch.ones(2, 2, 2).double(),
        rtol=0, atol=1e-4,
    )  # fmt: skip
    assert float(results["asymmetry"].max()) < 1e-6
    assert float(results["negative"].max()) < 1e-6
    # All images have the same Jacobian, so all share its four directions, and one that is null.
    assert float(results["overlap"].min()) > 4 / 5 - 1e-6


def test_the_end_of_sampling_keeps_the_root_of_what_a_gaussians_denoiser_keeps(gaussian):
    for sigma in SIGMAS:
        at = gaussian.results.isel(denoiser=0).sel(sigma=sigma, direction="singular-1")
        exact = 1 / (1 + sigma**2)
        np.testing.assert_allclose(at["gain"], exact, rtol=1e-5)
        # Heun's method in twelve steps, the last of which, from 0.02, is exact to 2e-4.
        np.testing.assert_allclose(at["end_gain"], exact**0.5, rtol=5e-3)


def test_numbers_are_those_of_a_loop_over_images(mixture):
    results = mixture.results.sel(denoiser="teacher")
    sigma, strength, start = 1.0, 2.0, "images"
    real = torch.from_numpy(read_store(mixture.path / "pool.zarr")["samples"].values[::-1].copy())
    up = levels_between(sigma, 0.02, 12).flip(0)
    down = karras_sigmas(13, 0.02, sigma)
    rows = []
    for image in real[:IMAGES]:
        state = invert(mixture.denoise, image[None], up)
        (matrix,) = jacobian(mixture.denoise, state, sigma).double()
        top = torch.linalg.svd(matrix[INSIDE]).Vh[0]
        rest = torch.linalg.svd(matrix[~INSIDE]).Vh[0]
        vector = top - rest * (rest @ top)
        left = vector.norm()
        vector = vector / left * (1 if vector.sum() > 0 else -1)

        def end(step, state=state, vector=vector):
            moved = state + (step * vector).reshape(state.shape).float()
            return probability_flow(mixture.denoise, moved, down).flatten().double()

        with torch.no_grad():
            change = end(strength * sigma) - end(0.0)
            back = end(-strength * sigma) - end(0.0)
            moved = state + (strength * sigma * vector).reshape(state.shape).float()
            denoised = mixture.denoise(moved, sigma) - mixture.denoise(state, sigma)
        expected = strength * sigma * matrix @ vector
        apart = denoised.flatten().double() - expected
        rows.append(
            {
                "left": left,
                "gain": (matrix @ vector).norm(),
                "quadratic": vector @ matrix @ vector,
                "residual": apart.norm() / expected.norm(),
                "end_gain": change.norm() / (strength * sigma),
                "end_locality": change[INSIDE].square().sum() / change.square().sum(),
                "outside_rms": change[~INSIDE].square().mean().sqrt(),
                "odd": torch.cosine_similarity(change, -back, dim=0),
            }
        )
    at = results.sel(start=start, sigma=sigma, direction="loco-1")
    for name in rows[0]:
        found = at[name].sel(strength=strength) if "strength" in at[name].dims else at[name]
        values = np.array([float(row[name]) for row in rows])
        assert float(found) == pytest.approx(values.mean(), rel=1e-3), name
        error = at[f"{name}_se"]
        error = error.sel(strength=strength) if "strength" in error.dims else error
        assert float(error) == pytest.approx(values.std(ddof=1) / IMAGES**0.5, rel=1e-2), name


def test_pictures_are_the_edited_images_and_the_unedited_one_between(mixture):
    at = mixture.results.isel(denoiser=0).sel(start="noise", sigma=0.3, direction="region")
    pictures = at["pictures"]
    assert at["signed_strength"].values.tolist() == [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]
    units = torch.from_numpy(read_store(mixture.path / "noise.zarr")["noise"].values[:IMAGES])
    state = probability_flow(mixture.denoise, 8.0 * units, levels_between(8.0, 0.3, 12))
    for strength in (-1.0, 0.0, 2.0):
        step = strength * 0.3 * torch.from_numpy(at["vectors"].values)
        end = probability_flow(mixture.denoise, state[:4] + step, karras_sigmas(13, 0.02, 0.3))
        np.testing.assert_allclose(pictures.sel(signed_strength=strength), end, atol=2e-4)


def test_the_same_settings_give_the_same_bits_and_another_seed_other_random_directions(
    mixture, tmp_path
):
    with_mixture = {"mixture": {"clusters": 2, "rank": 3}}
    again = measured(tmp_path / "again", 2, **with_mixture).results
    assert again.identical(mixture.results)
    other = measured(tmp_path / "other", 2, **with_mixture, seed=4).results
    # The fitted mixture is another too.
    changed = abs(other["vectors"] - again["vectors"]).sel(denoiser="teacher")
    changed = changed.max(("start", "sigma", "shown", "channel", "height", "width"))
    assert float(changed.sel(direction="random")) > 0.1
    assert float(changed.sel(direction="region").drop_vars("direction")) < 1e-4


def test_more_images_than_there_are_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"images: 70 exceed the 64"):
        measured(tmp_path / "many", 1, images=70)


def network(channels=1, side=8):
    stack = build(UNetSettings(architecture="unet", width=4), 1, (channels, side, side)).double()
    initialise(stack, [torch.Generator().manual_seed(3)])
    for p in stack.parameters():
        p.data += 0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(4)).double()
    level = torch.zeros(1, 1, dtype=torch.float64)
    return lambda x, sigma: stack(x[None], level.expand(1, len(x)))[0]


def test_products_find_what_a_held_jacobian_does():
    denoise = network()
    x = torch.randn(2, 1, 8, 8, generator=stream("x"), dtype=torch.float64)
    inside = torch.zeros(64, dtype=torch.bool)
    inside[18:30] = True
    held, by_products = Dense(denoise, x, 0.5), Products(denoise, x, 0.5, stream("start"))
    for region in (None, inside, ~inside):
        ours, theirs = held.right(1, region), by_products.right(1, region)
        torch.testing.assert_close(ours[1], theirs[1], rtol=1e-3, atol=0)
        cosine = (ours[0] * theirs[0]).sum(1).abs()
        assert cosine.min() > 1 - 1e-3
    direction = ours[0][..., 0]
    torch.testing.assert_close(held.push(direction), by_products.push(direction))
    assert by_products.sine > 0

    def worth(direction):
        """What the best direction has most of, ε being a share of the largest gain inside."""
        moved = held.push(direction).square()
        ridge = 0.05 * held.right(1, inside)[1][:, 0] ** 2
        return moved[:, inside].sum(1) / (moved[:, ~inside].sum(1) + ridge)

    best, nearly = held.best(inside, 5), by_products.best(inside, 5)
    region = held.right(1, inside)[0][..., 0]
    assert (worth(nearly) <= worth(best) * (1 + 1e-6)).all()
    assert (worth(nearly) >= worth(region) * (1 - 1e-2)).all()


STUDY = {
    "teacher": {"kind": "molrg_images", "shape": [1, 4, 4], "rank": 4, "clusters": 2},
    "pool": {"size": 64},
    "noise": {"size": 8},
    "sampler": {"steps": 3, "sigma_max": 8},
    "samples": [2, 4],
    "training": {"steps": 5, "warm_up": 0, "batch": 4},
    "models": {"mlp": {"architecture": "mlp", "width": 4}},
}


def declared(tmp_path, monkeypatch, study=None, **changes):
    """The graph of a study with a finding of edits."""
    monkeypatch.chdir(tmp_path)
    finding = {"kind": "editing", "study": "s"} | CHANGES | changes
    params = {"studies": {"s": STUDY | (study or {})}, "findings": {"e": finding}}
    Path("params.yaml").write_text(yaml.safe_dump(_plain(params)))
    return read_graph()


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, tuple | list) else value


REFUSED = {
    "a vector": (
        {"study": {"teacher": {"kind": "molrg", "dimension": 16, "rank": 2}}}, "need grey"
    ),
    "a level above": ({"sigmas": [0.5, 8.0]}, "sigmas[1]: 8 is not between"),
    "a level below": ({"sigmas": [0.01]}, "sigmas[0]: 0.01 is not between"),
    "levels that fall": ({"sigmas": [1.0, 0.5]}, "sigmas: [1.0, 0.5] must ascend"),
    "a rank above d": ({"singular": [1, 17]}, "singular: 17 exceeds the 16"),
    "no first direction": ({"singular": [2]}, "begin with 1"),
    "all protected": ({"protect": [0, 12]}, "protect: 12 directions are as many"),
    "no bare region": ({"protect": [1, 2]}, "begin with 0"),
    "an empty region": ({"region": [1, 1, 1, 3]}, "region: [1, 1, 1, 3] is no part"),
    "a full region": ({"region": [0, 0, 4, 4]}, "region: [0, 0, 4, 4] is the whole image"),
    "a region outside": ({"compose": [[0, 0, 2, 4], [2, 0, 5, 4]]}, "compose[1]: [2, 0, 5, 4]"),
    "too many images": ({"images": 9}, "images: 9 exceed the noise of s (8)"),
    "a mixture that does not fit": (
        {"mixture": {"clusters": 1, "rank": 17}}, "mixture.rank: 17 exceeds"
    ),
    "an end below the study's": (
        {"sampler": {"sigma_min": 0.001}}, "sampler.sigma_min: 0.001 is below"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_settings_that_make_no_sense_are_told_with_their_key(case, tmp_path, monkeypatch):
    changes, told = REFUSED[case]
    with pytest.raises((ValueError, ValidationError)) as caught:
        declared(tmp_path, monkeypatch, **changes)
    assert "findings.e." in str(caught.value) and told in str(caught.value)


def test_what_goes_through_the_denoiser_is_what_is_billed(tmp_path, monkeypatch):
    graph = declared(tmp_path, monkeypatch)
    (job,) = (job for job in graph.jobs if job.step.name == "measure_edits")
    found = bill(job, graph)
    assert found.is_modelled
    billed = {probe.kind: count for probe, count in found.work if hasattr(probe, "rows")}
    rows, original = [], MoLRG.denoise
    monkeypatch.setattr(
        MoLRG, "denoise", lambda self, x, sigma: rows.append(len(x)) or original(self, x, sigma)
    )
    asked = job.settings.model_dump()
    measured(tmp_path / "run", 2, **asked)
    assert sum(rows) == billed["value"] + billed["transposed"]


@pytest.mark.parametrize("figure", [editing, linearity, reuse, steering, edits])
def test_figures_show_and_say_their_numbers(figure, mixture):
    with styled():
        drawn = figure.draw(mixture.results)
    assert drawn.axes
    is_legible(drawn)
    words = figure.caption(mixture.results)
    keeps_to_the_standard(words)
    assert "$" not in words


def test_a_finding_names_its_figures_and_scores(mixture):
    for scores in Editing.plots.values():
        for score in scores:
            assert f"{score}_se" in mixture.results or score in mixture.results
