"""Closed-form students beside trained ones."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from captions import is_legible, keeps_to_the_standard
from jobs import run

from lowd.distributions.empirical import Empirical
from lowd.distributions.gaussian import Gaussian
from lowd.kinds.explained.theories import fitted_sides, local_machines, sides_tried
from lowd.metrics.explained import explained_share, sample_cosine
from lowd.settings import load_params
from lowd.store.arrays import read_store
from lowd.store.results import open_results
from lowd.table import read_graph

TRAINING = {"steps": 100, "batch": 8, "warm_up": 5}
PARAMS = {
    "studies": {
        "pictures": {
            "teacher": {"kind": "molrg_images", "shape": [1, 4, 4], "rank": 3},
            "pool": {"size": 80},
            "noise": {"size": 20},
            "sampler": {"steps": 4, "sigma_min": 0.05, "sigma_max": 5},
            "samples": [4, 40],
            "replicates": 2,
            "training": TRAINING,
            "models": {"mlp": {"architecture": "mlp", "width": 8}},
        }
    },
    "findings": {
        "told": {
            "kind": "explained",
            "study": "pictures",
            "noises": 12,
            "mixture": {"clusters": 2, "rank": 2},
            "equivariant": 4,
        }
    },
}


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_samples_explain_themselves_and_the_mean_explains_nothing():
    ours, centre = normal(0, 30, 5), normal(1, 1, 5)
    assert explained_share(ours, ours, centre) == (1, 0)
    assert explained_share(ours, centre.expand(30, 5), centre).value == 0
    assert sample_cosine(ours, ours, centre).value == pytest.approx(1)
    opposite = 2 * centre - ours
    assert sample_cosine(ours, opposite, centre).value == pytest.approx(-1)
    assert explained_share(ours, opposite, centre).value == pytest.approx(-3)


def test_half_of_what_varies_is_explained_by_half_of_the_features():
    ours, centre = normal(0, 20000, 4), torch.zeros(1, 4, dtype=torch.float64)
    theirs = torch.cat([ours[:, :2], torch.zeros(20000, 2)], dim=1)
    found = explained_share(ours, theirs, centre)
    assert abs(found.value - 0.5) < 4 * found.standard_error
    values = [
        explained_share(part, other, centre).value
        for part, other in zip(ours.split(200), theirs.split(200), strict=True)
    ]
    told = explained_share(ours[:200], theirs[:200], centre).standard_error
    assert told == pytest.approx(np.std(values), rel=0.35)


def test_windows_that_a_student_has_are_found_again():
    """Students that are the machine with a window, and pure memorisation."""
    points, held_out, noise = (normal(at, count, 1, 4, 5) for at, count in enumerate((25, 16, 16)))
    sigmas = [2.0, 0.5]
    for planted in ([3, 1], [9, 5]):
        ((_, student),) = local_machines(points, sigmas, planted, equivariant=False)
        assert fitted_sides(student, points, held_out, noise, sigmas) == planted
    memoriser = Empirical(points).denoise
    assert fitted_sides(memoriser, points, held_out, noise, sigmas) == [9, 9]


def test_windows_of_a_level_in_between_are_those_of_the_nearest():
    points = normal(0, 10, 1, 4, 4)
    both = dict(local_machines(points, [4.0, 1.0], [7, 1], equivariant=True))
    assert set(both) == {"local", "equivariant"}
    whole = Empirical(points).denoise(points, 3.0)
    assert torch.allclose(both["local"](points, 3.0), whole)
    assert not torch.allclose(both["local"](points, 1.5), Empirical(points).denoise(points, 1.5))


@pytest.mark.parametrize(
    ("shape", "sides"), [((1, 8, 8), [1, 3, 5, 7, 11, 15]), ((3, 4, 2), [1, 3, 5, 7])]
)
def test_the_last_window_is_of_the_whole_image(shape, sides):
    assert sides_tried(shape) == sides


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noises": 21}, r"findings.told.noises: 21 exceeds the 20 of pictures"),
        ({"replicates": 3}, r"findings.told.replicates: 3 exceeds the 2 of pictures"),
    ],
)
def test_more_than_the_study_has_is_refused(change, message, tmp_path):
    params = PARAMS | {"findings": {"told": PARAMS["findings"]["told"] | change}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(ValueError, match=message):
        load_params(tmp_path / "params.yaml")


def test_vectors_are_refused(tmp_path):
    study = PARAMS["studies"]["pictures"]
    vectors = study | {"teacher": {"kind": "molrg", "dimension": 6, "rank": 2}}
    params = PARAMS | {"studies": {"pictures": vectors}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(ValueError, match="samples of pictures are vectors"):
        load_params(tmp_path / "params.yaml")


@pytest.mark.campaign
def test_scores_are_those_of_the_samples(tmp_path, monkeypatch):
    from lowd.diffusion.noise_levels import karras_sigmas
    from lowd.diffusion.solvers import probability_flow
    from lowd.kinds.explained.figures import explained

    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(yaml.safe_dump(PARAMS))
    graph = read_graph()
    for job in graph.leading_to([Path("results/told.zarr")]).in_order:
        run(job)
    told = open_results("told").sel(model="mlp", replicate=0)
    pool = read_store(Path("data/pictures/pool.zarr"))["samples"].values
    noise = torch.from_numpy(read_store(Path("data/pictures/noise.zarr"))["noise"].values[:12])
    stored = {
        name: read_store(Path(f"data/pictures/generated/{name}.zarr"))["samples"]
        for name in ("mlp", "empirical", "teacher")
    }
    for n in (4, 40):
        points = torch.from_numpy(pool[:n]).double()
        flat = points.flatten(1)
        gaussian = Gaussian(points.mean(0), torch.cov(flat.T, correction=0))
        sigmas = karras_sigmas(4, 0.05, 5)
        theories = {
            "p_emp": stored["empirical"].sel(N=n, replicate=0),
            "teacher": stored["teacher"],
            "disjoint student": stored["mlp"].sel(N=n, replicate=1),
            "gaussian": probability_flow(gaussian.denoise, 5 * noise, sigmas),
        }
        ours = (
            stored["mlp"].sel(N=n, replicate=0).values[:12].reshape(12, -1) - pool.mean(0).ravel()
        )
        for name, theirs in theories.items():
            other = np.asarray(theirs)[:12].reshape(12, -1) - pool.mean(0).ravel()
            squares = ((ours - other) ** 2).sum(1)
            one = told.sel(theory=name, N=n)
            assert float(one["pfd"]) == pytest.approx(squares.mean() ** 0.5, rel=1e-3)
            share = 1 - squares.sum() / (ours**2).sum()
            assert float(one["r2"]) == pytest.approx(share, rel=1e-3, abs=1e-3)
            norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(other, axis=1)
            cosine = ((ours * other).sum(1) / norms).mean()
            assert float(one["cosine"]) == pytest.approx(cosine, rel=1e-3, abs=1e-4)
    # Too few points for a mixture; too many for patches from anywhere.
    tried = told["r2"].notnull()
    assert not tried.sel(theory="mixture", N=4) and tried.sel(theory="mixture", N=40)
    assert tried.sel(theory="equivariant", N=4) and not tried.sel(theory="equivariant", N=40)
    assert tried.sel(theory=["local", "pca locality"]).all()
    assert set(np.unique(told["side"])) <= {1, 3, 5, 7}
    results = open_results("told")
    keeps_to_the_standard(explained.caption(results))
    is_legible(explained.draw(results))
