"""Tables and pictures of ``deepsphere-pyg cosmology``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from deepsphere_pyg.commands.cosmology.methods import Method
from deepsphere_pyg.commands.cosmology.patches import spectra_of
from deepsphere_pyg.commands.results import Results
from deepsphere_pyg.datasets import likelihood_ratio_error, white_noise_power
from deepsphere_pyg.plot.classifiers import (
    ClassifierErrors,
    error_against_equivariance,
    error_curves,
)
from samplings import HEALPix, equivariance_spectrum

# Vertices that the equivariance error of a graph is averaged over, at most.
MEASURED = 1000
# Degrees at which it is measured.
DEGREES = 24


def least_errors(options: Any) -> dict[float, float]:
    """Least error of Gaussian maps at each level of noise, in percent.

    Other maps have no known limit.
    """
    if options.data != "gaussian":
        return {}
    spectra = spectra_of(options.spectra, options.nside)
    degrees = np.arange(spectra.shape[1])
    variance = float((2 * degrees + 1) @ spectra.mean(axis=0)) / (4 * np.pi)
    fraction = 1 / (12 * options.order**2)
    found = {}
    for level in options.noise:
        power = white_noise_power(level * np.sqrt(variance), options.nside)
        both = likelihood_ratio_error(spectra, noise_power=power, sky_fraction=fraction)
        found[level] = 100 * float(both.mean())
    return found


def table(
    options: Any,
    results: Results,
    limits: Mapping[float, float],
    equivariance: Mapping[str, float],
) -> str:
    """Return the table in Markdown: test errors, those of equivariance, and times."""
    levels = options.noise
    head = ["classifier", "parameters"]
    head += [f"error at noise {level:g}, %" for level in levels]
    if equivariance:
        head.append("equivariance error")
    head += ["training, ms a patch", "inference, ms a patch"]
    lines = []
    for method in _with_results(options, results):
        rows = results.find(method=method.name)
        cells = [method.name, f"{int(rows[0]['parameters']):,}"]
        cells += [_spread(errors_of(results, method, level)) for level in levels]
        if equivariance:
            known = method.name in equivariance
            cells.append(f"{equivariance[method.name]:.4f}" if known else "")
        for name in ("ms_training", "ms_inference"):
            times = [float(row[name]) for row in rows if row[name]]
            cells.append(f"{mean(times):.1f}" if times else "")
        lines.append(cells)
    if limits:
        shown = [f"{limits[level]:.1f}" for level in levels]
        lines.append(["least there can be", "", *shown, "", ""])
    rows_of_table = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows_of_table)


def _with_results(options: Any, results: Results) -> list[Method]:
    """Return the methods that have results."""
    return [m for m in options.classifiers if results.find(method=m.name)]


def errors_of(results: Results, method: Method, level: float) -> list[float]:
    """Return the test errors of all seeds."""
    rows = results.find(method=method.name, noise=float(level))
    return [float(row["error"]) for row in rows]


def _spread(errors: Sequence[float]) -> str:
    """Mean of the errors, and their standard deviation."""
    if not errors:
        return ""
    if len(errors) == 1:
        return f"{errors[0]:.1f}"
    return f"{mean(errors):.1f} ± {stdev(errors):.1f}"


def equivariance_errors(options: Any, results: Results) -> dict[str, float]:
    """Return the mean equivariance error of the finest graph of each network.

    The geometric mean over degrees, away from the border of the patch; nothing for
    tables that do not compare graphs.
    """
    if options.table != "graphs":
        return {}
    methods = _with_results(options, results)
    side = options.nside // options.order
    sampling = HEALPix(options.nside, nest=True)[np.arange(side * side)]
    centre = sampling.xyz.mean(axis=0)
    inner = np.sort(np.argsort(-(sampling.xyz @ centre))[: len(sampling) // 4])
    some = inner[:: max(1, len(inner) // MEASURED)]
    # Up to the degree that a pixel resolves.
    highest = int(np.sqrt(3 * np.pi * len(sampling) / sampling.area))
    degrees = np.linspace(min(10, highest), highest, DEGREES).astype(int)
    found = {}
    for method in methods:
        if method.weighting:
            graph = method.pyramid(sampling, 1).graphs[0]
            spectrum = equivariance_spectrum(graph, np.unique(degrees), vertices=some)
            found[method.name] = spectrum.mean_error(0)
    return found


def classifier_errors(
    options: Any, results: Results, equivariance: Mapping[str, float]
) -> list[ClassifierErrors]:
    """Return the errors of all classifiers at the first level of noise."""
    found = []
    for method in _with_results(options, results):
        errors = errors_of(results, method, options.noise[0])
        spread = stdev(errors) if len(errors) > 1 else math.nan
        error = equivariance.get(method.name, math.nan)
        found.append(
            ClassifierErrors(method.title, method.k, error, mean(errors), spread)
        )
    return found


def picture(
    options: Any,
    results: Results,
    limits: Mapping[float, float],
    equivariance: Mapping[str, float],
) -> Figure:
    """Draw the errors against the noise, or against those of equivariance."""
    if equivariance:
        return error_against_equivariance(
            classifier_errors(options, results, equivariance)
        )
    curves = {
        m.name: {
            level: mean(errors)
            for level in options.noise
            if (errors := errors_of(results, m, level))
        }
        for m in _with_results(options, results)
    }
    return error_curves(curves, limits)
