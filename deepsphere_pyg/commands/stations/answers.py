"""Answers of the methods of ``stations``, and the networks that give some of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepsphere_pyg.commands.options.training import (
    n_parameters,
    trainer_of,
    training_of,
)
from deepsphere_pyg.commands.stations.options import order_of
from samplings import Heat, Pyramid, Sampling, Weighting, build_pyramid
from samplings.arrays import FloatArray
from samplings.points.neighbours import nearest_neighbours


@dataclass(frozen=True, eq=False)
class Answer:
    """What a method answers for the reports of one part of the data.

    Attributes
    ----------
    values
        Shape of the reports, NaN where there is no answer.
    parameters
        Numbers that were fitted, 0 if that is not known.
    """

    values: FloatArray
    parameters: int = 0


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs and targets of networks.

    Attributes
    ----------
    X
        Shape ``(N, V, C)``, finite.
    y
        Shape ``(N, V, 1)``, NaN where a target does not count; or ``(N, 1)``.
    """

    X: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]


def station_graph(sampling: Sampling, k: int, weighting: str) -> Pyramid:
    r"""Return the graph of the stations, one level.

    With ``"heat"`` the weights are :math:`e^{-d^2 / \bar d^2}` of the mean distance
    of neighbours, as in the published task.
    """
    kind: str | Weighting = weighting
    k = min(k, len(sampling) - 1)
    if weighting == "heat":
        chords = nearest_neighbours(sampling.xyz, k).data
        kind = Heat(t=float(np.mean(chords)) ** 2 / 4)
    return build_pyramid(sampling, 1, k, weighting=kind)


def train_network(
    options: Any,
    method: str,
    folder: Path,
    sampling: Sampling,
    train: Samples,
    validation: Samples,
    seed: int,
    *,
    head: str = "convolution",
    robust: bool = False,
) -> tuple[Any, int]:
    """Train a network, or resume its training, and return it and its parameters.

    Parameters
    ----------
    options
        Options of the command.
    method
        ``order-N``.
    folder
        Folder of the checkpoints.
    sampling
        The stations.
    train, validation
        Samples; those of validation select the epoch.
    seed
        Seed of the training.
    head
        As of :class:`~deepsphere_pyg.models.VertexNetwork`.
    robust
        Whether large errors count linearly, for reports some of which are wrong.
    """
    # Late, as PyTorch and Lightning take seconds to load, and simple methods, which
    # answer first, do without.
    import torch

    from deepsphere_pyg.losses import HuberLoss, L2Loss
    from deepsphere_pyg.models import VertexNetwork
    from deepsphere_pyg.training import fit

    torch.manual_seed(seed)
    network = VertexNetwork(
        train.X.shape[-1],
        1,
        station_graph(sampling, options.k, options.weighting),
        widths=options.widths,
        K=(order_of(method) or 0) + 1,
        laplacian="combinatorial",
        head=head,
    )
    trained = fit(
        network,
        train.X,
        train.y,
        validation=(validation.X, validation.y),
        loss=HuberLoss() if robust else L2Loss(),
        folder=folder,
        resume=True,
        options=training_of(options),
        seed=seed,
        trainer={"gradient_clip_val": 1.0, **trainer_of(options)},
    )
    return trained, n_parameters(network)
