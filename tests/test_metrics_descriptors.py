"""Descriptors and the thresholds fixed from teacher samples."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.metrics.descriptors import Descriptor, unit
from lowd.metrics.generalization import generalization
from lowd.metrics.reproducibility import reproducibility_chance
from lowd.metrics.threshold import nearest_quantile, unrelated_quantile


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-6, 1e6))
def test_unit_rows_have_norm_one_and_keep_their_direction(seed, scale):
    rows = scale * normal(5, 4, seed=seed)
    assert torch.allclose(unit(rows).norm(dim=1), torch.ones(5, dtype=torch.float64))
    assert torch.allclose(unit(rows) * rows.norm(dim=1, keepdim=True), rows)


def test_a_zero_row_stays_zero():
    rows = torch.tensor([[0.0, 0], [3, 4]])
    assert torch.equal(unit(rows), torch.tensor([[0.0, 0], [0.6, 0.8]]))


def test_identity_flattens_and_changes_nothing_else():
    images = normal(3, 1, 4, 4).float()
    assert torch.equal(Descriptor("identity")(images), images.reshape(3, 16))


def test_centred_is_the_direction_from_the_mean_and_ignores_contrast():
    mean = normal(2, 3, 3, seed=1)
    images = normal(5, 2, 3, 3)
    features = Descriptor("centred", mean)(images)
    assert torch.allclose(features, unit((images - mean).flatten(1)))
    assert torch.allclose(Descriptor("centred", mean)(mean + 7 * (images - mean)), features)


def test_centred_takes_any_kind_of_array_and_keeps_the_samples_type():
    mean, images = normal(6, seed=1), normal(4, 6)
    features = Descriptor("centred", mean.numpy())(images.float().numpy())
    assert features.dtype == torch.float32
    assert torch.allclose(features.double(), Descriptor("centred", mean)(images), atol=1e-6)


def test_descriptors_refuse_what_they_cannot_use():
    with pytest.raises(ValueError, match="needs the mean"):
        Descriptor("centred")
    with pytest.raises(ValueError, match="takes none"):
        Descriptor("identity", torch.zeros(3))
    with pytest.raises(ValueError, match="samples have 4 values each, the descriptor's mean 3"):
        Descriptor("centred", torch.zeros(3))(normal(2, 4))
    with pytest.raises(ValueError, match="samples has 1 of 2 rows"):
        Descriptor("identity")(np.array([[1.0, 2], [np.nan, 0]]))


def test_unrelated_quantile_is_numpys_over_all_pairs():
    features = normal(12, 3)
    cosines = [
        torch.cosine_similarity(features[i], features[j], dim=0).item()
        for i in range(12)
        for j in range(i)
    ]
    assert unrelated_quantile(7 * features, 0.9) == pytest.approx(np.quantile(cosines, 0.9))


def test_unrelated_quantile_uses_the_first_rows_only():
    features = normal(40, 3)
    assert unrelated_quantile(features, 0.9, rows=9) == unrelated_quantile(features[:9], 0.9)


def test_cosines_on_the_circle_have_the_arcsine_quantile():
    # The angle between random directions is uniform: a tenth of pairs lie within 18°.
    # The quantile's deviation over 300 samples is about .003.
    assert unrelated_quantile(normal(300, 2), 0.9) == pytest.approx(np.cos(np.pi / 10), abs=0.012)


def test_a_threshold_at_quantile_q_leaves_1_minus_q_of_unrelated_pairs_alike():
    features = normal(200, 6)
    threshold = unrelated_quantile(features, 0.98)
    assert reproducibility_chance(features, features, threshold).value == pytest.approx(
        0.02, abs=1 / 19900
    )


def test_a_threshold_at_the_nearest_quantile_sets_the_ceiling_of_generalization():
    fresh, reference = normal(500, 4), normal(100, 4, seed=1)
    threshold = nearest_quantile(fresh, reference, 0.9)
    assert generalization(fresh, reference, threshold).value == pytest.approx(0.9, abs=1 / 500)


def test_a_threshold_is_a_cosine_also_where_rounding_exceeds_one():
    """Products of equal directions round to 1 + 2e-16 in about one of six."""
    directions = normal(200, 3)
    scaled = directions * torch.linspace(0.1, 7, 200)[:, None]
    assert nearest_quantile(scaled, directions, 1.0) == 1.0
    assert nearest_quantile(scaled, directions, 0.99) <= 1
    assert unrelated_quantile(torch.cat([directions, scaled]), 1.0) == 1.0
    line = np.outer(np.linspace(1, 2, 50), [0.3, 0.5, 0.7, 0.11])
    assert nearest_quantile(line, line, 1.0) == unrelated_quantile(line, 1.0) == 1.0
    assert nearest_quantile(line, -line, 0.0) == -1.0


def test_thresholds_refuse_what_is_no_fraction():
    with pytest.raises(ValueError, match="range"):
        unrelated_quantile(normal(5, 2), 99.9)
    with pytest.raises(ValueError, match="range"):
        nearest_quantile(normal(5, 2), normal(5, 2), -0.1)
