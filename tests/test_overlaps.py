"""Order parameters m, q and Q, and what theory says of a linear student's."""

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from lowd.distributions.empirical import Empirical
from lowd.distributions.gaussian import Gaussian, gaussian_flow_distance
from lowd.distributions.spectra import spectrum
from lowd.kinds.recovery.linear import linear_student
from lowd.kinds.recovery.thresholds import means, thresholds
from lowd.metrics.crossing_interval import crossing_interval
from lowd.metrics.overlaps import (
    convergence_overlap,
    memorisation_overlap,
    recovery_overlap,
    second_moments,
)
from lowd.theory.overlaps import convergence, onset, recovery


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def drawn(seed, variances, samples):
    return normal(seed, samples, len(variances)) * torch.tensor(variances).double().sqrt()


def generated(points, noise, sigma_max=1e4):
    """What the linear student of these points makes of unit noises, by its exact flow."""
    return linear_student(points).flow(sigma_max * noise, sigma_max)


# The linear student


@pytest.mark.parametrize("sigma", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("samples", [3, 40])
def test_no_matrix_denoises_the_points_better_than_the_linear_student(samples, sigma):
    """The expected loss of W is tr (W − I) Σ̂ (W − I)ᵀ + σ² tr W Wᵀ, which is convex."""
    points = normal(0, samples, 6)
    matrix = linear_student(points).denoise(torch.eye(6).double(), sigma).mT.clone()
    matrix.requires_grad_()
    clean = (points @ (matrix - torch.eye(6)).mT).square().sum() / samples
    (slope,) = torch.autograd.grad(clean + sigma**2 * matrix.square().sum(), matrix)
    assert slope.abs().max() < 1e-10


def test_a_student_of_many_points_is_the_teacher():
    teacher = Gaussian(
        torch.zeros(4).double(), torch.diag(torch.tensor(spectrum(4, [3.0], 1.0)).double())
    )
    student = linear_student(teacher.sample(10**6, torch.Generator().manual_seed(0)))
    assert gaussian_flow_distance(student, teacher, 20.0) < 0.01


# Measured


def test_m_of_copies_is_1_and_that_of_a_teacher_is_chance():
    variances = spectrum(12, [2.0])
    points, unseen, fresh = (drawn(at, variances, 64) for at in range(3))
    assert memorisation_overlap(-2 * points, points).value == pytest.approx(1)
    teacher = [
        memorisation_overlap(drawn(9, variances, 4000), one).value for one in (points, fresh)
    ]
    # Two training sets differ by luck alone.
    assert teacher[0] == pytest.approx(teacher[1], abs=0.02)
    sampled = Empirical(points).denoise(points + 0.01 * unseen, 0.01)
    assert memorisation_overlap(sampled, points).value == pytest.approx(1, abs=1e-6)


def test_m_of_a_linear_student_of_one_point_is_1_and_of_two_orthogonal_ones_is_known():
    """In a plane the larger of |cos φ| and |sin φ| is 2√2/π on average."""
    noise = normal(0, 40000, 5)
    one, two = normal(1, 1, 5), torch.eye(5).double()[:2] * 3
    assert memorisation_overlap(generated(one, noise), one).value == pytest.approx(1, abs=1e-6)
    found = memorisation_overlap(generated(two, noise), two)
    assert found.value == pytest.approx(2 * 2**0.5 / np.pi, abs=4 * found.standard_error)


def test_q_is_1_of_the_same_0_of_unrelated_and_known_of_two_linear_students():
    first, second, noise = drawn(0, [1.0] * 6, 9), drawn(1, [1.0] * 6, 9), normal(2, 20000, 6)
    ours, theirs = generated(first, noise), generated(second, noise)
    assert convergence_overlap(ours, 3 * ours).value == pytest.approx(1)
    assert convergence_overlap(ours, -ours).value == pytest.approx(-1)
    assert abs(convergence_overlap(ours, normal(3, 20000, 6)).value) < 0.02
    roots = [linear_student(each).flow_matrix(1e4) * 1e4 for each in (first, second)]
    exact = (roots[0] * roots[1]).sum() / (roots[0].norm() * roots[1].norm())
    found = convergence_overlap(ours, theirs)
    assert abs(found.value - exact) < 4 * found.standard_error


def test_the_error_of_q_is_its_spread_over_noises():
    first, second = drawn(0, [1.0] * 6, 9), drawn(1, [1.0] * 6, 9)
    every = [
        convergence_overlap(*(generated(each, normal(seed, 100, 6)) for each in (first, second)))
        for seed in range(300)
    ]
    errors = [each.standard_error for each in every]
    assert np.std([each.value for each in every]) == pytest.approx(np.mean(errors), rel=0.12)


def test_second_moments_of_a_linear_model_are_exact_and_those_of_another_are_estimated():
    points, noise = drawn(0, [3.0, 1.0, 1.0, 0.5], 5), normal(1, 12, 4)
    moments = points.mT @ points / len(points)
    torch.testing.assert_close(second_moments(noise, generated(points, noise)), moments)
    noise = normal(2, 50000, 2)
    torch.testing.assert_close(
        second_moments(noise, noise**3 + noise.flip(1)),
        torch.tensor([[16.0, 6.0], [6.0, 16.0]]).double(),  # of E z⁶ = 15, E z⁴ = 3
        rtol=0.05,
        atol=0.0,
    )
    with pytest.raises(ValueError, match="4 noises fit no linear map of 4 features"):
        second_moments(noise[:4].repeat(1, 2), noise[:4].repeat(1, 2))


def test_q_of_directions_is_that_of_the_students_own_axes_and_has_no_error_if_it_is_linear():
    points, noise = drawn(0, spectrum(8, [4.0, 2.0]), 30), normal(1, 40, 8)
    _, axes = np.linalg.eigh((points.mT @ points).numpy())
    found = recovery_overlap(noise, generated(points, noise), torch.eye(8).double()[:, :2])
    exact = (axes[:2, -2:] ** 2).sum(1)
    np.testing.assert_allclose([each.value for each in found], exact, atol=1e-6)
    assert max(each.standard_error for each in found) < 1e-5


def test_directions_at_random_have_their_share_of_all():
    noise = normal(0, 100, 10)
    shares = [
        recovery_overlap(noise, generated(drawn(seed, [1.0] * 10, 30), noise), axes)
        for seed in range(1, 100)
        for axes in [torch.linalg.qr(normal(10**4 + seed, 10, 3)).Q]
    ]
    values = np.array([[each.value for each in one] for one in shares])
    assert values.mean() == pytest.approx(0.3, abs=4 * values.mean(1).std() / len(values) ** 0.5)


# In theory


def root_of_marchenko_and_pastur(load):
    """Mean root of an eigenvalue of Σ̂ for Σ = I, at N/d."""
    shape = 1 / load
    low, high = (1 - shape**0.5) ** 2, (1 + shape**0.5) ** 2

    def density(x):
        return ((high - x) * (x - low)) ** 0.5 / (2 * np.pi * shape * x) * x**0.5

    return quad(density, low, high, limit=500)[0]


@pytest.mark.parametrize("load", [0.05, 0.5, 1, 2, 20])
def test_q_of_white_data_is_that_of_marchenko_and_pastur(load):
    expected = root_of_marchenko_and_pastur(load) ** 2
    assert convergence([1.0] * 40, int(40 * load)) == pytest.approx(expected, rel=2e-5)


def test_q_at_as_many_points_as_dimensions_and_at_both_ends():
    assert convergence([2.5] * 60, 60) == pytest.approx((8 / (3 * np.pi)) ** 2, rel=2e-5)
    many = spectrum(50, [3.0], 1.0)
    assert convergence(many, 10**7) == pytest.approx(1, abs=3e-5)
    assert convergence([1.0] * 1000, 2) == pytest.approx(2 / 1000, rel=0.01)


@pytest.mark.parametrize("law", [{"spikes": (3.0, 1.0)}, {"decay": 1.0}])
@pytest.mark.parametrize("load", [0.25, 1, 8])
def test_overlaps_in_theory_are_those_of_large_matrices(law, load):
    dimension, leading = 300, 2
    variances = np.array(spectrum(dimension, **law))
    random, samples = np.random.default_rng(0), int(load * dimension)
    alike, shares = [], []
    for _ in range(4):
        pair = []
        for _ in range(2):
            points = random.standard_normal((samples, dimension)) * variances**0.5
            values, axes = np.linalg.eigh(points.T @ points / samples)
            pair.append((axes * values.clip(0) ** 0.5) @ axes.T)
            shares.append((axes[:leading, -leading:] ** 2).sum(1))
        norms = [np.linalg.norm(each) for each in pair]
        alike.append((pair[0] * pair[1]).sum() / np.prod(norms))
    assert convergence(variances, samples) == pytest.approx(np.mean(alike), abs=0.01)
    expected = recovery(variances, samples, leading)
    # Within a window about the onset, which closes with d, directions show before.
    far = abs(np.log2(samples / onset(variances, leading))) > 1
    np.testing.assert_allclose(np.mean(shares, axis=0)[far], expected[far], atol=0.12)


def test_q_of_a_spike_is_baik_ben_arous_and_peches():
    """(1 − c/θ²)/(1 + c/θ) from N = d/θ² on, for d − k axes that do not lead."""
    spikes = np.array([2.0, 0.5])
    variances = spectrum(102, spikes.tolist())
    np.testing.assert_allclose(onset(variances, 2), 100 / spikes**2)
    for samples in (10, 30, 300, 3000):
        c = 100 / samples
        expected = ((1 - c / spikes**2) / (1 + c / spikes)).clip(0)
        np.testing.assert_allclose(recovery(variances, samples, 2), expected)
    assert recovery(variances, 10**9, 2) == pytest.approx([1, 1], abs=1e-6)
    assert recovery(variances, 400, 2)[1] == 0 < recovery(variances, 401, 2)[1]


def test_spectra_have_their_mean_their_law_and_their_spikes():
    law = np.array(spectrum(64, decay=1.5))
    assert law.mean() == pytest.approx(1)
    np.testing.assert_allclose(law[0] / law[7], 8**1.5)
    spiked = np.array(spectrum(5, [2.0, 1.0]))
    np.testing.assert_allclose(spiked, [3, 2, 1, 1, 1])


# Thresholds


def test_the_crossing_of_the_mean_is_covered_as_often_as_it_is_said_to_be():
    random, log2_n = np.random.default_rng(0), np.arange(8.0)
    hits = []
    for _ in range(500):
        curves = 3.3 + random.normal(0, 0.4, (4, 1)) - log2_n
        without = np.stack([np.delete(curves, at, 0).mean(0) for at in range(4)])
        _, low, high, _ = crossing_interval(log2_n, curves.mean(0), without)
        hits.append(low <= 3.3 <= high)
    # Four standard errors of the share.
    assert np.mean(hits) == pytest.approx(0.95, abs=0.04)


def test_a_crossing_outside_the_grid_is_censored_and_one_that_may_be_has_no_interval():
    grid = [0.0, 1.0, 2.0]
    outside = crossing_interval(grid, [1, 1, 1], [[1, 1, 1], [1, 1, 1]])
    assert outside.censored == 1 and np.isnan(outside.log2_n)
    inside = crossing_interval(grid, [1, 1, -1], [[1, 1, 1], [1, 1, -3]])
    assert inside.censored == 0 and inside.log2_n == 1.5 and np.isnan(inside.low)


def planted(crossings):
    """Overlaps of one model whose curves are ½ of the way from chance to 1 at these N/d, log₂."""
    import xarray as xr

    log2_n, chance = np.arange(1.0, 9.0), 0.1
    moved = {
        name: np.tile(0.5 + (log2_n - at) / 20, (1, 3, 1)).transpose(0, 2, 1)
        for name, at in crossings.items()
    }
    unseen = np.full((1, 8, 3), 0.2)
    dims = ("model", "N", "replicate")
    pairs = xr.DataArray(
        moved["convergence"], dims=("model", "N", "disjoint_pair"),
        coords={"disjoint_pair": ["0|1", "0|2", "1|2"]},
    )  # fmt: skip
    shares = chance + (1 - chance) * moved["recovery"]
    return xr.Dataset(
        {
            "memorisation": (dims, unseen + (1 - unseen) * (1 - moved["memorisation"])),
            "memorisation_other": (dims, unseen),
            "convergence": pairs,
            "recovery": (dims, shares),
            "direction_recovery": ((*dims, "direction"), shares[..., None].repeat(2, 3)),
        },
        {"N": 2**log2_n, "replicate": [0, 1, 2], "direction": [1, 2]},
    )


def test_thresholds_that_are_planted_are_found():
    known = {"memorisation": 2.3, "convergence": 4.6, "recovery": 6.1}
    found = thresholds(planted(known), 0.1)
    for rule, at in known.items():
        assert found[f"log2_n_{rule}"].item() == pytest.approx(at)
        assert found[f"censored_{rule}"].item() == 0
    np.testing.assert_allclose(found["log2_n_direction_recovery"], 6.1)


def test_without_a_replicate_means_leave_out_all_its_pairs():
    overlaps = planted({"memorisation": 2, "convergence": 4, "recovery": 6})
    overlaps["convergence"][:] = np.array([1.0, 2.0, 6.0])
    mean, without = means(overlaps["convergence"])
    assert mean[0, 0] == 3
    assert without.isel(model=0, N=0).values.tolist() == [6, 2, 1]
