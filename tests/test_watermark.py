"""Keys, rings, attacks, detectors and strengths, against closed forms and by simulation."""

import io
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image
from scipy import stats

from lowd.diffusion.inversion import invert, levels_between
from lowd.diffusion.passage import Passage
from lowd.distributions.gaussian import Gaussian
from lowd.metrics.detection import area_under_roc, roc_curve, share_found, threshold_at
from lowd.metrics.image_quality import K1, RANGE, psnr, ssim
from lowd.streams import stream
from lowd.watermark.attacks import Attack, attacked
from lowd.watermark.detection import (
    against_decoys,
    cosine,
    p_value,
    published_p_value,
    shared_evidence,
)
from lowd.watermark.evidence import Spread, residual
from lowd.watermark.exact import area_of, deflection, end_of_flow
from lowd.watermark.files import as_saved, from_bytes, to_bytes
from lowd.watermark.keys import draw_key, within
from lowd.watermark.ranges import RANGES
from lowd.watermark.rings import Rings, fourier_basis, ring_places
from lowd.watermark.strength import TOLERANCE, at_quality

DOUBLE = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=6, shape=(1, 16, 16), seed=0):
    return as_saved(torch.rand(count, *shape, generator=generator(seed)) * 1.6 - 0.8)


def gaussian(dimension=24, seed=0):
    """Variances from 2 to 1e-3, and its axes."""
    variances = torch.logspace(-3, math.log10(2), dimension, dtype=DOUBLE)
    normal = torch.randn(dimension, dimension, generator=generator(seed), dtype=DOUBLE)
    axes = torch.linalg.qr(normal).Q
    return (
        Gaussian(torch.zeros(dimension, dtype=DOUBLE), (axes * variances) @ axes.T),
        axes,
        (variances),
    )


def detected(deflection, rate):
    """The share of normal scores so far up that exceeds what `rate` of those about 0 exceed."""
    return stats.norm.sf(stats.norm.isf(rate) - deflection)


# What a detector can do at best (W1 and W2)


def test_deflection_is_the_same_in_state_and_image():
    variances = torch.logspace(-3, 1, 40, dtype=DOUBLE)
    change = torch.randn(7, 40, generator=generator(), dtype=DOUBLE)
    for sigma in (0.1, 1.0, 5.0):
        for noise in (0.0, 0.05, 0.4):
            in_image = deflection(end_of_flow(change, variances, sigma), variances, noise)
            # The attack's noise, carried up, is 1/g times as wide.
            gain = variances / (variances + sigma**2)
            in_state = (change.square() / (variances + sigma**2 + noise**2 / gain)).sum(-1).sqrt()
            torch.testing.assert_close(in_image, in_state, rtol=1e-12, atol=0)


def test_simulated_areas_and_shares_are_the_closed_forms():
    """A Gaussian marked at σ, carried down, attacked, carried up, and the best linear detector."""
    data, _, variances = gaussian()
    sigma, noise, count = 0.7, 0.1, 20_000
    axes = data._axes  # those of the decomposition, in which variances ascend
    change = 0.12 * torch.randn(len(variances), generator=generator(1), dtype=DOUBLE)
    gain = variances / (variances + sigma**2)
    weights = axes @ (change / (variances + sigma**2 + noise**2 / gain))

    def scores(mark, seed):
        drawn = generator(seed)
        states = data.sample(count, drawn) + sigma * torch.randn(
            count, len(variances), generator=drawn, dtype=DOUBLE
        )
        image = data.flow(states + mark, sigma)
        spoiled = image + noise * torch.randn(image.shape, generator=drawn, dtype=DOUBLE)
        back = (spoiled @ axes / gain.sqrt()) @ axes.T
        return back @ weights

    clean, marked = scores(0.0, 2), scores(axes @ change, 3)
    exact = deflection(end_of_flow(change, variances, sigma), variances, noise)
    assert 0.6 < float(area_of(exact)) < 0.99
    u = stats.mannwhitneyu(marked.numpy(), clean.numpy()).statistic / count**2
    assert u == pytest.approx(float(area_of(exact)), abs=0.008)
    found = float((marked > threshold_at(clean, 0.01)).double().mean())
    assert found == pytest.approx(detected(float(exact), 0.01), abs=0.02)


def test_inversion_stretches_what_no_data_have_by_the_ratio_of_levels():
    variances = torch.tensor([1.0, 0.0], dtype=DOUBLE)
    data = Gaussian(torch.zeros(2, dtype=DOUBLE), torch.diag(variances))
    levels = levels_between(1.0, 0.02, 400).flip(0)
    off = torch.tensor([[0.0, 0.003]], dtype=DOUBLE)
    up = invert(data.denoise, off, levels)
    assert float(up[0, 1]) == pytest.approx(0.003 * 1.0 / 0.02, rel=1e-3)
    down = Passage(data.denoise, 1.0, 0.02, 8).down(up)
    assert float(down.abs().max()) < 1e-12  # and nothing of it is left at the end


def test_up_and_down_again_is_where_one_was():
    data, _, _ = gaussian()
    passage = Passage(data.denoise, 0.8, 0.02, 24)
    images = data.sample(8, generator())
    # What is left is what an image at the lowest level would have of noise.
    error = (passage.down(passage.up(images)) - images).norm() / images.norm()
    assert float(error) < 0.02


def test_a_gaussian_denoisers_residual_is_whitening():
    data, _, _ = gaussian()
    images = data.sample(4000, generator())
    spread = Spread.of(images)
    fitted = Gaussian(spread.mean, (spread.axes * spread.variances) @ spread.axes.T)
    state = torch.randn(5, 24, generator=generator(4), dtype=DOUBLE)
    ours = residual(state, fitted.denoise(state, 0.6))
    torch.testing.assert_close(ours, 0.36 * spread.whitened(state, 0.6))


# Keys and p-values


@pytest.mark.parametrize("subspace", [None, 5])
def test_p_values_are_uniform_whatever_the_evidence_is(subspace):
    """Two thousand keys against two thousand things that know nothing of them."""
    size, count = 20, 2000
    basis = torch.linalg.qr(torch.randn(size, subspace or 1, generator=generator(), dtype=DOUBLE)).Q
    basis = None if subspace is None else basis
    keys = torch.stack([draw_key(size, stream("test", at)) for at in range(count)])
    if basis is not None:
        keys = within(keys, basis)
    # As unlike a normal vector as can be: one image, scaled, with one huge pixel.
    evidence = torch.linspace(-1, 3, size, dtype=DOUBLE).expand(count, size).clone()
    evidence[:, 0] = torch.logspace(0, 4, count, dtype=DOUBLE)
    p = p_value(cosine(keys, evidence, basis), subspace or size)
    assert stats.kstest(p.numpy(), "uniform").pvalue > 0.01


def test_p_values_are_those_of_students_t():
    """Of a key's cosine with a unit vector, by a regression that knows nothing of keys."""
    p = p_value(torch.tensor([0.0, 0.5, -0.5], dtype=DOUBLE), 10)
    t = 0.5 * math.sqrt(9 / 0.75)
    np.testing.assert_allclose(p, [0.5, stats.t.sf(t, 9), stats.t.cdf(t, 9)])


def test_several_images_of_one_key_are_more_than_one():
    size = 60
    key = draw_key(size, stream("test", "shared"))
    noise = torch.randn(12, size, generator=generator(), dtype=DOUBLE)
    evidence = noise + 2.0 * key
    alone = p_value(cosine(key, evidence), size)
    together = p_value(cosine(key, shared_evidence(evidence)), size)
    assert float(together) < float(alone.min())


@pytest.mark.parametrize("place", ["low", "high"])
def test_keys_on_rings_have_uniform_p_values_where_the_published_ones_have_not(place):
    """On images with a mean and low frequencies, which pixels have and white noise has not."""
    rings = Rings((1, 12, 12), 3, place)
    mean = torch.full((144,), 0.4, dtype=DOUBLE)
    smooth = fourier_basis(ring_places(12, 12, 2, "low")[0])[0]
    draws = torch.randn(400, smooth.shape[1], generator=generator(), dtype=DOUBLE)
    images = mean + 2 * draws @ smooth.T + 0.1 * torch.randn(400, 144, generator=generator(1))
    keys = rings.keys(400, generator(2))
    read = rings.read(images.reshape(400, 1, 12, 12), mean)
    _, p = against_decoys(read, keys[:, None], rings.keys(499, generator(3)))
    assert stats.kstest(p[:, 0].numpy(), "uniform").pvalue > 0.01
    if place == "low":
        raw = images @ rings.basis
        published = published_p_value(raw, keys + mean @ rings.basis)
        assert float((published < 0.01).double().mean()) > 0.05


# Rings (W3)


@pytest.mark.parametrize(("height", "width", "radius"), [(16, 16, 3), (9, 12, 2), (7, 7, 3)])
@pytest.mark.parametrize("place", ["low", "high"])
def test_what_rings_hold_is_what_is_read(height, width, radius, place):
    places, _ = ring_places(height, width, radius, place)
    basis, labels = fourier_basis(places)
    count = basis.shape[1]
    torch.testing.assert_close(basis.T @ basis, torch.eye(count, dtype=DOUBLE))
    # A real image has as many free numbers as coefficients, if conjugates are all there.
    assert count == len(labels) == int(places.sum())
    spectrum = torch.fft.fft2(basis.T.reshape(count, height, width))
    assert float(spectrum[:, ~places].abs().max()) < 1e-9
    rings = Rings((3, height, width), radius, place)
    keys, mean = rings.keys(4, generator()), torch.randn(3 * height * width, dtype=DOUBLE)
    states = torch.randn(4, 3, height, width, generator=generator(1), dtype=DOUBLE)
    written = rings.write(states, keys, mean)
    torch.testing.assert_close(rings.read(written, mean), keys)
    torch.testing.assert_close(written[:, 1:], states[:, 1:])


def test_a_ring_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="radius: a ring of radius 4 does not fit 8×8"):
        Rings((1, 8, 8), 4, "low")


# Attacks, files and quality


@pytest.mark.parametrize("kind", ["none", *RANGES])
@pytest.mark.parametrize("channels", [1, 3])
def test_attacks_leave_8_bits_of_the_same_size_and_can_be_repeated(kind, channels):
    images = pictures(3, (channels, 12, 16))
    strengths = {"jpeg": 50, "blur": 0.6, "noise": 0.05, "resize": 0.5, "crop": 1}
    attack = Attack(kind, strengths.get(kind, 0.0))
    one, again = (attacked(images, attack, np.random.default_rng(5)) for _ in range(2))
    assert one.shape == images.shape
    torch.testing.assert_close(one, as_saved(one), rtol=0, atol=0)
    torch.testing.assert_close(one, again, rtol=0, atol=0)
    assert (kind == "none") == torch.equal(one, images)


def test_noise_has_the_spread_asked_for_and_is_not_wrapped_round():
    grey = torch.zeros(40, 1, 32, 32)
    error = attacked(grey, Attack("noise", 0.1), np.random.default_rng(0)) - as_saved(grey)
    assert float(error.std()) / 2 == pytest.approx(0.1, rel=0.02)
    black = torch.full((4, 1, 32, 32), -1.0)
    assert float(attacked(black, Attack("noise", 0.1), np.random.default_rng(0)).max()) < 0.2


def test_jpeg_goes_through_a_file_as_pillow_writes_it():
    image = pictures(1)
    file = io.BytesIO()
    Image.fromarray(to_bytes(image)[0, ..., 0]).save(file, "JPEG", quality=75)
    read = np.asarray(Image.open(file))[None, ..., None]
    spoiled = attacked(image, Attack("jpeg", 75), np.random.default_rng(0))
    torch.testing.assert_close(spoiled, from_bytes(read), rtol=0, atol=0)


def test_a_crop_of_everything_is_refused():
    with pytest.raises(ValueError, match=r"attacks\.crop: 8 pixels off each side leave no image"):
        attacked(pictures(1), Attack("crop", 8), np.random.default_rng(0))


def test_psnr_of_a_known_difference():
    images = torch.zeros(2, 1, 8, 8)
    off = images + torch.tensor([0.2, 0.02]).reshape(2, 1, 1, 1)
    np.testing.assert_allclose(psnr(images, off), [20, 40], atol=1e-5)
    assert psnr(images, images).isinf().all()


def test_ssim_is_one_for_itself_and_its_luminance_for_even_images():
    images = pictures(3, (3, 9, 11))
    torch.testing.assert_close(ssim(images, images), torch.ones(3, dtype=DOUBLE))
    a, b = torch.full((1, 1, 8, 8), 0.5), torch.full((1, 1, 8, 8), -0.2)
    c1 = (K1 * RANGE) ** 2
    assert float(ssim(a, b)) == pytest.approx((2 * 0.5 * -0.2 + c1) / (0.25 + 0.04 + c1), rel=1e-5)


def test_ssim_is_that_of_a_loop_over_windows():
    one, two = pictures(1, (1, 9, 8), 1), pictures(1, (1, 9, 8), 2)
    found = []
    for top in range(3):
        for left in range(2):
            a, b = (x[0, 0, top : top + 7, left : left + 7].double().numpy() for x in (one, two))
            cov = np.cov(a.ravel(), b.ravel())
            c1, c2 = 0.02**2, 0.06**2
            found.append(
                (2 * a.mean() * b.mean() + c1) * (2 * cov[0, 1] + c2)
                / ((a.mean() ** 2 + b.mean() ** 2 + c1) * (cov[0, 0] + cov[1, 1] + c2))
            )  # fmt: skip
    assert float(ssim(one, two)) == pytest.approx(np.mean(found), rel=1e-9)


@given(target=some.floats(22, 40), seed=some.integers(0, 2**20), damped=some.floats(0.01, 1.0))
def test_every_image_gets_the_quality_asked_for(target, seed, damped):
    """Along a direction of which a growing share is lost."""
    images = pictures(4, (1, 8, 8), seed)
    key = draw_key(64, generator(seed)).reshape(1, 1, 8, 8).float()

    def marked(strength, rows):
        change = (damped * strength**0.8).float().reshape(-1, 1, 1, 1) * key
        return images[rows] + change

    found, _ = at_quality(marked, images, target, 1.0)
    np.testing.assert_allclose(psnr(images, found), target, atol=TOLERANCE)


def test_a_direction_that_does_not_show_is_given_up():
    images = pictures(3)
    found, strength = at_quality(lambda strength, rows: images[rows], images, 30, 1.0, 50.0)
    torch.testing.assert_close(found, images)
    assert float(strength.max()) <= 50.0


# Scores


def test_area_and_its_error_are_those_of_normal_scores():
    """The error, against the spread of many repetitions."""
    drawn = generator()
    areas, errors = [], []
    for _ in range(200):
        low = torch.randn(60, 1, generator=drawn, dtype=DOUBLE)
        high = 1.2 + torch.randn(40, generator=drawn, dtype=DOUBLE)
        value, error = area_under_roc(low, high)
        areas.append(value)
        errors.append(error)
    exact = float(area_of(torch.tensor(1.2, dtype=DOUBLE)))
    assert np.mean(areas) == pytest.approx(exact, abs=0.01)
    assert np.mean(errors) == pytest.approx(np.std(areas), rel=0.2)


def test_areas_count_ties_by_half_and_never_have_no_error():
    low = torch.tensor([[0.0], [1.0]])
    assert area_under_roc(low, torch.tensor([0.0, 1.0])).value == 0.5
    sure = area_under_roc(low, torch.tensor([3.0, 4.0]))
    assert sure.value == 1.0
    assert sure.standard_error > 0


@given(count=some.integers(2, 200), rate=some.floats(0, 1), seed=some.integers(0, 2**20))
def test_thresholds_let_through_no_more_than_their_rate(count, rate, seed):
    scores = torch.randn(count, generator=generator(seed))
    assert float((scores > threshold_at(scores, rate)).double().mean()) <= rate + 1e-9


def test_shares_found_have_the_threshold_in_their_error():
    low = torch.randn(2000, 1, generator=generator(), dtype=DOUBLE)
    high = 2.0 + torch.randn(2000, generator=generator(1), dtype=DOUBLE)
    value, error = share_found(low, high, 0.01, generator(2))
    exact = detected(2.0, 0.01)
    assert value == pytest.approx(exact, abs=4 * error)
    fewer = share_found(low[:100], high, 0.01, generator(2))
    assert fewer.standard_error > error
    curve = roc_curve(low, high, torch.tensor([0.001, 0.01, 0.1, 1.0]))
    assert (curve.diff() >= 0).all()
    assert float(curve[-1]) == 1.0
