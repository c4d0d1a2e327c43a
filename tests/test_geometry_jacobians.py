"""What is known in closed form of the Jacobians of exact denoisers, and of their flows."""

import pytest
import torch

from lowd.diffusion.inversion import invert, levels_between
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.solvers import euler, heun, probability_flow
from lowd.distributions.empirical import Empirical
from lowd.distributions.gaussian import Gaussian
from lowd.distributions.jacobians import gaussian_jacobian, molrg_jacobian
from lowd.distributions.molrg import MoLRG
from lowd.geometry.directions import unit
from lowd.geometry.jacobian import jacobian
from lowd.geometry.symmetry import asymmetry, negative_part

D, RANK, SIGMA = 24, 8, 0.7


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def low_rank_gaussian():
    """Of rank 8 in 24 dimensions, with its mean."""
    basis = torch.linalg.qr(normal(D, D)).Q[:, :RANK]
    variances = torch.linspace(2, 0.2, RANK, dtype=torch.float64)
    return Gaussian(normal(D, seed=1), basis @ torch.diag(variances) @ basis.T)


def uneven_mixture():
    """Means, variances and weights all different."""
    bases = torch.linalg.qr(normal(3, D, 4)).Q
    return MoLRG(
        bases, torch.tensor([0.2, 0.3, 0.5]), normal(3, 4).square() + 0.1, normal(3, D, seed=2)
    )


def noisy(distribution, sigma, count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return distribution.sample(count, generator) + sigma * normal(count, D, seed=seed + 1)


def test_a_gaussians_jacobian_is_autograds_and_its_denoiser_is_linear_to_any_distance():
    gaussian = low_rank_gaussian()
    x, exact = noisy(gaussian, SIGMA, 3), gaussian_jacobian(gaussian, SIGMA)
    found = jacobian(gaussian.denoise, x, SIGMA)
    torch.testing.assert_close(found, exact.expand_as(found), rtol=0, atol=1e-10)
    direction = unit(normal(3, D, seed=5))
    for distance in (0.1, 3.0, 300.0):
        change = gaussian.denoise(x + distance * direction, SIGMA) - gaussian.denoise(x, SIGMA)
        torch.testing.assert_close(change, distance * direction @ exact, rtol=0, atol=1e-11)


def test_the_end_of_sampling_moves_by_the_root_of_the_jacobian_not_by_it():
    gaussian = low_rank_gaussian()
    x, direction = noisy(gaussian, SIGMA, 1), unit(normal(1, D, seed=5))
    levels = karras_sigmas(400, 1e-4, SIGMA)
    here, there = (
        probability_flow(gaussian.denoise, start, levels) for start in (x, x + direction)
    )
    exact = gaussian_jacobian(gaussian, SIGMA)
    root = gaussian.flow_matrix(SIGMA)
    torch.testing.assert_close(root @ root, exact)
    assert (there - here - direction @ root).norm() < 1e-5
    assert (there - here - direction @ exact).norm() > 0.03


@pytest.mark.parametrize("sigma", [0.05, 0.3, 1.0, 3.0])
def test_a_mixtures_jacobian_is_autograds_and_a_covariances(sigma):
    mixture = uneven_mixture()
    x = noisy(mixture, sigma, 5)
    exact = molrg_jacobian(mixture, x, sigma)
    torch.testing.assert_close(exact, jacobian(mixture.denoise, x, sigma), rtol=0, atol=1e-10)
    assert asymmetry(exact).max() < 1e-12
    assert negative_part(exact).max() < 1e-12


def test_a_jacobian_is_the_posterior_covariance_over_the_noise_variance():
    mixture, sigma = uneven_mixture(), 1.5
    clean = mixture.sample(200_000, torch.Generator().manual_seed(3)).double()
    x = noisy(mixture, sigma, 1, seed=7)
    weights = (-(x - clean).square().sum(1) / (2 * sigma**2)).softmax(0)
    assert 1 / weights.square().sum() > 500  # draws that count
    mean = weights @ clean
    covariance = ((clean - mean) * weights[:, None]).T @ (clean - mean)
    exact = molrg_jacobian(mixture, x, sigma)[0]
    assert (covariance / sigma**2 - exact).norm() < 0.1 * exact.norm()


def test_the_memorisers_jacobian_is_symmetric_and_positive_too():
    memoriser = Empirical(normal(9, D))
    found = jacobian(memoriser.denoise, normal(4, D, seed=3), 1.0)
    assert asymmetry(found).max() < 1e-6
    assert negative_part(found).max() < 1e-6


def test_signs_of_no_denoiser_are_seen_where_they_are():
    random = normal(4, 200, 200)
    torch.testing.assert_close(
        asymmetry(random), torch.full((4,), 2**0.5).double(), rtol=0.02, atol=0
    )
    turned = torch.tensor([[1.0, 0.5], [-0.5, -1.0]])
    assert asymmetry(turned).item() == pytest.approx(2**0.5 / 2.5**0.5)
    assert negative_part(turned).item() == pytest.approx(1 / 2.5**0.5)


def test_ranks_of_a_mixture_grow_from_r_to_k_r():
    generator = torch.Generator().manual_seed(0)
    mixture = MoLRG.random(3, D, 4, generator)
    ranks = []
    for sigma in (0.05, 3.0):
        found = torch.linalg.svdvals(molrg_jacobian(mixture, noisy(mixture, sigma, 32), sigma))
        ranks.append((found > 1e-8 * found[:, :1]).sum(1).double().median())
    # A point that lies near the origin belongs to several subspaces even at low noise.
    assert ranks == [4, 12]


def test_a_mixture_is_linear_where_one_weight_is_one_and_its_error_grows_with_the_distance():
    mixture = MoLRG.random(3, D, 4, torch.Generator().manual_seed(0))
    residuals = {}
    for sigma in (0.1, 1.0):
        x = noisy(mixture, sigma, 64)
        exact = molrg_jacobian(mixture, x, sigma)
        top = torch.linalg.svd(exact).Vh[:, 0]
        for strength in (0.05, 0.1, 1.0):
            step = strength * sigma
            change = mixture.denoise(x + step * top, sigma) - mixture.denoise(x, sigma)
            expected = step * torch.einsum("mde,me->md", exact, top)
            apart = (change - expected).norm(dim=1) / expected.norm(dim=1)
            residuals[sigma, strength] = apart.median().item()
    assert residuals[0.1, 1.0] < 1e-5
    assert residuals[1.0, 1.0] > 0.1
    # In proportion to the distance, as a second derivative has it.
    assert residuals[1.0, 0.1] / residuals[1.0, 0.05] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize(("solver", "order"), [(euler, 1), (heun, 2)])
def test_inversion_is_the_gaussians_flow_upwards_to_the_solvers_order(solver, order):
    covariance = normal(D, D) @ normal(D, D).T / D
    gaussian = Gaussian(normal(D, seed=1), covariance)
    images = gaussian.sample(4, torch.Generator().manual_seed(2))
    errors = []
    for steps in (40, 80):
        up = levels_between(2.0, 0.02, steps).flip(0)
        there = invert(gaussian.denoise, images, up, solver.solve)
        back = gaussian.flow(there, 2.0, 0.02)
        errors.append((back - images).norm().item())
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.3)


@pytest.mark.parametrize("levels", [[0.0, 1.0], [1.0, 0.5], [1.0]])
def test_levels_that_do_not_ascend_are_not_inverted(levels):
    with pytest.raises(ValueError, match="ascending"):
        invert(low_rank_gaussian().denoise, normal(1, D), torch.tensor(levels))
