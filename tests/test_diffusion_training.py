"""Preconditioning and the loss: what training sees."""

import pytest
import torch

from lowd.diffusion.loss import edm_loss
from lowd.diffusion.preconditioning import edm_coefficients, precondition
from lowd.distributions.gaussian import Gaussian


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def levels(*shape, seed=1):
    return (1.2 * normal(*shape, seed=seed) - 1.2).exp()


def test_network_input_and_target_have_unit_variance_at_every_level():
    sigma, sigma_data = torch.logspace(-2.5, 2, 12).double(), 0.7
    c_skip, c_out, c_in, _ = edm_coefficients(sigma, sigma_data)
    # Variances of c_in (y + n) and of (y − c_skip (y + n)) / c_out, y ⊥ n.
    torch.testing.assert_close(c_in**2 * (sigma_data**2 + sigma**2), torch.ones_like(sigma))
    target = ((1 - c_skip) ** 2 * sigma_data**2 + c_skip**2 * sigma**2) / c_out**2
    torch.testing.assert_close(target, torch.ones_like(sigma))


def test_c_skip_amplifies_the_networks_error_least():
    sigma, sigma_data = torch.logspace(-2.5, 2, 12).double(), 0.7
    c_skip, c_out, _, _ = edm_coefficients(sigma, sigma_data)

    def squared_c_out(skip):
        return (1 - skip) ** 2 * sigma_data**2 + skip**2 * sigma**2

    torch.testing.assert_close(squared_c_out(c_skip), c_out**2)
    for nudge in (-1e-2, 1e-2):
        assert (squared_c_out(c_skip + nudge) > c_out**2).all()


@pytest.mark.parametrize(
    ("shape", "leading"), [((5, 3), (5,)), ((2, 5, 3, 4, 4), (2, 5)), ((5, 1, 4, 4), ())]
)
def test_the_network_gets_scaled_input_and_a_level_per_example(shape, leading):
    x, sigma = normal(*shape), levels(*leading)
    seen = {}

    def network(scaled, c_noise):
        seen.update(scaled=scaled, c_noise=c_noise)
        return torch.ones_like(scaled)

    denoised = precondition(network, 0.5)(x, sigma)
    assert seen["scaled"].shape == x.shape
    torch.testing.assert_close(seen["c_noise"], sigma.log() / 4)
    deep = sigma.reshape(leading + (1,) * (x.ndim - sigma.ndim))
    torch.testing.assert_close(seen["scaled"], x / (deep**2 + 0.25).sqrt())
    torch.testing.assert_close(
        denoised, 0.25 / (deep**2 + 0.25) * x + deep * 0.5 / (deep**2 + 0.25).sqrt()
    )


def test_a_float_level_equals_the_same_level_for_every_example():
    x = normal(4, 6, dtype=torch.float32)
    denoise = precondition(lambda scaled, _: scaled.tanh(), 0.5)
    at_once = denoise(x, 0.3)
    assert at_once.dtype == torch.float32
    torch.testing.assert_close(at_once, denoise(x, torch.full((4,), 0.3)))


def test_a_network_predicting_the_posterior_makes_the_wiener_denoiser():
    x, sigma = normal(6, 3), levels(6)
    wiener = Gaussian(torch.zeros(3), 0.25 * torch.eye(3)).denoise(x, sigma)
    # For isotropic data of deviation sigma_data the best network output is 0.
    torch.testing.assert_close(precondition(lambda s, _: 0 * s, 0.5)(x, sigma), wiener)


@pytest.mark.parametrize(("shape", "leading"), [((7, 3), (7,)), ((2, 7, 1, 4, 4), (2, 7))])
def test_loss_is_per_example_and_of_unit_scale_before_training(shape, leading):
    sigma, clean, noise = levels(*leading), normal(*shape), normal(*shape, seed=2)
    seen = {}

    def network(scaled, _):
        seen["scaled"] = scaled
        return torch.zeros_like(scaled)

    loss = edm_loss(precondition(network, 0.5), clean, noise, sigma, 0.5)
    assert loss.shape == leading
    # The weighted loss is the network's own squared error against its unit-variance target.
    deep = sigma.reshape(leading + (1,) * (clean.ndim - sigma.ndim))
    c_skip, c_out, _, _ = edm_coefficients(deep, 0.5)
    target = (clean - c_skip * (clean + deep * noise)) / c_out
    torch.testing.assert_close(loss, target.square().flatten(len(leading)).mean(-1))
    torch.testing.assert_close(seen["scaled"], (clean + deep * noise) / (deep**2 + 0.25).sqrt())


def test_loss_of_stacked_students_is_each_students_loss():
    clean, noise, sigma = normal(3, 5, 4), normal(3, 5, 4, seed=1), levels(3, 5)
    denoise = precondition(lambda scaled, _: scaled.sin(), 0.5)
    stacked = edm_loss(denoise, clean, noise, sigma, 0.5)
    for student in range(3):
        torch.testing.assert_close(
            stacked[student],
            edm_loss(denoise, clean[student], noise[student], sigma[student], 0.5),
        )


def test_denoising_score_matching_finds_the_wiener_denoiser():
    """The minimiser over affine denoisers of the sampled loss tends to the Gaussian's denoiser."""
    target = Gaussian([1.0, -1.0, 0.5], [[1.0, 0.6, 0.0], [0.6, 0.8, 0.1], [0.0, 0.1, 0.3]])
    n, level = 40_000, 0.7
    clean = target.sample(n, torch.Generator().manual_seed(0))
    noise = normal(n, 3, seed=1)
    sigma = torch.full((n,), level).double()
    matrix = torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
    offset = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [matrix, offset], max_iter=100, line_search_fn="strong_wolfe", tolerance_grad=1e-9
    )

    def closure():
        optimizer.zero_grad()
        loss = edm_loss(
            lambda x, _: x @ matrix.mT + offset, clean, noise, sigma, sigma_data=0.5
        ).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    x = target.mean + normal(64, 3, seed=2)
    learnt = (x @ matrix.mT + offset).detach()
    # Regression error √(d · noise/n) ≈ .005 at unit distance.
    torch.testing.assert_close(learnt, target.denoise(x, level), rtol=0, atol=0.02)
