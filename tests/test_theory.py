"""Low-rank denoisers, PCA and subspace clustering, against closed forms and other libraries."""

import math
from itertools import permutations

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import TruncatedSVD
from sklearn.metrics import adjusted_rand_score

from lowd.distributions.molrg import MoLRG
from lowd.theory.bounds import lower_bound, random_completion
from lowd.theory.clustering import _joint, _members, _spectral, k_subspaces
from lowd.theory.equivalence import clustering_loss, denoising_loss
from lowd.theory.low_rank import denoise, hard_denoise, orthogonalised, train
from lowd.theory.settings import LowRankTraining
from lowd.theory.subspaces import (
    distance,
    draw_problem,
    matched_distance,
    orthonormal,
    polar,
    principal,
)

D = 12
shapes = st.tuples(st.integers(1, 3), st.integers(1, 4)).filter(lambda kr: kr[0] * kr[1] <= D)
seeds = st.integers(0, 2**31)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def problems(clusters, rank, samples, trials, dimension=D, seed=0):
    """True bases, and the points of all clusters, of some random problems."""
    source = generator(seed)
    drawn = [draw_problem(clusters, dimension, rank, samples, source) for _ in range(trials)]
    return torch.stack([b for b, _ in drawn]), torch.stack([p.flatten(0, 1) for _, p in drawn])


def joint_bases(trials, clusters, rank, seed=0):
    frame = polar(normal(trials, D, clusters * rank, seed=seed))
    return frame.unflatten(2, (clusters, rank)).movedim(2, 1)


# Subspaces


@given(shapes, seeds)
@settings(max_examples=25, deadline=None)
def test_points_lie_in_their_cluster_whose_bases_are_orthogonal_to_the_others(shape, seed):
    clusters, rank = shape
    bases, points = draw_problem(clusters, D, rank, 5, generator(seed))
    frame = bases.movedim(0, 1).flatten(1)
    torch.testing.assert_close(frame.T @ frame, torch.eye(clusters * rank, dtype=frame.dtype))
    torch.testing.assert_close((points @ bases) @ bases.mT, points)


@given(st.integers(1, 5), seeds)
@settings(max_examples=25, deadline=None)
def test_the_distance_is_that_of_the_projections_whatever_the_basis(rank, seed):
    ours, theirs = (orthonormal(normal(3, 1, D, rank, seed=seed + i)) for i in (0, 1))
    brute = torch.linalg.matrix_norm(ours @ ours.mT - theirs @ theirs.mT)
    torch.testing.assert_close(distance(ours, theirs), brute)
    turned = ours @ polar(normal(rank, rank, seed=seed + 2))
    torch.testing.assert_close(distance(turned, theirs), brute)


@given(st.integers(1, 4), seeds)
@settings(max_examples=25, deadline=None)
def test_the_matching_is_the_best_of_all_and_forgets_the_order_of_clusters(clusters, seed):
    ours = orthonormal(normal(2, clusters, D, 2, seed=seed))
    theirs = orthonormal(normal(2, clusters, D, 2, seed=seed + 1))
    for p in range(2):
        brute = min(
            max(float(distance(ours[p, k], theirs[p, order[k]])) for k in range(clusters))
            for order in permutations(range(clusters))
        )
        assert float(matched_distance(ours, theirs)[p]) == pytest.approx(brute)
    shuffled = ours[:, torch.randperm(clusters, generator=generator(seed))]
    torch.testing.assert_close(matched_distance(shuffled, theirs), matched_distance(ours, theirs))


def test_the_polar_factor_is_scipys():
    matrices = normal(4, D, 3)
    for ours, matrix in zip(polar(matrices), matrices, strict=True):
        np.testing.assert_allclose(ours, scipy.linalg.polar(matrix.numpy())[0], atol=1e-12)


# PCA


def test_principal_directions_are_scikit_learns():
    points = normal(3, 9, D)
    for ours, one in zip(principal(points, 4, generator()), points.numpy(), strict=True):
        theirs = TruncatedSVD(4, algorithm="arpack", random_state=0).fit(one).components_.T
        assert float(distance(ours, torch.from_numpy(theirs.copy()))) < 1e-6


@pytest.mark.parametrize(("rank", "samples"), [(4, 1), (4, 3), (5, 2), (3, 3), (3, 7)])
def test_errors_of_pca_are_the_exact_ones_of_random_completions(rank, samples):
    truth, points = problems(1, rank, samples, 4000)
    squares = distance(principal(points, rank, generator(1)), truth[:, 0]).square()
    exact = float(random_completion(rank, samples, D))
    standard_error = float(squares.std()) / 4000**0.5
    assert float(squares.mean()) == pytest.approx(exact**2, abs=4 * standard_error + 1e-12)
    assert exact >= lower_bound(rank, samples)


def test_points_that_repeat_leave_directions_open():
    point = normal(1, 1, D)
    bases = principal(point.repeat(50, 6, 1), 3, generator())
    torch.testing.assert_close(bases.mT @ bases, torch.eye(3).double().expand(50, 3, 3))
    torch.testing.assert_close((point @ bases) @ bases.mT, point.expand(50, 1, D))
    assert float(distance(bases[:-1], bases[1:]).min()) > 0.1  # each is filled up by itself


def test_the_expected_error_is_the_bound_where_nothing_is_left_to_chance():
    assert lower_bound(6, [2, 6, 9]).tolist() == [2, 0, 0]
    assert random_completion(6, 9, 48) == 0
    # One direction of two in the plane is missing, and only one is left.
    assert random_completion(2, 1, 2) == pytest.approx(0)
    # In many dimensions random directions are orthogonal to the missing ones.
    assert random_completion(4, 1, 10**9) == pytest.approx(math.sqrt(2 * 3), rel=1e-6)


# The denoiser


@given(shapes, seeds, st.floats(0.02, 5))
@settings(max_examples=25, deadline=None)
def test_every_problem_of_a_stack_is_denoised_by_lemma_1(shape, seed, sigma):
    clusters, rank = shape
    bases = joint_bases(3, clusters, rank, seed)
    noisy = normal(3, 6, D, seed=seed + 1)
    levels = sigma * torch.linspace(0.5, 1.5, 18).double().reshape(3, 6)
    ours = denoise(bases, noisy, levels)
    for p in range(3):
        torch.testing.assert_close(ours[p], MoLRG(bases[p]).denoise(noisy[p], levels[p]))


def cubature(dimension):
    """Points with the mean and covariance of a standard normal: exact for quadratics."""
    axes = dimension**0.5 * torch.eye(dimension, dtype=torch.float64)
    return torch.cat([axes, -axes])


@given(shapes, st.integers(1, 6), seeds, st.floats(0.01, 10))
@settings(max_examples=40, deadline=None)
def test_with_weights_of_clean_points_the_loss_is_that_of_subspace_clustering(
    shape, samples, seed, sigma
):
    """Exactly: the loss is quadratic in the noise, for which a cubature is enough."""
    clusters, rank = shape
    _, points = problems(clusters, rank, samples, 2, seed=seed % 1000)
    bases = joint_bases(2, clusters, rank, seed)
    levels = torch.full(points.shape[:2], sigma, dtype=torch.float64)
    losses = [
        (hard_denoise(bases, points + sigma * noise, levels, points) - points).square().sum(2)
        for noise in cubature(D)
    ]
    loss = torch.stack(losses).mean(dim=0).mean(dim=1)
    torch.testing.assert_close(loss, clustering_loss(points, bases, sigma), rtol=1e-9, atol=1e-9)


def test_with_one_cluster_the_best_basis_is_pcas():
    _, points = problems(1, 4, 9, 1)
    best = clustering_loss(points, principal(points, 2, generator())[:, None], 0.3)
    others = orthonormal(normal(200, 1, D, 2))
    assert (clustering_loss(points.expand(200, -1, -1), others, 0.3) > best).all()


@pytest.mark.parametrize("weights", ["hard", "soft"])
def test_the_gap_of_noisy_weights_closes_as_the_noise_does(weights):
    _, points = problems(2, 3, 8, 20)
    bases = joint_bases(20, 2, 3, seed=1)
    gaps = []
    for sigma in (1.0, 0.1, 0.001):
        losses = [
            denoising_loss(points, bases, sigma, kind, 64, generator(2))[0]
            for kind in (weights, "clean")
        ]
        gaps.append(abs(float((losses[0] - losses[1]).mean())))
    assert gaps[0] > 10 * gaps[1] > 100 * gaps[2]


def test_the_measured_loss_has_the_standard_error_it_says():
    _, points = problems(1, 3, 8, 1)
    bases = joint_bases(1, 1, 3)
    exact = clustering_loss(points, bases, 0.5)
    runs = [denoising_loss(points, bases, 0.5, "soft", 16, generator(i)) for i in range(200)]
    z = torch.stack([(loss - exact) / error for loss, error in runs])
    # Student's t with 7 degrees of freedom has a variance of 7/5.
    assert float(z.var()) == pytest.approx(1.4, abs=0.6)
    assert abs(float(z.mean())) < 4 * (1.4 / 200) ** 0.5


# Training


@given(st.integers(1, 6), seeds, st.floats(1e-6, 1e6))
@settings(max_examples=25, deadline=None)
def test_orthogonalised_singular_values_lie_together(columns, seed, scale):
    matrices = scale * normal(5, D, columns, seed=seed)
    singular = torch.linalg.svdvals(orthogonalised(matrices))
    spread = torch.linalg.svdvals(matrices)
    seen = spread > 0.02 * spread[:, :1]  # smaller ones need more steps than five
    assert (singular[seen] > 0.5).all() and (singular < 1.4).all()


@pytest.mark.parametrize(("clusters", "rank"), [(1, 3), (2, 2), (3, 2)])
def test_training_finds_the_subspaces_that_pca_or_clustering_finds(clusters, rank):
    truth, points = problems(clusters, rank, rank + 4, 8)
    training = LowRankTraining(steps=500, restarts=1 if clusters == 1 else 4)
    found = orthonormal(train(points.float(), clusters, rank, training, generator()))
    assert float(matched_distance(found, truth).median()) < 0.05
    if clusters == 1:
        pca = principal(points, rank, generator())
        assert float(distance(found[:, 0], pca).max()) < 0.1


def test_restarts_are_chosen_by_their_loss():
    """With training that does nothing, the best of many random bases is better than the first."""
    _, points = problems(1, 2, 6, 30)
    losses = []
    for restarts in (1, 20):
        training = LowRankTraining(steps=1, restarts=restarts, learning_rate=1e-9)
        bases = orthonormal(train(points, 1, 2, training, generator(3)))
        losses.append(clustering_loss(points, bases, 0.02).mean())
    assert losses[1] < 0.9 * losses[0]


def test_training_depends_on_the_generator_alone():
    _, points = problems(2, 2, 4, 3)
    runs = [train(points, 2, 2, LowRankTraining(steps=5), generator(seed)) for seed in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


# Subspace clustering


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize(("clusters", "rank"), [(2, 2), (2, 5), (3, 4)])
def test_subspaces_are_found_from_as_many_points_as_dimensions(clusters, rank, joint):
    truth, points = problems(clusters, rank, rank, 6)
    found = k_subspaces(points, clusters, rank, generator(), joint=joint)
    torch.testing.assert_close(
        found.mT @ found, torch.eye(rank).double().expand_as(found.mT @ found)
    )
    assert float(matched_distance(found, truth).max()) < 1e-5


def test_joint_bases_are_mutually_orthogonal_even_where_points_are_few():
    _, points = problems(3, 4, 2, 5)
    found = k_subspaces(points, 3, 4, generator(), joint=True)
    frame = found.movedim(1, 2).flatten(2)
    torch.testing.assert_close(frame.mT @ frame, torch.eye(12).double().expand(5, 12, 12))


def test_joint_bases_are_no_worse_than_any_that_are_near():
    _, points = problems(2, 3, 6, 1)
    points = points + 0.3 * normal(*points.shape, seed=5)
    labels = torch.arange(12)[None] // 6
    start = joint_bases(1, 2, 3)

    def inside(bases):
        return (_members(points, labels, 2) @ bases).square().sum(dim=(1, 2, 3))

    found = _joint(points, labels, start)
    assert inside(found) > inside(start)
    for seed in range(50):
        frame = found.movedim(1, 2).flatten(2) + 0.05 * normal(1, D, 6, seed=seed)
        other = polar(frame).unflatten(2, (2, 3)).movedim(2, 1)
        assert inside(other) <= inside(found) + 1e-9


def test_the_spectral_start_parts_orthogonal_subspaces():
    _, points = problems(3, 3, 7, 4)
    for one in points:
        labels = _spectral(one, 3, generator())
        assert adjusted_rand_score(np.arange(21) // 7, labels.numpy()) == 1
