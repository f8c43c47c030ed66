"""Definitions of scores: weights of vertices, and where roots and means are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from samplings import Sampling
from samplings.arguments import (
    choice_argument,
    flag_argument,
    instance_argument,
    sampling_argument,
    shown,
)
from samplings.arrays import FloatArray

WEIGHTS, TIMES = ("area", "cos-latitude"), ("pooled", "each-time")
# Relative difference of areas that are proportional to cos(latitude).
_PROPORTIONAL = 1e-6


@dataclass(frozen=True)
class ScoreDefinition:
    """How scores of forecasts are averaged.

    Parameters
    ----------
    weights
        Weights of the vertices: ``"area"``, of their cells, or ``"cos-latitude"``,
        which only grids of equal steps in latitude may have, where it is the same but
        for the poles.
    root
        Whether root mean squares are of all times (``"pooled"``), or taken at each time
        and then averaged (``"each-time"``).
    correlation
        Whether the anomaly correlation is of all times, or the mean over times.
    centred
        Whether the correlation subtracts the mean anomaly of forecast and truth, over
        the vertices (without weights) and the times.

    Raises
    ------
    TypeError, ValueError
        If an option is not one of these.
    """

    weights: str = "area"
    root: str = "pooled"
    correlation: str = "each-time"
    centred: bool = False

    def __post_init__(self) -> None:
        choice_argument("weights", self.weights, WEIGHTS)
        choice_argument("root", self.root, TIMES)
        choice_argument("correlation", self.correlation, TIMES)
        flag_argument("centred", self.centred)

    def vertex_weights(self, sampling: Sampling) -> FloatArray:
        """Return the weight of each vertex, shape ``(V,)``.

        Raises
        ------
        ValueError
            If the weights are cos(latitude), and the areas are not proportional to it.
        """
        area = np.array(sampling_argument("sampling", sampling).weights)
        if self.weights == "area":
            return area
        cosine = np.cos(np.deg2rad(sampling.lat))
        away = cosine > _PROPORTIONAL
        scale = area[away] / cosine[away]
        if not len(scale) or np.ptp(scale) > _PROPORTIONAL * scale.max():
            raise ValueError(
                "weights='cos-latitude' are those of a grid of equal steps in latitude "
                f"and longitude, and the areas of {sampling.name} differ from them; "
                "pass dataclasses.replace(definition, weights='area')"
            )
        return np.where(away, cosine, 0.0)


DEFINITIONS: Mapping[str, ScoreDefinition] = {
    "pooled": ScoreDefinition(),
    "weatherbench1": ScoreDefinition("cos-latitude", "pooled", "pooled", True),
    "weatherbench2": ScoreDefinition("area", "each-time", "each-time", False),
}
"""Definitions by name.

``pooled``: by area; root mean squares over space and time at once, correlations
averaged over times; that of :class:`~deepsphere_pyg.metrics.RMSE` and
:class:`~deepsphere_pyg.metrics.AnomalyCorrelation`.

``weatherbench1``: weights cos(latitude); root mean squares and correlations over space
and time at once; the climatology is the time mean of the truth that is tested, and the
mean anomaly is subtracted. Source: Rasp et al. 2020, arXiv:2002.00469, and its code,
which differs from equation 1, where roots are averaged.

``weatherbench2``: by area, roots and correlations at each time, then averaged; the
climatology is that of the day and hour. Source: Rasp et al. 2024, arXiv:2308.15560.
"""


def definition_argument(given: str | ScoreDefinition) -> ScoreDefinition:
    """Return a definition, which may be given by name."""
    if isinstance(given, str):
        if given not in DEFINITIONS:
            raise ValueError(
                f"definition must be {' or '.join(map(repr, DEFINITIONS))}, got "
                f"{shown(given)}; choose one of them, or pass a ScoreDefinition"
            )
        return DEFINITIONS[given]
    remedy = "pass the name of one, such as 'weatherbench2'"
    return instance_argument("definition", given, ScoreDefinition, remedy)
