"""Markers of memorisation, against closed forms, brute force and scikit-learn."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.settings import SamplerSettings
from lowd.diffusion.solvers import probability_flow
from lowd.distributions.empirical import Empirical
from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG
from lowd.geometry.local_dimension import EXACT, local_dimension
from lowd.kinds.markers.levels import MOST, choose, thinned
from lowd.kinds.markers.trajectory import visited
from lowd.metrics.collapse import best_exponent, curve_spread
from lowd.metrics.copy_rate import copy_rate, nearer_own
from lowd.metrics.detection import area_under_roc
from lowd.metrics.flow_distance import probability_flow_distance
from lowd.metrics.memorised_fraction import memorised_excess, memorised_fraction

SEEDS = st.integers(0, 2**16)


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def teacher(clusters=1, dimension=24, rank=12):
    return MoLRG.random(clusters, dimension, rank, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("clusters", [1, 2])
@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.1, 0.2])
def test_a_teacher_of_subspaces_has_their_dimension(clusters, sigma):
    mixture = teacher(clusters, rank=12)
    points = mixture.sample(512, torch.Generator().manual_seed(2)).double()
    found = local_dimension(mixture.denoise, points, sigma, torch.Generator())
    assert float(found.mean()) == pytest.approx(12, abs=0.05)


def test_the_dimension_at_a_point_of_one_subspace_is_that_of_the_closed_form():
    mixture, sigma = teacher(), 0.7
    points = mixture.sample(8, torch.Generator().manual_seed(2)).double()
    squares = points.square().sum(1)
    expected = 12 / (1 + sigma**2) + sigma**2 * squares / (1 + sigma**2) ** 2
    found = local_dimension(mixture.denoise, points, sigma, torch.Generator())
    assert torch.allclose(found, expected, rtol=1e-10)


def test_pure_memorisation_has_no_dimension_at_its_points_and_much_elsewhere():
    points = teacher().sample(32, torch.Generator().manual_seed(2)).double()
    others = teacher().sample(32, torch.Generator().manual_seed(3)).double()
    memoriser = Empirical(points)
    assert local_dimension(memoriser.denoise, points, 0.1, torch.Generator()).abs().max() < 1e-6
    distances = torch.cdist(others, points).min(dim=1).values
    found = local_dimension(memoriser.denoise, others, 0.1, torch.Generator())
    assert torch.allclose(found, distances.square() / 0.01, rtol=1e-2)


def test_each_student_of_a_stack_has_the_dimension_that_it_has_alone():
    one, other = teacher(), teacher(rank=5)
    points = normal(0, 2, 4, 24)

    def stacked(x, sigma):
        return torch.stack([one.denoise(x[0], sigma), other.denoise(x[1], sigma)])

    together = local_dimension(stacked, points, 0.3, torch.Generator(), batch=2)
    for at, mixture in enumerate((one, other)):
        alone = local_dimension(mixture.denoise, points[at], 0.3, torch.Generator())
        assert torch.allclose(together[at], alone)


def test_random_directions_estimate_the_trace_without_bias():
    size = EXACT + 44
    spread = torch.linspace(0.1, 2, size, dtype=torch.float64)
    turned = torch.linalg.qr(normal(0, size, size)).Q
    gaussian = Gaussian(torch.zeros(size, dtype=torch.float64), turned * spread @ turned.T)
    points = torch.zeros(400, size, dtype=torch.float64)
    found = local_dimension(gaussian.denoise, points, 0.5, torch.Generator().manual_seed(1))
    error = float(found.std()) / 20
    assert 0 < error < 1
    assert abs(float(found.mean()) - float((spread / (spread + 0.25)).sum())) < 4 * error


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(2, 30))
def test_copies_are_those_of_brute_force(seed, count):
    training = normal(seed, count, 3)
    generated = torch.cat([normal(seed + 1, 40, 3), training + 0.01 * normal(seed + 2, count, 3)])
    distances = torch.cdist(generated, training).sort(dim=1).values
    expected = (distances[:, 0] < distances[:, 1] / 3).double().mean()
    assert copy_rate(generated, training).value == pytest.approx(float(expected))


def test_copies_by_chance_are_as_rare_as_a_ball_is_small():
    """Among points of even density P(d₁ < d₂/3) is 3⁻ʳ: that the second is outside the ball."""
    generator = torch.Generator().manual_seed(0)
    training = torch.rand(4000, 2, generator=generator, dtype=torch.float64)
    inside = 0.1 + 0.8 * torch.rand(4000, 2, generator=generator, dtype=torch.float64)
    found = copy_rate(inside, training)
    assert abs(found.value - 1 / 9) < 3 * found.standard_error


@pytest.mark.parametrize("n", [8, 64, 512])
def test_a_teacher_copies_nothing_and_a_memoriser_all(n):
    training = teacher().sample(n, torch.Generator().manual_seed(n)).double()
    fresh = teacher().sample(500, torch.Generator().manual_seed(0)).double()
    again = Empirical(training).sample(500, torch.Generator().manual_seed(0))
    assert copy_rate(fresh, training).value == 0
    assert copy_rate(again, training).value == 1
    unseen = teacher().sample(n, torch.Generator().manual_seed(n + 1)).double()
    assert nearer_own(again, training, unseen).value == 1


def test_samples_of_the_teacher_are_nearer_to_its_training_set_half_the_time():
    """Over many pairs of sets; of one pair the share varies by more than its own error."""
    mixture, generator, found = teacher(), torch.Generator().manual_seed(0), []
    for _ in range(60):
        fresh, own, unseen = (mixture.sample(n, generator) for n in (64, 16, 16))
        found.append(nearer_own(fresh, own, unseen).value)
    assert abs(np.mean(found) - 0.5) < 3 * np.std(found) / len(found) ** 0.5


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(1, 8))
def test_which_set_is_nearer_sums_to_one(seed, count):
    # Whole numbers, so that ties are common.
    generated, own, unseen = (
        normal(seed + at, rows, 2).round() for at, rows in enumerate((20, count, count))
    )
    there, back = nearer_own(generated, own, unseen), nearer_own(generated, unseen, own)
    assert there.value + back.value == pytest.approx(1)
    assert nearer_own(generated, own, own).value == 0.5


def test_sets_of_two_sizes_have_no_chance_of_a_half():
    with pytest.raises(ValueError, match="training has 3 points and unseen 4"):
        nearer_own(normal(0, 5, 2), normal(1, 3, 2), normal(2, 4, 2))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(2, 20), st.integers(1, 5))
def test_the_memorised_fraction_is_that_of_the_errors(seed, noises, features):
    ours, truth, memory = (normal(seed + at, noises, features) for at in range(3))
    gen, mem, emp = (
        probability_flow_distance(*pair).value
        for pair in ((ours, truth), (ours, memory), (memory, truth))
    )
    expected = (gen**2 + emp**2 - mem**2) / (2 * emp**2)
    assert memorised_fraction(ours, truth, memory).value == pytest.approx(expected)


def test_half_is_where_both_errors_are_equal_and_bias_aside_does_not_count():
    truth, memory = normal(0, 50, 6), normal(1, 50, 6)
    truth[:, 5] = memory[:, 5] = 0
    aside = torch.zeros(50, 6, dtype=torch.float64)
    aside[:, 5] = 3.0
    for fraction in (0.0, 0.5, 1.0):
        ours = truth + fraction * (memory - truth) + aside
        found = memorised_fraction(ours, truth, memory)
        assert found.value == pytest.approx(fraction)
        gen = probability_flow_distance(ours, truth).value
        mem = probability_flow_distance(ours, memory).value
        assert np.sign(round(gen - mem, 9)) == np.sign(fraction - 0.5)


def test_errors_of_the_fraction_and_of_its_excess_are_those_of_fresh_noises():
    def drawn(seed):
        truth, own, other = (normal(3 * seed + at, 200, 4) for at in range(3))
        ours = truth + 0.3 * (own - truth) + 0.1 * normal(seed + 10**6, 200, 4)
        return memorised_fraction(ours, truth, own), memorised_excess(ours, truth, own, other)

    every = [drawn(seed) for seed in range(200)]
    for which in (0, 1):
        values = np.array([pair[which].value for pair in every])
        told = np.mean([pair[which].standard_error for pair in every])
        assert told == pytest.approx(values.std(), rel=0.2)
    # Independent memorisers have half of their way in common: that from the teacher's sample.
    assert np.mean([excess.value for _, excess in every]) == pytest.approx(0.15, abs=0.01)


def test_no_fraction_is_told_where_memoriser_and_teacher_agree():
    truth = normal(0, 10, 2)
    with pytest.raises(ValueError, match="nothing lies between them"):
        memorised_fraction(normal(1, 10, 2), truth, truth)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.integers(2, 20), st.integers(2, 20))
def test_the_share_of_pairs_is_the_area_under_the_curve(seed, members, others):
    ours, theirs = normal(seed, members).round(decimals=1), normal(seed + 1, others)
    theirs = (theirs + 0.5).round(decimals=1)
    truth = np.repeat([0, 1], [members, others])
    expected = roc_auc_score(truth, torch.cat([ours, theirs]).numpy())
    assert area_under_roc(ours[:, None], theirs).value == pytest.approx(expected)


def test_the_error_of_an_area_is_that_of_fresh_points():
    found = [area_under_roc(normal(s, 64, 1), normal(s + 999, 64) + 0.8) for s in range(300)]
    values = np.array([each.value for each in found])
    told = np.mean([each.standard_error for each in found])
    assert told == pytest.approx(values.std(), rel=0.15)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([0.0, 0.25, 0.5, 0.75]), st.floats(-2, 2))
def test_curves_that_differ_by_a_shift_collapse_where_it_is_undone(exponent, centre):
    log2_n, sizes = np.arange(1, 14), np.array([11.0, 13.0, 15.0, 17.0])
    # Straight lines, which interpolation does not bend.
    curves = 0.1 * (log2_n - exponent * sizes[:, None] - centre)
    assert curve_spread(log2_n, curves, sizes, exponent) < 1e-9
    assert best_exponent(log2_n, curves, sizes, np.arange(41) / 40) == pytest.approx(exponent)
    if exponent:
        plain = curve_spread(log2_n, curves, sizes, 0.0)
        assert plain == pytest.approx(0.1 * exponent * sizes.std(ddof=1))


def test_curves_that_do_not_overlap_have_no_spread():
    assert math.isnan(curve_spread([1, 2], np.zeros((2, 2)), [0.0, 20.0], 1.0))
    lost = np.array([[1.0, math.nan], [0.0, 1.0]])
    assert math.isnan(curve_spread([1, 2], lost, [3.0, 5.0], 0.0))


def test_levels_follow_from_a_teacher_of_subspaces():
    """Of 12 dimensions and unit variances: dimension and error are closed forms of σ."""
    sigma = np.geomspace(8, 0.02, 13)
    error = sigma**2 / (1 + sigma**2)
    dimension = 12 * (1 + 2 * sigma**2) / (1 + sigma**2) ** 2
    chosen = choose(dimension, error)
    assert sigma[chosen.structure] < 0.3
    beside = dimension[chosen.structure - 1 : chosen.structure + 2]
    assert np.abs(np.diff(beside)).max() < 0.01 * 12
    above = dimension[chosen.structure - 2 : chosen.structure + 1]
    assert np.abs(np.diff(above)).max() > 0.01 * above.min()
    assert abs(math.log2(sigma[chosen.half])) < 0.5
    assert (sigma[chosen.band] > 0.1).all() and (sigma[chosen.band] < 1.6).all()


def test_a_plateau_where_all_is_blurred_is_not_looked_at():
    """At high noise the dimension is flat because it is 0."""
    error = np.array([0.99, 0.98, 0.97, 0.5, 0.09, 0.03, 0.012, 0.001])
    dimension = np.array([0.0, 0.0, 0.0, 5.0, 11.5, 12.0, 12.0, 12.0])
    assert choose(dimension, error).structure == 6
    rising = np.array([0.0, 0.0, 0.0, 5.0, 9.0, 12.0, 13.0, 60.0])
    assert choose(rising, error).structure == 5


def test_a_teacher_without_a_plateau_is_looked_at_where_it_changes_least():
    dimension = np.array([1.0, 2.0, 4.0, 6.0, 6.3, 9.0, 20.0])
    chosen = choose(dimension, np.full(7, 0.9))
    assert dimension[chosen.structure] == 6.3
    assert chosen.band.sum() == 1


@pytest.mark.parametrize("steps", [1, 5, 18, 19, 40, 128])
def test_levels_are_thinned_evenly_down_to_the_last(steps):
    sigmas = karras_sigmas(steps, 0.02, 8)[:-1].tolist()
    kept = thinned(sigmas)
    assert len(kept) <= MOST and kept[-1] == sigmas[-1] and set(kept) <= set(sigmas)
    places = np.diff([sigmas.index(each) for each in kept])
    assert len(set(places.tolist())) <= 1


@pytest.mark.parametrize("solver", ["euler", "heun", "dpmpp"])
def test_states_visited_are_those_of_the_flow_so_far(solver):
    mixture = teacher()
    sampler = SamplerSettings(solver=solver, steps=6, sigma_min=0.05, sigma_max=4)
    sigmas = karras_sigmas(6, 0.05, 4)
    noise = normal(0, 3, 24)

    def stacked(x, sigma):
        return mixture.denoise(x.flatten(0, 1), sigma).view(x.shape)

    levels = sigmas[:-1].tolist()
    states = visited(stacked, noise, sampler, levels, 2)
    assert torch.equal(states[0][1], 4 * noise)
    for at in range(1, 6):
        expected = probability_flow(mixture.denoise, 4 * noise, sigmas[: at + 1], solver)
        assert torch.allclose(states[at][0], expected)
        assert torch.allclose(states[at][0], states[at][1])
