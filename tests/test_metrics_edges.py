"""What metrics make of arrays of every kind, of very large and very small numbers, and refuse."""

import inspect

import numpy as np
import pytest
import torch

from lowd.metrics.authenticity import authenticity
from lowd.metrics.bias_variance import bias_variance
from lowd.metrics.closest import closest
from lowd.metrics.copy_rate import copy_rate
from lowd.metrics.data_copying import data_copying
from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import root_mean_square
from lowd.metrics.explained import explained_share, sample_cosine
from lowd.metrics.flow_distance import probability_flow_distance, probability_flow_gap
from lowd.metrics.frechet import frechet_distance
from lowd.metrics.generalization import generalization
from lowd.metrics.kernel_distance import kernel_distance
from lowd.metrics.manifolds import manifolds
from lowd.metrics.memorised_fraction import memorised_fraction
from lowd.metrics.neighbours import most_similar, nearest
from lowd.metrics.overlaps import convergence_overlap, second_moments
from lowd.metrics.reproducibility import mae_score, reproducibility, reproducibility_chance
from lowd.metrics.rows import check_cosine
from lowd.metrics.threshold import nearest_quantile, unrelated_quantile
from lowd.metrics.vendi import vendi_score


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


SAME = {
    "big-endian": lambda rows: rows.astype(">f8"),
    "long double": lambda rows: rows.astype(np.longdouble),
    "lists": lambda rows: rows.tolist(),
    "tensors that need gradients, in a list": lambda rows: [
        torch.tensor(row, requires_grad=True) for row in rows
    ],
    "numbers that need gradients, in lists": lambda rows: [
        [torch.tensor(number, requires_grad=True, dtype=torch.float64) for number in row]
        for row in rows
    ],
    "nothing masked": np.ma.masked_array,
    "every other column": lambda rows: np.repeat(rows, 2, axis=1)[:, ::2],
}
REFUSED = {
    "objects": (lambda rows: rows.astype(object), "object"),
    "text": (lambda rows: rows.astype(str), "<U"),
    "bytes": (lambda rows: rows.astype("S8"), r"\|S8"),
    "dates": (lambda rows: rows.astype("M8[s]"), "datetime"),
    "complex numbers": (lambda rows: rows + 1j, "complex128"),
    "complex tensors": (lambda rows: torch.from_numpy(rows + 1j), "complex128"),
    "masked values": (lambda rows: np.ma.masked_greater(rows, 0), "masked"),
    "ragged lists": (lambda rows: [*rows.tolist()[:-1], [1.0]], "ours"),
    "ragged tensors": (lambda rows: [*map(torch.tensor, rows[:-1]), torch.ones(1)], "ours"),
    "lists of masked values": (
        lambda rows: [[np.ma.masked_greater(row, 0)] for row in rows],
        "mask",
    ),
    "a sparse tensor": (lambda rows: torch.from_numpy(rows).to_sparse(), "sparse"),
    "a nested tensor": (
        lambda rows: torch.nested.nested_tensor([*torch.from_numpy(rows)]),
        "nested",
    ),
    "a tensor without data": (lambda rows: torch.from_numpy(rows).to("meta"), "without data"),
    "a quantized tensor": (
        lambda rows: torch.quantize_per_tensor(torch.from_numpy(rows).float(), 0.1, 0, torch.qint8),
        "quantized",
    ),
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_numbers_score_the_same_however_they_are_held(kind):
    ours, theirs = normal(6, 4), normal(6, 4, seed=1)
    held = SAME[kind](ours)
    assert probability_flow_distance(held, theirs) == probability_flow_distance(ours, theirs)
    assert generalization(held, theirs, 0.3) == generalization(ours, theirs, 0.3)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_holds_no_real_numbers_is_refused_by_name(kind):
    make, told = REFUSED[kind]
    with pytest.raises(ValueError, match=rf"(?=.*ours)(?=.*{told})"):
        probability_flow_distance(make(normal(6, 4)), normal(6, 4))
    with pytest.raises(ValueError, match=r"^generated "):
        generalization(make(normal(6, 4)), normal(6, 4), 0.5)


def test_students_in_a_list_are_taken_and_their_mask_is_not_ignored():
    students, teacher = normal(3, 5, 2), normal(5, 2, seed=1)
    assert bias_variance(list(students), teacher) == bias_variance(students, teacher)
    with pytest.raises(ValueError, match="masked"):
        bias_variance(np.ma.masked_greater(students, 0), teacher)


SCALES = [1e-300, 1e-200, 1e200, 1e300]


@pytest.mark.parametrize("scale", SCALES)
def test_rows_have_norm_one_whatever_their_size(scale):
    rows = torch.from_numpy(normal(5, 4))
    assert torch.allclose(unit(scale * rows), unit(rows), rtol=1e-14, atol=0)
    for dtype, extreme in ((torch.float32, 1e38), (torch.float32, 1e-38), (torch.float16, 3e4)):
        ones = torch.full((2, 4), extreme, dtype=dtype)
        assert unit(ones).tolist() == [[0.5] * 4] * 2


def test_scaling_to_norm_one_changes_no_bit_of_ordinary_rows():
    rows = torch.from_numpy(normal(500, 37)) * torch.logspace(-9, 9, 500)[:, None]
    for kind in (rows, rows.float()):
        assert torch.equal(unit(kind), kind / torch.linalg.vector_norm(kind, dim=1, keepdim=True))


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    "score",
    [
        lambda ours, theirs: reproducibility(ours, theirs, 0.3),
        lambda ours, theirs: reproducibility_chance(ours, theirs, 0.3),
        lambda ours, theirs: generalization(ours, theirs, 0.3),
        lambda ours, theirs: data_copying(ours[:15], ours[15:], theirs),
        lambda ours, theirs: vendi_score(ours),
        lambda ours, theirs: [nearest_quantile(ours, theirs, 0.7)],
        lambda ours, theirs: [unrelated_quantile(ours, 0.7)],
        lambda ours, theirs: manifolds(ours, theirs, 3).density,
        authenticity,
    ],
)
def test_scores_that_know_no_unit_are_the_same_at_every_scale(score, scale):
    ours, theirs = normal(30, 3), normal(30, 3, seed=1)
    np.testing.assert_allclose(score(scale * ours, scale * theirs), score(ours, theirs), rtol=1e-9)


@pytest.mark.parametrize("scale", SCALES)
def test_distances_are_as_many_times_larger_as_the_features(scale):
    ours, theirs, others = normal(20, 3), normal(20, 3, seed=1), normal(20, 3, seed=2)
    large = [scale * rows for rows in (ours, theirs, others)]
    for found, expected in (
        (probability_flow_distance(*large[:2]), probability_flow_distance(ours, theirs)),
        (probability_flow_gap(*large), probability_flow_gap(ours, theirs, others)),
        (nearest(*large[:2])[0], nearest(ours, theirs)[0]),
        (closest(*large[:2], 2)[0], closest(ours, theirs, 2)[0]),
    ):
        found, expected = (torch.as_tensor(one, dtype=torch.float64) for one in (found, expected))
        np.testing.assert_allclose(found / scale, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "score",
    [
        frechet_distance,
        kernel_distance,
        lambda ours, theirs: bias_variance(np.stack([ours, theirs, ours]), theirs),
    ],
)
def test_a_squared_distance_beyond_double_precision_is_refused(score):
    with pytest.raises(ValueError, match=r"too large .* scale"):
        score(1e200 * normal(9, 3), normal(9, 3, seed=1))


THRESHOLDS = {
    "reproducibility": reproducibility,
    "chance": reproducibility_chance,
    "generalization": generalization,
}


@pytest.mark.parametrize("score", THRESHOLDS)
@pytest.mark.parametrize("threshold", [-1.001, 1.5, 60.0, np.nan, np.inf])
def test_a_threshold_that_is_no_cosine_is_refused(score, threshold):
    with pytest.raises(ValueError, match=r"threshold .* is no cosine; .* between -1 and 1"):
        THRESHOLDS[score](normal(5, 3), normal(5, 3), threshold)
    for cosine in (-1.0, 1.0):
        THRESHOLDS[score](normal(5, 3), normal(5, 3), cosine)


@pytest.mark.parametrize("q", [-0.1, 1.1, np.nan])
def test_a_quantile_that_is_no_fraction_is_refused(q):
    with pytest.raises(ValueError, match=r"q .* between 0 and 1"):
        unrelated_quantile(normal(5, 3), q)
    with pytest.raises(ValueError, match=r"q .* between 0 and 1"):
        nearest_quantile(normal(5, 3), normal(5, 3), q)


def test_images_on_another_scale_than_8_bits_are_refused_by_mae_score():
    grey = np.full((4, 3), 100.0)
    for wrong in (-1.0, 255.5, 1e4):
        image = grey.copy()
        image[2, 1] = wrong
        with pytest.raises(ValueError, match=rf"theirs .*{wrong:g}.* 0 to 255"):
            mae_score(grey, image)
    with pytest.raises(ValueError, match="ours seems to be on the scale 0 to 1"):
        mae_score(grey / 255, grey / 255)
    for threshold in (-1.0, 256.0, np.nan):
        with pytest.raises(ValueError, match=r"threshold .* 0 to 255"):
            mae_score(grey, grey, threshold)


@pytest.mark.parametrize("threshold", ["0.6", None, [0.6]])
def test_a_threshold_that_is_no_number_is_refused_as_others_are(threshold):
    # Types are checked while tests run, not where lowd is used.
    with pytest.raises(ValueError, match=r"threshold .* is no cosine"):
        inspect.unwrap(check_cosine)(threshold)


SCALELESS = {
    "sample_cosine": lambda s, a, b, c: sample_cosine(s * a, s * b, s * c[:1]),
    "explained_share": lambda s, a, b, c: explained_share(s * a, s * b, s * c[:1]),
    "memorised_fraction": lambda s, a, b, c: memorised_fraction(s * a, s * b, s * c),
    "convergence_overlap": lambda s, a, b, c: convergence_overlap(s * a, s * b),
}


@pytest.mark.parametrize("score", SCALELESS)
@pytest.mark.parametrize("scale", [2.0**-30, 1e-200, 1e155, 1e200])
def test_a_score_without_a_unit_is_the_same_at_every_scale(score, scale):
    sides = [normal(6, 4, seed=seed) for seed in range(3)]
    assert SCALELESS[score](scale, *sides) == pytest.approx(SCALELESS[score](1.0, *sides))


def test_squares_of_features_that_are_too_large_are_refused_not_infinite():
    large = 1e200 * normal(6, 4)
    with pytest.raises(ValueError, match="features are too large to be squared"):
        frechet_distance(large, large)
    with pytest.raises(ValueError, match="generated samples are too large"):
        second_moments(normal(6, 4), large)


@pytest.mark.parametrize("ratio", [0.0, -1.0, 2.5, np.nan])
def test_a_ratio_of_distances_that_is_none_is_refused(ratio):
    with pytest.raises(ValueError, match=r"ratio .* is not above 0"):
        copy_rate(normal(5, 3), normal(5, 3), ratio)


@pytest.mark.parametrize("count", [0, -1])
def test_no_neighbour_is_no_number_of_neighbours(count):
    with pytest.raises(ValueError, match=r"count .* names no neighbour"):
        closest(normal(5, 3), normal(5, 3), count)


def test_floats_of_a_byte_score_as_their_values_do():
    small = torch.from_numpy(normal(6, 4)).to(torch.float8_e4m3fn)
    ours, theirs = small.float(), normal(6, 4, seed=1)
    assert probability_flow_distance(small, theirs) == probability_flow_distance(ours, theirs)


def brute_force(query, reference):
    """In extended precision."""
    apart = query.astype(np.longdouble)[:, None] - reference.astype(np.longdouble)
    return np.sqrt((apart**2).sum(-1))


@pytest.mark.parametrize("spread", [1e7, 1e9, 1e12])
@pytest.mark.parametrize("entries", [60, 2**24])
def test_neighbours_are_exact_where_clusters_are_far_apart(spread, entries):
    # Products of matrices round by more than what parts the members of one cluster.
    centres = spread * np.array([[1.0, -1, 0], [-1, 1, 1], [0, 3, -2]])
    reference = np.repeat(centres, 20, axis=0) + 1e-3 * normal(60, 3)
    query = np.repeat(centres, 5, axis=0) + 1e-3 * normal(15, 3, seed=1)
    expected = brute_force(query, reference)
    distance, row = nearest(query, reference, entries=entries)
    assert row.tolist() == expected.argmin(1).tolist()
    np.testing.assert_allclose(distance, expected.min(1).astype(float), rtol=1e-12)
    distances, rows = closest(query, reference, 3, entries=entries)
    assert rows.tolist() == np.argsort(expected, axis=1)[:, :3].tolist()
    np.testing.assert_allclose(distances, np.sort(expected, 1)[:, :3].astype(float), rtol=1e-12)


def test_balls_are_exact_where_clusters_are_far_apart():
    near = normal(40, 3), normal(40, 3, seed=1)
    far = np.repeat([[0.0, 0, 0], [2.0**33, -(2.0**33), 2.0**33]], 20, axis=0)
    # Numbers that sums with 2³³ hold exactly.
    near = [np.round(rows * 2**12) / 2**12 for rows in near]
    ours, theirs = (rows + far for rows in near)
    halves = [manifolds(near[0][part], near[1][part], 3) for part in (slice(20), slice(20, None))]
    for score in ("precision", "recall", "density", "coverage"):
        expected = np.mean([getattr(half, score).value for half in halves])
        assert getattr(manifolds(ours, theirs, 3), score).value == pytest.approx(expected)


def test_of_references_at_one_distance_the_first_is_named():
    reference = np.array([[3.0, 0], [0, 1], [1, 0], [0, 1]])
    distance, row = nearest(np.zeros((2, 2)), reference)
    assert (distance.tolist(), row.tolist()) == ([1, 1], [1, 1])
    assert nearest(reference, reference, exclude_self=True)[1].tolist() == [2, 3, 1, 1]


def test_an_outlier_hides_no_neighbour_of_the_others():
    reference = np.concatenate([normal(30, 3), [[1e200, 0, 0]]])
    query = normal(8, 3, seed=1)
    assert nearest(query, reference)[1].tolist() == nearest(query, reference[:30])[1].tolist()
    assert most_similar(query, reference[:30])[0].tolist() == pytest.approx(
        most_similar(1e200 * query, 1e-200 * reference[:30])[0].tolist()
    )


def test_the_error_of_a_root_mean_square_is_its_spread():
    drawn = torch.randn((400, 50), generator=torch.Generator().manual_seed(0)).square()
    every = [root_mean_square(values) for values in drawn]
    spread = float(torch.tensor([each.value for each in every]).std())
    # A standard deviation of 400 values is known to 3.5 %.
    assert np.mean([each.standard_error for each in every]) == pytest.approx(spread, rel=0.1)
    assert root_mean_square(torch.zeros(3)) == (0, 0)
