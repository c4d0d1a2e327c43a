"""Selection of training points, against its definition."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.kinds.collapse.selection import DECAY, farthest, filtered, spacing


def cloud(seed, count, dimension=2):
    return torch.randn(count, dimension, generator=torch.Generator().manual_seed(seed)).double()


def apart(points):
    return min(float((a - b).norm()) for a, b in combinations(points, 2))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.data())
def test_each_pick_is_the_farthest_of_all_that_are_left(seed, count, data):
    points = cloud(seed, count)
    keep = data.draw(st.integers(1, count))
    rows = farthest(points, keep).tolist()
    assert rows[0] == 0 and len(set(rows)) == keep
    for place in range(1, keep):
        picked = rows[:place]
        left = {
            row: min(float((points[row] - points[other]).norm()) for other in picked)
            for row in range(count)
            if row not in picked
        }
        assert left[rows[place]] == pytest.approx(max(left.values()))


def test_farthest_points_are_at_most_half_as_spread_as_the_best_of_all_subsets():
    """Gonzalez' bound, over every subset of six."""
    for seed in range(20):
        points = cloud(seed, 6)
        best = max(apart(points[list(rows)]) for rows in combinations(range(6), 3))
        assert best / 2 <= apart(points[farthest(points, 3)]) <= best


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.floats(0, 3), st.data())
def test_a_filter_keeps_what_its_last_threshold_lets_through(seed, count, threshold, data):
    points = cloud(seed, count)
    keep = data.draw(st.integers(1, count))
    rows, reached = filtered(points, keep, threshold)
    assert len(rows) == len(set(rows.tolist())) == keep
    assert reached <= threshold
    assert keep == 1 or apart(points[rows]) >= reached

    # In turn, by the definition, at the threshold it came to; one step before it kept too few.
    def in_turn(limit):
        kept = []
        for row in range(count):
            if all(float((points[row] - points[other]).norm()) >= limit for other in kept):
                kept.append(row)
        return kept

    assert in_turn(reached)[:keep] == rows.tolist()
    assert reached == threshold or len(in_turn(reached / DECAY * (1 + 1e-9))) < keep
    assert filtered(points, keep, threshold).rows.tolist() == rows.tolist()


def test_points_that_coincide_are_kept_if_nothing_else_is_left():
    points = torch.zeros(5, 3, dtype=torch.float64)
    assert filtered(points, 4, 1.0) == (pytest.approx(torch.arange(4)), 0.0)
    assert sorted(farthest(points, 5).tolist()) == list(range(5))


def test_spacing_is_a_quantile_of_distances_to_the_nearest_other():
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert [spacing(line, q) for q in (0.0, 0.5, 1.0)] == [1.0, 1.5, 4.0]


def test_fewer_candidates_than_are_kept_are_refused():
    for select in (farthest, lambda points, count: filtered(points, count, 0.1)):
        with pytest.raises(ValueError, match="draw more"):
            select(cloud(0, 3), 4)
    with pytest.raises(ValueError, match="negative"):
        filtered(cloud(0, 3), 2, -1.0)
