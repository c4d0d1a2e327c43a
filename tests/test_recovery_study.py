"""Gaussian teachers, and a study of what their students recover."""

import numpy as np
import pytest
import torch
import yaml
from captions import figure_keeps_to_the_standard
from jobs import make
from pydantic import TypeAdapter
from scipy.fft import dctn

from lowd.graph.data import pool_sampler
from lowd.settings import load_params
from lowd.sources.settings import TeacherSettings
from lowd.steps.teacher import TeacherStep, teacher
from lowd.steps.teachers.gaussian import read_axes
from lowd.steps.teachers.teacher import load_teacher
from lowd.store.arrays import read_store
from lowd.store.results import open_results

PARAMS = {
    "studies": {
        "spiked": {
            "teacher": {"kind": "gaussian", "shape": [1, 2, 4], "spikes": [3.0, 2.0]},
            "pool": {"size": 192, "reference": 32},
            "noise": {"size": 24},
            "sampler": {"steps": 6, "sigma_min": 0.02, "sigma_max": 20},
            "samples": [2, 8, 64],
            "replicates": 3,
            "training": {"steps": 60, "batch": 8, "warm_up": 5},
            "models": {"mlp": {"architecture": "mlp", "width": 8, "depth": 1}},
        }
    },
    "findings": {"recovered": {"kind": "recovery", "study": "spiked"}},
}


def made(folder, seed=0, **given):
    """The folder of a teacher."""
    settings = TypeAdapter(TeacherSettings).validate_python({"kind": "gaussian", **given})
    teacher(TeacherStep(seed=seed, teacher=settings), output=folder)
    return folder


def test_samples_of_the_teacher_have_its_spectrum_along_its_axes(tmp_path):
    folder = made(tmp_path / "teacher", shape=(1, 2, 3), spikes=(4.0, 1.0), decay=0.5)
    axes, variances = read_axes(folder)
    known = load_teacher(folder, torch.device("cpu"))
    samples = known.sample(200_000, torch.Generator().manual_seed(0), None)
    assert samples.shape == (200_000, 1, 2, 3) and samples.dtype == torch.float32
    along = samples.flatten(1).double() @ axes
    moments = along.mT @ along / len(along)
    # Five standard errors of the largest entry, whose fourth moment is thrice its square.
    assert (moments - variances.diag()).abs().max() < 5 * variances[0] * (2 / len(along)) ** 0.5
    x, sigma = samples[:5] + 0.7, 0.7
    shrunk = (x.flatten(1).double() @ axes * variances / (variances + sigma**2)) @ axes.mT
    torch.testing.assert_close(known.denoise(x, sigma).flatten(1), shrunk.float())


def test_random_axes_go_by_the_seed_and_cosines_do_not(tmp_path):
    def axes(kind, seed):
        return read_axes(made(tmp_path / f"{kind}-{seed}", seed, shape=(2, 3), axes=kind))[0]

    assert not torch.allclose(axes("random", 0), axes("random", 1))
    assert torch.equal(axes("cosines", 0), axes("cosines", 1))


def test_cosines_are_the_transform_of_one_coefficient_each_and_the_flat_one_leads(tmp_path):
    axes, _ = read_axes(made(tmp_path / "teacher", shape=(1, 4, 3), axes="cosines"))
    torch.testing.assert_close(axes.mT @ axes, torch.eye(12).double())
    placed = [dctn(column.reshape(1, 4, 3), norm="ortho") for column in axes.mT.numpy()]
    squared = []
    for one in placed:
        ((_, row, column),) = np.argwhere(abs(one) > 1e-9)
        squared.append((row / 4) ** 2 + (column / 3) ** 2)
    assert squared[0] == 0 and squared == sorted(squared)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"spikes": [1.0] * 8}, "spikes: 8 leave none of 8 axes without"),
        ({"spikes": [1.0, 2.0]}, r"spikes: \[1.0, 2.0\] must not ascend"),
        ({"spikes": [0.0]}, "spikes.0"),
        ({"decay": -1}, "decay"),
    ],
)
def test_a_spectrum_that_is_none_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        TypeAdapter(TeacherSettings).validate_python({"kind": "gaussian", "shape": [8], **given})


@pytest.mark.parametrize(
    ("study", "own", "message"),
    [
        ({"teacher": {"kind": "molrg", "dimension": 8, "rank": 2}}, {}, "of kind molrg"),
        ({"teacher": {"kind": "gaussian", "shape": [8]}}, {}, "directions: 0 of the 8 axes"),
        ({}, {"directions": 8}, "directions: 8 of the 8 axes"),
        ({}, {"directions": 3}, "axes 3 and 4 of spiked have one variance"),
        (
            {"models": {"linear": {"architecture": "mlp", "width": 8}}},
            {},
            "models.linear of spiked has the name of the student in closed form",
        ),
        ({"noise": {"size": 15}}, {}, "15 noises of spiked tell no linear map of 8"),
    ],
)
def test_what_cannot_be_recovered_is_refused(study, own, message, tmp_path):
    params = {
        "studies": {"spiked": PARAMS["studies"]["spiked"] | study},
        "findings": {"recovered": PARAMS["findings"]["recovered"] | own},
    }
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    with pytest.raises(ValueError, match=message):
        load_params(tmp_path / "params.yaml")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Where a small study has run to its results."""
    folder = tmp_path_factory.mktemp("recovery")
    make(folder, PARAMS, "recovered.zarr")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def test_an_exact_teacher_needs_no_sampler(study):
    assert pool_sampler(load_params(study / "params.yaml").studies["spiked"]) is None


def test_overlaps_are_those_of_the_stored_samples(study):
    found = open_results("recovered", study)
    assert found["model"].values.tolist() == ["linear", "mlp"]
    data = study / "data/spiked"
    noise = read_store(data / "noise.zarr")["noise"].values.reshape(24, 8)
    pool = read_store(data / "pool.zarr")["samples"].values.reshape(192, 8)
    generated = read_store(data / "generated/mlp.zarr")["samples"]
    axes, variances = read_axes(data / "teacher")
    made_of = {
        (n, r): generated.sel(N=n, replicate=r).values.reshape(24, 8)
        for n in (2, 64)
        for r in range(3)
    }
    one = found.sel(model="mlp")

    def cosines(left, right):
        norms = np.linalg.norm(left, axis=1)[:, None] * np.linalg.norm(right, axis=1)
        return left @ right.T / norms

    for (n, r), ours in made_of.items():
        for name, other in (("memorisation", r), ("memorisation_other", (r + 1) % 3)):
            points = pool[64 * other : 64 * other + n]
            expected = abs(cosines(ours, points)).max(1).mean()
            assert float(one[name].sel(N=n, replicate=r)) == pytest.approx(expected, abs=1e-6)
        linear = np.linalg.lstsq(noise, ours, rcond=None)[0]
        rest = ours - noise @ linear
        _, vectors = np.linalg.eigh(linear.T @ linear + rest.T @ rest / 16)
        shares = ((vectors[:, -2:].T @ axes.numpy()[:, :2]) ** 2).sum(0)
        cell = one.sel(N=n, replicate=r)
        np.testing.assert_allclose(cell["direction_recovery"], shares, atol=1e-5)
        assert float(cell["recovery"]) == pytest.approx(shares.mean(), abs=1e-5)
    shared = (made_of[64, 0] * made_of[64, 2]).sum()
    overlap = shared / np.linalg.norm(made_of[64, 0]) / np.linalg.norm(made_of[64, 2])
    assert float(one["convergence"].sel(N=64, disjoint_pair="0|2")) == pytest.approx(overlap)
    np.testing.assert_allclose(found["variance"], variances[:2])


def test_the_linear_student_is_the_closed_form(study):
    """Its axes are those of its points, which the solver of all models does not turn."""
    found = open_results("recovered", study).sel(model="linear")
    pool = read_store(study / "data/spiked/pool.zarr")["samples"].values.reshape(192, 8)
    axes, _ = read_axes(study / "data/spiked/teacher")
    for n, r in ((8, 1), (64, 2)):
        points = pool[64 * r : 64 * r + n].astype(float)
        _, vectors = np.linalg.eigh(points.T @ points)
        shares = ((vectors[:, -2:].T @ axes.numpy()[:, :2]) ** 2).sum(0)
        cell = found.sel(N=n, replicate=r)
        np.testing.assert_allclose(cell["direction_recovery"], shares, atol=1e-4)
        assert cell["direction_recovery_se"].max() < 1e-3


def test_pure_memorisation_copies_and_its_figure_keeps_to_the_standard(study):
    found = open_results("recovered", study)
    assert float(found["memorisation_emp"].min()) > 0.99
    figure_keeps_to_the_standard("overlaps", found)


def test_a_figure_of_which_nothing_is_known_is_drawn_too(study):
    found = open_results("recovered", study)
    for name in ("memorisation", "convergence", "recovery", "direction_recovery"):
        found[name][{"model": 1}] = np.nan
        for end in ("", "_low", "_high"):
            found[f"log2_n_{name}{end}"][{"model": 1}] = np.nan
        found[f"censored_{name}"][{"model": 1}] = 2
    figure_keeps_to_the_standard("overlaps", found)
