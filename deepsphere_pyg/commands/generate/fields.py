"""Fields of flows at the vertices of any sampling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from deepsphere_pyg.datasets.flows import BarotropicVorticity, ShallowWater
from deepsphere_pyg.harmonics import ISHT, VectorISHT, wind_of_components
from samplings import Sampling

#: Attributes of the fields, with the standard names of the CF conventions.
FIELD_ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "vorticity": {
        "standard_name": "atmosphere_relative_vorticity",
        "units": "s-1",
    },
    "divergence": {"standard_name": "divergence_of_wind", "units": "s-1"},
    "stream_function": {
        "standard_name": "atmosphere_horizontal_streamfunction",
        "units": "m2 s-1",
    },
    "u": {"standard_name": "eastward_wind", "units": "m s-1"},
    "v": {"standard_name": "northward_wind", "units": "m s-1"},
    "depth": {"long_name": "depth of the fluid", "units": "m"},
}


class FlowFields:
    """Fields of the states of a model, on a sampling.

    Parameters
    ----------
    model
        The model.
    sampling
        Where the fields are wanted.
    names
        Their names, keys of ``FIELD_ATTRIBUTES``.
    """

    def __init__(
        self,
        model: BarotropicVorticity | ShallowWater,
        sampling: Sampling,
        names: Sequence[str],
    ) -> None:
        self._names, self._radius = tuple(names), model.radius
        self._scalars = ISHT(sampling, model.L, dtype=torch.float64)
        self._winds = VectorISHT(
            sampling, model.L, radius=model.radius, dtype=torch.float64
        )

    def __call__(self, state: Tensor) -> Tensor:
        """Return the fields, shape ``(V, runs, fields)``, of a state of some runs."""
        parts = state if state.ndim == 3 else state[None]
        vorticity = parts[0]
        rows = {"vorticity": vorticity, "stream_function": self._inverse(vorticity)}
        divergence = torch.zeros_like(vorticity)
        if len(parts) > 1:
            divergence = parts[1]
            rows |= {"divergence": divergence, "depth": parts[2]}
        found = {
            name: self._scalars(rows[name]) for name in self._names if name in rows
        }
        if {"u", "v"} & set(self._names):
            wind = self._winds(torch.stack([divergence, vorticity], dim=-2))
            found["u"], found["v"] = wind_of_components(wind)
        return torch.stack([found[name] for name in self._names], dim=-1)

    def _inverse(self, vorticity: Tensor) -> Tensor:
        """Return the stream function of a vorticity, in m^2/s."""
        degree = torch.arange(self._scalars.L, dtype=torch.float64)
        degrees = degree.repeat_interleave((2 * degree + 1).long())[:, None]
        eigenvalue = degrees * (degrees + 1) / self._radius**2
        inverse = torch.where(degrees > 0, -1 / eigenvalue, 0.0)
        return inverse * vorticity
