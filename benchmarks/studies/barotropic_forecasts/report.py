"""Tables and a picture of the results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measuring.files import markdown_table
from benchmarks.measuring.kept import Kept
from deepsphere_pyg.plot.equivariance import plain_axes
from deepsphere_pyg.plot.style import new_figure, styled

#: Days of the errors in the table.
DAYS = (1, 3, 5, 10)
NETWORKS = {"flux": "learned flux", "unet": "U-Net of vorticity alone"}
SAMPLINGS = {
    "healpix": "HEALPix",
    "gauss-legendre": "Gauss-Legendre",
    "icosahedral": "icosahedral",
}
Row = Mapping[str, str]
# Beyond it there is no use in digits.
_LARGEST = 1e4


def title(row: Row) -> str:
    """Return the name of a method for readers."""
    method, where = row["method"], row["sampling"]
    if where:
        return f"{NETWORKS[method]}, {SAMPLINGS[where]}"
    if method.startswith("T"):
        return f"solver, {method}"
    return {"twin": "solver, 1 % off at the start"}.get(method, method)


def table(kept: Kept) -> str:
    """Return the errors of each method by day: of the vorticity, then of the wind."""
    head = ["forecast", "parameters"]
    head += [f"vorticity, {day} d" for day in DAYS]
    head += [f"wind, {day} d" for day in DAYS]
    lines = []
    for row in _ordered(kept):
        cells = [title(row), f"{int(row['parameters']):,}" if row["parameters"] else ""]
        cells += [_shown(row[f"vorticity_{day}"], 1e6, 2) for day in DAYS]
        cells += [_shown(row[f"wind_{day}"], 1, 2) for day in DAYS]
        lines.append(cells)
    return markdown_table(head, lines)


def long_table(kept: Kept) -> str:
    """Return spectra of long forecasts, and errors under rotation, in percent."""
    head = [
        "forecast",
        "spectrum, degrees 1 to 10",
        "11 to the end",
        "about the axis: 1 step",
        "last day",
        "with the axis: 1 step",
        "last day",
    ]
    facts = ("low", "high", "turn_first", "turn_last", "tilt_first", "tilt_last")
    lines = [
        [title(row), *(_shown(row[fact], 100, 1) for fact in facts)]
        for row in _ordered(kept)
        if row["high"]
    ]
    return markdown_table(head, lines)


def _ordered(kept: Kept) -> list[dict[str, str]]:
    """Return references, then networks, whatever was computed first."""
    places = list(SAMPLINGS)

    def rank(row: Row) -> tuple[int, bool, int]:
        where, method = row["sampling"], row["method"]
        kind = 3 if where else 2 if method == "twin" else int(method.startswith("T"))
        return kind, method == "unet", places.index(where) if where else 0

    return sorted(kept.rows, key=rank)


def _shown(text: str, factor: float, digits: int) -> str:
    if not text:
        return ""
    number = factor * float(text)
    # Of a roll-out that diverges, or is far from what can happen.
    return f"{number:.{digits}f}" if number < _LARGEST else "diverged"


@styled
def picture(kept: Kept) -> Figure:
    """Draw errors of the vorticity by lead time, and the spectra of long forecasts."""
    figure, panels = new_figure(1, 2, (11.0, 4.0))
    errors: Any
    energy: Any
    errors, energy = np.ravel(panels)
    for row in _ordered(kept):
        arrays = kept.answers([row])
        style = {"color": _colour(row, kept), "ls": "-" if row["sampling"] else "--"}
        if row["method"] != "twin":
            days = arrays["days"]
            errors.plot(days, arrays["vorticity"] * 1e6, label=title(row), **style)
        if "ratio" in arrays:
            degrees = 1 + np.arange(len(arrays["ratio"]))
            energy.plot(degrees, arrays["ratio"], label=title(row), **style)
    errors.set_xlabel("lead time in days")
    errors.set_ylabel("error of the vorticity in 10⁻⁶ / s")
    errors.set_ylim(bottom=0)
    energy.axhspan(0.8, 1.2, color="0.92", zorder=0)
    energy.set_ylim(0, 2)
    energy.set_xlabel("degree")
    energy.set_ylabel("energy over that of the truth")
    for axes in (errors, energy):
        plain_axes(axes)
    handles, labels = errors.get_legend_handles_labels()
    extra = zip(*energy.get_legend_handles_labels(), strict=True)
    for handle, label in extra:
        if label not in labels:
            handles.append(handle)
            labels.append(label)
    figure.legend(handles, labels, loc="outside right center", frameon=False)
    return figure


_COLOURS = {
    "persistence": "0.7",
    "climatology": "0.5",
    "regression": "0.3",
    "twin": "C9",
    ("flux", "healpix"): "C0",
    ("flux", "icosahedral"): "C2",
    ("flux", "gauss-legendre"): "C4",
}


def _colour(row: Row, kept: Kept) -> str:
    """Return the colour of a method, the same in both panels."""
    method = row["method"]
    if row["sampling"]:
        return _COLOURS.get((method, row["sampling"]), "C3")
    if method in _COLOURS:
        return _COLOURS[method]
    solvers = sorted({r["method"] for r in kept.rows if r["method"].startswith("T")})
    return f"C{1 + 4 * solvers.index(method)}"
