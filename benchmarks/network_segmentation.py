"""The segmentation of generated weather, as a task that compares graphs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import healpy
import numpy as np
import torch
from network_tasks import Graph, Score, Task

from deepsphere_pyg.commands.segment.command import add_arguments
from deepsphere_pyg.commands.segment.data_options import (
    TEST_SEED,
    splits_from_arguments,
)
from deepsphere_pyg.commands.segment.fit import fit
from deepsphere_pyg.datasets import CachedMaps, ClimateEvents, input_statistics
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.training.evaluation import predict
from deepsphere_pyg.training.splitting import Splits
from samplings import HEALPix


@dataclass(frozen=True)
class Segmentation(Task):
    """Cyclones and rivers in generated weather, as ``deepsphere-pyg segment --demo``.

    A turned test map is the same weather evaluated at turned points, each map by a
    rotation of its own. What the network finds in it is compared with what it finds in
    the map itself at the four vertices around each turned one. The true labels are
    compared likewise, which tells how much of a change pixels alone make.
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
        Score("changed_truth", "the truth, by its pixels"),
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
            configuration=replace(SMALL, laplacian=graph.laplacian),
        )
        network.standardize.fit_(*input_statistics(splits.train))
        fitted = fit(args, network, splits, folder)
        if fitted is None:
            raise KeyboardInterrupt
        plain, other = (
            predict(fitted.network, maps, progress=False)
            for maps in (splits.test, turned)
        )
        area = splits.test.sampling.weights
        source = ClimateEvents(HEALPix(self.nside), self.n_test, TEST_SEED, rotate=True)
        rotations = [source.rotation(i) for i in range(self.n_test)]
        found, found_turned = (p.probability.argmax(axis=-1) for p in (plain, other))
        return {
            "map": plain.scores(names, area).mean_average_precision,
            "map_turned": other.scores(names, area).mean_average_precision,
            "changed": changed_by_turning(found, found_turned, rotations),
            "changed_truth": changed_by_turning(plain.truth, other.truth, rotations),
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
    labels: np.ndarray, turned: np.ndarray, rotations: Sequence[np.ndarray]
) -> float:
    """Share of the event pixels whose class changes when their map is turned.

    A vertex of the turned map lies between four of the map: it has changed where none
    of these has its class. Borders that move by less than a pixel do not count.

    Parameters
    ----------
    labels, turned
        Classes on the maps, and on the maps turned, ``(maps, V)``, NEST ordering.
    rotations
        Rotation matrix of each map.

    Returns
    -------
    float
        Vertices that change over those that are an event, a class but 0, after turning
        or, at the nearest vertex, before. NaN where there are none.
    """
    nside = healpy.npix2nside(turned.shape[1])
    xyz = HEALPix(nside).xyz
    differ = events = 0
    for before, after, rotation in zip(labels, turned, rotations, strict=True):
        theta, phi = healpy.vec2ang(xyz @ rotation)
        around, weight = healpy.get_interp_weights(nside, theta, phi, nest=True)
        nearest = np.take_along_axis(around, weight.argmax(axis=0)[None], axis=0)[0]
        # Where vertices fall onto each other, the other three are no neighbours.
        same = (before[around] == after) & (weight > 1e-9)
        differ += int((~same.any(axis=0)).sum())
        events += int(((before[nearest] > 0) | (after > 0)).sum())
    return differ / events if events else float("nan")
