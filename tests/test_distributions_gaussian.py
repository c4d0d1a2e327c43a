import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import MultivariateNormal

from lowd.distributions.gaussian import Gaussian, gaussian_flow_distance


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def gaussian(seed=0, dimension=5, rank=5):
    factor = normal(dimension, rank, seed=seed)
    return Gaussian(normal(dimension, seed=seed + 100), factor @ factor.mT)


@pytest.mark.parametrize("rank", [5, 2])
@pytest.mark.parametrize("sigma", [0.002, 0.5, 80.0])
def test_denoiser_is_the_score_of_the_noisy_density(rank, sigma):
    target, x = gaussian(rank=rank), (3 * normal(7, 5)).requires_grad_()
    noisy = MultivariateNormal(
        target.mean, target.covariance + sigma**2 * torch.eye(5, dtype=torch.float64)
    )
    (score,) = torch.autograd.grad(noisy.log_prob(x).sum(), x)
    torch.testing.assert_close(target.denoise(x, sigma), x + sigma**2 * score, rtol=1e-8, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 50), sigma=st.floats(0.01, 80.0), rank=st.integers(1, 5))
def test_flow_satisfies_the_probability_flow_ode(seed, sigma, rank):
    target, noise = gaussian(seed, rank=rank), 80.0 * normal(6, 5, seed=seed)
    step = 1e-4 * sigma
    here = target.flow(noise, 80.0, sigma)
    ahead, behind = (target.flow(noise, 80.0, sigma + h) for h in (step, -step))
    torch.testing.assert_close(
        (ahead - behind) / (2 * step),
        (here - target.denoise(here, sigma)) / sigma,
        rtol=1e-5,
        atol=1e-6,
    )


def test_flow_starts_at_the_noise_and_composes():
    target, noise = gaussian(rank=3), 80.0 * normal(6, 5)
    torch.testing.assert_close(target.flow(noise, 80.0, 80.0), noise)
    half = target.flow(noise, 80.0, 1.0)
    torch.testing.assert_close(target.flow(half, 1.0), target.flow(noise, 80.0))


def test_a_singular_covariance_flows_onto_its_subspace():
    target = gaussian(rank=2)
    offset = target.flow(80.0 * normal(9, 5), 80.0) - target.mean
    factor = normal(5, 2, seed=0)
    off_support = offset - offset @ factor @ torch.linalg.pinv(factor)
    assert off_support.abs().max() < 1e-12
    point = Gaussian(torch.ones(3), torch.zeros(3, 3))
    torch.testing.assert_close(point.flow(normal(2, 3), 80.0), torch.ones(2, 3).double())
    torch.testing.assert_close(point.denoise(normal(2, 3), 0.002), torch.ones(2, 3).double())


def test_samples_have_the_mean_and_covariance():
    target = gaussian(rank=3)
    drawn = target.sample(200_000, torch.Generator().manual_seed(1))
    # Five standard errors: √(λ/n) of the mean, about λ√(2/n) of the covariance.
    scale = target.covariance.diagonal().max()
    torch.testing.assert_close(
        drawn.mean(0), target.mean, rtol=0, atol=5 * float(scale / 200_000) ** 0.5
    )
    torch.testing.assert_close(
        drawn.mT.cov(), target.covariance, rtol=0, atol=5 * float(scale) * (2 / 200_000) ** 0.5
    )


def test_flow_distance_is_the_root_mean_square_over_noises():
    p, q = gaussian(0), gaussian(1, rank=2)
    noise = 20.0 * normal(200_000, 5, seed=3)
    squared = (p.flow(noise, 20.0) - q.flow(noise, 20.0)).square().sum(1)
    standard_error = squared.std() / len(squared) ** 0.5
    assert abs(squared.mean() - gaussian_flow_distance(p, q, 20.0) ** 2) < 4 * standard_error


def test_flow_distance_is_a_metric_on_examples():
    p, q, r = gaussian(0), gaussian(1, rank=2), gaussian(2, rank=4)
    assert gaussian_flow_distance(p, p, 80) == 0
    assert gaussian_flow_distance(p, q, 80) == pytest.approx(gaussian_flow_distance(q, p, 80))
    assert gaussian_flow_distance(p, r, 80) <= gaussian_flow_distance(
        p, q, 80
    ) + gaussian_flow_distance(q, r, 80)


def test_between_commuting_gaussians_the_distance_tends_to_the_wasserstein_one():
    p = Gaussian([0.0, 1.0], [[4.0, 0.0], [0.0, 1.0]])
    q = Gaussian([3.0, 1.0], [[1.0, 0.0], [0.0, 0.0]])
    assert gaussian_flow_distance(p, q, 1e5) == pytest.approx((9 + 1 + 1) ** 0.5, rel=1e-4)


def test_images_keep_their_shape_and_dtype():
    target = Gaussian(torch.zeros(2, 3, 3), torch.eye(18))
    x = normal(4, 2, 3, 3, dtype=torch.float32)
    for result in (target.denoise(x, 1), target.flow(x, 80), target.sample(4, torch.Generator())):
        assert result.shape == x.shape and result.dtype == torch.float32
    torch.testing.assert_close(target.denoise(x, 1), x / 2)


def test_a_vector_of_levels_equals_a_loop_over_floats():
    target, x, sigma = gaussian(rank=3), normal(6, 5), torch.logspace(-2.7, 1.9, 6).double()
    looped = [
        target.denoise(row[None], level) for row, level in zip(x, sigma.tolist(), strict=True)
    ]
    torch.testing.assert_close(target.denoise(x, sigma), torch.cat(looped))


@pytest.mark.parametrize(
    ("covariance", "told"),
    [
        (torch.eye(3), r"\(3, 3\).*\(2, 2\)"),
        ([[1.0, 0.5], [0.0, 1.0]], "asymmetry 0.5"),
        ([[1.0, 0.0], [0.0, -1.0]], "lowest eigenvalue -1"),
    ],
)
def test_impossible_covariances_are_refused(covariance, told):
    with pytest.raises(ValueError, match=told):
        Gaussian([0.0, 0.0], covariance)


def test_distance_between_different_dimensions_is_refused():
    with pytest.raises(ValueError, match="2 and 3 dimensions"):
        gaussian_flow_distance(
            Gaussian(torch.zeros(2), torch.eye(2)), Gaussian(torch.zeros(3), torch.eye(3)), 80
        )
