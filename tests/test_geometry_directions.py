"""Singular subspaces by products, and directions of edits, against dense linear algebra."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.distributions.gaussian import Gaussian
from lowd.distributions.jacobians import gaussian_jacobian
from lowd.geometry.directions import NothingLeft, locality, most_local, project_out, unit
from lowd.geometry.jacobian import jacobian
from lowd.geometry.linearisation import Linearisation
from lowd.geometry.subspaces import overlap, sine_between, top_subspace
from lowd.models.build import build, initialise
from lowd.models.settings import UNetSettings

INSIDE = torch.zeros(16, dtype=torch.bool)
INSIDE[[5, 6, 9, 10]] = True


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


def matrix_denoiser(matrix):
    """D(x) = Ax."""
    return lambda x, sigma: x @ matrix.T


def test_products_at_many_points_are_those_of_dense_jacobians():
    denoise, x = network(), normal(3, 1, 4, 4)
    dense = jacobian(denoise, x, 0.5)
    linear = Linearisation(denoise, x, 0.5, 5)
    for seed in (1, 2):  # the graph is asked again
        vectors = normal(3, 16, 5, seed=seed)
        torch.testing.assert_close(linear.forward(vectors), dense @ vectors)
        torch.testing.assert_close(linear.transposed(vectors), dense.mT @ vectors)
    rows = Linearisation(denoise, x, 0.5, 5, INSIDE)
    masked = dense * INSIDE[:, None]
    torch.testing.assert_close(rows.forward(vectors), masked @ vectors)
    torch.testing.assert_close(rows.transposed(vectors), masked.mT @ vectors)
    with torch.no_grad():
        again = Linearisation(denoise, x, 0.5, 5).forward(vectors)
        torch.testing.assert_close(again, dense @ vectors)


@pytest.mark.parametrize("inside", [None, INSIDE, ~INSIDE])
def test_top_subspaces_are_those_of_the_dense_decomposition(inside):
    denoise, x = network(), normal(3, 1, 4, 4)
    dense = jacobian(denoise, x, 0.5)
    if inside is not None:
        dense = dense * inside[:, None]
    left, singular, right = torch.linalg.svd(dense)
    found = top_subspace(denoise, x, 0.5, 3, generator(), inside=inside, tolerance=1e-7, most=2000)
    assert found.sine.max() <= 1e-7
    torch.testing.assert_close(found.singular, singular[:, :3], rtol=1e-6, atol=0)
    torch.testing.assert_close(
        overlap(found.right, right.mT[..., :3]), torch.ones(3).double(), rtol=0, atol=1e-8
    )
    torch.testing.assert_close(overlap(found.left, left[..., :3]), torch.ones(3).double())
    torch.testing.assert_close(dense @ found.right, found.left * found.singular[:, None])


@pytest.mark.parametrize(
    "values", [[2.0, 1, 1, 1, 0.2], [-2.0, -1, -1, 0.5, 0.1], [1.0, 1, 0, 0, 0]]
)
def test_iteration_ends_where_singular_values_repeat_change_sign_or_are_none(values):
    frame = torch.linalg.qr(normal(5, 5)).Q
    matrix = frame @ torch.diag(torch.tensor(values).double()) @ frame.T
    found = top_subspace(
        matrix_denoiser(matrix), normal(2, 5), 1.0, 3, generator(), tolerance=1e-6, most=100
    )
    assert found.sine.max() <= 1e-6
    expected = torch.tensor(values).abs().sort(descending=True).values[:3].double()
    torch.testing.assert_close(found.singular, expected.expand(2, 3), rtol=1e-6, atol=1e-9)


def test_batches_do_not_change_what_is_found(monkeypatch):
    denoise, x = network(), normal(5, 1, 4, 4)
    whole = top_subspace(denoise, x, 0.5, 2, generator(), most=40)
    monkeypatch.setattr("lowd.geometry.subspaces.AT_ONCE", 4)
    parts = top_subspace(denoise, x, 0.5, 2, generator(), most=40)
    assert sine_between(whole.right, parts.right).max() < 1e-2


@pytest.mark.parametrize(("rank", "inside"), [(0, None), (17, None), (5, INSIDE)])
def test_a_rank_that_no_jacobian_has_is_refused(rank, inside):
    with pytest.raises(ValueError, match=f"rank: {rank} of a Jacobian"):
        top_subspace(network(), normal(1, 1, 4, 4), 0.5, rank, generator(), inside=inside)


def test_a_region_without_a_number_has_no_subspace():
    with pytest.raises(ValueError, match="no number is inside"):
        top_subspace(network(), normal(1, 1, 4, 4), 0.5, 1, generator(), inside=INSIDE & False)


@given(st.integers(0, 2**31), st.integers(0, 8))
@settings(max_examples=30, deadline=None)
def test_protected_rows_change_no_more_than_their_next_singular_value(seed, protected):
    matrix = normal(16, 16, seed=seed)
    inside = torch.linalg.svd(matrix[INSIDE]).Vh[0]
    _, values, basis = torch.linalg.svd(matrix[~INSIDE])
    direction, left = project_out(inside, basis[:protected].T)
    assert direction.norm() == pytest.approx(1)
    assert (matrix[~INSIDE] @ direction).norm() <= values[protected] * (1 + 1e-12)
    assert 0 < left <= 1 + 1e-12


def test_nothing_is_left_when_all_that_a_denoiser_keeps_is_protected():
    frame = torch.linalg.qr(normal(24, 24)).Q[:, :8]
    gaussian = Gaussian(torch.zeros(24).double(), frame @ frame.T)
    exact = gaussian_jacobian(gaussian, 0.7)
    inside = torch.arange(24) < 6
    top = torch.linalg.svd(exact[inside]).Vh[0]
    basis = torch.linalg.svd(exact[~inside]).Vh.T
    _, left = project_out(top, basis[:, :5])
    assert left > 0.01
    with pytest.raises(NothingLeft, match="with 8 directions projected out"):
        project_out(top, basis[:, :8])


def ratio(matrix, direction, epsilon):
    """What a direction changes inside for what it changes outside."""
    moved = direction @ matrix.T
    outside = moved[..., ~INSIDE].square().sum(-1) + epsilon * direction.square().sum(-1)
    return moved[..., INSIDE].square().sum(-1) / outside


@given(st.integers(0, 2**31), st.sampled_from([0.01, 0.05, 0.3]))
@settings(max_examples=20, deadline=None)
def test_no_direction_is_more_local_than_the_generalised_eigenvector(seed, floor):
    matrix = normal(16, 16, seed=seed)
    best = most_local(matrix, INSIDE, floor)
    epsilon = floor * torch.linalg.matrix_norm(matrix[INSIDE], ord=2) ** 2
    basis = torch.linalg.svd(matrix[~INSIDE]).Vh
    top = torch.linalg.svd(matrix[INSIDE]).Vh[0]
    rivals = [project_out(top, basis[:protected].T)[0] for protected in range(11)]
    rivals = torch.cat([torch.stack(rivals), unit(normal(1000, 16, seed=seed))])
    reached = ratio(matrix, best, epsilon)
    assert (ratio(matrix, rivals, epsilon) <= reached * (1 + 1e-9)).all()
    assert best.norm() == pytest.approx(1)


def test_within_a_subspace_the_best_direction_is_that_of_the_subspace():
    matrices, basis = normal(4, 16, 16), torch.linalg.qr(normal(4, 16, 6)).Q
    best = most_local(matrices @ basis, INSIDE)
    for matrix, frame, found in zip(matrices, basis, best, strict=True):
        epsilon = 0.05 * torch.linalg.matrix_norm((matrix @ frame)[INSIDE], ord=2) ** 2
        reached = ratio(matrix, frame @ found, epsilon)
        others = unit(normal(500, 6)) @ frame.T
        assert (ratio(matrix, others, epsilon) <= reached * (1 + 1e-9)).all()


def test_a_region_that_nothing_moves_has_no_best_direction():
    with pytest.raises(ValueError, match="no direction moves"):
        most_local(normal(16, 16) * ~INSIDE[:, None], INSIDE)


def test_locality_is_the_share_inside():
    assert locality(torch.ones(16), INSIDE) == 0.25
    assert locality(INSIDE.double(), INSIDE) == 1


def test_overlap_of_unrelated_subspaces_is_that_of_chance():
    one, other = (torch.linalg.qr(normal(400, 64, 5, seed=s)).Q for s in (1, 2))
    assert overlap(one, other).mean() == pytest.approx(5 / 64, rel=0.05)
