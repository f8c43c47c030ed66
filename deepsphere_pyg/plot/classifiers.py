"""Errors of classifiers of noisy maps, and of their graphs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from deepsphere_pyg.plot.style import new_figure, styled


@styled
def error_curves(
    errors: Mapping[str, Mapping[float, float]],
    limits: Mapping[float, float] | None = None,
) -> Figure:
    """Draw test errors against the level of noise.

    Parameters
    ----------
    errors
        For each classifier, its error in percent at each level of noise.
    limits
        The least error that there can be at each level.

    Returns
    -------
    Figure
        One panel.
    """
    figure, axes = new_figure(1, 1, (5.5, 4))
    panel = axes[0, 0]
    for name, curve in errors.items():
        levels = sorted(curve)
        panel.plot(levels, [curve[level] for level in levels], "o-", label=name)
    if limits:
        levels = sorted(limits)
        values = [limits[level] for level in levels]
        panel.plot(levels, values, "k--", label="least there can be")
    panel.axhline(50, color="0.6", linewidth=0.8, linestyle=":")
    panel.text(
        0.01,
        49.5,
        "chance",
        color="0.4",
        fontsize=8,
        va="top",
        transform=panel.get_yaxis_transform(),
    )
    panel.set_xticks(sorted({level for curve in errors.values() for level in curve}))
    panel.set_xlabel("standard deviation of the noise / that of the maps")
    panel.set_ylabel("test error, %")
    panel.set_ylim(bottom=0)
    panel.legend()
    return figure


@styled
def error_against_equivariance(
    errors: Mapping[str, Sequence[float]],
    equivariance: Mapping[str, float],
    others: Mapping[str, Sequence[float]],
) -> Figure:
    """Draw test errors of networks against the equivariance errors of their graphs.

    Parameters
    ----------
    errors
        For each network on a graph, its errors in percent, one a seed.
    equivariance
        Mean equivariance error of each graph.
    others
        Errors of networks without a graph, drawn as lines.

    Returns
    -------
    Figure
        One panel; dots are seeds, crosses are means.
    """
    figure, axes = new_figure(1, 1, (6.5, 4.5))
    panel = axes[0, 0]
    # The number of neighbours is in the name, such as fcn-heat-8 or fcn-heat-8-mean.
    families = sorted({re.sub(r"-\d+", "", name) for name in errors})
    for number, family in enumerate(families):
        names = [name for name in errors if re.sub(r"-\d+", "", name) == family]
        names.sort(key=lambda name: equivariance[name])
        colour = f"C{number}"
        means = [float(np.mean(errors[name])) for name in names]
        where = [equivariance[name] for name in names]
        panel.plot(where, means, "-x", color=colour, label=family)
        for name, x, y in zip(names, where, means, strict=True):
            values = errors[name]
            panel.plot([x] * len(values), values, ".", color=colour, alpha=0.5)
            k = re.sub(r"\D", "", name)
            panel.annotate(
                f"k = {k}",
                (x, y),
                xytext=(5, 5),
                fontsize=8,
                textcoords="offset points",
                color=colour,
            )
    for name, values in others.items():
        panel.axhline(float(np.mean(values)), color="0.5", linestyle="--", linewidth=1)
        panel.text(
            0.99,
            float(np.mean(values)),
            name,
            ha="right",
            va="bottom",
            fontsize=8,
            color="0.3",
            transform=panel.get_yaxis_transform(),
        )
    panel.set_xscale("log")
    panel.set_xlabel("mean equivariance error of the graph")
    panel.set_ylabel("test error, %")
    every = [e for v in (*errors.values(), *others.values()) for e in v]
    highest = max(every, default=1.0)
    # Room for the name on the highest line.
    panel.set_ylim(0, 1.08 * highest)
    if families:
        panel.legend()
    return figure
