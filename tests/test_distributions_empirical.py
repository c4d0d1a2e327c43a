import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.solvers import probability_flow
from lowd.distributions.empirical import Empirical


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def brute_force(points, x, sigma):
    """The formula as written, with explicit differences."""
    points, flat = points.flatten(1).double(), x.flatten(1).double()
    squared = (flat[:, None] - points[None]).square().sum(-1)
    return ((-squared / (2 * sigma**2)).softmax(1) @ points).reshape(x.shape)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 100),
    count=st.integers(1, 40),
    noises=st.integers(1, 12),
    dimension=st.integers(1, 30),
    log_sigma=st.floats(-6.2, 4.4),
    chunk_bytes=st.integers(1, 4000),
)
def test_denoiser_is_the_softmax_over_distances(
    seed, count, noises, dimension, log_sigma, chunk_bytes
):
    sigma = torch.tensor(log_sigma).double().exp().item()
    points = normal(count, dimension, seed=seed)
    x = points[torch.arange(noises) % count] + sigma * normal(noises, dimension, seed=seed + 1)
    torch.testing.assert_close(
        Empirical(points, chunk_bytes).denoise(x, sigma),
        brute_force(points, x, sigma),
        rtol=1e-10,
        atol=1e-10,
    )


@pytest.mark.parametrize("sigma", [0.002, 0.02, 80.0])
@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_images_far_from_the_origin_lose_no_accuracy(sigma, shift):
    points = normal(50, 1, 28, 28) + shift
    x = points[:7] + sigma * normal(7, 1, 28, 28, seed=1)
    torch.testing.assert_close(
        Empirical(points).denoise(x, sigma), brute_force(points, x, sigma), rtol=1e-10, atol=1e-10
    )


def test_points_a_noise_apart_share_their_weight_at_the_least_sigma():
    """Neighbours 1.5σ apart amid data of unit scale, where a float32 distance means nothing."""
    sigma, points = 0.002, normal(30, 100)
    points[1] = points[0] + 1.5 * sigma * torch.nn.functional.normalize(normal(100, seed=1), dim=0)
    x = points[:1] + sigma * normal(1, 100, seed=2)
    ours, exact = Empirical(points).denoise(x, sigma), brute_force(points, x, sigma)
    share = (exact - points[0]).norm() / (points[1] - points[0]).norm()
    assert 0.05 < share < 0.95
    torch.testing.assert_close(ours, exact, rtol=0, atol=1e-10)


@pytest.mark.parametrize("sigma", [0.002, 80.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_denoiser_is_finite_from_the_least_to_the_greatest_noise(sigma, dtype):
    points, x = normal(64, 784, dtype=dtype), 80 * normal(5, 784, seed=1, dtype=dtype)
    denoised = Empirical(points).denoise(x, sigma)
    assert denoised.isfinite().all() and denoised.dtype == dtype


@pytest.mark.parametrize("chunk_bytes", [1, 100, 999, 2**12, 2**30])
def test_the_chunk_size_changes_nothing(chunk_bytes):
    points, x = normal(70, 5), normal(13, 5, seed=1)
    sigma = torch.logspace(-2.7, 1.9, 13).double()
    torch.testing.assert_close(
        Empirical(points, chunk_bytes).denoise(x, sigma),
        Empirical(points).denoise(x, sigma),
        rtol=1e-11,
        atol=1e-11,
    )


def test_no_block_of_weights_exceeds_the_chunk(monkeypatch):
    largest, exp_ = 0, torch.Tensor.exp_

    def watched(self):
        nonlocal largest
        largest = max(largest, self.numel() * self.element_size())
        return exp_(self)

    monkeypatch.setattr(torch.Tensor, "exp_", watched)
    Empirical(normal(500, 3), chunk_bytes=2**12).denoise(normal(300, 3), 1.0)
    assert 0 < largest <= 2**12


def test_a_vector_of_levels_equals_a_loop_over_floats():
    target, x = Empirical(normal(20, 5)), normal(6, 5, seed=1)
    sigma = torch.logspace(-2.7, 1.9, 6).double()
    looped = [
        target.denoise(row[None], level) for row, level in zip(x, sigma.tolist(), strict=True)
    ]
    torch.testing.assert_close(target.denoise(x, sigma), torch.cat(looped))


def test_derivatives_pass_through_the_running_maximum():
    """The Jacobian is Cov[x_0 | x]/σ², which autograd must find across chunks."""
    points, x, sigma = normal(12, 3), normal(1, 3, seed=1), 0.8
    target = Empirical(points, chunk_bytes=8 * 5)
    jacobian = torch.autograd.functional.jacobian(lambda y: target.denoise(y[None], sigma)[0], x[0])
    weights = (-(x - points).square().sum(1) / (2 * sigma**2)).softmax(0)
    offset = points - weights @ points
    torch.testing.assert_close(jacobian, (offset.mT * weights) @ offset / sigma**2)


def test_the_flow_ends_on_training_points():
    points = normal(16, 1, 4, 4, dtype=torch.float32)
    noise = 80 * normal(32, 1, 4, 4, seed=1, dtype=torch.float32)
    ends = probability_flow(Empirical(points).denoise, noise, karras_sigmas(18, 0.002, 80))
    nearest = torch.cdist(ends.flatten(1).double(), points.flatten(1).double()).amin(dim=1)
    assert nearest.max() < 1e-5


def test_samples_are_points_of_the_set_drawn_evenly():
    points = normal(4, 2, 3, dtype=torch.float32)
    drawn = Empirical(points).sample(4000, torch.Generator().manual_seed(0))
    matches = (drawn[:, None] == points[None]).flatten(2).all(-1)
    assert matches.sum(1).eq(1).all()
    # Five standard deviations of a binomial count.
    assert (matches.sum(0) - 1000).abs().max() < 5 * (4000 * 0.25 * 0.75) ** 0.5


@pytest.mark.parametrize("points", [torch.ones(0, 3), torch.ones(3)])
def test_sets_without_points_are_refused(points):
    with pytest.raises(ValueError, match=r"\(N, \*shape\)"):
        Empirical(points)
