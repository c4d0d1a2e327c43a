"""Jacobians of denoisers against closed forms, dense and without ever being held."""

import pytest
import torch

from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG
from lowd.geometry.jacobian import effective_rank, jacobian, products, randomised_rank
from lowd.models.build import build, initialise
from lowd.models.settings import UNetSettings

D = 12


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def network():
    """A small U-Net with random weights as a function of x and σ."""
    stack = build(UNetSettings(architecture="unet", width=4), 1, (1, 4, 4)).double()
    initialise(stack, [generator(3)])
    for p in stack.parameters():
        p.data += 0.3 * torch.randn(p.shape, generator=generator(4), dtype=p.dtype)
    level = torch.zeros(1, 1, dtype=torch.float64)
    return lambda x, sigma: stack(x[None], level.expand(1, len(x)))[0]


def test_the_jacobian_of_a_gaussians_denoiser_is_its_shrinkage():
    root = normal(D, D)
    covariance = root @ root.T
    expected = covariance @ torch.linalg.inv(covariance + 0.49 * torch.eye(D))
    found = jacobian(Gaussian(torch.zeros(D).double(), covariance).denoise, normal(3, D), 0.7)
    torch.testing.assert_close(found, expected.expand(3, D, D))


def test_the_jacobian_of_a_network_is_that_of_finite_differences():
    denoise, x = network(), normal(2, 1, 4, 4)
    dense = jacobian(denoise, x, 0.5)
    step = 1e-6
    for column, unit in enumerate(torch.eye(16).double().reshape(16, 1, 4, 4)):
        change = (denoise(x + step * unit, 0.5) - denoise(x - step * unit, 0.5)) / (2 * step)
        torch.testing.assert_close(dense[:, :, column], change.flatten(1), rtol=1e-5, atol=1e-7)


def test_products_are_those_of_the_dense_jacobian():
    denoise, x = network(), normal(1, 1, 4, 4)
    dense = jacobian(denoise, x, 0.5)[0]
    forward, transposed = products(denoise, x[0], 0.5)
    vectors = normal(16, 5, seed=1)
    torch.testing.assert_close(forward(vectors), dense @ vectors)
    torch.testing.assert_close(transposed(vectors), dense.T @ vectors)


@pytest.mark.parametrize(("clusters", "rank"), [(1, 3), (2, 3), (3, 2)])
def test_a_mixture_keeps_r_directions_at_low_noise_and_k_r_at_high(clusters, rank):
    mixture = MoLRG.random(clusters, D, rank, generator())
    points = mixture.sample(20, generator(1))
    for sigma, expected in ((0.01, rank), (50.0, clusters * rank)):
        noisy = points + sigma * normal(20, D, seed=2)
        singular = torch.linalg.svdvals(jacobian(mixture.denoise, noisy, sigma))
        assert (effective_rank(singular) == expected).all()


def test_the_effective_rank_is_the_least_that_holds_the_share():
    assert int(effective_rank(torch.ones(10))) == 10  # √.9 is below .99
    assert int(effective_rank(torch.tensor([1.0, 0.0, 0.0]))) == 1
    assert int(effective_rank(torch.tensor([0.2, 1.0, 0.2]))) == 3  # √(1.04/1.08) = .981
    squares = torch.tensor([0.9, 0.09, 0.01])
    assert int(effective_rank(squares.sqrt(), 0.99)) == 2
    assert int(effective_rank(squares.sqrt(), 0.94)) == 1


SPECTRA = {
    "one": torch.tensor([1.0] + [0.0] * 47),
    "flat": torch.tensor([1.0] * 8 + [0.0] * 40),
    "sloping": torch.linspace(1, 0, 48),
    "decaying": torch.exp(-torch.arange(48) / 8),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_the_randomised_rank_agrees_with_the_dense_one_whatever_the_seed(name):
    singular = SPECTRA[name].double()
    left, right = (torch.linalg.qr(normal(48, 48, seed=seed)).Q for seed in (0, 1))
    matrix = left @ torch.diag(singular) @ right
    dense = int(effective_rank(singular))
    for seed in range(20):
        found = randomised_rank(
            lambda v: matrix @ v, lambda u: matrix.T @ u, 48, generator(seed), dtype=torch.float64
        )
        assert abs(found - dense) <= 1


def test_the_randomised_rank_of_a_network_agrees_with_the_dense_one():
    denoise, x = network(), normal(1, 1, 4, 4)
    dense = int(effective_rank(torch.linalg.svdvals(jacobian(denoise, x, 0.5)))[0])
    forward, transposed = products(denoise, x[0], 0.5)
    found = randomised_rank(forward, transposed, 16, generator(), dtype=torch.float64)
    assert abs(found - dense) <= 1
