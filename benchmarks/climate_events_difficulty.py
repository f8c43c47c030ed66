"""Measure the generated maps: class shares, cost, and how far single pixels go.

Gradient boosting is trained twice on the same maps: on the 16 channels of each pixel,
and on these with the mean and standard deviation of its neighbourhood at three radii.
Average precision is of the precision-recall curve over all pixels of the test maps.

    python benchmarks/climate_events_difficulty.py --nside 32 --train 80 --test 40
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import scipy.sparse as sp
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

from deepsphere_pyg.datasets.weather.climate_events import WeatherState
from samplings import HEALPix, Sampling, knn_graph

BACKGROUND_KEPT = 0.06


def class_shares(sampling: Sampling, maps: int) -> None:
    """Print the share of each class with its standard error, and the cost of a map."""
    shares, start = [], time.perf_counter()
    for seed in range(maps):
        labels = WeatherState(seed).evaluate(sampling.xyz)[1]
        shares.append(
            np.bincount(labels, sampling.weights, minlength=3) / sampling.area
        )
    seconds = (time.perf_counter() - start) / maps
    mean = 100 * np.mean(shares, axis=0)
    error = 100 * np.std(shares, axis=0) / np.sqrt(maps)
    print(f"{maps} maps of {len(sampling)} vertices, {1e3 * seconds:.0f} ms a map")
    for name, m, e in zip(("background", "TC", "AR"), mean, error, strict=True):
        print(f"  {name:<10} {m:7.3f} +- {e:.3f} % of the area")


def neighbourhood(sampling: Sampling) -> list[sp.csr_array]:
    """Averages over the pixel's surroundings: 1, 3 and 8 steps of the graph."""
    adjacency = knn_graph(sampling, k=8).adjacency
    step = sp.csr_array(adjacency + sp.eye_array(len(sampling)) * adjacency.max())
    step = sp.csr_array(sp.diags_array(1 / step.sum(axis=1)) @ step)
    return [step, step @ step @ step, sp.csr_array(step**8)]


def features(
    fields: np.ndarray, means: list[sp.csr_array], context: bool
) -> np.ndarray:
    """Channels of each pixel, and those of its surroundings on request."""
    if not context:
        return fields.astype(np.float32)
    centred = (fields - fields.mean(axis=0)) / fields.std(axis=0)
    columns = [fields]
    for mean in means:
        average = mean @ centred
        spread = np.sqrt(np.maximum(mean @ centred**2 - average**2, 0))
        columns += [average, spread, average - centred]
    return np.concatenate(columns, axis=1).astype(np.float32)


def average_precision(
    sampling: Sampling, train: int, test: int, context: bool, seed: int
) -> np.ndarray:
    """Average precision of the cyclone and river classes on test maps."""
    means = neighbourhood(sampling) if context else []
    rng = np.random.default_rng(seed)
    inputs, labels, importance = [], [], []
    for i in range(train):
        fields, y = WeatherState(seed + i).evaluate(sampling.xyz)
        keep = (y > 0) | (rng.random(len(y)) < BACKGROUND_KEPT)
        inputs.append(features(fields, means, context)[keep])
        labels.append(y[keep])
        importance.append(np.where(y[keep] > 0, 1.0, 1 / BACKGROUND_KEPT))
    model = HistGradientBoostingClassifier(
        max_iter=150,
        learning_rate=0.1,
        max_leaf_nodes=31,
        min_samples_leaf=40,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=0,
    )
    model.fit(
        np.concatenate(inputs),
        np.concatenate(labels),
        sample_weight=np.concatenate(importance),
    )
    truth, scores = [], []
    for i in range(test):
        fields, y = WeatherState(seed + train + i).evaluate(sampling.xyz)
        scores.append(model.predict_proba(features(fields, means, context)))
        truth.append(y)
    y, p = np.concatenate(truth), np.concatenate(scores)
    return np.array([average_precision_score(y == c, p[:, c]) for c in (1, 2)])


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nside", type=int, default=32)
    parser.add_argument("--train", type=int, default=80)
    parser.add_argument("--test", type=int, default=40)
    parser.add_argument("--shares", type=int, default=200)
    parser.add_argument("--seed", type=int, default=10_000)
    args = parser.parse_args()
    sampling = HEALPix(args.nside)
    class_shares(sampling, args.shares)
    print(f"average precision, {args.train} training and {args.test} test maps, in %")
    for context in (False, True):
        start = time.perf_counter()
        tc, ar = 100 * average_precision(
            sampling, args.train, args.test, context, args.seed
        )
        name = "with surroundings" if context else "single pixels"
        seconds = time.perf_counter() - start
        print(
            f"  {name:<18} TC {tc:5.1f}  AR {ar:5.1f}  mean {(tc + ar) / 2:5.1f}"
            f"  ({seconds:.0f} s)"
        )


if __name__ == "__main__":
    main()
