"""What Gaussian students of Gaussian students lose: closed forms against chains of fits."""

from math import log

import numpy as np
import pytest
import torch

from lowd.theory.collapse import (
    accumulated,
    entropy_loss,
    fitted_generations,
    flow_distances,
    refreshed,
    replaced,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("samples", "loss"), [(64, 0.6531), (128, 0.3151), (512, 0.0768)])
def test_entropy_lost_in_a_fit_is_that_of_digammas(samples, loss):
    assert entropy_loss(samples, 12) == pytest.approx(loss, abs=5e-5)
    drawn = torch.randn(400, samples, 12, generator=generator(), dtype=torch.float64)
    halves = torch.linalg.slogdet(drawn.mT @ drawn / samples).logabsdet / 2
    assert abs(halves.mean() + loss) < 4 * halves.std() / 20
    assert entropy_loss(samples, 12) == pytest.approx(12 * 13 / (4 * samples), rel=0.2)


def test_entropy_falls_by_as_much_in_every_generation():
    chains = [fitted_generations(40, 5, 4, generator(seed)) for seed in range(300)]
    halves = np.array([[float(torch.logdet(one)) / 2 for one in chain] for chain in chains])
    steps = np.diff(np.concatenate([np.zeros((300, 1)), halves], axis=1), axis=1)
    errors = steps.std(axis=0, ddof=1) / 300**0.5
    assert (abs(steps.mean(axis=0) + entropy_loss(40, 5)) < 4 * errors).all()


def test_a_fit_to_fewer_samples_than_dimensions_is_refused():
    with pytest.raises(ValueError, match="span less than 12"):
        entropy_loss(11, 12)
    assert entropy_loss(1, 1) == pytest.approx((log(2) + np.euler_gamma) / 2)


def chi_square_means(draw, count, shape):
    """Means of `count` squares of normal values."""
    return draw.chisquare(count, shape) / count


def test_second_moments_of_a_variance_are_those_of_chains():
    n, generations, chains, share = 32, 8, 200_000, 0.5
    draw = np.random.default_rng(0)
    fresh = round(share * n)
    last, kept, mixed = (np.ones(chains) for _ in range(3))
    found = {"replaced": [], "accumulated": [], "refreshed": []}
    sums = np.zeros(chains)
    for generation in range(1, generations + 1):
        last = last * chi_square_means(draw, n, chains)
        sums = sums + kept * chi_square_means(draw, n, chains)
        kept = sums / generation
        own = mixed * chi_square_means(draw, n - fresh, chains)
        mixed = share * chi_square_means(draw, fresh, chains) + (1 - share) * own
        for name, variance in zip(found, (last, kept, mixed), strict=True):
            found[name].append((variance**2).mean())
    exact = {
        "replaced": replaced(n, generations),
        "accumulated": accumulated(n, generations),
        "refreshed": refreshed(n, share, generations),
    }
    for name, values in found.items():
        np.testing.assert_allclose(values, exact[name], rtol=0.02, err_msg=name)
    assert exact["replaced"][-1] == pytest.approx(1.6242, abs=1e-4)
    assert exact["accumulated"][-1] == pytest.approx(1.0979, abs=1e-4)
    assert exact["refreshed"][-1] == pytest.approx(1.0870, abs=1e-4)


def test_modes_are_ordered_and_all_but_replacing_are_bounded():
    replace, accumulate, refresh = replaced(16, 400), accumulated(16, 400), refreshed(16, 0.5, 400)
    assert replace[-1] > 1e15
    assert accumulate[-1] - accumulate[-2] < 1e-5
    kept = 0.5**2
    limit = (2 / 16) / (1 - kept - (2 / 16) * 0.5)
    assert refresh[-1] == pytest.approx(1 + limit)
    assert refreshed(16, 0.25, 400)[-1] > refresh[-1] > refreshed(16, 0.75, 400)[-1]


def test_gaussian_students_drift_from_the_first_teacher():
    chains = np.array(
        [flow_distances(fitted_generations(128, 12, 8, generator(s)), 80.0) for s in range(8)]
    )
    means = chains.mean(axis=0)
    # √(E‖A_p − A_q‖²) T is near √(Σ (√λ − 1)²), about √(r (r + 1) / 8 N · 2).
    assert means[0] == pytest.approx((12 * 13 / (4 * 128)) ** 0.5, rel=0.1)
    assert (np.diff(means) > 0).all()
