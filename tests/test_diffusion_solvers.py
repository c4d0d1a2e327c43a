from math import log2

import pytest
import torch

from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.preconditioning import precondition
from lowd.diffusion.solvers import SOLVERS, probability_flow
from lowd.distributions.gaussian import Gaussian, gaussian_flow_distance
from lowd.distributions.molrg import MoLRG


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def gaussian(seed, dimension=4, rank=4):
    factor = normal(dimension, rank, seed=seed)
    return Gaussian(normal(dimension, seed=seed + 100), factor @ factor.mT)


ORDERS = [("euler", 1), ("heun", 2), ("dpmpp", 2)]
OURS = [solver for solver, _ in ORDERS]


def observed_order(solver, denoise, noise, exact, sigma_min, sigma_max, steps):
    """Decay of the error when the steps double, on a grid that stops at sigma_min."""
    coarse, fine = (
        (
            probability_flow(denoise, noise, karras_sigmas(n, sigma_min, sigma_max)[:-1], solver)
            - exact
        )
        .square()
        .mean()
        .sqrt()
        for n in (steps + 1, 2 * steps + 1)
    )
    return log2(coarse / fine)


@pytest.mark.parametrize(("solver", "order"), ORDERS)
def test_solvers_have_their_order_on_a_gaussians_exact_flow(solver, order):
    target, noise = gaussian(0), 10 * normal(16, 4)
    exact = target.flow(noise, 10.0, 0.05)
    assert observed_order(solver, target.denoise, noise, exact, 0.05, 10.0, 128) == pytest.approx(
        order, abs=0.1
    )


@pytest.fixture(scope="module")
def mixture():
    """A nonlinear flow and its end, from a grid fine enough to serve as truth (error < 1e-6)."""
    target, noise = MoLRG.random(2, 6, 2, torch.Generator().manual_seed(0)), 5 * normal(16, 6)
    exact = probability_flow(target.denoise, noise, karras_sigmas(2049, 0.2, 5.0)[:-1], "heun")
    return target, noise, exact


@pytest.mark.parametrize(("solver", "order"), ORDERS)
def test_solvers_have_their_order_on_a_mixture(solver, order, mixture):
    target, noise, exact = mixture
    assert observed_order(solver, target.denoise, noise, exact, 0.2, 5.0, 64) == pytest.approx(
        order, abs=0.1
    )


@pytest.mark.parametrize("solver", OURS)
def test_distance_between_gaussian_flows_is_the_closed_form(solver):
    p, q, sigma_max = gaussian(0), gaussian(1, rank=2), 20.0
    # The flows are affine: their images of 0 and of T e_i give the mean over all noises exactly.
    probes = torch.cat([torch.zeros(1, 4), sigma_max * torch.eye(4)]).double()
    steps = 4000 if solver == "euler" else 200
    sigmas = karras_sigmas(steps, 1e-4, sigma_max)
    offset, *columns = probability_flow(p.denoise, probes, sigmas, solver) - probability_flow(
        q.denoise, probes, sigmas, solver
    )
    squared = offset.square().sum() + sum((column - offset).square().sum() for column in columns)
    assert squared.sqrt().item() == pytest.approx(gaussian_flow_distance(p, q, sigma_max), rel=2e-3)


@pytest.mark.parametrize(("solver", "evaluations"), [("euler", 18), ("heun", 35), ("dpmpp", 18)])
def test_a_denoiser_is_called_with_the_noises_dtype_and_float_levels(solver, evaluations):
    noise, sigmas, calls = (
        80 * normal(3, 1, 2, 2, dtype=torch.float32),
        karras_sigmas(18, 0.002, 80),
        [],
    )

    def denoise(x, sigma):
        calls.append((x.dtype, x.shape, type(sigma)))
        return 0.5 * x

    end = probability_flow(denoise, noise, sigmas, solver)
    assert calls == [(torch.float32, noise.shape, float)] * evaluations
    assert end.dtype == torch.float32 and end.shape == noise.shape


@pytest.mark.parametrize("solver", OURS)
def test_the_last_step_returns_the_denoised_state_at_sigma_min(solver):
    target, noise, sigmas = gaussian(0), 10 * normal(5, 4), karras_sigmas(8, 0.1, 10.0)
    before = probability_flow(target.denoise, noise, sigmas[:-1], solver)
    torch.testing.assert_close(
        probability_flow(target.denoise, noise, sigmas, solver), target.denoise(before, 0.1)
    )


@pytest.mark.parametrize(
    ("ours", "theirs"), [("euler", "diffusers_ddim"), ("dpmpp", "diffusers_dpmpp")]
)
@pytest.mark.parametrize("steps", [2, 5, 18, 60])
def test_schedulers_of_diffusers_go_the_same_way(ours, theirs, steps, mixture):
    target, noise, _ = mixture
    sigmas = karras_sigmas(steps, 0.02, 20.0)
    ends = (probability_flow(target.denoise, 4 * noise, sigmas, each) for each in (ours, theirs))
    # Theirs keep their tables in single precision.
    torch.testing.assert_close(*ends, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("solver", ["diffusers_ddim", "diffusers_dpmpp"])
def test_schedulers_of_diffusers_want_to_go_down_to_0(solver):
    with pytest.raises(ValueError, match="down to 0"):
        probability_flow(lambda x, _: x, torch.ones(1, 2), torch.tensor([2.0, 1.0]), solver)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_point_mass_is_reached_whatever_the_grid(solver):
    point = normal(4)
    end = probability_flow(
        lambda x, _: point.expand_as(x), 80 * normal(5, 4), karras_sigmas(2, 0.002, 80), solver
    )
    torch.testing.assert_close(end, point.expand(5, 4))


@pytest.mark.parametrize("solver", SOLVERS)
def test_stacked_students_flow_as_they_would_alone(solver):
    weights, noise, sigmas = normal(3, 4, 4), 10 * normal(5, 4), karras_sigmas(6, 0.02, 10.0)

    def student(weight):
        return precondition(lambda scaled, _: (scaled @ weight).tanh(), 0.5)

    stacked = probability_flow(student(weights), noise.expand(3, 5, 4), sigmas, solver)
    for weight, end in zip(weights, stacked, strict=True):
        torch.testing.assert_close(probability_flow(student(weight), noise, sigmas, solver), end)


@pytest.mark.parametrize("solver", OURS)
def test_gradients_pass_through_the_flow(solver):
    target, noise = gaussian(0), (3 * normal(2, 4)).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: probability_flow(target.denoise, x, karras_sigmas(4, 0.1, 3.0), solver), noise
    )


@pytest.mark.parametrize(
    ("sigmas", "solver", "told"),
    [
        ([1.0, 0.0], "rk45", "'rk45'.*euler, heun, dpmpp"),
        ([0.0, 1.0], "heun", "descending"),
        ([1.0, 1.0, 0.0], "heun", "descending"),
        ([1.0, -0.1], "heun", "below 0"),
        ([1.0], "heun", "two"),
    ],
)
def test_unusable_grids_and_solvers_are_refused(sigmas, solver, told):
    with pytest.raises(ValueError, match=told):
        probability_flow(lambda x, _: x, torch.ones(1, 2), torch.tensor(sigmas), solver)
