"""Guidance: closed forms against ODEs, exact parts, and networks that are told classes."""

import numpy as np
import pytest
import torch
import xarray as xr
from captions import figure_keeps_to_the_standard
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.integrate import solve_ivp
from sklearn.datasets import load_digits

from lowd.diffusion.guidance import guided
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers import probability_flow
from lowd.distributions.class_gaussians import PARTS, ClassGaussians
from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG
from lowd.kinds.guidance.expect_guidance import ExpectGuidanceStep, expect_guidance
from lowd.kinds.guidance.guide import GuideStep, guide
from lowd.kinds.guidance.judge import spread
from lowd.kinds.guidance.references import REFERENCES, flow
from lowd.kinds.guidance.settings import Guidance
from lowd.kinds.guidance.train_conditional import TrainConditionalStep, train_conditional
from lowd.models.build import build, initialise, parameter_count
from lowd.models.conditional_settings import with_classes
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.settings import Params
from lowd.sources.image_settings import DigitsSource, FolderSource
from lowd.sources.labelled import load_labelled
from lowd.sources.settings import MoLRGTeacher
from lowd.steps.label_points import LabelPointsStep, label_points
from lowd.steps.noise import NoiseStep, noise
from lowd.steps.teacher import TeacherStep, teacher
from lowd.store.arrays import read_store
from lowd.theory.guidance import (
    end_deviation,
    gain,
    guided_entropy_change,
    log_determinant,
    mean_shift,
    shift_integral,
    tilted_deviation,
)
from lowd.training.class_denoiser import ClassDenoiser
from lowd.training.conditional import ConditionalTrainer
from lowd.training.draws import Cell
from lowd.training.settings import TrainingSettings

T = 80.0


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def covariance(dimension, seed):
    factor = normal(dimension, dimension, seed=seed)
    return factor @ factor.mT / dimension + 0.05 * torch.eye(dimension, dtype=torch.float64)


def gaussian_classes(classes=3, dimension=4, seed=0):
    covariances = torch.stack([covariance(dimension, seed + k) for k in range(classes)])
    return ClassGaussians(2 * normal(classes, dimension, seed=seed + 50), covariances)


def ode(conditional, every, weight, start):
    """Where guided Gaussians carry `start` from T to 1e-5, by an adaptive solver in ln σ."""
    (mean, own), (other_mean, other) = conditional, every

    def rate(log, x):
        variance = np.exp(2 * log) * np.eye(len(mean))
        denoised = mean + own @ np.linalg.solve(own + variance, x - mean)
        without = other_mean + other @ np.linalg.solve(other + variance, x - other_mean)
        return x - denoised - weight * (denoised - without)

    span = (np.log(T), np.log(1e-5))
    return solve_ivp(rate, span, start, rtol=1e-10, atol=1e-12, method="DOP853").y[:, -1]


@pytest.mark.parametrize("weight", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("variances", [(1.0, 0.3), (0.3, 1.0), (0.7, 0.7), (0.05, 0.7)])
def test_gain_and_mean_of_one_direction_are_those_of_the_ode(variances, weight):
    own, other = variances
    conditional = np.array([1.0]), np.array([[own]])
    every = np.array([-0.5]), np.array([[other]])
    centre = ode(conditional, every, weight, np.array([1.0]))[0]
    apart = ode(conditional, every, weight, np.array([1.0 + T]))[0]
    narrowed = gain(own, other, weight, T)
    assert (apart - centre) / T == pytest.approx(narrowed, rel=1e-6)
    # From the class's own mean the gain has nothing to carry.
    assert centre == pytest.approx(1 + 1.5 * mean_shift(own, other, weight, T), rel=1e-5)
    assert narrowed * T == pytest.approx(end_deviation(own, other, weight), rel=1e-3)


@settings(max_examples=40)
@given(own=st.floats(0.02, 5.0), other=st.floats(0.02, 5.0), weight=st.floats(0.1, 8.0))
def test_the_mean_in_incomplete_betas_is_the_integral(own, other, weight):
    by_integral = (
        weight
        * own ** ((1 + weight) / 2)
        * other ** (-weight / 2)
        * shift_integral(own, other, weight, T)
    )
    assert mean_shift(own, other, weight, T) == pytest.approx(by_integral, rel=1e-6)


def test_the_mean_is_continuous_where_variances_are_equal():
    equal = mean_shift(0.7, 0.7, 2.0, T)
    assert equal == 2.0 * (1 - gain(0.7, 0.7, 2.0, T))
    for nearly in (0.7 * (1 - 1e-5), 0.7 * (1 + 1e-5)):
        assert mean_shift(nearly, 0.7, 2.0, T) == pytest.approx(equal, rel=1e-4)


@pytest.mark.parametrize("weight", [0.0, 1.0, 3.0])
def test_the_determinant_needs_no_common_eigenvectors(weight):
    own, other = covariance(5, 1).numpy(), covariance(5, 2).numpy()
    assert np.abs(own @ other - other @ own).max() > 0.05
    conditional, every = (np.zeros(5), own), (np.ones(5), other)
    origin = ode(conditional, every, weight, np.zeros(5))
    columns = [ode(conditional, every, weight, T * axis) - origin for axis in np.eye(5)]
    measured = np.linalg.slogdet(np.stack(columns) / T)[1]
    values = np.linalg.eigvalsh(own), np.linalg.eigvalsh(other)
    assert measured == pytest.approx(log_determinant(*values, weight, T), abs=1e-5)
    # Against the entropy of unit noises at scale T, carried to 0.
    change = measured + 5 * np.log(T) - np.log(values[0]).sum() / 2
    assert change == pytest.approx(guided_entropy_change(*values, weight), abs=5e-3)


def test_the_tilted_density_is_another_one():
    assert end_deviation(0.3, 1.0, 1.0) == pytest.approx(0.3)
    assert tilted_deviation(0.3, 1.0, 1.0) == pytest.approx((2 / 0.3 - 1) ** -0.5)
    assert tilted_deviation(2.0, 1.0, 3.0) == np.inf


def test_no_weight_is_no_guidance_and_asks_once():
    target, noises = Gaussian(normal(3), covariance(3, 4)), T * normal(6, 3, seed=9)

    def refuse(x, sigma):
        raise AssertionError

    ends = probability_flow(
        guided(target.denoise, refuse, 0.0), noises, karras_sigmas(256, 2e-3, T)
    )
    torch.testing.assert_close(ends, target.flow(noises, T), rtol=1e-3, atol=1e-3)
    inside = guided(target.denoise, refuse, 4.0, (1.0, 2.0))
    torch.testing.assert_close(inside(noises, 0.5), target.denoise(noises, 0.5))
    with pytest.raises(AssertionError):
        inside(noises, 2.0)


@settings(max_examples=20)
@given(seed=st.integers(0, 30), sigma=st.floats(0.02, 20.0))
def test_parts_add_up_to_the_difference_of_the_denoisers(seed, sigma):
    classes = gaussian_classes(seed=seed)
    labels, x = torch.arange(9) % 3, 3 * normal(9, 4, seed=seed + 99)
    pooled = Gaussian(classes.mean, classes.covariance)
    expected = torch.stack(
        [
            Gaussian(classes.means[k], classes.covariances[k]).denoise(row[None], sigma)[0]
            for k, row in zip(labels, x, strict=True)
        ]
    )
    torch.testing.assert_close(classes.conditional(labels)(x, sigma), expected)
    difference = expected - pooled.denoise(x, sigma)
    torch.testing.assert_close(classes.guidance(x, sigma, labels), difference, rtol=1e-6, atol=1e-9)
    parts = [classes.guidance(x, sigma, labels, (part,)) for part in PARTS]
    torch.testing.assert_close(sum(parts), difference, rtol=1e-6, atol=1e-9)
    offset = x - classes.means[labels]
    assert ((offset * parts[1]).sum(1) >= -1e-9).all()
    assert ((offset * parts[2]).sum(1) <= 1e-9).all()


def test_the_pooled_gaussian_has_the_mixtures_moments():
    classes = gaussian_classes(seed=3)
    drawn, labels = classes.mixture.sample_labelled(40_000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn.mean(0), classes.mean, rtol=0, atol=0.05)
    torch.testing.assert_close(torch.cov(drawn.mT), classes.covariance, rtol=0, atol=0.15)
    again = ClassGaussians.fitted(drawn, labels)
    torch.testing.assert_close(again.covariances, classes.covariances, rtol=0, atol=0.12)
    own = drawn[labels == 1]
    torch.testing.assert_close(again.means[1], own.mean(0))


def test_a_mixture_of_one_class_gives_no_guidance():
    classes = gaussian_classes(classes=1)
    labels, x = torch.zeros(5, dtype=torch.int64), normal(5, 4, seed=2)
    conditional = classes.conditional(labels)(x, 0.7)
    torch.testing.assert_close(classes.mixture.denoise(x, 0.7), conditional)
    torch.testing.assert_close(classes.guidance(x, 0.7, labels), torch.zeros_like(x))


def test_the_mean_shift_alone_is_a_translation_of_each_class():
    classes, noises = gaussian_classes(), normal(12, 4, seed=7)
    labels = torch.arange(12) % 3
    sampler = SamplerSettings(steps=16, sigma_min=0.02, sigma_max=20.0)
    own = classes.conditional(labels)
    plain = flow(own, own, noises, sampler, 0.0)
    moved = flow(own, classes.without_class(labels, ("shift",)), noises, sampler, 4.0) - plain
    for k in range(3):
        mine = moved[labels == k]
        torch.testing.assert_close(mine, mine[:1].expand_as(mine), rtol=1e-6, atol=1e-6)
        assert mine.abs().max() > 0.1


def test_draws_with_components_are_the_mixtures_own():
    mixture = MoLRG.random(3, 9, 3, torch.Generator().manual_seed(1))
    points, labels = mixture.sample_labelled(50, torch.Generator().manual_seed(5))
    assert torch.equal(points, mixture.sample(50, torch.Generator().manual_seed(5)))
    energy = (points[None] @ mixture.bases).square().sum(2)
    assert torch.equal(energy.argmax(0), labels)


@pytest.mark.parametrize(
    ("model", "shape", "first"),
    [
        (MLPSettings(architecture="mlp", width=6), (5,), 6),
        (UNetSettings(architecture="unet", width=4), (1, 4, 4), 8),
    ],
)
def test_class_vectors_are_rows_of_the_first_layer(model, shape, first):
    told = with_classes(model, 3)
    trained(told, shape, steps=1)  # admits the architecture
    assert parameter_count(told, shape) == parameter_count(model, shape) + 4 * first
    stack = build(told, 2, shape)
    initialise(stack, [torch.Generator().manual_seed(s) for s in (1, 2)])
    for parameter in stack.parameters():
        torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(3))
    denoiser, x = ClassDenoiser(stack, 3, 0.5), normal(2, 4, *shape).float()
    labels = torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])
    with torch.no_grad():
        every = denoiser.given(labels)(x, 0.7)
        for at in range(4):
            alone = denoiser.given(labels[:, at : at + 1])(x[:, at : at + 1], 0.7)
            torch.testing.assert_close(alone, every[:, at : at + 1], rtol=1e-4, atol=1e-5)
        other = denoiser.given((labels + 1) % 4)(x, 0.7)
    assert (other - every).abs().flatten(2).amax(2).min() > 1e-3


def trained(told, shape, steps, stop=None, replicates=(0, 1), dropped=0.3):
    """A trainer that has run, and its labels; `stop` resumes it there from its state."""
    points = normal(20, *shape, seed=4).float()
    labels = torch.arange(20) % 3
    cells = [Cell(f"c/{r}", 0, samples=20, first=0) for r in replicates]
    training = TrainingSettings(steps=steps, batch=8, warm_up=0)

    def fresh():
        return ConditionalTrainer(told, training, cells, points, labels, dropped)

    trainer = fresh()
    if stop is None:
        trainer.run()
        return trainer

    class Stopped(Exception):
        pass

    def leave(trainer):
        if trainer.step == stop:
            raise Stopped

    with pytest.raises(Stopped):
        trainer.run(leave)
    resumed = fresh()
    resumed.restore({name: value.clone() for name, value in trainer.state().items()})
    resumed.run()
    return resumed


def test_conditional_training_resumes_to_the_same_bits_and_ignores_stackmates():
    told = with_classes(MLPSettings(architecture="mlp", width=6), 3)
    whole, resumed = trained(told, (5,), 100), trained(told, (5,), 100, stop=50)
    alone = trained(told, (5,), 100, replicates=(1,))
    for name, average in whole.average.items():
        assert torch.equal(resumed.average[name], average)
        torch.testing.assert_close(alone.average[name][0], average[1], rtol=1e-4, atol=1e-6)


def test_a_share_of_examples_is_not_told_its_class():
    told = with_classes(MLPSettings(architecture="mlp", width=6), 3)
    drawn = [trained(told, (5,), 1, dropped=share)._draw_untold(0) for share in (0.15, 0.3)]
    assert float(drawn[1].float().mean()) == pytest.approx(0.3, abs=0.05)
    assert drawn[1][drawn[0]].all()  # the same draws, another bar
    assert not torch.equal(drawn[1][0], drawn[1][1])


def test_digits_come_with_their_classes():
    loaded = load_labelled(DigitsSource(source="digits"))
    assert np.array_equal(loaded.labels, load_digits().target)
    assert loaded.images.shape == (1797, 1, 8, 8)
    assert loaded.names[7] == "7"


def test_subfolders_are_classes_and_dropped_repeats_take_their_labels(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        for at in range(3):
            pixels = generator.integers(256, size=(4, 4), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{at}.png")
    (tmp_path / "b" / "3.png").write_bytes((tmp_path / "a" / "1.png").read_bytes())
    source = FolderSource(source="folder", path=tmp_path, shape=(1, 4, 4))
    loaded = load_labelled(source)
    assert loaded.names == ("a", "b") and loaded.labels.tolist() == [0, 0, 0, 1, 1, 1, 1]
    dropped = load_labelled(source.model_copy(update={"duplicates": "drop"}))
    assert dropped.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert np.array_equal(dropped.images, loaded.images[:6])
    (tmp_path / "loose.png").write_bytes((tmp_path / "a" / "1.png").read_bytes())
    with pytest.raises(ValueError, match=r"loose.png: in no subfolder"):
        load_labelled(source)


def test_spread_is_the_trace_of_the_covariance():
    samples = normal(40, 3, seed=8)
    assert spread(samples).value == pytest.approx(float(torch.cov(samples.mT).trace()))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A tiny study on a mixture, from its teacher to results."""
    folder = tmp_path_factory.mktemp("guidance")
    mixture = MoLRGTeacher(kind="molrg", dimension=6, rank=2, clusters=2)
    teacher(TeacherStep(seed=0, teacher=mixture), output=folder / "teacher")
    label_points(
        LabelPointsStep(seed=0, size=200, shape=(6,), held_out=0.25),
        teacher=folder / "teacher",
        output=folder / "labelled.zarr",
    )
    noise(NoiseStep(seed=0, size=40, shape=(6,)), output=folder / "noise.zarr")
    train_conditional(
        TrainConditionalStep(
            seed=0,
            model=MLPSettings(architecture="mlp", width=8),
            replicates=2,
            dropped=0.2,
            training=TrainingSettings(steps=50, batch=16, warm_up=5),
        ),
        labelled=folder / "labelled.zarr",
        output=folder / "students.safetensors",
    )
    return folder, _guided(folder)


def _guided(folder, **changed):
    with pytest.MonkeyPatch.context() as patch:
        module = "lowd.kinds.guidance.expect_guidance."
        for name, value in (("PAIRS", 1), ("STEPS", 8), ("SAMPLES", 40), ("WEIGHTS", (0.0, 3.0))):
            patch.setattr(module + name, value)
        expect_guidance(ExpectGuidanceStep(seed=0), output=folder / "theory.zarr")
    asked = {
        "seed": 0,
        "sampler": SamplerSettings(steps=8, sigma_min=0.05, sigma_max=8.0),
        "weights": (0.0, 1.0, 4.0),
        "intervals": {"low": (0.05, 0.3), "every": (0.0, 8.0)},
        "at": 4.0,
        "sigmas": (0.2, 2.0),
        "is_of_images": False,
    }
    guide(
        GuideStep(**(asked | changed)),
        labelled=folder / "labelled.zarr",
        students=folder / "students.safetensors",
        noise=folder / "noise.zarr",
        theory=folder / "theory.zarr",
        output=folder / "results.zarr",
    )
    return read_store(folder / "results.zarr", finite=False)


def test_results_hold_every_reference_and_say_the_same_twice(results):
    _, found = results
    assert found["reference"].values.tolist() == list(REFERENCES)
    assert found["diversity"].dims == ("reference", "weight", "class")
    assert found["student_accuracy"].dims == ("replicate", "weight", "class")
    plain = found["diversity"].sel(weight=0)
    np.testing.assert_allclose(plain, plain.isel(reference=0).broadcast_like(plain), rtol=1e-6)
    # A translation changes no spread, and the mixture's classes have no means to shift.
    shift = found["diversity"].sel(reference="shift")
    np.testing.assert_allclose(shift, shift.isel(weight=0).broadcast_like(shift), rtol=1e-9)
    every = found["interval_diversity"].sel(interval="every")
    np.testing.assert_allclose(every, found["diversity"].sel(weight=4), rtol=1e-9)
    parts = found["part_norm"].sel(part="shift")
    np.testing.assert_allclose(parts, 0, atol=1e-12)
    assert (found["frechet_se"] >= 0).all() and (abs(found["cosine"]) <= 1).all()


@pytest.mark.parametrize("name", ["guidance", "mechanism"])
def test_figures_are_drawn_of_results(results, name):
    figure_keeps_to_the_standard(name, results[1])


@pytest.mark.parametrize("name", ["modes", "guided_entropy"])
def test_figures_are_drawn_of_what_theory_expects(name, tmp_path, monkeypatch):
    module = "lowd.kinds.guidance.expect_guidance."
    for size, value in (("PAIRS", 2), ("STEPS", 6), ("SAMPLES", 30)):
        monkeypatch.setattr(module + size, value)
    expect_guidance(ExpectGuidanceStep(seed=0), output=tmp_path / "theory.zarr")
    figure_keeps_to_the_standard(name, read_store(tmp_path / "theory.zarr", finite=False))


def test_a_sheet_of_samples_is_drawn():
    axes = {
        "shown": ["student", "gaussian", "mixture"], "weight": [0.0, 4.0], "class": [0, 1],
        "replicate": [0, 1], "reference": ["gaussian"],
    }  # fmt: skip
    images = np.random.default_rng(0).uniform(-1, 1, (3, 2, 2, 1, 4, 4))
    data = {
        "samples": (("shown", "weight", "class", "channel", "height", "width"), images),
        "student_out_of_range": (("replicate", "weight"), np.full((2, 2), 0.1)),
        "out_of_range": (("reference", "weight"), [[0.0, 0.2]]),
    }
    figure_keeps_to_the_standard("guided_samples", xr.Dataset(data, axes))


def test_guidance_without_intervals_leaves_them_out(results):
    folder, _ = results
    found = _guided(folder, intervals={})
    assert not [name for name in found if str(name).startswith("interval_")]


def test_a_class_without_points_is_refused(tmp_path):
    mixture = MoLRGTeacher(kind="molrg", dimension=6, rank=2, clusters=2)
    teacher(TeacherStep(seed=0, teacher=mixture), output=tmp_path / "teacher")
    with pytest.raises(ValueError, match=r"held_out: class . has . held-out points"):
        label_points(
            LabelPointsStep(seed=0, size=20, shape=(6,), held_out=0.1),
            teacher=tmp_path / "teacher",
            output=tmp_path / "labelled.zarr",
        )
    assert not (tmp_path / "labelled.zarr").exists()


def follow_up(**changed):
    base = {
        "kind": "guidance",
        "study": "s",
        "model": {"architecture": "mlp", "width": 8},
        "training": {"steps": 100, "warm_up": 5},
        "weights": [0, 1],
    }
    return base | changed


def params(finding, clusters=2):
    study = {
        "teacher": {"kind": "molrg", "dimension": 8, "rank": 2, "clusters": clusters},
        "pool": {"size": 64},
        "samples": [4],
        "training": {"steps": 100, "warm_up": 5},
        "models": {"mlp": {"architecture": "mlp", "width": 4}},
    }
    return Params.model_validate({"studies": {"s": study}, "findings": {"g": finding}})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weights": [1, 2]}, r"weights\[0\]: 1.0 is not 0"),
        ({"weights": [0, 2, 1]}, r"weights: .* must ascend"),
        ({"intervals": {"all": [2, 1]}}, r"intervals.all: \[2.0, 1.0\] must ascend"),
        ({"model": {"architecture": "unet", "width": 8}}, r"model.multipliers: 2 levels need"),
    ],
)
def test_settings_that_cannot_be_are_refused(changed, message):
    assert isinstance(params(follow_up()).findings["g"], Guidance)
    with pytest.raises(ValueError, match=message):
        params(follow_up(**changed))


def test_one_cluster_is_no_class():
    with pytest.raises(ValueError, match=r"findings.g.study: the teacher of s has one cluster"):
        params(follow_up(), clusters=1)
