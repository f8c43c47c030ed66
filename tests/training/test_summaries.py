"""Training of summaries: Fisher information and invariance, checkpoints, bad input."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset

from deepsphere_pyg import SphericalClassifier
from deepsphere_pyg.datasets import FisherMaps, MapGroup, RotatedPairs
from deepsphere_pyg.inference import fisher_forecast
from deepsphere_pyg.training import (
    FisherTask,
    RotationTask,
    TrainingOptions,
    fit_summaries,
    load_task,
)
from samplings import GaussLegendre, HEALPix

SAMPLING = HEALPix(2)
V = len(SAMPLING)
RNG = np.random.default_rng(0)
STEPS = np.array([0.3, 0.3])


def noise_maps(seeds):
    """White noise of mean 1 and variance 2, with steps in both, of the same seeds."""
    noise = RNG.normal(size=(seeds, V, 1))

    def maps(mean, variance):
        return mean + np.sqrt(variance) * noise

    plus, minus = (
        np.stack([maps(1 + s * STEPS[0], 2.0), maps(1.0, 2 + s * STEPS[1])], axis=1)
        for s in (1, -1)
    )
    return maps(1.0, 2.0), plus, minus


class Moments(nn.Module):
    """A linear function of the mean powers of a map."""

    out_channels = 2

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(4, 2)

    def forward(self, x):
        powers = torch.cat([x, x**2, x**3 / 3, x**4 / 12], dim=2)
        return self.linear(powers.mean(dim=1))


def test_summaries_of_noise_have_the_fisher_information_of_the_noise(tmp_path):
    options = TrainingOptions(epochs=20, batch_size=64, learning_rate=0.3)
    task = FisherTask(Moments(), STEPS, options=options, in_channels=1)
    held = FisherMaps(*noise_maps(64))
    groups = FisherMaps(*noise_maps(192))
    maps = noise_maps(1000)
    exact = np.array([V / 2.0, V / (2 * 2.0**2)])

    def summary(part):
        found = task.predict(part.reshape(-1, V, 1), batch_size=500, progress=False)
        return found.reshape(*part.shape[:-2], 2)

    def forecast_and_information():
        found = fisher_forecast(*map(summary, maps), STEPS)
        return found, np.linalg.slogdet(found.fisher)[1] - np.log(exact).sum()

    before = forecast_and_information()[1]
    trained = fit_summaries(task, groups, validation=held, folder=tmp_path)
    forecast, information = forecast_and_information()
    # Three standard errors of the logarithms of two variances of 1000 simulations, and
    # as much for ten weights that are fitted to 192 of them.
    assert before < -0.8 < -0.5 < information < 0.3
    middle = maps[0]
    # The penalty makes the summaries measure the parameters in steps, up to signs.
    derivatives = STEPS[:, None] * forecast.derivatives
    signs = np.sign(derivatives.diagonal())
    np.testing.assert_allclose(derivatives * signs, np.eye(2), atol=0.1)
    estimates = forecast.estimates(summary(middle), [1.0, 2.0])
    np.testing.assert_allclose(estimates.std(axis=0), exact**-0.5, rtol=0.15)
    again = load_task(tmp_path / "best.ckpt", Moments())
    assert again.config == trained.task.config
    np.testing.assert_array_equal(
        again.predict(middle, progress=False), trained.predict(middle, progress=False)
    )


def test_validation_is_over_all_seeds_together():
    options = TrainingOptions(epochs=1, batch_size=16)
    task = FisherTask(Moments(), STEPS, options=options)
    # Of 25 validation seeds, the last batch has nine.
    held = FisherMaps(*noise_maps(25))
    trained = fit_summaries(task, FisherMaps(*noise_maps(32)), validation=held)
    x = torch.stack([group.x for group in held])
    summaries = task.outputs(MapGroup(x))
    assert trained.best == pytest.approx(task.loss(summaries).item(), rel=1e-5)


class Listed(Dataset):
    """Samples that are made once."""

    def __init__(self, data):
        self.samples = list(data)

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        return self.samples[index]


class LogStrength(nn.Module):
    """A linear function of the logarithms of the sizes of a map's values."""

    def __init__(self, vertices):
        super().__init__()
        torch.manual_seed(0)
        self.linear = nn.Linear(vertices, 1)

    def forward(self, x):
        return self.linear((x.abs() + 1e-3).log().flatten(1))


def test_summaries_of_rotated_maps_become_alike(tmp_path):
    sampling = GaussLegendre(3)
    draw = np.random.default_rng(1)
    # White noise of different strengths, which rotations do not change.
    maps = draw.normal(size=(64, len(sampling), 1))
    maps *= np.exp(draw.normal(size=(64, 1, 1)))
    pairs = Listed(RotatedPairs(maps, sampling))
    network = LogStrength(len(sampling))
    options = TrainingOptions(epochs=12, batch_size=17, learning_rate=0.05)
    task = RotationTask(network, out_channels=1, options=options)

    @torch.no_grad()
    def distance():
        found = task.outputs(MapGroup(torch.stack([pair.x for pair in pairs])))
        apart = (found[:, 0] - found[:, 1]).square().mean()
        return float(apart / found.var())

    before = distance()
    trained = fit_summaries(task, pairs, folder=tmp_path)
    # Summaries that have nothing in common are twice the variance apart.
    assert distance() < 0.2 < 0.5 < before
    assert trained.best == min(row["val/loss"] for row in trained.history)
    losses = [row["train/loss"] for row in trained.history]
    assert losses[-1] < losses[0] / 5
    again = load_task(tmp_path / "best.ckpt", network)
    assert again.config == task.config
    assert again.loss.config == task.loss.config


def test_networks_of_the_library_are_standardized_and_rebuilt(tmp_path):
    maps = FisherMaps(*noise_maps(20))
    network = SphericalClassifier(1, 2, SAMPLING, widths=(4,), K=2)
    options = TrainingOptions(epochs=1, batch_size=8)
    task = FisherTask(network, STEPS, penalty="covariance", weight=1, options=options)
    trained = fit_summaries(task, maps, folder=tmp_path)
    x = torch.stack([maps[i].x for i in range(16)])
    np.testing.assert_allclose(network.standardize.mean, x.mean(), rtol=1e-5)
    np.testing.assert_allclose(network.standardize.std, x.std(correction=0), rtol=1e-5)
    found = load_task(tmp_path / "best.ckpt")
    assert found.loss.penalty == "covariance"
    np.testing.assert_array_equal(
        found.predict(maps.fiducial, progress=False),
        trained.predict(maps.fiducial, progress=False),
    )


def test_bad_groups_are_refused():
    maps = FisherMaps(*noise_maps(10))
    options = TrainingOptions(epochs=1, batch_size=9)
    task = FisherTask(Moments(), STEPS, options=options)
    with pytest.raises(
        ValueError, match=r"at least a batch of 9 groups .* got 8; pass"
    ):
        fit_summaries(task, maps)
    with pytest.raises(TypeError, match=r"task must be a FisherTask or a RotationTask"):
        fit_summaries(Moments(), maps)
    with pytest.raises(TypeError, match="data must be a Dataset, got ndarray; make"):
        fit_summaries(task, np.zeros((3, V, 1)))
    small = FisherTask(Moments(), STEPS, options=options.changed(batch_size=2))
    with pytest.raises(ValueError, match="more seeds than the 2 summaries"):
        fit_summaries(small, maps)
    one = FisherTask(Moments(), [0.3, 0.3], options=options.changed(batch_size=4))
    pairs = RotatedPairs(maps.fiducial, SAMPLING, L=1)
    with pytest.raises(ValueError, match=r"shape \(batch, 5, 2\).*got \(4, 2, 2\)"):
        fit_summaries(one, pairs)
    flat = MapGroup(torch.zeros(4, V, 1))
    with pytest.raises(ValueError, match=r"\(batch, group, V, C\), .* got \(4, 48, 1"):
        one.outputs(flat)
    with pytest.raises(TypeError, match="Linear has no attribute out_channels; pass"):
        RotationTask(nn.Linear(2, 2))
