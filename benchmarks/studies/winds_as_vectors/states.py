"""Vorticity and winds of a flow, as networks see them, also in a rotated frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.studies.barotropic_forecasts.truth import Array, Truth
from deepsphere_pyg.harmonics import (
    ISHT,
    SHT,
    Rotation,
    SpinSHT,
    VectorISHT,
    rotate,
    rotate_spin,
)
from samplings import HEALPix

#: Inputs: the sine of the latitude, vorticity, wind to the south and to the east.
#: Answers are the changes of the last three in a step.
CHANNELS, ANSWERS = 4, 3


@dataclass(frozen=True, eq=False)
class Pairs:
    """Inputs ``(N, V, 4)`` and answers ``(N, V, 3)``, in units of their spread."""

    x: Tensor
    y: Tensor


class Winds:
    """States of a flow on HEALPix, from coefficients of its vorticity.

    Parameters
    ----------
    nside
        Resolution.
    truth
        The flow.

    Attributes
    ----------
    wind
        Root mean square of the wind in the training runs, on the unit sphere.
    changes
        Root mean squares of the changes of the vorticity and of the wind in a step.
        Both components of the wind have the same, as nothing else commutes with turns.
    """

    def __init__(self, nside: int, truth: Truth) -> None:
        self.sampling, self.L = HEALPix(nside), truth.sizes.L
        self.to_vertices = ISHT(self.sampling, self.L)
        self.to_winds = VectorISHT(self.sampling, self.L)
        method = "least-squares"
        self.to_rows = SHT(self.sampling, self.L, method=method)
        self.to_spin_rows = SpinSHT(self.sampling, self.L, 1, method=method)
        runs = truth.part("training")
        self.wind = _spread(self.fields(_flat(runs))[..., 1:])
        change = self.fields(_flat(np.diff(runs, axis=1)))
        self.changes = (_spread(change[..., :1]), _spread(change[..., 1:]))

    @torch.no_grad()
    def fields(self, c: Tensor) -> Tensor:
        """Return vorticity and wind ``(..., V, 3)`` of coefficients ``(..., row)``."""
        rows = c[..., None]
        pair = torch.stack([torch.zeros_like(rows), rows], dim=-2)
        wind = self.to_winds(pair).flatten(-2)
        return torch.cat([self.to_vertices(rows), wind], dim=-1)

    def inputs(self, c: Tensor, axis: Tensor | None = None) -> Tensor:
        """Return inputs of states, on a planet that turns about an axis, z if None."""
        towards = torch.tensor([0.0, 0.0, 1.0]) if axis is None else axis
        sine = torch.from_numpy(self.sampling.xyz.copy()).float() @ towards.float()
        fields = self.fields(c)
        scaled = torch.cat([fields[..., :1], fields[..., 1:] / self.wind], dim=-1)
        # The sine of the latitude has the spread one third to the half.
        latitude = (3**0.5 * sine)[:, None].expand(len(c), -1, 1)
        return torch.cat([latitude, scaled], dim=-1)

    def pairs(self, runs: Array) -> Pairs:
        """Return all pairs of a state and its change, of runs ``(run, time, row)``."""
        change = self.fields(_flat(np.diff(runs, axis=1)))
        return Pairs(self.inputs(_flat(runs[:, :-1])), change / self.scale)

    @property
    def scale(self) -> Tensor:
        """Units of the answers."""
        vorticity, wind = self.changes
        return torch.tensor([vorticity, wind, wind])

    @torch.no_grad()
    def rows(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return coefficients of answers: of scalars, and of vectors."""
        wind = y[..., 1:].unflatten(-1, (2, 1))
        return self.to_rows(y[..., :1]), self.to_spin_rows(wind)

    def turned(self, c: Tensor, rotation: Rotation) -> Tensor:
        """Return inputs of rotated states, on a planet that is rotated with them."""
        axis = rotation.matrix()[:, 2]
        return self.inputs(rotate(c[..., None], rotation, self.L)[..., 0], axis)

    def turned_rows(self, y: Tensor, rotation: Rotation) -> tuple[Tensor, Tensor]:
        """Return coefficients of rotated answers."""
        scalar, vector = self.rows(y)
        return rotate(scalar, rotation, self.L), rotate_spin(vector, rotation, self.L)


def _flat(runs: Array) -> Tensor:
    """Return states of all runs as a tensor ``(N, row)``."""
    return torch.from_numpy(np.ascontiguousarray(runs)).flatten(0, 1)


def _spread(x: Tensor) -> float:
    """Return the root mean square length of vectors ``(..., component)``."""
    return float(x.double().square().sum(-1).mean().sqrt())
