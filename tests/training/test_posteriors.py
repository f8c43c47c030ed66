"""Training with losses of densities: units, checkpoints, resuming, bad input."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg.inference import (
    GaussianLikelihoodLoss,
    GaussianMixture,
    MutualInformationLoss,
    PosteriorLoss,
)
from deepsphere_pyg.models import PixelNetwork, SphericalClassifier
from deepsphere_pyg.training import (
    GlobalRegressionTask,
    RegressionTask,
    fit,
    load_task,
)
from samplings import HEALPix

SAMPLING = HEALPix(2)
V = len(SAMPLING)
RNG = np.random.default_rng(0)
# Two parameters of different units, which scale two patterns of the maps.
THETA = RNG.normal(size=(160, 2)) * [1e3, 0.01] + [1e5, 1.0]
PATTERNS = RNG.normal(size=(2, V))
X = ((THETA - [1e5, 1.0]) / [1e3, 0.01] @ PATTERNS + RNG.normal(size=(160, V)))[
    ..., None
]
LOSSES = {
    "Gaussian": lambda: GaussianLikelihoodLoss(2, tikhonov=0.1, decay_steps=5),
    "mixture": lambda: MutualInformationLoss(2, 3, components=2, hidden=(8,)),
}
FAST = {"batch_size": 32, "learning_rate": 3e-3}


def linear(outputs):
    """A linear function of a map, a network of one's own."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(V, outputs))


@pytest.mark.parametrize("name", LOSSES)
def test_task_and_loss_are_rebuilt_from_a_checkpoint(name, tmp_path):
    loss = LOSSES[name]()
    torch.manual_seed(0)
    network = SphericalClassifier(1, loss.n_summaries, SAMPLING, widths=(4,), K=2)
    trained = fit(network, X, THETA, loss=loss, epochs=2, folder=tmp_path, **FAST)
    assert trained.task.monitor == "loss"
    assert trained.best == min(row["val/loss"] for row in trained.history)
    found = trained.predict(X, progress=False)
    assert found.shape == (160, 2)
    task = load_task(tmp_path / "best.ckpt")
    assert repr(task.loss) == repr(loss)
    assert task.config == trained.task.config
    np.testing.assert_array_equal(task.predict(X, progress=False), found)
    for name, value in trained.task.state_dict().items():
        assert torch.equal(task.state_dict()[name], value), name


def test_parameters_of_the_loss_are_trained_with_those_of_the_network():
    loss = LOSSES["mixture"]()
    before = [p.detach().clone() for p in loss.parameters()]
    trained = fit(linear(3), X, THETA, loss=loss, epochs=1, **FAST)
    for old, new in zip(before, trained.task.loss.parameters(), strict=True):
        assert not torch.equal(old, new)


# The posterior of this model, in standard units: of prior and noise of variance one.
COVARIANCE = np.linalg.inv(np.eye(2) + PATTERNS @ PATTERNS.T)
UNITS = np.array([1e3, 0.01])


def test_densities_are_in_the_units_of_the_targets():
    network = linear(5)
    task = GlobalRegressionTask(network, loss=GaussianLikelihoodLoss(2))
    task.targets.fit_([1e5, 1.0], UNITS)
    # The exact posterior, as outputs: mean, logarithms of the diagonal, and below.
    lower = np.linalg.cholesky(np.linalg.inv(COVARIANCE))
    weight = np.concatenate([COVARIANCE @ PATTERNS, np.zeros((3, V))])
    bias = [0, 0, *np.log(lower.diagonal()), lower[1, 0]]
    with torch.no_grad():
        network[1].weight.copy_(torch.from_numpy(weight))
        network[1].bias.copy_(torch.tensor(bias))
    found = task.posterior(X, batch_size=64, progress=False)
    assert isinstance(found, GaussianMixture)
    assert found.batch_shape == (160,)
    mean = X[..., 0] @ PATTERNS.T @ COVARIANCE * UNITS + [1e5, 1.0]
    # Sums of V terms of size one in float32, in units of the parameters.
    bound = 16 * V**0.5 * np.finfo(np.float32).eps
    error = (found.mean.numpy() - mean) / (mean / UNITS).max(axis=0) / UNITS
    assert np.abs(error).max() < bound
    predicted = task.predict(X, progress=False)
    np.testing.assert_allclose(found.mean.numpy(), predicted, rtol=bound)
    wanted = UNITS[:, None] * COVARIANCE * UNITS
    np.testing.assert_allclose(found.covariance[3].numpy(), wanted, rtol=1e-4)
    scatter = (THETA - mean) / found.std.numpy()
    # Squares of 160 errors, whose mean has a standard error of 0.11.
    np.testing.assert_allclose((scatter**2).mean(axis=0), 1, atol=0.5)
    draws = found[7].sample(500, torch.Generator().manual_seed(0))
    assert draws.shape == (500, 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss",
    [GaussianLikelihoodLoss(2), MutualInformationLoss(2, hidden=(32, 32))],
    ids=["Gaussian", "mixture"],
)
def test_fit_finds_the_posterior_of_a_linear_model(loss):
    draw = np.random.default_rng(1)
    theta = draw.normal(size=(4000, 2))
    maps = (theta @ PATTERNS / 3 + draw.normal(size=(4000, V)))[..., None]
    options = {"epochs": 20, "batch_size": 100, "learning_rate": 1e-2}
    trained = fit(linear(loss.n_summaries), maps, theta, loss=loss, **options)
    covariance = np.linalg.inv(np.eye(2) + PATTERNS @ PATTERNS.T / 9)
    entropy = np.log(np.linalg.det(2 * np.pi * np.e * covariance)) / 2
    # Scatter of the mean over 800 maps, and about 150 weights fitted to 3200.
    assert trained.best == pytest.approx(entropy, abs=0.15)
    found = trained.task.posterior(maps[3200:], batch_size=100, progress=False)
    ratio = found.std.mean(0).numpy() / covariance.diagonal() ** 0.5
    np.testing.assert_allclose(ratio, 1, atol=0.1)


def test_a_stopped_training_resumes_with_the_loss(tmp_path):
    def run(folder=None, **options):
        torch.manual_seed(1)
        loss = options.pop("loss", None) or LOSSES["mixture"]()
        given = {"loss": loss, "folder": folder, "schedule": "constant", **FAST}
        return fit(linear(3), X, THETA, **given, **options)

    whole = run(epochs=2)
    run(tmp_path, epochs=1)
    resumed = run(tmp_path, epochs=2, resume=True)
    assert resumed.history == whole.history
    state = whole.task.state_dict()
    for name, value in resumed.task.state_dict().items():
        assert torch.equal(value, state[name]), name
    other = MutualInformationLoss(2, 3, components=5, hidden=(8,))
    message = r"trained with the loss Mutual.*components=2.*, got .*components=5"
    with pytest.raises(ValueError, match=message):
        run(tmp_path, epochs=3, resume=True, loss=other)


class Shifted(nn.Module):
    """A loss of one's own with a parameter."""

    def __init__(self):
        super().__init__()
        self.shift = nn.Parameter(torch.ones(2))

    def forward(self, prediction, target):
        return (prediction + self.shift - target).square().mean()


def test_a_loss_of_ones_own_with_parameters_is_given_again(tmp_path):
    trained = fit(linear(2), X, THETA, loss=Shifted(), epochs=1, folder=tmp_path)
    assert not torch.equal(trained.task.loss.shift, torch.ones(2))
    with pytest.raises(ValueError, match=r"parameters of a loss.* pass it as loss="):
        load_task(tmp_path / "best.ckpt", linear(2))
    task = load_task(tmp_path / "best.ckpt", linear(2), loss=Shifted())
    assert torch.equal(task.loss.shift, trained.task.loss.shift)


def test_numbers_of_summaries_and_targets_are_checked():
    loss = MutualInformationLoss(2, 3)
    network = SphericalClassifier(1, 2, SAMPLING, widths=(4,))
    with pytest.raises(ValueError, match=r"must have 3 outputs, .* got 2; build it"):
        GlobalRegressionTask(network, loss=loss)
    with pytest.raises(ValueError, match=r"1 targets, .* for 2; build it with n_targ"):
        fit(linear(3), X, THETA[:, :1], loss=loss, epochs=1)
    with pytest.raises(ValueError, match="out_names must be one per output, got 1"):
        GlobalRegressionTask(linear(3), loss=loss, out_names=["a"])
    pixels = PixelNetwork(1, 3, SAMPLING)
    with pytest.raises(ValueError, match="whole maps, not for numbers at vertices; us"):
        RegressionTask(pixels, loss=loss)


def test_targets_that_are_not_known_are_refused():
    theta = THETA.copy()
    theta[3, 1] = np.nan
    with pytest.raises(ValueError, match="leave out the maps without a target"):
        fit(linear(3), X, theta, loss=LOSSES["mixture"](), epochs=1)


def test_other_losses_have_no_densities():
    trained = fit(linear(2), X, THETA, epochs=1)
    assert trained.task.monitor == "rmse"
    with pytest.raises(TypeError, match=r"got a L2Loss; train with a MutualInformat"):
        trained.task.posterior(X)


def test_losses_of_ones_own_are_rebuilt_by_their_name(tmp_path):
    class Unit(PosteriorLoss):
        """Gaussians of unit covariance."""

        n_targets = n_summaries = 2
        config: ClassVar = {}

        def posterior(self, prediction):
            factors = torch.eye(2).expand(*prediction.shape[:-1], 1, 2, 2)
            logits = prediction.new_zeros(*prediction.shape[:-1], 1)
            return GaussianMixture(logits, prediction[..., None, :], factors)

    fit(linear(2), X, THETA, loss=Unit(), epochs=1, folder=tmp_path)
    assert isinstance(load_task(tmp_path / "best.ckpt", linear(2)).loss, Unit)
