"""Tables and a picture of the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.measuring.files import markdown_table
from benchmarks.measuring.kept import Kept
from deepsphere_pyg.plot.style import legend_below, new_figure, styled

#: Days of the errors in the table.
DAYS = (1, 3, 5, 10)
NETWORKS = {"flux": "learned flux", "unet": "U-Net of vorticity and latitude"}
SAMPLINGS = {
    "healpix": "HEALPix",
    "gauss-legendre": "Gauss-Legendre",
    "icosahedral": "icosahedral",
}
Row = Mapping[str, str]
# Beyond it there is no use in digits.
_LARGEST = 1e4
# Half the height of the panel of energies.
_REACH = 0.2


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


def curves(kept: Kept) -> list[dict[str, Any]]:
    """Return the numbers of the picture, one row for each point of a curve.

    ``x`` is the lead time in days of errors of the ``vorticity`` in 1e-6 / s, and the
    degree of a ``ratio`` of energies.
    """
    found = []
    for row in _ordered(kept):
        arrays = kept.answers([row])
        lines = [("vorticity", arrays["days"], arrays["vorticity"] * 1e6)]
        if "ratio" in arrays:
            ratio = arrays["ratio"]
            lines.append(("ratio", 1 + np.arange(len(ratio)), ratio))
        found += [
            {"method": row["method"], "sampling": row["sampling"], "curve": name}
            | {"x": at, "value": value}
            for name, x, y in lines
            for at, value in zip(x, y, strict=True)
        ]
    return found


@styled
def picture(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw errors of the vorticity by lead time, and the spectra of long forecasts.

    Parameters
    ----------
    rows
        Those of :func:`curves`.
    """
    figure, panels = new_figure(1, 2, (9.0, 4.4))
    errors: Any
    energy: Any
    errors, energy = np.ravel(panels)
    lines: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        line = lines.setdefault((row["method"], row["sampling"]), {})
        point = float(row["x"]), float(row["value"])
        line.setdefault(row["curve"], []).append(point)
    beyond = []
    solvers = sorted({method for method, _ in lines if method.startswith("T")})
    for (method, where), line in lines.items():
        name = title({"method": method, "sampling": where})
        style = _STYLES.get(where if method == "flux" else method)
        if style is None:
            style = {"color": f"C{2 + solvers.index(method)}", "ls": "--"}
        errors.plot(*zip(*line["vorticity"], strict=True), label=name, **style)
        if "ratio" in line:
            degrees, ratio = np.array(line["ratio"]).T
            energy.plot(degrees, ratio, **style)
            if not np.any(np.abs(ratio - 1) < _REACH):
                beyond.append(name)
    errors.set_yscale("log")
    errors.yaxis.set_major_formatter("{x:g}")
    errors.set_xlabel("lead time in days")
    errors.set_ylabel("error of the vorticity in 10⁻⁶ / s")
    energy.axhline(1, color="0.4", lw=0.8, zorder=0)
    energy.set_ylim(1 - _REACH, 1 + _REACH)
    energy.set_xlabel("degree")
    energy.set_ylabel("energy over that of the truth")
    if beyond:
        energy.set_title(f"off the scale: {', '.join(beyond)}")
    legend_below(figure, errors)
    return figure


# Greys of what needs no model, dashes of solvers. Networks of fluxes have nearly the
# same errors: dashes and dots on a broad line, so that each is seen.
_STYLES: dict[str, dict[str, Any]] = {
    "persistence": {"color": "0.75", "ls": "-"},
    "climatology": {"color": "0.55", "ls": "-"},
    "regression": {"color": "0.25", "ls": "-"},
    "twin": {"color": "C5", "ls": "--"},
    "unet": {"color": "C1"},
    "healpix": {"color": "C0", "lw": 4, "alpha": 0.5},
    "gauss-legendre": {"color": "C6", "ls": "--"},
    "icosahedral": {"color": "C4", "ls": ":", "lw": 2},
}
