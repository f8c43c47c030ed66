"""Base of networks from fields to fields that need a sampling, but no graphs of it."""

from __future__ import annotations

import math
from typing import SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.models.base import SavedModel
from deepsphere_pyg.signals import checked_signal, known_signal
from samplings import Sampling
from samplings.arguments import integer_argument, sampling_argument

# Relative error of the areas of a whole sphere in files.
WHOLE = 1e-6


class FieldNetwork(SavedModel):
    """A network whose inputs and outputs are on one sampling.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input and the output.
    sampling
        Sampling of both.

    Attributes
    ----------
    sampling
        As given.
    standardize
        The first layer, which brings channels to mean zero and spread one, once fitted.
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.geometry = self.sampling = sampling_argument("sampling", sampling)
        # Those of one process, if several share them.
        self.n_vertices = len(self.sampling)
        self.standardize = Standardize(self.in_channels)
        # Made here, where compilers do not look.
        self._name = f"{type(self).__name__} on {self.sampling.name}"

    def checked_input(self, x: Tensor) -> Tensor:
        """Standardise a signal on :attr:`sampling`.

        Raises
        ------
        TypeError
            If ``x`` is not a tensor of the model's dtype.
        ValueError
            If it is not of shape ``(*batch, vertex, channel)`` with the right numbers,
            or values are missing by a code, such as healpy's ``UNSEEN``.
        """
        like = self.standardize.mean
        x = checked_signal(x, self.n_vertices, like, cast=False, taker=self._name)
        y: Tensor = self.standardize(known_signal(x, nan=True))
        return y


def pointwise(in_channels: int, hidden: int, out_channels: int) -> nn.Sequential:
    """Return two linear maps of the channels of each vertex, with GELU between."""
    return nn.Sequential(
        nn.Linear(in_channels, hidden), nn.GELU(), nn.Linear(hidden, out_channels)
    )


def refuse_parts(sampling: Sampling) -> None:
    """Refuse a sampling of a part of the sphere.

    Raises
    ------
    TypeError
        If it is not a sampling.
    ValueError
        If it does not cover the whole sphere.
    """
    covered = sampling_argument("sampling", sampling).area / (4 * math.pi)
    if abs(covered - 1) > WHOLE:
        raise ValueError(
            "filters of degrees need the whole sphere, got a sampling of "
            f"{100 * covered:.4g} % of it; take the whole sampling, or a network on "
            "graphs such as ResidualUNet"
        )
