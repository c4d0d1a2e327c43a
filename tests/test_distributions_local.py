"""Local denoisers, against the limits in which they are known and against plain loops."""

import numpy as np
import pytest
import torch

from lowd.distributions.empirical import Empirical
from lowd.distributions.local import (
    EquivariantLocalEmpirical,
    LocalEmpirical,
    wiener_neighbourhoods,
    windows,
)

HEIGHT, WIDTH = 3, 4


def images(seed, count, channels=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, channels, HEIGHT, WIDTH, generator=generator, dtype=torch.float64)


def local(points, side):
    return LocalEmpirical(points, lambda sigma: windows(HEIGHT, WIDTH, side))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sigma", [0.05, 0.7, 5.0])
def test_a_window_of_the_whole_image_is_pure_memorisation(channels, sigma):
    points, noisy = images(0, 30, channels), 2 * images(1, 20, channels)
    found = local(points, 2 * WIDTH - 1).denoise(noisy, sigma)
    assert torch.allclose(found, Empirical(points).denoise(noisy, sigma), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("sigma", [0.05, 0.7, 5.0])
def test_windows_of_one_pixel_are_the_product_of_marginals(sigma):
    points, noisy = images(0, 30), images(1, 20)
    found = local(points, 1).denoise(noisy, sigma)
    for row in range(HEIGHT):
        for column in range(WIDTH):
            marginal = Empirical(points[..., row, column])
            expected = marginal.denoise(noisy[..., row, column], sigma)
            assert torch.allclose(found[..., row, column], expected)


def by_hand(points, noisy, sigma, side, anywhere):
    """Patches cut from zero-padded arrays, one pixel of one image at a time."""
    half = side // 2
    pad = ((0, 0), (0, 0), (half, half), (half, half))
    known, given = np.pad(points.numpy(), pad), np.pad(noisy.numpy(), pad)
    found = np.zeros(noisy.shape)
    places = [(i, j) for i in range(HEIGHT) for j in range(WIDTH)]
    for m, (i, j) in ((m, place) for m in range(len(noisy)) for place in places):
        patch = given[m, :, i : i + side, j : j + side]
        others = places if anywhere else [(i, j)]
        logits, values = [], []
        for a, b in others:
            theirs = known[:, :, a : a + side, b : b + side]
            logits += (-((theirs - patch) ** 2).sum((1, 2, 3)) / (2 * sigma**2)).tolist()
            values += points[:, :, a, b].tolist()
        weights = np.exp(np.array(logits) - max(logits))
        found[m, :, i, j] = weights @ np.array(values) / weights.sum()
    return found


@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.parametrize("channels", [1, 2])
def test_both_machines_are_those_of_plain_loops(side, channels):
    points, noisy = images(0, 6, channels), images(1, 3, channels)
    found = local(points, side).denoise(noisy, 0.8).numpy()
    # Beyond the border both are 0 at one place, which adds nothing to a distance.
    assert found == pytest.approx(by_hand(points, noisy, 0.8, side, anywhere=False))
    machine = EquivariantLocalEmpirical(points, lambda sigma: side)
    expected = by_hand(points, noisy, 0.8, side, anywhere=True)
    assert machine.denoise(noisy, 0.8).numpy() == pytest.approx(expected)


def test_patches_from_anywhere_do_not_tell_where_they_are():
    """Away from borders what is shifted is denoised as before, and shifted."""
    noisy = torch.zeros(1, 1, 9, 9, dtype=torch.float64)
    noisy[0, 0, 3:5, 3:5] = images(0, 1)[0, 0, :2, :2]
    points = torch.zeros(5, 1, 9, 9, dtype=torch.float64)
    points[:, :, 2:5, 2:6] = images(1, 5)
    machine = EquivariantLocalEmpirical(points, lambda sigma: 3)
    there = machine.denoise(noisy, 0.5)
    back = machine.denoise(noisy.roll((1, 2), (2, 3)), 0.5).roll((-1, -2), (2, 3))
    assert torch.allclose(there[..., 2:6, 2:6], back[..., 2:6, 2:6])
    fixed = LocalEmpirical(points, lambda sigma: windows(9, 9, 3))
    moved = fixed.denoise(noisy.roll((1, 2), (2, 3)), 0.5).roll((-1, -2), (2, 3))
    assert not torch.allclose(fixed.denoise(noisy, 0.5), moved)


def test_neighbourhoods_of_the_covariance_are_pixels_that_vary_together():
    """Two pairs of pixels, one of equal values; the others independent, or constant."""
    points = images(0, 4000)
    points[:, 0, 0, 1] = points[:, 0, 0, 0]
    points[:, 0, 2, 3] = 1.5
    around = wiener_neighbourhoods(points, share=0.2)(0.5)
    together = around.view(HEIGHT, WIDTH, HEIGHT, WIDTH)
    expected = torch.eye(12, dtype=torch.bool).view(HEIGHT, WIDTH, HEIGHT, WIDTH).clone()
    expected[0, 0, 0, 1] = expected[0, 1, 0, 0] = True
    assert torch.equal(together, expected)


def test_windows_are_cut_off_at_borders():
    around = windows(3, 4, 3).view(3, 4, 3, 4)
    assert around[1, 1].sum() == 9 and around[0, 0].sum() == 4 and around[0, 2].sum() == 6
    assert torch.equal(around.flatten(2).flatten(0, 1), windows(3, 4, 3).mT)


def test_vectors_have_no_neighbouring_pixels():
    with pytest.raises(ValueError, match=r"\(5, 24\); pixels have neighbours in images alone"):
        local(torch.zeros(5, 24), 3)
