"""Mixtures of Gaussians: densities, moments, draws, units and bad input."""

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture as Fitted

from deepsphere_pyg.inference import GaussianMixture
from tests.helpers import random
from tests.round_off import assert_near

BATCH, K, D = 3, 4, 2
TERMS = K * D * D
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def mixtures(dtype=torch.float64, seed=0):
    """Three densities of two parameters, of four components each."""
    factors = random(BATCH, K, D, D, seed=seed).tril(-1)
    factors = factors + torch.diag_embed(random(BATCH, K, D, seed=seed + 1).exp())
    parts = random(BATCH, K, seed=seed + 2), random(BATCH, K, D, seed=seed + 3), factors
    return GaussianMixture(*(part.to(dtype) for part in parts))


def peers(mixture, row):
    """Weights and SciPy's densities of the components of one density."""
    covariances = np.linalg.inv(
        (mixture.precision_cholesky @ mixture.precision_cholesky.mT)[row].double()
    )
    means = mixture.means[row].double().numpy()
    weights = mixture.logits[row].double().softmax(0).numpy()
    pairs = zip(means, covariances, strict=True)
    return weights, [multivariate_normal(m, c) for m, c in pairs]


@DTYPES
def test_density_is_that_of_scipy(dtype):
    mixture, theta = mixtures(dtype), random(5, BATCH, D, seed=7).to(dtype)
    found = mixture.log_prob(theta)
    assert found.dtype == dtype
    for row in range(BATCH):
        weights, normals = peers(mixture, row)
        density = sum(
            w * normal.pdf(theta[:, row].double().numpy())
            for w, normal in zip(weights, normals, strict=True)
        )
        # Squares of whitened offsets are up to hundreds here.
        wanted = torch.from_numpy(np.log(density)).to(dtype)
        assert_near(found[:, row], wanted, TERMS, scale=300)


def test_density_is_that_of_scikit_learn():
    draw = np.random.default_rng(0)
    points = np.concatenate([draw.normal(size=(40, 3)), draw.normal(4, 2, (60, 3))])
    fitted = Fitted(2, random_state=0).fit(points)
    mixture = GaussianMixture.from_covariances(
        fitted.weights_, fitted.means_, fitted.covariances_
    )
    found = mixture.log_prob(torch.from_numpy(points)).numpy()
    np.testing.assert_allclose(found, fitted.score_samples(points), rtol=1e-12)


def test_density_integrates_to_one():
    mixture = GaussianMixture.from_covariances(
        [1, 3], [[-1.0], [2.0]], [[[1.0]], [[0.2]]]
    )
    x = torch.linspace(-12, 12, 4001, dtype=torch.float64)[:, None]
    # The trapezoidal rule of an analytic function that vanishes at the ends.
    total = mixture.log_prob(x).exp().sum() * 24 / 4000
    assert total == pytest.approx(1, abs=1e-12)


@DTYPES
def test_moments_are_those_of_the_components(dtype):
    mixture = mixtures(dtype)
    for row in range(BATCH):
        weights, normals = peers(mixture, row)
        mean = sum(w * n.mean for w, n in zip(weights, normals, strict=True))
        second = sum(
            w * (n.cov + np.outer(n.mean, n.mean))
            for w, n in zip(weights, normals, strict=True)
        )
        assert_near(mixture.mean[row], torch.from_numpy(mean).to(dtype), TERMS, 10)
        covariance = torch.from_numpy(second - np.outer(mean, mean)).to(dtype)
        scale = max(np.abs(n.cov).max() for n in normals)
        assert_near(mixture.covariance[row], covariance, TERMS, 10 * scale)
        assert_near(mixture.std[row], covariance.diagonal().sqrt(), TERMS, 10 * scale)


def test_draws_have_the_mean_and_the_covariance():
    mixture = mixtures()
    count = 20_000
    drawn = mixture.sample(count, torch.Generator().manual_seed(0))
    assert drawn.shape == (count, BATCH, D)
    # Six standard errors of means, and as many of variances, of kurtosis up to 15.
    bound = 6 * mixture.std / count**0.5
    assert ((drawn.mean(0) - mixture.mean).abs() < bound).all()
    offset = drawn - drawn.mean(0)
    found = torch.einsum("nbi,nbj->bij", offset, offset) / count
    scale = mixture.std[:, :, None] * mixture.std[:, None]
    assert ((found - mixture.covariance).abs() < 6 * scale * (16 / count) ** 0.5).all()


def test_draws_are_repeated_by_their_seed():
    mixture = mixtures()
    draws = [mixture.sample(4, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@DTYPES
def test_order_of_components_and_of_the_batch_does_not_matter(dtype):
    mixture, theta = mixtures(dtype), random(BATCH, D, seed=8).to(dtype)
    parts = (mixture.logits, mixture.means, mixture.precision_cholesky)
    turned = GaussianMixture(*(part.flip(1) for part in parts))
    assert_near(turned.log_prob(theta), mixture.log_prob(theta), TERMS, scale=300)
    assert_near(turned.covariance, mixture.covariance, TERMS, 10 * _size(mixture))
    # In another order, and alone, sums may be vectorized differently.
    alone = [mixture[i].log_prob(theta[i]) for i in range(BATCH)]
    assert_near(torch.stack(alone), mixture.log_prob(theta), TERMS, scale=300)
    found = mixture[[2, 0]].log_prob(theta[[2, 0]])
    assert_near(found, mixture.log_prob(theta)[[2, 0]], TERMS, scale=300)


def _size(mixture):
    return float(mixture.covariance.abs().max())


def test_other_units_change_the_density_by_their_volume():
    mixture, theta = mixtures(), random(BATCH, D, seed=9)
    scale, shift = torch.tensor([[3.0, 0.1], [280.0, -1.0]]).double()
    found = mixture.scaled(scale, shift)
    wanted = mixture.log_prob(theta) - scale.log().sum()
    # Round-off of an offset from 280 in units of 0.1, whitened.
    assert_near(found.log_prob(theta * scale + shift), wanted, TERMS, scale=1e6)
    assert_near(found.mean, mixture.mean * scale + shift, TERMS, scale=300)
    wanted = scale[:, None] * mixture.covariance * scale
    assert_near(found.covariance, wanted, TERMS, scale=10 * _size(found))


def test_gradients_are_those_of_differences():
    mixture, theta = mixtures(), random(BATCH, D, seed=10).requires_grad_()
    parts = [mixture.logits, mixture.means, mixture.precision_cholesky]
    parts = [part.requires_grad_() for part in parts]

    def density(point, *given):
        return GaussianMixture(*given).log_prob(point)

    assert torch.autograd.gradcheck(density, (theta, *parts))

    def moments(*given):
        found = GaussianMixture(*given)
        return found.mean, found.covariance

    assert torch.autograd.gradcheck(moments, parts)


def test_covariances_are_kept():
    covariance = torch.tensor([[2.0, 0.9], [0.9, 0.5]], dtype=torch.float64)
    found = GaussianMixture.from_covariances([2.0], [[1.0, 2.0]], [covariance])
    assert_near(found.covariance, covariance, TERMS, scale=100)
    lower = found.precision_cholesky
    assert torch.equal(lower, lower.tril())


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "positive definite, got one whose lowest .* -1"),
        ([[1.0, 1.0], [1.0, 1.0]], "positive definite"),
        ([[1.0, 0.5], [0.0, 1.0]], "symmetric, got a matrix"),
        ([[1.0, np.nan], [np.nan, 1.0]], "covariances must be finite, got nan"),
        ([1.0, 2.0], r"a square matrix .* got \(1, 2\)"),
        ([[1.0]], r"\(1, 2, 2\), a matrix for each mean, got \(1, 1, 1\)"),
    ],
)
def test_what_is_no_covariance_is_refused(covariance, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture.from_covariances([1.0], [[0.0, 0.0]], [covariance])


@pytest.mark.parametrize("weights", [[0.0, 1.0], [-1.0, 2.0], [np.inf, 1.0]])
def test_weights_are_positive_and_finite(weights):
    with pytest.raises(ValueError, match=r"weights must be (positive|finite), got"):
        GaussianMixture.from_covariances(weights, np.zeros((2, 1)), np.ones((2, 1, 1)))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((torch.zeros(()), torch.zeros(2), torch.zeros(2, 2)), "logits must have"),
        (
            (torch.zeros(3), torch.zeros(2, 2), torch.zeros(2, 2, 2)),
            r"means must have shape \(3, 'd'\), .* got \(2, 2\)",
        ),
        (
            (torch.zeros(3), torch.zeros(3, 2), torch.zeros(3, 2, 1)),
            r"must have shape \(3, 2, 2\).* got \(3, 2, 1\); make .*from_covariances",
        ),
    ],
)
def test_shapes_of_components_are_checked(parts, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(*parts)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((BATCH, 3), r"\(\*batch, 2\), numbers of each density, got \(3, 3\)"),
        ((4, D), r"\(\*sample, \*\(3,\), 2\), got \(4, 2\); .* theta\[:, None\]"),
        ((), r"got \(\)"),
    ],
)
def test_shapes_of_parameters_are_checked(shape, message):
    with pytest.raises(ValueError, match=message):
        mixtures().log_prob(torch.zeros(shape))


def test_draws_and_indices_are_checked():
    mixture = mixtures()
    with pytest.raises(TypeError, match=r"generator must be a torch\.Generator"):
        mixture.sample(3, 0)
    broken = GaussianMixture(mixture.logits * torch.nan, *_others(mixture))
    with pytest.raises(ValueError, match=r"finite, got NaN; .* diverged"):
        broken.sample(3, torch.Generator())
    for index in (3, "a", (0, 0)):
        with pytest.raises(IndexError, match=r"into \(3,\) densities, got"):
            mixture[index]
    with pytest.raises(IndexError, match="without a batch is a single density"):
        mixture[0][0]
    with pytest.raises(ValueError, match="scale must be positive, got -1"):
        mixture.scaled(torch.tensor([1.0, -1.0]), torch.zeros(2))


def _others(mixture):
    return mixture.means, mixture.precision_cholesky
