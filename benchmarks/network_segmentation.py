"""The segmentation of generated weather, as a task that compares graphs."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import healpy
import numpy as np
import torch
from network_tasks import Graph, Score, Task

from deepsphere_pyg.datasets import CachedMaps, ClimateEvents, input_statistics
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.training.data_options import TEST_SEED, splits_from_arguments
from deepsphere_pyg.training.evaluation import predict
from deepsphere_pyg.training.fit import fit
from deepsphere_pyg.training.segment_command import add_arguments
from deepsphere_pyg.training.splitting import Splits
from samplings import HEALPix


@dataclass(frozen=True)
class Segmentation(Task):
    """Cyclones and rivers in generated weather, as ``deepsphere-pyg segment --demo``.

    A turned test map is the same weather evaluated at turned points, each map by a
    rotation of its own. What the network finds in it is compared with what it finds in
    the map itself, turned afterwards: its log-probabilities, interpolated. The true
    labels are compared likewise: they change by the interpolation alone.
    """

    name: str = "segmentation"
    title: str = "segmentation of weather"
    nside: int = 32
    n_train: int = 200
    n_validation: int = 24
    n_test: int = 32
    epochs: int = 16

    scores = (
        Score("map", "mAP"),
        Score("map_turned", "mAP on turned maps"),
        Score("changed", "event pixels changed by turning"),
        Score("changed_truth", "of the truth, by interpolation"),
    )
    drawn = (("map", None), ("changed", "changed_truth"))

    def run(self, graph: Graph, seed: int, folder: Path) -> dict[str, float]:
        """Train, or go on from the checkpoint in the folder, and score."""
        args = self._arguments(seed=seed, k=graph.k, out=folder)
        splits, turned = _maps(self, seed)
        names = splits.test.class_names
        torch.manual_seed(seed)
        network = SphericalUNet(
            len(splits.train.channel_names),
            len(names),
            graph.pyramid(self.nside, SMALL.levels),
            replace(SMALL, laplacian=graph.laplacian),
        )
        network.standardize.fit_(*input_statistics(splits.train))
        start = time.perf_counter()
        fitted = fit(args, network, splits, folder)
        if fitted is None:
            raise KeyboardInterrupt
        seconds = time.perf_counter() - start
        plain, other = (
            predict(fitted.network, maps, progress=False)
            for maps in (splits.test, turned)
        )
        area = splits.test.sampling.weights
        source = ClimateEvents(HEALPix(self.nside), self.n_test, TEST_SEED, rotate=True)
        rotations = [source.rotation(i) for i in range(self.n_test)]
        # The smallest float32, where a probability underflowed.
        log_probability = np.log(np.maximum(plain.probability, 1e-38))
        truth = np.eye(len(names))[plain.truth]
        found = other.probability.argmax(axis=-1)
        return {
            "map": plain.scores(names, area).mean_average_precision,
            "map_turned": other.scores(names, area).mean_average_precision,
            "changed": changed_by_turning(log_probability, found, rotations),
            "changed_truth": changed_by_turning(truth, other.truth, rotations),
            "seconds": seconds,
        }

    def _arguments(self, **options: object) -> argparse.Namespace:
        """Options of the command for these settings."""
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        words = ["--demo", "--resume"]
        for key, value in {**self.settings, **options}.items():
            words += [f"--{key.replace('_', '-')}", str(value)]
        return parser.parse_args(words)


@lru_cache(maxsize=1)
def _maps(task: Segmentation, seed: int) -> tuple[Splits, CachedMaps]:
    """Maps of a seed, and the test maps turned; kept for the next graph."""
    sampling = HEALPix(task.nside)
    splits = splits_from_arguments(task._arguments(seed=seed), sampling)
    turned = ClimateEvents(sampling, task.n_test, TEST_SEED, rotate=True)
    return splits, CachedMaps(turned)


def changed_by_turning(
    scores: np.ndarray, turned: np.ndarray, rotations: Sequence[np.ndarray]
) -> float:
    """Share of the event pixels whose class changes when their map is turned.

    Parameters
    ----------
    scores
        Score of each class on the maps, shape ``(maps, V, classes)``, NEST ordering.
        They are turned by bilinear interpolation; the best one is the class.
    turned
        Classes found on the turned maps, shape ``(maps, V)``.
    rotations
        Rotation matrix of each map.

    Returns
    -------
    float
        Pixels that differ over pixels that either calls an event, a class but 0:
        where there is none, nothing can change. NaN if there is none at all.
    """
    nside = healpy.npix2nside(turned.shape[1])
    xyz = HEALPix(nside).xyz
    differ = events = 0
    for score, label, rotation in zip(scores, turned, rotations, strict=True):
        theta, phi = healpy.vec2ang(xyz @ rotation)
        pixel, weight = healpy.get_interp_weights(nside, theta, phi, nest=True)
        expected = np.einsum("iv,ivc->vc", weight, score[pixel]).argmax(axis=1)
        differ += int((expected != label).sum())
        events += int(((expected > 0) | (label > 0)).sum())
    return differ / events if events else float("nan")
