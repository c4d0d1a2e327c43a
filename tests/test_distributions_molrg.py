import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from lowd.distributions.gaussian import Gaussian
from lowd.distributions.molrg import MoLRG


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def general(seed=0, clusters=3, dimension=7, rank=3):
    """Means, variances, weights, and bases that are not mutually orthogonal."""
    return MoLRG(
        torch.linalg.qr(normal(clusters, dimension, rank, seed=seed)).Q,
        weights=normal(clusters, seed=seed + 1).exp(),
        variances=normal(clusters, rank, seed=seed + 2).exp(),
        means=normal(clusters, dimension, seed=seed + 3),
    )


def noisy_density(target, sigma):
    """Mixture density of x_0 + σε from dense covariances, by torch's own distributions."""
    dense = (target.bases * target.variances[:, None]) @ target.bases.mT
    identity = torch.eye(dense.shape[-1], dtype=torch.float64)
    return MixtureSameFamily(
        Categorical(target.weights), MultivariateNormal(target.means, dense + sigma**2 * identity)
    )


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 100),
    sigma=st.sampled_from([0.1, 0.5, 2.0, 80.0]),
    clusters=st.integers(1, 4),
    rank=st.integers(1, 5),
)
def test_denoiser_is_the_score_of_the_noisy_density(seed, sigma, clusters, rank):
    target = general(seed, clusters, 7, rank)
    x = (target.means[:1] + 2 * normal(6, 7, seed=seed)).requires_grad_()
    (score,) = torch.autograd.grad(noisy_density(target, sigma).log_prob(x).sum(), x)
    torch.testing.assert_close(
        target.denoise(x, sigma), x + sigma**2 * score, rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("sigma", [0.1, 0.3, 1.0, 80.0])
def test_denoiser_is_the_weighted_mean_of_dense_wiener_denoisers(sigma):
    target, x = general(), 2 * normal(9, 7, seed=9)
    dense = (target.bases * target.variances[:, None]) @ target.bases.mT
    posterior = noisy_density(target, sigma)
    log_weights = posterior.component_distribution.log_prob(x[:, None]) + target.weights.log()
    wiener = torch.stack(
        [Gaussian(m, c).denoise(x, sigma) for m, c in zip(target.means, dense, strict=True)], 1
    )
    brute = (log_weights.softmax(1)[..., None] * wiener).sum(1)
    torch.testing.assert_close(target.denoise(x, sigma), brute, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("sigma", [0.002, 0.5, 80.0])
def test_lemma_1_is_the_special_case(sigma):
    frame = MoLRG.random(3, 12, 4, torch.Generator().manual_seed(0)).bases
    target, x = MoLRG(frame, weights=[0.2, 0.3, 0.5]), 1.5 * normal(9, 12)
    inside = torch.einsum("kdr,md->mkr", frame, x)
    logits = target.weights.log() + inside.square().sum(-1) / (2 * sigma**2 * (1 + sigma**2))
    lemma = torch.einsum("mk,kdr,mkr->md", logits.softmax(1), frame, inside) / (1 + sigma**2)
    torch.testing.assert_close(target.denoise(x, sigma), lemma, rtol=1e-9, atol=1e-9)


def test_one_cluster_is_a_gaussian():
    target = general(clusters=1)
    dense = (target.bases[0] * target.variances[0]) @ target.bases[0].mT
    x, sigma = normal(5, 7), torch.logspace(-2.7, 1.9, 5).double()
    torch.testing.assert_close(
        target.denoise(x, sigma), Gaussian(target.means[0], dense).denoise(x, sigma)
    )


@pytest.mark.parametrize("sigma", [0.002, 80.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_denoiser_is_finite_from_the_least_to_the_greatest_noise(sigma, dtype):
    target = MoLRG.random(4, 784, 20, torch.Generator().manual_seed(0))
    x = max(sigma, 1.0) * normal(5, 784, dtype=dtype)
    denoised = target.denoise(x, sigma)
    assert denoised.isfinite().all() and denoised.dtype == dtype


def test_a_vector_of_levels_equals_a_loop_over_floats():
    target, x, sigma = general(), normal(6, 7), torch.logspace(-2.7, 1.9, 6).double()
    looped = [
        target.denoise(row[None], level) for row, level in zip(x, sigma.tolist(), strict=True)
    ]
    torch.testing.assert_close(target.denoise(x, sigma), torch.cat(looped))


def test_a_cluster_without_weight_or_variance_is_allowed():
    bases = general(clusters=2).bases
    x = normal(4, 7)
    torch.testing.assert_close(
        MoLRG(bases, weights=[1.0, 0.0]).denoise(x, 0.3), MoLRG(bases[:1]).denoise(x, 0.3)
    )
    torch.testing.assert_close(
        MoLRG(bases[:1], variances=0.0, means=torch.ones(1, 7)).denoise(x, 0.002),
        torch.ones(4, 7).double(),
    )


def test_samples_have_the_mixtures_mean_and_covariance():
    target, n = general(), 100_000
    drawn = target.sample(n, torch.Generator().manual_seed(5))
    mean = target.weights @ target.means
    dense = (target.bases * target.variances[:, None]) @ target.bases.mT
    spread = target.means - mean
    covariance = torch.einsum("k,kde->de", target.weights, dense) + torch.einsum(
        "k,kd,ke->de", target.weights, spread, spread
    )
    # Five standard errors, bounded by the largest variance.
    scale = float(covariance.diagonal().max())
    torch.testing.assert_close(drawn.mean(0), mean, rtol=0, atol=5 * (scale / n) ** 0.5)
    torch.testing.assert_close(drawn.mT.cov(), covariance, rtol=0, atol=5 * scale * (2 / n) ** 0.5)


def test_samples_lie_on_the_subspaces_and_depend_only_on_the_generator():
    target = MoLRG.random(3, 12, 4, torch.Generator().manual_seed(0))
    drawn = target.sample(50, torch.Generator().manual_seed(1))
    off = drawn[:, None] - torch.einsum("kdr,ker,me->mkd", target.bases, target.bases, drawn)
    assert off.norm(dim=-1).min(dim=1).values.max() < 1e-12
    assert torch.equal(drawn, target.sample(50, torch.Generator().manual_seed(1)))


def test_random_bases_are_mutually_orthogonal_up_to_a_full_space():
    bases = MoLRG.random(3, 12, 4, torch.Generator().manual_seed(0)).bases
    frame = bases.movedim(0, 1).reshape(12, 12)
    torch.testing.assert_close(frame.mT @ frame, torch.eye(12, dtype=torch.float64))


def test_images_keep_their_shape_and_samples_the_bases_dtype():
    target = MoLRG(torch.linalg.qr(normal(2, 8, 3).float()).Q)
    x = normal(5, 2, 2, 2, dtype=torch.float64)
    assert target.denoise(x, 1).shape == x.shape and target.denoise(x, 1).dtype == x.dtype
    for same in (target, target.to("cpu")):
        assert same.sample(3, torch.Generator().manual_seed(0)).dtype == torch.float32


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"bases": torch.ones(4, 2)}, r"\(4, 2\).*\(K, d, r\)"),
        ({"bases": torch.ones(1, 4, 2)}, r"bases\[0\].*orthonormal"),
        ({"bases": torch.eye(4)[None], "weights": [-1.0]}, "negative"),
        ({"bases": torch.eye(4)[None], "variances": [-1.0]}, "negative"),
        ({"bases": torch.eye(4)[None], "weights": [0.5, 0.5]}, r"weights.*\(2,\)"),
        ({"bases": torch.eye(4)[None], "means": torch.ones(3)}, r"means.*\(3,\).*\(1, 4\)"),
    ],
)
def test_impossible_parameters_are_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        MoLRG(**arguments)


def test_more_subspaces_than_fit_are_refused_with_the_numbers():
    with pytest.raises(ValueError, match=r"3 .* rank 5 need 15 dimensions.* is 14"):
        MoLRG.random(3, 14, 5, torch.Generator())
