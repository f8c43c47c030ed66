"""Public entries of inference, its tasks and pictures, with right arguments."""

import functools
from importlib.util import find_spec

import numpy as np
import torch

from deepsphere_pyg import datasets, inference, models, plot, training
from samplings import HEALPix

NAMES = ["a", "b"]


def given_mixture(**given):
    """Return the density of a point, given a mixture."""
    return inference.GaussianMixture(**given).log_prob(torch.zeros(2))


def densities():
    """Mixtures, losses that predict them, and the task that trains with these."""
    normal = inference.GaussianMixture.from_covariances(
        [[1.0, 2.0]] * 3, np.zeros((3, 2, 2)), np.broadcast_to(np.eye(2), (3, 2, 2, 2))
    )
    parts = {"logits": torch.zeros(3), "means": torch.zeros(3, 2)}
    yield given_mixture, {**parts, "precision_cholesky": torch.ones(3, 2, 2).tril()}
    yield (
        inference.GaussianMixture.from_covariances,
        {"weights": [1.0], "means": [[0.0, 1.0]], "covariances": [np.eye(2)]},
    )
    yield normal.log_prob, {"theta": torch.zeros(5, 3, 2)}
    yield normal.sample, {"count": 2, "generator": torch.Generator()}
    yield normal.scaled, {"scale": torch.ones(2), "shift": torch.zeros(2)}
    yield normal.__getitem__, {"index": 0}
    yield (
        inference.GaussianLikelihoodLoss,
        {"n_targets": 2, "tikhonov": 1.0, "decay_steps": 5},
    )
    yield (
        inference.MutualInformationLoss,
        {"n_targets": 2, "n_summaries": 3, "components": 2, "hidden": (4,)},
    )
    pair = {"prediction": torch.zeros(4, 5), "target": torch.zeros(4, 2)}
    yield inference.GaussianLikelihoodLoss(2).forward, pair
    yield inference.MutualInformationLoss(2, 5).forward, pair
    network = models.SphericalClassifier(1, 2, HEALPix(2), widths=(4,))
    yield (
        training.GlobalRegressionTask,
        {"network": network, "out_channels": 2, "out_names": NAMES, "in_channels": 1},
    )
    network = models.SphericalClassifier(1, 5, HEALPix(2), widths=(4,))
    loss = inference.GaussianLikelihoodLoss(2)
    task = training.GlobalRegressionTask(network, loss=loss)
    yield (
        functools.partial(task.posterior, progress=False),
        {"X": np.zeros((3, 48, 1)), "batch_size": 2},
    )


def summaries():
    """Fisher information, and what is trained without targets."""
    draw = np.random.default_rng(0)
    seeds, sides = draw.normal(size=(20, 2)), draw.normal(size=(2, 20, 2, 2))
    forecast = {"fiducial": seeds, "plus": sides[0], "minus": sides[1]}
    forecast |= {"steps": [0.1, 0.2], "hartlap": True}
    found = inference.fisher_forecast(**forecast)
    yield inference.fisher_forecast, forecast
    yield found.estimates, {"summaries": seeds, "theta_0": [0.0, 1.0]}
    options = {"penalty": "covariance", "weight": 1.0}
    yield (
        inference.FisherInformationLoss,
        {"steps": [0.1, 0.2], "n_summaries": 3, **options},
    )
    yield (
        inference.FisherInformationLoss([0.1, 0.2]).forward,
        {"summaries": torch.from_numpy(draw.normal(size=(9, 5, 2)))},
    )
    weights = {"invariance": 1.0, "variance": 1.0, "covariance": 1.0}
    yield inference.VICRegLoss, {"n_summaries": 2, **weights, "eps": 0.1}
    yield (
        inference.VICRegLoss(2).forward,
        {"summaries": torch.from_numpy(draw.normal(size=(9, 2, 2)))},
    )
    fiducial, shifted = draw.normal(size=(5, 48, 1)), draw.normal(size=(5, 1, 48, 1))
    groups = {"fiducial": fiducial, "plus": shifted, "minus": -shifted}
    yield datasets.FisherMaps, groups
    yield datasets.FisherMaps(**groups).__getitem__, {"index": 0}
    turned = {"X": fiducial, "sampling": HEALPix(2), "L": 3, "pairs": 2, "seed": 1}
    yield datasets.RotatedPairs, turned
    yield datasets.RotatedPairs(**turned).rotations, {"index": 0}
    common = {"network": models.SphericalClassifier(1, 2, HEALPix(2), widths=(4,))}
    common |= {"out_channels": 2, "in_channels": 1}
    yield training.FisherTask, {**common, "steps": [0.1], **options}
    yield training.RotationTask, {**common, **weights}
    task = training.RotationTask(
        common["network"], options=training.TrainingOptions(epochs=1, batch_size=2)
    )
    yield (
        functools.partial(training.fit_summaries, task),
        {"data": datasets.RotatedPairs(**turned), "validation": 0.4},
    )


def pictures():
    """Pictures of posteriors."""
    if find_spec("corner"):
        yield (
            plot.posterior_corner,
            {
                "samples": np.random.default_rng(0).normal(size=(200, 2)),
                "names": NAMES,
                "truth": [0.0, 1.0],
                "covariance": np.eye(2),
                "centre": [0.0, 0.0],
            },
        )


def entries():
    """All of them."""
    yield from densities()
    yield from summaries()
    yield from pictures()
