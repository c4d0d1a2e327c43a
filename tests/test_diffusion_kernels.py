import pytest
import torch

from lowd.diffusion.denoiser import broadcast_sigma
from lowd.diffusion.kernels import KERNELS, epsilon_to_denoiser, posterior_mean_to_denoiser
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.solvers import probability_flow
from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG

LEVELS = torch.logspace(-3, 3, 25, dtype=torch.float64)


def gaussian(dimension=4, seed=0):
    factor = torch.randn(
        dimension, dimension, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    return Gaussian(torch.arange(1.0, dimension + 1).double(), factor @ factor.mT)


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_sigma_is_the_ratio_of_beta_to_alpha(kernel):
    torch.testing.assert_close(kernel.beta(LEVELS) / kernel.alpha(LEVELS), LEVELS)
    torch.testing.assert_close(
        torch.tensor([kernel.alpha(level) for level in LEVELS.tolist()]).double(),
        kernel.alpha(LEVELS),
    )


def test_kernels_meet_their_defining_constraints():
    alpha, beta = KERNELS["ve"].alpha(LEVELS), KERNELS["ve"].beta(LEVELS)
    assert torch.equal(alpha, torch.ones_like(LEVELS)) and torch.equal(beta, LEVELS)
    alpha, beta = KERNELS["vp"].alpha(LEVELS), KERNELS["vp"].beta(LEVELS)
    torch.testing.assert_close(alpha**2 + beta**2, torch.ones_like(LEVELS))
    alpha, beta = KERNELS["sub_vp"].alpha(LEVELS), KERNELS["sub_vp"].beta(LEVELS)
    torch.testing.assert_close(beta, 1 - alpha**2)


def test_sub_vp_keeps_its_precision_in_float32_at_large_sigma():
    alpha = KERNELS["sub_vp"].alpha
    torch.testing.assert_close(alpha(LEVELS.float()).double(), alpha(LEVELS), rtol=1e-6, atol=0)


def optimal_predictors(target, kernel):
    """E[ε | x_t] and E[x_0 | x_t] of a Gaussian, from the joint law in the kernel's coordinates."""
    covariance = target.covariance

    def noise_given(x_t, sigma):
        alpha, beta = kernel.alpha(sigma), kernel.beta(sigma)
        marginal = alpha**2 * covariance + beta**2 * torch.eye(len(covariance)).double()
        return beta * torch.linalg.solve(marginal, (x_t - alpha * target.mean).mT).mT

    def data_given(x_t, sigma):
        return (x_t - kernel.beta(sigma) * noise_given(x_t, sigma)) / kernel.alpha(sigma)

    return noise_given, data_given


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_predictors_of_every_kernel_give_the_same_flow(kernel):
    target = gaussian()
    noise = 80.0 * torch.randn(16, 4, generator=torch.Generator().manual_seed(1)).double()
    sigmas = karras_sigmas(18, 0.002, 80.0)
    epsilon, posterior_mean = optimal_predictors(target, kernel)
    expected = probability_flow(target.denoise, noise, sigmas)
    for denoise in (
        epsilon_to_denoiser(epsilon, kernel),
        posterior_mean_to_denoiser(posterior_mean, kernel),
    ):
        torch.testing.assert_close(
            probability_flow(denoise, noise, sigmas), expected, rtol=0, atol=1e-8
        )


@pytest.mark.parametrize("kernel", KERNELS.values(), ids=KERNELS)
def test_adapters_scale_each_example_by_its_own_level(kernel):
    target = MoLRG.random(2, 6, 2, torch.Generator().manual_seed(0))
    x = torch.randn(5, 6, generator=torch.Generator().manual_seed(1)).double()
    sigma = torch.logspace(-2, 1, 5).double()

    def epsilon(x_t, level):
        spread = broadcast_sigma(level, x_t)
        clean = x_t / kernel.alpha(spread)
        return (clean - target.denoise(clean, level)) / spread

    torch.testing.assert_close(
        epsilon_to_denoiser(epsilon, kernel)(x, sigma), target.denoise(x, sigma)
    )


def test_the_posterior_mean_of_lemma_1_becomes_the_mixtures_denoiser():
    target = MoLRG.random(3, 12, 3, torch.Generator().manual_seed(0))
    target = MoLRG(target.bases, weights=[0.5, 0.3, 0.2])
    x = 2 * torch.randn(8, 12, generator=torch.Generator().manual_seed(1)).double()

    for kernel in KERNELS.values():

        def lemma_1(x_t, sigma, kernel=kernel):
            alpha, beta = kernel.alpha(sigma), kernel.beta(sigma)
            phi = alpha**2 / (2 * beta**2 * (alpha**2 + beta**2))
            inside = torch.einsum("kdr,md->mkr", target.bases, x_t)
            weights = (target.weights.log() + phi * inside.square().sum(-1)).softmax(-1)
            scale = alpha / (alpha**2 + beta**2)
            return scale * torch.einsum("mk,kdr,mkr->md", weights, target.bases, inside)

        for sigma in (0.002, 0.5, 80.0):
            torch.testing.assert_close(
                posterior_mean_to_denoiser(lemma_1, kernel)(x, sigma),
                target.denoise(x, sigma),
                rtol=0,
                atol=1e-9,
            )
