"""FLOPs, bytes, evaluations and schedules, counted against others and by brute force."""

import itertools

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lowd.cost.schedule import makespan
from lowd.cost.tally import denoiser_cost, parameter_shapes, step_cost
from lowd.diffusion.evaluations import evaluations
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers import SOLVERS, probability_flow
from lowd.models.build import parameter_count
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.training.objectives import assemble, objective
from lowd.training.settings import (
    AdversarialSettings,
    ConsistencySettings,
    EDMSettings,
    EpsilonSettings,
    VariationalSettings,
)

EDM = EDMSettings()
LEVELS = {"sigma_min": 0.02, "sigma_max": 8.0}
AIMS = (
    EDM,
    EpsilonSettings(kind="epsilon", kernel="vp", **LEVELS),
    ConsistencySettings(kind="consistency", **LEVELS),
    VariationalSettings(kind="variational"),
)
MLP = MLPSettings(architecture="mlp", width=16)


@pytest.mark.parametrize("aim", AIMS, ids=lambda aim: aim.kind)
def test_flops_are_those_of_pytorchs_own_counter(smallest, aim):
    model, shape = smallest
    # On a CPU, attention is a single operation, for which there is no formula.
    with torch.device("meta"):
        learned = objective(aim, assemble(aim, model, 1, shape), 0.5)
        clean, unit, sigma = torch.empty(1, 4, *shape), torch.empty(1, 4, *shape), torch.ones(1, 4)
    with FlopCounterMode(display=False) as counter:
        learned.loss(clean, unit, sigma, 0.0).sum().backward()
    assert step_cost(aim, model, shape, 4).flops == counter.get_total_flops() > 0
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        learned.denoise(clean, 1.0)
    assert denoiser_cost(aim, model, shape, 4).flops == counter.get_total_flops() > 0


def test_flops_of_a_perceptron_are_its_products():
    forward = 2 * (6 + 16) * 16 + 2 * 16 * 16 + 2 * 16 * 6
    assert denoiser_cost(EDM, MLP, (6,), 5).flops == 5 * forward
    # Gradients of weights and of inputs, of which the data's own is not needed.
    assert step_cost(EDM, MLP, (6,), 5).flops == 5 * (3 * forward - 2 * (6 + 16) * 16)


def test_an_adversarial_step_costs_more_than_two_networks_and_can_be_counted():
    aim = AdversarialSettings(kind="adversarial")
    forward = denoiser_cost(aim, MLP, (6,), 5).flops
    # Both networks forward and back at least once.
    assert step_cost(aim, MLP, (6,), 5).flops > 2 * 3 * forward


def test_parameters_are_those_that_results_count(smallest):
    model, shape = smallest
    shapes = parameter_shapes(EDM, model, shape)
    assert sum(torch.Size(one).numel() for one in shapes) == parameter_count(model, shape)


def test_bytes_held_are_at_least_those_that_must_be():
    model, shape = UNetSettings(architecture="unet", width=8), (1, 8, 8)
    gradients = 4 * parameter_count(model, shape)
    little, much = (step_cost(EDM, model, shape, batch).peak for batch in (8, 64))
    # The first level's norms, activations and convolutions alone.
    assert much > gradients + 64 * 4 * 8 * 8 * 8 * 4
    assert 6 * little < much < 8 * little
    assert denoiser_cost(EDM, model, shape, 64).peak < much / 2


@pytest.mark.parametrize("solver", SOLVERS)
def test_evaluations_are_as_many_as_the_solver_makes(solver):
    sampler = SamplerSettings(solver=solver, steps=5, **LEVELS)
    asked = []

    def denoise(x, sigma):
        asked.append(sigma)
        return x / 2

    from lowd.diffusion.noise_levels import karras_sigmas

    levels = karras_sigmas(sampler.steps, sampler.sigma_min, sampler.sigma_max)
    probability_flow(denoise, torch.ones(2, 3), levels, solver)
    assert len(asked) == evaluations(sampler)


def brute_force(seconds, needs, devices):
    """The shortest time there is, over all orders in which jobs may start."""
    best = float("inf")
    for order in itertools.permutations(range(len(seconds))):
        place = {job: at for at, job in enumerate(order)}
        if any(place[other] > place[job] for job, need in enumerate(needs) for other in need):
            continue
        free, ended = [0.0] * devices, {}
        for job in order:
            device = min(range(devices), key=free.__getitem__)
            start = max([free[device], *(ended[other] for other in needs[job])])
            ended[job] = free[device] = start + seconds[job]
        best = min(best, max(ended.values()))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_schedules_are_within_grahams_bound_of_the_best(seed):
    draw = torch.Generator().manual_seed(seed)
    seconds = (1 + 9 * torch.rand(6, generator=draw)).tolist()
    needs = [
        [other for other in range(job) if torch.rand((), generator=draw) < 0.3] for job in range(6)
    ]
    for devices in (1, 2, 3):
        best, found = brute_force(seconds, needs, devices), makespan(seconds, needs, devices)
        assert best - 1e-9 <= found <= (2 - 1 / devices) * best + 1e-9
    assert makespan(seconds, needs, 1) == pytest.approx(sum(seconds))


def test_schedules_take_the_longest_job_first_and_wait_for_what_jobs_need():
    assert makespan([1.0, 1.0, 2.0], [[], [], []], 2) == 2
    assert makespan([3.0, 1.0, 1.0], [[], [0], [1]], 8) == 5
    assert makespan([2.0, 3.0, 4.0], [[], [], [0]], 2) == 6
    assert makespan([], [], 2) == 0


def test_schedules_that_can_not_be_are_refused():
    with pytest.raises(ValueError, match="devices: 0 run nothing"):
        makespan([1.0], [[]], 0)
    with pytest.raises(ValueError, match="need each other"):
        makespan([1.0, 1.0], [[1], [0]], 2)
