"""Figures and a table of generated flows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from deepsphere_pyg.commands.generate.fields import FIELD_ATTRIBUTES
from deepsphere_pyg.datasets.flows import ShallowWater
from deepsphere_pyg.plot.maps import draw_map, named, quantity_of
from deepsphere_pyg.plot.style import new_figure
from samplings import Sampling

_DAY = 24.0  # hours


class FlowRecord:
    """What is conserved, by time, and the first and the last state of the first run.

    Parameters
    ----------
    model
        The model.
    hours
        Time between two states.
    name
        Of the field that is drawn.
    """

    def __init__(self, model: Any, hours: float, name: str) -> None:
        self.model, self.hours, self.name = model, hours, name
        self.quantities = {"energy": model.energy}
        if isinstance(model, ShallowWater):
            self.quantities |= {
                "potential enstrophy": model.potential_enstrophy,
                "mass": model.mass,
            }
        else:
            self.quantities["enstrophy"] = model.enstrophy
        self.series: dict[str, list[float]] = {name: [] for name in self.quantities}
        self.maps: list[npt.NDArray[np.float64]] = []
        self.spectra: list[npt.NDArray[np.float64]] = []

    def add(self, state: Tensor, field: Tensor) -> None:
        """Keep the means over the runs, and a field of the first one."""
        for name, quantity in self.quantities.items():
            self.series[name].append(float(quantity(state).mean()))
        now = (field.numpy(), _kinetic_spectrum(self.model, state))
        # The first stays, the last is replaced.
        self.maps = [*self.maps[:1], now[0]]
        self.spectra = [*self.spectra[:1], now[1]]

    @property
    def days(self) -> npt.NDArray[np.float64]:
        """Days since the first state."""
        n = len(next(iter(self.series.values())))
        return np.arange(n, dtype=np.float64) * (self.hours / _DAY)

    def rows(self) -> list[dict[str, float | str]]:
        """Return first and last values, and the relative change a day."""
        found: list[dict[str, float | str]] = []
        for name, values in self.series.items():
            first, last = values[0], values[-1]
            span = max(self.days[-1], np.finfo(float).tiny)
            found.append(
                {
                    "quantity": name,
                    "first": first,
                    "last": last,
                    "change a day": (last / first - 1) / span,
                }
            )
        return found


def _kinetic_spectrum(model: Any, state: Tensor) -> npt.NDArray[np.float64]:
    """Return the kinetic energy of each degree in m^2/s^2, mean over the runs."""
    rows = state[:2] if state.ndim == 3 else state[None]
    squares = (rows**2).sum(dim=0).mean(dim=1)
    degree = torch.arange(model.L)
    degrees = degree.repeat_interleave(2 * degree + 1)
    sums = torch.zeros(model.L, dtype=torch.float64).index_add_(0, degrees, squares)
    eigenvalue = (degree * (degree + 1)).clamp(min=1) / model.radius**2
    return np.asarray(sums / eigenvalue / (8 * torch.pi))


def flow_table(record: FlowRecord) -> str:
    """Return the table of what is conserved but for damping."""
    lines = ["quantity              first         last   change a day"]
    lines += [
        f"{row['quantity']:<20}{row['first']:>12.5g} {row['last']:>12.5g} "
        f"{row['change a day']:>+14.2e}"
        for row in record.rows()
    ]
    return "\n".join(lines)


def flow_figure(record: FlowRecord, sampling: Sampling) -> Figure:
    """Draw the first field of a run at first and at last, the means, and spectra.

    Parameters
    ----------
    record
        The record of the flow.
    sampling
        Where the maps are.
    """
    figure, axes = new_figure(2, 2, (11, 7))
    units = FIELD_ATTRIBUTES[record.name]["units"]
    # Colours are those of the first map, and symmetric but for depths.
    low, high = np.percentile(record.maps[0], [1, 99])
    reach = max(-low, high) or 1.0
    limits = (low, high) if low > 0 else (-reach, reach)
    for panel, values, day in zip(
        axes[0], (record.maps[0], record.maps[-1]), (0.0, record.days[-1]), strict=True
    ):
        draw_map(
            panel,
            sampling,
            values,
            title=f"run 0, day {day:g}",
            label=named(record.name, units),
            quantity=quantity_of(units),
            limits=limits,
        )
    for name, series in record.series.items():
        axes[1, 0].plot(record.days, np.array(series) / series[0], label=name)
    axes[1, 0].set(xlabel="day", ylabel="over that of day 0", title="mean over runs")
    axes[1, 0].legend()
    ends = zip(record.spectra, ("first", "last"), strict=False)
    for spectrum, name in ends:
        axes[1, 1].loglog(np.arange(1, len(spectrum)), spectrum[1:], label=name)
    axes[1, 1].set(
        xlabel="degree", ylabel="kinetic energy, m$^2$/s$^2$", title="spectrum"
    )
    axes[1, 1].legend()
    return figure
