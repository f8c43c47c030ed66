"""Corner plots of posteriors, with the truth and a Gaussian to compare with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from torch import Tensor

from deepsphere_pyg.plot.equivariance import COLOURS
from deepsphere_pyg.plot.style import styled
from samplings.arguments import (
    array_argument,
    counted,
    instance_argument,
    names_argument,
)
from samplings.arrays import FloatArray

# Shares of the probability inside of the contours.
_SHARES = (0.683, 0.954)
# Half a range, in standard deviations of the Gaussian to compare with.
_REACH = 3.5
_POSTERIOR, _GAUSSIAN, _TRUTH = COLOURS[0], COLOURS[1], "0.2"


@styled
def posterior_corner(
    samples: npt.ArrayLike | Tensor,
    names: Iterable[str],
    *,
    truth: npt.ArrayLike | Tensor | None = None,
    covariance: npt.ArrayLike | Tensor | None = None,
    centre: npt.ArrayLike | Tensor | None = None,
    covariance_name: str = "Fisher forecast",
    figure: Figure | None = None,
) -> Figure:
    """Draw the densities of parameters, and of each pair of them.

    Contours contain 68.3 % and 95.4 % of the probability.

    Parameters
    ----------
    samples
        Draws from a posterior, shape ``(n, d)``, such as
        ``task.posterior(X)[0].sample(10000, generator)``.
    names
        Names of the d parameters.
    truth
        The true parameters, shape ``(d,)``.
    covariance
        Covariance of a Gaussian to compare with, shape ``(d, d)``, such as
        ``parameter_covariance`` of a :class:`~deepsphere_pyg.inference.FisherForecast`.
    centre
        Mean of this Gaussian; by default the truth, or the mean of the samples.
    covariance_name
        What the legend calls the Gaussian.
    figure
        An empty figure to draw in, such as one of pyplot; by default a new one.

    Raises
    ------
    ImportError
        If corner is not installed, which is the extra ``[inference]``.
    TypeError
        If an argument has another type.
    ValueError
        If shapes do not fit, samples are fewer than a hundred, all the same or not
        finite, the covariance is not positive definite, or the figure is not empty.

    Examples
    --------
    >>> from importlib.util import find_spec
    >>> samples = np.random.default_rng(0).normal(size=(1000, 2))
    >>> if find_spec("corner"):
    ...     figure = posterior_corner(samples, ["amplitude", "tilt"], truth=[0, 0])
    """
    points = _samples(samples)
    d = points.shape[1]
    labels = names_argument("names", names)
    if len(labels) != d:
        raise ValueError(
            f"names must be one for each of {counted(d, 'parameter')}, got "
            f"{len(labels)}; pass a "
            "list of texts"
        )
    right = None if truth is None else _numbers("truth", truth, (d,))
    spread, middle = None, points.mean(axis=0)
    if covariance is not None:
        spread = _covariance(covariance, d)
    if centre is not None:
        middle = _numbers("centre", centre, (d,))
    elif right is not None:
        middle = right
    draw = _corner()
    if figure is None:
        width = 2.2 * d + 1
        figure = Figure(figsize=(width, width))
    instance_argument("figure", figure, Figure, "pass one of matplotlib")
    if figure.axes:
        raise ValueError(
            "figure must be empty, got one with "
            f"{len(figure.axes)} axes; make a new one"
        )
    draw(
        points,
        fig=figure,
        bins=40,
        range=_ranges(points, right, spread, middle),
        labels=labels,
        color=_POSTERIOR,
        levels=_SHARES,
        smooth=1.0,
        plot_datapoints=False,
        plot_density=False,
        fill_contours=True,
        hist_kwargs={"density": True},
    )
    panels = np.array(figure.axes).reshape(d, d)
    if right is not None:
        _draw_truth(panels, right)
    if spread is not None:
        _draw_gaussian(panels, middle, spread)
    entries = [("posterior", _POSTERIOR)]
    entries += [("truth", _TRUTH)] if right is not None else []
    entries += [(covariance_name, _GAUSSIAN)] if spread is not None else []
    handles = [Line2D([], [], color=colour, label=name) for name, colour in entries]
    # Panels leave the upper right of the figure empty, unless there is one alone.
    holder = figure if d > 1 else panels[0, 0]
    holder.legend(handles=handles, loc="upper right")
    return figure


def _corner() -> Any:
    """Return the function of the library."""
    try:
        import corner
    except ImportError as error:
        raise ImportError(
            "corner plots need the package corner; run: pip install "
            "'deepsphere-pyg[inference]'"
        ) from error
    return corner.corner


def _numbers(
    name: str, values: npt.ArrayLike | Tensor, shape: tuple[int, ...]
) -> FloatArray:
    """Return finite numbers of a shape."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    array = array_argument(name, values)
    if array.shape != shape or not np.isfinite(array).all():
        raise ValueError(
            f"{name} must be finite numbers of shape {shape}, one for each parameter, "
            f"got shape {array.shape}; pass those of the parameters of the samples"
        )
    return array


def _samples(values: npt.ArrayLike | Tensor) -> FloatArray:
    """Return samples ``(n, d)``."""
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    array = array_argument("samples", values)
    if array.ndim != 2 or not array.size or len(array) < 100:
        raise ValueError(
            "samples must have shape (n, d), at least a hundred draws of d parameters, "
            f"got {array.shape}; draw more, from the posterior of one map"
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"samples must be finite, got {array[~np.isfinite(array)][0]}; the network "
            "that predicted them has diverged"
        )
    constant = np.ptp(array, axis=0) == 0
    if constant.any():
        raise ValueError(
            f"samples must vary, got parameter {int(constant.argmax())} the same in "
            "all; leave it out"
        )
    return array


def _covariance(values: npt.ArrayLike | Tensor, d: int) -> FloatArray:
    """Return a covariance, which is positive definite."""
    array = _numbers("covariance", values, (d, d))
    lowest = float(np.linalg.eigvalsh((array + array.T) / 2)[0])
    if not np.allclose(array, array.T, rtol=1e-5) or lowest <= 0:
        raise ValueError(
            "covariance must be symmetric and positive definite, got one with lowest "
            f"eigenvalue {lowest:.3g}; pass the inverse of a Fisher matrix"
        )
    return array


def _ranges(
    points: FloatArray,
    truth: FloatArray | None,
    covariance: FloatArray | None,
    centre: FloatArray,
) -> list[tuple[float, float]]:
    """Return the ranges of the parameters that hold what is drawn."""
    low, high = np.percentile(points, [0.2, 99.8], axis=0)
    if covariance is not None:
        reach = _REACH * np.sqrt(covariance.diagonal())
        low, high = np.minimum(low, centre - reach), np.maximum(high, centre + reach)
    if truth is not None:
        margin = 0.05 * (high - low)
        low, high = np.minimum(low, truth - margin), np.maximum(high, truth + margin)
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _draw_truth(panels: Any, truth: FloatArray) -> None:
    """Draw lines at the true parameters."""
    for i, value in enumerate(truth):
        for axes in panels[i:, i]:
            axes.axvline(value, color=_TRUTH, linewidth=1)
        for axes in panels[i, :i]:
            axes.axhline(value, color=_TRUTH, linewidth=1)


def _draw_gaussian(panels: Any, centre: FloatArray, covariance: FloatArray) -> None:
    """Draw ellipses below the diagonal of the panels, and curves on it."""
    for i in range(len(panels)):
        for j in range(i):
            both = [j, i]
            _draw_ellipses(panels[i, j], centre[both], covariance[np.ix_(both, both)])
        axes, std = panels[i, i], np.sqrt(covariance[i, i])
        x = centre[i] + std * np.linspace(-_REACH, _REACH, 200)
        density = np.exp(-(((x - centre[i]) / std) ** 2) / 2) / std / np.sqrt(2 * np.pi)
        axes.plot(x, density, color=_GAUSSIAN)
        axes.set_ylim(0, max(axes.get_ylim()[1], 1.1 * float(density.max())))


def _draw_ellipses(axes: Axes, centre: FloatArray, covariance: FloatArray) -> None:
    """Draw the contours of a Gaussian of two parameters."""
    values, vectors = np.linalg.eigh(covariance)
    angle = float(np.rad2deg(np.arctan2(vectors[1, 1], vectors[0, 1])))
    for share in _SHARES:
        # Of a Gaussian in two dimensions, a share is within this distance.
        width, height = 2 * np.sqrt(-2 * np.log1p(-share) * values[::-1])
        place = (float(centre[0]), float(centre[1]))
        axes.add_patch(
            Ellipse(place, width, height, angle=angle, fill=False, color=_GAUSSIAN)
        )
