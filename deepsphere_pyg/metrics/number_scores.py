"""Scores of a regression on the sphere, of arrays that are all at hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.metrics.anomaly_correlation import AnomalyCorrelation
from deepsphere_pyg.metrics.error_sums import ErrorSums, error_sums
from samplings.arguments import array_argument


@dataclass(frozen=True)
class RegressionScores:
    """Scores per channel, in the units of the channels; NaN where undefined.

    Attributes
    ----------
    channel_names
        Name of each channel.
    rmse, mae
        Root mean square and mean absolute error.
    bias
        Mean error, predicted minus true.
    r2
        Coefficient of determination.
    anomaly_correlation
        As :class:`AnomalyCorrelation`; None without a climatology.
    """

    channel_names: tuple[str, ...]
    rmse: tuple[float, ...]
    mae: tuple[float, ...]
    bias: tuple[float, ...]
    r2: tuple[float, ...]
    anomaly_correlation: tuple[float, ...] | None = None

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return one dictionary per channel for JSON, with None (null) for NaN."""
        names = ["rmse", "mae", "bias", "r2"]
        if self.anomaly_correlation is not None:
            names.append("anomaly_correlation")
        rows = {name: getattr(self, name) for name in names}
        return {
            channel: {
                name: row[i] if math.isfinite(row[i]) else None
                for name, row in rows.items()
            }
            for i, channel in enumerate(self.channel_names)
        }


def regression_scores(
    truth: npt.ArrayLike,
    prediction: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    mask: npt.ArrayLike | None = None,
    *,
    climatology: npt.ArrayLike | None = None,
    channel_names: Sequence[str] | None = None,
) -> RegressionScores:
    """Score a regression, with the vertices of all maps pooled, in float64.

    The scores are those of :class:`RMSE`, :class:`MAE`, :class:`Bias`, :class:`R2` and
    :class:`AnomalyCorrelation`, which take maps batch by batch.

    Parameters
    ----------
    truth, prediction
        Shape ``(*batch, V, C)``. In global tasks ``(*batch, C)``, as without weights
        the vertices are one more axis of the batch.
    weights
        Areas of the vertices, shape ``(V,)``; one by default.
    mask
        True where the truth counts, shape ``(*batch, V)`` or ``(*batch, V, C)``;
        everywhere by default. Elsewhere the truth may be NaN.
    climatology
        Mean state that anomalies are counted from, shape ``(V, C)``.
    channel_names
        Name of each channel; its number by default.

    Raises
    ------
    TypeError
        If truth, prediction, weights or climatology are not real numbers, the mask is
        not boolean, or the names are not a list of texts.
    ValueError
        If the shapes or the number of names do not fit, a weight is negative or not
        finite, all are zero, or the truth or the climatology is not finite where it
        counts.

    Examples
    --------
    >>> scores = regression_scores([[1.], [2.], [3.]], [[1.], [2.], [6.]], [1., 1., 2.])
    >>> scores.bias, scores.mae
    ((1.5,), (1.5,))
    """
    target, predicted = _tensor("truth", truth), _tensor("prediction", prediction)
    area = None if weights is None else _tensor("weights", weights)
    valid = None if mask is None else _mask(mask)
    sums = ErrorSums(*error_sums(predicted, target, area, valid, torch.float64))
    correlations = None
    if climatology is not None:
        correlation = AnomalyCorrelation(_tensor("climatology", climatology))
        correlation.update(predicted, target, area, valid)
        correlations = tuple(correlation.compute().reshape(-1).tolist())
    return RegressionScores(
        channel_names=_names(channel_names, target.shape[-1]),
        rmse=tuple(sums.rmse.tolist()),
        mae=tuple(sums.mae.tolist()),
        bias=tuple(sums.bias.tolist()),
        r2=tuple(sums.r2.tolist()),
        anomaly_correlation=correlations,
    )


def _tensor(name: str, values: npt.ArrayLike) -> Tensor:
    """Return real numbers as a tensor of float64."""
    return torch.from_numpy(array_argument(name, values))


def _mask(values: npt.ArrayLike) -> Tensor:
    """Return a boolean mask as a tensor."""
    array = np.array(values)
    if array.dtype != np.bool_:
        raise TypeError(
            f"mask must be boolean, True where the truth counts, got {array.dtype}; "
            "compare it, as in values > 0"
        )
    return torch.from_numpy(array)


def _names(channel_names: Sequence[str] | None, channels: int) -> tuple[str, ...]:
    """Return the names of channels, checked."""
    if channel_names is None:
        return tuple(str(channel) for channel in range(channels))
    if not isinstance(channel_names, list | tuple) or not all(
        isinstance(name, str) for name in channel_names
    ):
        raise TypeError(
            f"channel_names must be a list of names, got {channel_names!r}; pass one "
            "for each channel, as ['z500', 't850']"
        )
    if len(set(channel_names)) != channels or len(channel_names) != channels:
        raise ValueError(
            f"channel_names must be {channels} different names, one per channel, got "
            f"{list(channel_names)}; pass one for each"
        )
    return tuple(channel_names)
