import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.diffusion.denoiser import broadcast_sigma
from lowd.diffusion.noise_levels import karras_sigmas


@settings(max_examples=25, deadline=None)
@given(
    steps=st.integers(2, 200),
    sigma_min=st.floats(1e-4, 1.0),
    span=st.floats(1.1, 1e5),
    rho=st.floats(1.0, 10.0),
)
def test_levels_descend_from_exactly_sigma_max_to_exactly_sigma_min_to_zero(
    steps, sigma_min, span, rho
):
    sigmas = karras_sigmas(steps, sigma_min, sigma_min * span, rho)
    assert sigmas.shape == (steps + 1,) and sigmas.dtype == torch.float64
    assert sigmas[0] == sigma_min * span and sigmas[-2] == sigma_min and sigmas[-1] == 0
    assert (sigmas.diff() < 0).all()


def test_levels_are_the_published_formula():
    n, low, high, rho = 18, 0.002, 80, 7
    published = [
        (high ** (1 / rho) + i / (n - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho
        for i in range(n)
    ]
    torch.testing.assert_close(
        karras_sigmas(n, low, high)[:-1], torch.tensor(published, dtype=torch.float64)
    )


def test_rho_one_is_uniform():
    torch.testing.assert_close(
        karras_sigmas(5, 1.0, 5.0, rho=1)[:-1], torch.arange(5.0, 0.0, -1.0, dtype=torch.float64)
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((0, 0.002, 80.0), "steps is 0"),
        ((18, 0.0, 80.0), "sigma_min is 0.0"),
        ((18, 80.0, 0.002), "sigma_max 0.002"),
        ((18, 0.002, float("inf")), "finite"),
        ((18, float("nan"), 80.0), "nan"),
    ],
)
def test_impossible_grids_are_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        karras_sigmas(*arguments)


def test_a_single_step_goes_from_sigma_max_to_0():
    assert karras_sigmas(1, 0.002, 80.0).tolist() == [80.0, 0.0]


@pytest.mark.parametrize("covered", [0, 1, 2, 4])
def test_a_level_multiplies_the_leading_indices_it_covers(covered):
    x = torch.randn(3, 2, 4, 5, generator=torch.Generator().manual_seed(0))
    sigma = torch.rand(x.shape[:covered], generator=torch.Generator().manual_seed(1)).double()
    product = broadcast_sigma(sigma, x) * x
    assert product.dtype == x.dtype
    for index in torch.cartesian_prod(torch.arange(3), torch.arange(2)).tolist():
        level = (
            sigma[tuple(index[:covered])].float() if covered <= 2 else sigma[tuple(index)].float()
        )
        torch.testing.assert_close(product[tuple(index)], level * x[tuple(index)])


def test_a_level_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\(2,\).*\(3, 2\)"):
        broadcast_sigma(torch.ones(2), torch.ones(3, 2))
