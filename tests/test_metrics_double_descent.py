"""Double descent: found where it is planted, and nil where there is noise alone."""

from itertools import combinations

import numpy as np
import pytest
import torch

from lowd.metrics.double_descent import double_descent, turning_points


def student(errors, noises, generator, features=3):
    """Samples off a teacher at 0 by these root mean squares, (step, noise, feature)."""
    unit = torch.randn(len(errors), noises, features, generator=generator, dtype=torch.float64)
    return torch.tensor(errors)[:, None, None] * unit / features**0.5


@pytest.mark.parametrize("seed", range(20))
def test_turning_points_are_those_of_all_triples(seed):
    curve = np.random.default_rng(seed).normal(size=8)

    def least(places):
        low, peak, last = places
        return min(curve[peak] - curve[low], curve[peak] - curve[last])

    best = max(combinations(range(8), 3), key=least)
    assert least(turning_points(curve)) == least(best)


def test_a_planted_descent_is_found_with_its_size():
    teacher = torch.zeros(40, 1)
    errors = np.array([2.0, 0.5, 0.7, 0.9, 0.3, 0.4])
    one = torch.tensor(errors).float()[:, None, None].expand(-1, 40, 1)
    for found in double_descent([one, one, one], teacher):
        assert found.rise == pytest.approx((0.4, 0), abs=1e-6)
        assert found.fall == pytest.approx((0.6, 0), abs=1e-6)
        assert found.places == ((1, 3, 4), (1, 3, 4))


def test_of_noise_alone_the_rise_is_nil_on_average_where_a_maximum_is_not():
    """Students that differ by luck of their own, and noises by theirs, about a flat curve."""
    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    teacher = torch.zeros(32, 3, dtype=torch.float64)
    rises, falls, naive = [], [], []
    for _ in range(150):
        own = 1 + 0.05 * rng.normal(size=(3, 7))
        drawn = [student(errors, 32, generator) for errors in own]
        found = double_descent(drawn, teacher)
        rises.append(np.mean([one.rise.value for one in found]))
        falls.append(np.mean([one.fall.value for one in found]))
        curve = np.mean([one.square().sum(2).mean(1).sqrt().numpy() for one in drawn], axis=0)
        low, peak, last = turning_points(curve)
        naive.append(min(curve[peak] - curve[low], curve[peak] - curve[last]))

    def in_errors(values):
        return np.mean(values) / (np.std(values, ddof=1) / len(values) ** 0.5)

    assert abs(in_errors(rises)) < 3 and abs(in_errors(falls)) < 3
    assert in_errors(naive) > 10


def test_its_error_is_the_spread_over_fresh_noises():
    """Of students whose errors stay, so that turning points do."""
    generator = torch.Generator().manual_seed(1)
    teacher, errors = torch.zeros(64, 3, dtype=torch.float64), [2.0, 0.5, 1.5, 0.4]
    found = [
        double_descent([student(errors, 64, generator) for _ in range(2)], teacher)[0].rise
        for _ in range(300)
    ]
    values, claimed = np.transpose(found)
    assert values.mean() == pytest.approx(1.0, abs=4 * values.std() / 300**0.5 + 0.005)
    # Of 300 draws a standard deviation is known to 4 %.
    assert claimed.mean() == pytest.approx(values.std(ddof=1), rel=0.15)


def test_an_error_that_only_falls_has_no_rise():
    generator = torch.Generator().manual_seed(2)
    teacher, errors = torch.zeros(64, 3, dtype=torch.float64), [4.0, 2.0, 1.0, 0.5, 0.25]
    for one in double_descent([student(errors, 64, generator) for _ in range(3)], teacher):
        assert one.rise.value < 0 < one.fall.value


def test_a_diverged_replicate_has_nan_and_chooses_no_steps():
    generator = torch.Generator().manual_seed(3)
    teacher, errors = torch.zeros(16, 3, dtype=torch.float64), [2.0, 0.5, 1.5, 0.4]
    first, second = (student(errors, 16, generator) for _ in range(2))
    whole = double_descent([first, second], teacher)
    lost = double_descent([first, None, second], teacher)
    assert np.isnan(lost[1].rise).all() and lost[1].places == ()
    assert lost[0] == whole[0] and lost[2] == whole[1]
    assert np.isnan(double_descent([first, None], teacher)[0].rise).all()


def test_too_few_replicates_snapshots_or_noises_are_refused():
    three = torch.zeros(3, 8, 1)
    with pytest.raises(ValueError, match="1 replicates"):
        double_descent([three], torch.zeros(8, 1))
    with pytest.raises(ValueError, match="3 noises"):
        double_descent([three[:, :3]] * 2, torch.zeros(3, 1))
    with pytest.raises(ValueError, match="three finite values"):
        double_descent([three[:2]] * 2, torch.zeros(8, 1))
