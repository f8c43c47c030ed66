"""Batches of inputs, prepared once for the first layer that has parameters."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from tqdm import tqdm

from deepsphere_pyg.commands.label_batches import LabelBatches
from deepsphere_pyg.models import HarmonicClassifier, SavedModel
from samplings.arrays import IntArray

# Inputs transformed at once.
_STEP = 200


def reads_coefficients(network: SavedModel) -> bool:
    """Whether a network begins with a transform, which has no parameters."""
    return isinstance(network, HarmonicClassifier)


def prepared(network: SavedModel, x: Tensor) -> Tensor:
    """Return the input of the first layer that has parameters.

    These are coefficients for networks that begin with a transform, else the signals.
    """
    if isinstance(network, HarmonicClassifier):
        return network.coefficients(x)
    return x


def finished(network: SavedModel, x: Tensor) -> Tensor:
    """Return the output of a network for the result of :func:`prepared`."""
    if isinstance(network, HarmonicClassifier):
        return network.of_coefficients(x)
    y: Tensor = network(x)
    return y


class PreparedBatches(LabelBatches):
    """Batches of inputs, of which coefficients are computed once and kept.

    Parameters
    ----------
    read
        Function from numbers of samples, from 0 on, to signals ``(n, V, C)``.
    y
        Classes of the samples.
    network
        Network that reads them, on the CPU.
    batch_size, seed
        As for :class:`LabelBatches`.
    """

    def __init__(
        self,
        read: Callable[[IntArray], Tensor],
        y: IntArray,
        network: SavedModel,
        batch_size: int,
        seed: int | None = None,
    ) -> None:
        super().__init__(y, batch_size, seed)
        self.read = read
        if reads_coefficients(network):
            kept = _coefficients(read, len(y), network)
            self.read = lambda some: kept[torch.from_numpy(some)]

    def inputs(self, some: IntArray) -> Tensor:
        """Return what the first layer with parameters reads."""
        return self.read(some)


@torch.no_grad()
def _coefficients(
    read: Callable[[IntArray], Tensor], n: int, network: SavedModel
) -> Tensor:
    """Transform all samples."""
    kept: Tensor | None = None
    steps = range(0, n, _STEP)
    for start in tqdm(steps, desc="transforming", leave=False, disable=None):
        some = torch.arange(start, min(start + _STEP, n))
        part = prepared(network, read(some.numpy()))
        if kept is None:
            kept = part.new_empty((n, *part.shape[1:]))
        kept[some] = part
    assert kept is not None
    return kept
