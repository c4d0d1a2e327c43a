"""Representations: probes, the class signal-to-noise ratio, and what a hook leaves untouched."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsClassifier

from lowd.distributions.molrg import MoLRG
from lowd.kinds.representation.probe import ProbeStep, probe
from lowd.kinds.representation.probing_settings import Probing
from lowd.metrics.class_snr import class_snr
from lowd.metrics.probes import neighbour_probe, ridge_probe, ridge_weights, unimodality
from lowd.models.build import build, initialise
from lowd.models.dit import DiT
from lowd.models.features import tapped
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.settings import Params
from lowd.sources.settings import NoisyMoLRGTeacher
from lowd.steps.label_points import LabelPointsStep, label_points
from lowd.steps.pool import PoolStep, pool
from lowd.steps.teacher import TeacherStep, teacher
from lowd.steps.teachers.mixture import read_mixture
from lowd.steps.teachers.teacher import load_teacher
from lowd.steps.train import TrainStep, train
from lowd.store.arrays import read_store, write_store
from lowd.streams import stream
from lowd.theory.class_snr import snr_formula
from lowd.training.settings import TrainingSettings

NOISY = NoisyMoLRGTeacher(kind="noisy_molrg", dimension=12, rank=3, clusters=3, delta=0.3)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def blobs(points, seed=0, classes=3, features=5):
    labels = torch.arange(points) % classes
    return 1.5 * normal(classes, features, seed=99)[labels] + normal(
        points, features, seed=seed
    ), labels


def test_the_ridge_is_that_of_scikit_learn():
    (ours, labels), (theirs, truth) = blobs(90), blobs(60, seed=1)
    scaled = [(rows - ours.mean(0)) / ours.std(0) for rows in (ours, theirs)]
    with_bias = [torch.cat([rows, torch.ones(len(rows), 1)], dim=1) for rows in scaled]
    fit = Ridge(alpha=0.01 * 90, fit_intercept=False)
    fit.fit(with_bias[0].numpy(), np.eye(3)[labels.numpy()])
    expected = (fit.predict(with_bias[1].numpy()).argmax(1) == truth.numpy()).mean()
    assert ridge_probe(ours, labels, theirs, truth).value == pytest.approx(expected)


@settings(max_examples=20)
@given(points=st.integers(3, 20), features=st.integers(3, 20))
def test_primal_and_dual_are_one(points, features):
    rows, wanted = normal(points, features, seed=points), normal(points, 2, seed=features)
    direct = torch.linalg.solve(
        rows.mT @ rows + 0.3 * torch.eye(features, dtype=rows.dtype), rows.mT @ wanted
    )
    torch.testing.assert_close(ridge_weights(rows, wanted, 0.3), direct)


def test_neighbours_are_those_of_scikit_learn_by_cosine():
    (ours, labels), (theirs, truth) = blobs(90), blobs(61, seed=1)
    centred = [(rows - ours.mean(0)).numpy() for rows in (ours, theirs)]
    fit = KNeighborsClassifier(5, metric="cosine").fit(centred[0], labels.numpy())
    expected = fit.score(centred[1], truth.numpy())
    assert neighbour_probe(ours, labels, theirs, truth).value == pytest.approx(expected)


@pytest.mark.parametrize("tell", [ridge_probe, neighbour_probe])
def test_permuted_labels_are_told_by_chance(tell):
    (ours, labels), (theirs, truth) = blobs(600), blobs(900, seed=1)
    shuffled = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(3))]
    again = truth[torch.randperm(len(truth), generator=torch.Generator().manual_seed(4))]
    found = tell(ours, shuffled, theirs, again)
    assert abs(found.value - 1 / 3) < 3 * found.standard_error
    assert tell(ours, labels, theirs, truth).value > 0.8


def test_monotone_curves_have_no_peak_inside():
    rising = torch.linspace(0, 1, 7)
    curves = torch.stack(
        [rising, rising.flip(0), torch.tensor([0.1, 0.2, 0.5, 0.9, 0.4, 0.3, 0.3])]
    )
    u, place = unimodality(curves)
    torch.testing.assert_close(u, torch.tensor([0.0, 0.0, 0.6]))
    assert place.tolist() == [6, 0, 3]


@pytest.mark.parametrize("layer", ["middle", "last"])
@pytest.mark.parametrize(
    ("model", "shape", "sizes"),
    [
        (MLPSettings(architecture="mlp", width=6, depth=3), (5,), {"flat": 6, "mean": 6}),
        (UNetSettings(architecture="unet", width=4), (1, 4, 4), {"flat": 0, "mean": 0}),
    ],
)
def test_a_hook_changes_no_bit_and_sees_each_student_alone(model, shape, sizes, layer):
    network = build(model, 2, shape)
    initialise(network, [torch.Generator().manual_seed(s) for s in (1, 2)])
    x, level = normal(2, 3, *shape).float(), torch.tensor(0.1)
    before = network(x, level)
    for pooling, expected in sizes.items():
        with tapped(network, layer, pooling) as features:
            during = network(x, level)
            taken = features()
            network(torch.cat([x[:1], 2 * x[1:]]), level)
            other = features()
        assert torch.equal(during, before) and torch.equal(network(x, level), before)
        assert taken.shape[:2] == (2, 3)
        if expected:
            assert taken.shape[2] == expected
        else:
            channels, pixels = (8, 4) if layer == "middle" else (4, 16)
            assert taken.shape[2] == channels * (pixels if pooling == "flat" else 1)
        torch.testing.assert_close(other[0], taken[0])
        assert not torch.allclose(other[1], taken[1])


def test_features_of_other_architectures_are_refused():
    network = DiT(1, (1, 4, 4), width=4, depth=1, patch=2, heads=1)
    refused = pytest.raises(ValueError, match="DiT: features are taken of MLPs and U-Nets")
    with refused, tapped(network, "last"):
        pass


def mixture(tmp_path, settings=NOISY):
    teacher(TeacherStep(seed=0, teacher=settings), output=tmp_path / "teacher")
    return read_mixture(tmp_path / "teacher")


def test_the_noisy_teacher_has_variance_in_the_other_subspaces(tmp_path):
    drawn = mixture(tmp_path)
    own = drawn.bases[:, :, :3]
    clean = MoLRG.random(3, 12, 3, stream(0, "teacher"))
    torch.testing.assert_close(own, clean.bases)
    points = load_teacher(tmp_path / "teacher", torch.device("cpu")).sample(
        6000, torch.Generator().manual_seed(1), None
    )
    energy = (points.double() @ own).square().sum(2).sort(dim=0).values
    assert float(energy[2].mean()) == pytest.approx(3, rel=0.05)
    assert float(energy[:2].sum(0).mean()) == pytest.approx(2 * 3 * 0.09, rel=0.05)


def test_the_posterior_is_the_one_that_the_denoiser_weighs_with(tmp_path):
    drawn, x = mixture(tmp_path), normal(7, 12, seed=5)
    for sigma in (0.1, 0.7, 5.0):
        weights = drawn.posterior(x, sigma)
        shrunk = torch.stack(
            [
                (x @ basis * (values / (values + sigma**2))) @ basis.mT
                for basis, values in zip(drawn.bases, drawn.variances, strict=True)
            ]
        )
        torch.testing.assert_close(
            torch.einsum("mk,kmd->md", weights, shrunk), drawn.denoise(x, sigma)
        )


def test_the_ratio_is_the_datas_at_both_ends_and_does_not_turn(tmp_path):
    drawn = mixture(tmp_path)
    x, labels = _labelled(drawn, 4000)
    bases, raw = drawn.bases[:, :, :3], 1 / (2 * 0.09)
    for sigma in (1e-3, 1e3):
        found = class_snr(drawn.denoise(x, sigma), labels, bases)
        assert abs(found.value - raw) < 4 * found.standard_error
    turn = torch.linalg.qr(normal(12, 12, seed=8)).Q
    made = drawn.denoise(x, 0.6)
    plain, turned = class_snr(made, labels, bases), class_snr(made @ turn.mT, labels, turn @ bases)
    assert turned.value == pytest.approx(plain.value, rel=1e-9)
    assert plain.value > 3 * raw


def _labelled(drawn, count):
    return drawn.sample_labelled(count, torch.Generator().manual_seed(2))


@given(sigma=st.floats(0.01, 50.0), classes=st.integers(2, 6), delta=st.floats(0.05, 0.9))
def test_the_formula_is_exact_where_weights_are(sigma, classes, delta):
    raw = 1 / ((classes - 1) * delta**2)
    own, other = 1 / (1 + sigma**2), delta**2 / (delta**2 + sigma**2)
    assert snr_formula(sigma, classes, delta, 1.0) == pytest.approx(raw * (own / other) ** 2)
    assert snr_formula(sigma, classes, delta, 1 / classes) == pytest.approx(raw)


def test_the_formula_is_near_where_noise_is_low(tmp_path):
    drawn = mixture(tmp_path)
    x, labels = _labelled(drawn, 4000)
    for sigma in (0.05, 0.1, 0.2):
        weight = float(drawn.posterior(x, sigma)[torch.arange(4000), labels].mean())
        found = class_snr(drawn.denoise(x, sigma), labels, drawn.bases[:, :, :3])
        assert snr_formula(sigma, 3, 0.3, weight) == pytest.approx(found.value, rel=0.06)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny study with a teacher of classes, and the scores that a study would have."""
    import xarray as xr

    folder = tmp_path_factory.mktemp("representation")
    teacher(TeacherStep(seed=0, teacher=NOISY), output=folder / "teacher")
    drawn = PoolStep(seed=0, size=80, reference=16, replicates=2, shape=(12,))
    pool(drawn, teacher=folder / "teacher", output=folder / "pool")
    training = TrainingSettings(steps=50, batch=8, warm_up=5)
    step = TrainStep(
        seed=0, model=MLPSettings(architecture="mlp", width=7), samples=(4, 8, 20),
        replicates=2, training=training,
    )  # fmt: skip
    train(step, pool=folder / "pool", output=folder / "students")
    points = LabelPointsStep(seed=0, size=240, shape=(12,), held_out=0.5)
    label_points(points, teacher=folder / "teacher", output=folder / "labelled")
    grid = {"model": ["mlp"], "N": [4, 8, 20], "replicate": [0, 1]}
    made = np.arange(6.0).reshape(1, 3, 2)
    scores = {name: (tuple(grid), made) for name in ("e_gen", "e_gen_se", "gl", "gl_se")}
    scores["gl_teacher"] = (("N", "replicate"), made[0])
    dataset = xr.Dataset(scores, grid | {"parameters": ("model", [100])})
    write_store(folder / "scores", dataset)
    return folder


def probed(folder, name, **changed):
    step = {
        "seed": 0, "models": ("mlp",), "samples": (4, 20), "sigmas": (0.1, 0.6, 3.0),
        "layer": "last", "pooling": "flat", "probe": Probing(),
    }  # fmt: skip
    given = {"students": [folder / "students"]}
    given |= {role: folder / role for role in ("labelled", "scores", "teacher")}
    probe(ProbeStep(**(step | changed)), **given, output=folder / name)
    return read_store(folder / name, finite=False)


def test_the_steps_curves_are_those_of_each_student_alone(folder):
    found = probed(folder, "whole")
    assert found["accuracy"].dims == ("model", "N", "replicate", "input", "sigma")
    assert found["N"].values.tolist() == [4, 20]
    # Students of the same study, probed by themselves.
    alone = probed(folder, "alone", samples=(20,))
    for name in ("accuracy", "snr", "unimodality", "accuracy_untrained"):
        expected = found[name].sel(N=[20]) if "N" in found[name].dims else found[name]
        np.testing.assert_allclose(alone[name], expected, atol=0.02)
    assert found["e_gen"].sel(model="mlp", N=20).values.tolist() == [4.0, 5.0]
    exact = found["accuracy_exact"].sel(input="clean")
    assert float(exact.max() - exact.min()) < 0.005
    noisy = found["accuracy_exact"].sel(input="noisy").values
    assert noisy[0] > noisy[1] > noisy[2]
    curve = found["accuracy"].sel(input="clean")
    u = np.minimum(
        curve.max("sigma") - curve.isel(sigma=0), curve.max("sigma") - curve.isel(sigma=-1)
    )
    np.testing.assert_allclose(found["unimodality"], u, atol=1e-6)


@pytest.mark.parametrize("kind", ["ridge", "neighbours"])
def test_few_labels_are_the_same_draws_for_all(folder, kind):
    asked = Probing(kind=kind, labels=6, draws=3)
    one, again = (probed(folder, f"{kind}-{at}", probe=asked) for at in range(2))
    assert one.identical(again)
    assert one.attrs["labels"] == 6 and one.attrs["draws"] == 3
    assert float(one["accuracy_raw"].sel(input="clean").std()) == 0


def params(finding, **teacher):
    given = {"kind": "noisy_molrg", "dimension": 12, "rank": 3, "clusters": 3, "delta": 0.3}
    study = {
        "teacher": given | teacher,
        "pool": {"size": 64},
        "samples": [4, 8],
        "training": {"steps": 100, "warm_up": 5},
        "models": {
            "mlp": {"architecture": "mlp", "width": 4},
            "deep": {"architecture": "mlp", "width": 4, "depth": 3},
        },
    }
    base = {"kind": "representation", "study": "s"}
    return Params.model_validate({"studies": {"s": study}, "findings": {"r": base | finding}})


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        ({"models": ["other"]}, r"models: s has no model 'other' \(there are: mlp, deep\)"),
        ({"samples": [4, 16]}, r"samples: s has no students of N = 16 \(there are: 4, 8\)"),
        ({"sigmas": [1.0, 0.5, 2.0]}, r"sigmas: .* must ascend"),
        ({"sigmas": [1.0, 2.0]}, r"sigmas: \[1.0, 2.0\] has fewer values than 3"),
    ],
)
def test_what_the_study_lacks_is_refused(finding, message):
    assert params({}).findings["r"].kind == "representation"
    with pytest.raises(ValueError, match=message):
        params(finding)


def test_delta_is_below_one():
    with pytest.raises(ValueError, match=r"delta"):
        params({}, delta=1.0)
