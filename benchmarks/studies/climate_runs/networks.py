"""Networks on three samplings, trained on some runs and validated on another."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.studies.climate_runs.data import FORCED, INPUTS, PIXELS, Array, Fold
from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.models import (
    AttentionLayers,
    DiscoLayers,
    SphericalClassifier,
    ZonalClassifier,
)
from deepsphere_pyg.training import SphereDataModule, fit
from samplings import HEALPix, Icosahedral, Sampling, build_pyramid

SAMPLINGS = {
    "gaussian": None,
    "healpix": PIXELS,
    "healpix16": HEALPix(16),
    "icosahedral": Icosahedral(3),
}
WIDTHS = (8, 16, 32)
K_NEIGHBOURS = 8
TERMS = 4
BATCH = 16


@dataclass(frozen=True)
class Network:
    """A network: where its vertices are, the weights of its graph, and its layers.

    ``weighting`` is ``"heat"`` or ``"fitted"`` for convolutions on graphs, and
    ``"zonal"`` for filters of harmonic coefficients.
    """

    sampling: str
    weighting: str
    k: int = K_NEIGHBOURS
    K: int = TERMS
    convolution: str | DiscoLayers | AttentionLayers = "chebyshev"
    widths: tuple[int, ...] = WIDTHS

    def build(self, sampling: Sampling, outputs: int) -> nn.Module:
        """Return a network with new weights."""
        if self.weighting == "zonal":
            return ZonalClassifier(
                len(INPUTS),
                outputs,
                sampling,
                bandlimits=(16, 16, 8),
                channels=WIDTHS,
            )
        pyramid = build_pyramid(
            sampling, len(self.widths) + 1, self.k, weighting=self.weighting
        )
        return SphericalClassifier(
            len(INPUTS),
            outputs,
            pyramid,
            widths=self.widths,
            K=self.K,
            convolution=self.convolution,
        )


#: Networks by name.
NETWORKS = {
    f"{name}-{weighting}": Network(name, weighting)
    for name in SAMPLINGS
    for weighting in ("fitted", "heat")
} | {"gaussian-zonal": Network("gaussian", "zonal")}
#: Those that are trained by default, each in seconds.
QUICK = ("healpix-fitted", "healpix-heat", "icosahedral-fitted", "icosahedral-heat")


@dataclass(frozen=True, eq=False)
class Answers:
    """Answers of a trained network for the runs that were held out."""

    validation: float
    epoch: int
    test: Mapping[int, Array]
    seconds: float
    parameters: int
    network: nn.Module


def trained(
    network: Network,
    fold: Fold,
    validation: Sequence[int],
    test: Sequence[int],
    *,
    classes: bool,
    epochs: int,
    rate: float,
    seed: int,
) -> Answers:
    """Train a network, and return its answers for the test runs.

    Parameters
    ----------
    network, fold
        The network and the fields.
    validation
        Training members that stop the training early.
    test
        Members that are held out.
    classes
        Whether to tell forced runs (log-odds above 0) from natural ones, or to predict
        the year.
    epochs, rate, seed
        Of the training; the rate is the highest one.
    """
    start = time.perf_counter()
    fields = fold.fields[list(INPUTS)]
    options: dict[str, Any] = {"targets": ["year"], "target_kind": "numbers"}
    if classes:
        forced = np.isin(fields["member"], FORCED).astype(np.int64)
        fields = fields.assign(forcing=("member", forced))
        names = {0: "natural", 1: "all"}
        options = {"targets": ["forcing"], "class_names": names}
    maps = FieldMaps(
        fields,
        inputs=list(INPUTS),
        sampling=SAMPLINGS[network.sampling],
        sample_dims=("member", "year"),
        **options,
    )
    rest = [member for member in fold.training if member not in validation]
    module = SphereDataModule(
        maps,
        train={"member": rest},
        validation={"member": list(validation)},
        test={"member": list(test)},
        batch_size=BATCH,
        seed=seed,
    )
    torch.manual_seed(seed)
    model = network.build(maps.sampling, module.out_channels)
    with contextlib.redirect_stdout(io.StringIO()):
        found = fit(
            model,
            module,
            epochs=epochs,
            batch_size=BATCH,
            learning_rate=rate,
            seed=seed,
        )
    answers = {}
    for member in test:
        X = maps.subset(member=member).X[:]
        y = found.predict(X, batch_size=BATCH, progress=False).astype(np.float64)
        # Probabilities that are 0 in float32 are kept finite.
        y = np.maximum(y, np.finfo(np.float32).tiny) if classes else y
        answers[member] = np.log(y[:, 1] / y[:, 0]) if classes else y[:, 0]
    if found.best is None or found.best_epoch is None:
        raise RuntimeError("the training has no validation score")
    return Answers(
        found.best,
        found.best_epoch,
        answers,
        time.perf_counter() - start,
        sum(one.numel() for one in model.parameters()),
        found.network,
    )
