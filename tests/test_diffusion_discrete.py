"""Networks of discrete steps become the denoiser that their steps and predictions mean."""

import math

import pytest
import torch
from diffusers import DDPMScheduler

from lowd.diffusion.discrete import discrete_denoiser, step_of, step_sigmas
from lowd.distributions.gaussian import Gaussian

SCHEDULES = ("linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid")


def betas(schedule="linear", steps=1000, **options):
    return DDPMScheduler(steps, beta_schedule=schedule, **options).betas


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_levels_are_those_of_the_product_of_all_steps_so_far(schedule):
    signal, expected = 1.0, []
    for beta in betas(schedule).tolist():
        signal *= 1 - beta
        expected.append(math.sqrt((1 - signal) / signal))
    torch.testing.assert_close(
        step_sigmas(betas(schedule)), torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=0
    )


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_levels_are_those_of_the_library_up_to_its_single_precision(schedule):
    theirs = DDPMScheduler(beta_schedule=schedule).alphas_cumprod.double()
    # 1 − ᾱ of the first steps, about 1e-4, is good to 1e-7.
    torch.testing.assert_close(
        step_sigmas(betas(schedule)), (1 / theirs - 1).sqrt(), rtol=1e-3, atol=0
    )


def test_a_last_step_without_any_signal_is_left_out():
    all_of_them = betas(rescale_betas_zero_snr=True)
    sigmas = step_sigmas(all_of_them)
    assert all_of_them[-1] == 1
    assert len(sigmas) == 999
    assert sigmas.isfinite().all()


@pytest.mark.parametrize("wrong", [[0.1], [0.1, 0.0, 0.1], [0.0, 0.1], [0.1, 1.0]])
def test_betas_that_do_not_add_noise_at_every_step_are_refused(wrong):
    with pytest.raises(ValueError, match="noise has to grow"):
        step_sigmas(torch.tensor(wrong))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_level_of_a_step_is_exactly_that_step(schedule):
    sigmas = step_sigmas(betas(schedule))
    assert torch.equal(step_of(sigmas, sigmas), torch.arange(1000, dtype=torch.float64))
    assert step_of(sigmas[7].item(), sigmas).item() == 7


def test_between_two_steps_time_is_linear_in_the_logarithm_of_the_level():
    sigmas = step_sigmas(betas())
    shares = torch.tensor([0.25, 0.5, 0.9], dtype=torch.float64)
    levels = sigmas[40] ** (1 - shares) * sigmas[41] ** shares
    torch.testing.assert_close(step_of(levels, sigmas), 40 + shares)
    ends = torch.stack([sigmas[0] / 2, sigmas[-1] * 2])
    assert step_of(ends, sigmas).tolist() == [0, 999]


def exact(prediction, gaussian, sigmas):
    """The network that predicts without error when data are Gaussian, given the time it gets."""
    known = sigmas.log()

    def network(x_t, time):
        below = time.double().floor().long().clamp(0, len(sigmas) - 2)
        sigma = torch.lerp(known[below], known[below + 1], time.double() - below).exp()
        each = sigma.reshape(sigma.shape + (1,) * (x_t.ndim - sigma.ndim if sigma.ndim else 0))
        alpha = (1 + each**2) ** -0.5
        clean = gaussian.denoise(x_t / alpha, sigma)
        epsilon = (x_t - alpha * clean) / (alpha * each)
        return {
            "epsilon": epsilon,
            "sample": clean,
            "v_prediction": alpha * epsilon - alpha * each * clean,
        }[prediction]

    return network


@pytest.mark.parametrize("prediction", ["epsilon", "sample", "v_prediction"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_perfect_network_of_any_prediction_is_the_exact_denoiser(prediction, schedule):
    sigmas = step_sigmas(betas(schedule, steps=50))
    root = torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gaussian = Gaussian(torch.tensor([0.5, -1.0, 0.0], dtype=torch.float64), root @ root.T)
    denoise = discrete_denoiser(exact(prediction, gaussian, sigmas), sigmas, prediction)
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    low, high = sigmas[0].item(), min(sigmas[-1].item(), 100.0)
    levels = low * (high / low) ** torch.tensor([0, 0.37, 0.71, 1.0], dtype=torch.float64)
    noisy = x * levels[:, None]
    torch.testing.assert_close(denoise(noisy, levels), gaussian.denoise(noisy, levels))
    between = levels[1].item()
    torch.testing.assert_close(denoise(x, between), gaussian.denoise(x, between))
