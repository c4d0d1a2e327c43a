"""The small SSCD that a study trains: its losses, its pooling, its augmentations, its accuracy."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from lowd.descriptors.augmentation import augment
from lowd.descriptors.contrastive import info_nce, spread
from lowd.descriptors.copies import copy_detection
from lowd.descriptors.embedding import embedded, load_network
from lowd.descriptors.network import initialised, pool
from lowd.descriptors.settings import TrainedSSCDSettings
from lowd.descriptors.trained_sscd import save, train
from lowd.metrics.descriptors import Descriptor, unit
from lowd.streams import stream

CPU = torch.device("cpu")
SMALL = TrainedSSCDSettings(
    kind="trained_sscd", width=8, features=16, steps=3, batch=8, learning_rate=4e-3
)


def directions(*shape, seed=0):
    return unit(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double())


def digits():
    return torch.from_numpy((load_digits().images[:, None] / 8 - 1).astype(np.float32))


def trained(settings, images, seed=0):
    return train(settings, images, stream(seed, "a"), stream(seed, "b"), CPU)


# The losses


def test_info_nce_is_the_mean_over_copies_of_the_log_share_of_the_counterpart():
    one, other = directions(5, 3), directions(5, 3, seed=1)
    every = [*one, *other]
    losses = []
    for i, j in product(range(10), range(10)):
        if abs(i - j) == 5:
            exponents = [float(every[i] @ every[k]) / 0.05 for k in range(10) if k != i]
            counterpart = float(every[i] @ every[j]) / 0.05
            losses.append(-math.log(math.exp(counterpart) / sum(map(math.exp, exponents))))
    assert info_nce(one, other, 0.05).item() == pytest.approx(sum(losses) / 10)


def test_info_nce_of_orthogonal_images_is_known():
    one = torch.eye(4).double()
    expected = math.log(1 + 6 * math.exp(-1 / 0.2))
    assert info_nce(one, one, 0.2).item() == pytest.approx(expected)


def test_the_entropy_term_is_the_mean_log_distance_to_the_nearest_of_another_image():
    one, other = directions(6, 3), directions(6, 3, seed=1)
    every = [*one, *other]
    nearest = [
        min(float((every[i] - every[k]).norm()) for k in range(12) if k % 6 != i % 6)
        for i in range(12)
    ]
    assert spread(one, other).item() == pytest.approx(-sum(map(math.log, nearest)) / 12)


def test_the_entropy_term_of_orthogonal_images_is_known_and_ignores_their_own_copies():
    one = torch.eye(4).double()
    assert spread(one, one).item() == pytest.approx(-math.log(math.sqrt(2)))


def test_the_entropy_term_pushes_images_apart_and_stays_finite_where_they_meet():
    one = directions(4, 3).requires_grad_()
    spread(one, one.detach()).backward()
    moved = unit((one - 0.01 * one.grad).detach())
    assert spread(moved, moved) < spread(one, one)
    same = torch.ones(4, 3).double().requires_grad_()
    spread(same, same).backward()
    assert same.grad.isfinite().all()


# The network


def maps(seed=0):
    return torch.rand(3, 4, 5, 6, generator=torch.Generator().manual_seed(seed)) + 0.1


def test_pooling_is_the_mean_at_power_1_and_the_maximum_at_large_ones():
    torch.testing.assert_close(pool(maps(), 1.0), maps().mean(dim=(2, 3)))
    torch.testing.assert_close(pool(maps(), 5000.0), maps().amax(dim=(2, 3)), rtol=1e-3, atol=0)


def test_pooling_has_the_power_3_of_sscd():
    expected = np.cbrt((maps().double().numpy() ** 3).mean(axis=(2, 3)))
    np.testing.assert_allclose(pool(maps()).numpy(), expected, rtol=1e-5)


def test_features_are_of_unit_norm_and_no_image_sees_its_batch():
    network = initialised(1, 8, 16, stream(0))
    network.eval()
    images = torch.rand(9, 1, 6, 6, generator=stream(1)) * 2 - 1
    together, alone = (embedded(network, images, batch, CPU) for batch in (9, 1))
    torch.testing.assert_close(together.norm(dim=1), torch.ones(9))
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_a_network_is_drawn_from_its_stream_and_from_nothing_else():
    first, state = initialised(3, 8, 4, stream(0)).state_dict(), torch.get_rng_state()
    torch.manual_seed(1)
    again, other = initialised(3, 8, 4, stream(0)), initialised(3, 8, 4, stream(2))
    assert all(torch.equal(first[name], value) for name, value in again.state_dict().items())
    assert not torch.equal(first["last.weight"], other.last.weight)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    initialised(3, 8, 4, stream(0))
    assert torch.equal(torch.get_rng_state(), before)
    torch.set_rng_state(state)


# Augmentations


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 16, 12)], ids=str)
def test_copies_stay_images_and_differ_from_each_other(shape):
    image = (torch.rand(shape, generator=stream(0)) * 2 - 1).expand(32, *shape)
    copies = augment(image, stream(1), flips=True)
    assert copies.shape == image.shape
    assert copies.abs().max() <= 1
    assert len({copy.numpy().tobytes() for copy in copies}) == 32
    assert torch.equal(copies, augment(image, stream(1), flips=True))


def test_copies_are_mirrored_only_where_that_is_declared():
    ramp = torch.linspace(-0.8, 0.8, 16).expand(200, 1, 16, 16)
    for flips, low, high in ((False, 0, 0), (True, 0.4, 0.6)):
        copies = augment(ramp, stream(0), flips=flips)
        falls = copies[..., 8:].mean(dim=(1, 2, 3)) < copies[..., :8].mean(dim=(1, 2, 3))
        assert low <= falls.double().mean() <= high


# Training and accuracy


def test_training_comes_out_the_same_to_the_bit_and_follows_its_streams():
    images = digits()[:40]
    first, again, other = (trained(SMALL, images, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["last.weight"], other["last.weight"])


def test_a_trained_network_is_read_back_as_it_was_written(tmp_path):
    network = trained(SMALL, digits()[:20])
    save(tmp_path / "w.safetensors", network, SMALL, 1)
    loaded = load_network(SMALL, tmp_path / "w.safetensors", CPU)
    torch.testing.assert_close(loaded(digits()[:5]), network(digits()[:5]), atol=0, rtol=0)


def test_a_learning_rate_that_breaks_training_is_named():
    wild = SMALL.model_copy(update={"learning_rate": 1e30, "steps": 50})
    with pytest.raises(ValueError, match=r"^descriptor\.learning_rate: "):
        trained(wild, digits()[:40])


def test_a_trained_network_finds_copies_of_images_it_has_not_seen_better_than_pixels():
    settings = SMALL.model_copy(update={"width": 16, "features": 32, "steps": 250, "batch": 64})
    seen, unseen = digits()[:1200], digits()[1200:1600]
    network = trained(settings, seen)
    copies = augment(unseen, stream(2), flips=False)
    pixels = Descriptor("centred", seen.mean(0))
    by_network, by_pixels = (
        copy_detection(describe(unseen), describe(copies), 0.5).precision
        for describe in (lambda images: embedded(network, images, 64, CPU), pixels)
    )
    gap = math.hypot(by_network.standard_error, by_pixels.standard_error)
    assert by_network.value - by_pixels.value > 4 * gap


def test_copy_detection_counts_pairs():
    originals, copies = directions(7, 3), directions(7, 3, seed=1)
    similar = (copies @ originals.T).numpy()
    found = copy_detection(originals, copies, 0.1)
    others = [similar[i, j] > 0.1 for i, j in product(range(7), range(7)) if i != j]
    ranks = [sorted(row, reverse=True).index(row[i]) + 1 for i, row in enumerate(similar)]
    assert found.found.value == pytest.approx((similar.diagonal() > 0.1).mean())
    assert found.mistaken.value == pytest.approx(np.mean(others))
    assert found.precision.value == pytest.approx(np.mean([1 / rank for rank in ranks]))


def test_a_descriptor_that_says_nothing_ranks_every_copy_last():
    same = torch.ones(5, 2)
    assert copy_detection(same, same, 0.9).precision.value == pytest.approx(1 / 5)
    assert copy_detection(same, same, 0.9).mistaken.value == 1
