"""Means over vertices from which scores of forecasts follow, and these scores."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from deepsphere_pyg.losses.arguments import masked

Moments = dict[str, Tensor]


def quantities(
    forecast: Tensor, truth: Tensor, climatology: Tensor | None, valid: Tensor
) -> Moments:
    """Return what is averaged over vertices, zero where masked, ``(T, S, V, C)``.

    Parameters
    ----------
    forecast, truth, valid
        Shape ``(T, S, V, C)``.
    climatology
        Shape that broadcasts to it.
    """
    error = masked(forecast - truth, valid)
    found = {"absolute": error.abs(), "signed": error, "squared": error.square()}
    if climatology is not None:
        predicted = masked(forecast - climatology, valid)
        true = masked(truth - climatology, valid)
        found |= {
            "predicted": predicted,
            "true": true,
            "predicted²": predicted.square(),
            "true²": true.square(),
            "product": predicted * true,
        }
    return found


def averaged(weights: Tensor, values: Tensor, total: Tensor) -> Tensor:
    """Return means over the vertices of regions, zero where they have no weight.

    Parameters
    ----------
    weights
        Shape ``(R, V)``.
    values
        Zero where masked, shape ``(T, S, V, C)``.
    total
        Sum of the weights where values count, shape ``(T, S, R, C)``.
    """
    part = torch.einsum("rv,tsvc->tsrc", weights, values)
    return part / torch.where(total > 0, total, 1.0)


def scores_of(means: Mapping[str, Tensor], centred: bool) -> Moments:
    """Return scores of means of any shape.

    Parameters
    ----------
    means
        Those of :func:`quantities`, with ``predicted~`` and ``true~``, means without
        weights, if they are centred; of ensembles also ``variance`` and more, which
        stay as they are.
    centred
        Whether correlations subtract the mean anomaly.
    """
    found = {
        "mae": means["absolute"],
        "bias": means["signed"],
        "rmse": means["squared"].sqrt(),
    }
    for name in ("crps", "crps_fair", "energy_score"):
        if name in means:
            found[name] = means[name]
    if "variance" in means:
        found["spread"] = means["variance"].sqrt()
    if "product" in means:
        f, y = means["predicted"], means["true"]
        for name, mean in (("predicted", f), ("true", y)):
            # Round-off may make the variance of a constant negative.
            variance = (means[f"{name}²"] - mean.square()).clamp_min(0)
            kind = "forecast" if name == "predicted" else "truth"
            found[f"{kind}_activity"] = variance.sqrt()
        found["acc"] = _correlation(means, centred)
    return found


def _correlation(means: Mapping[str, Tensor], centred: bool) -> Tensor:
    """Return anomaly correlations, NaN where an anomaly is zero everywhere."""
    f, y = (
        (means["predicted~"], means["true~"])
        if centred
        else (torch.zeros(()).to(means["true"]), torch.zeros(()).to(means["true"]))
    )
    covariance = means["product"] - f * means["true"] - y * means["predicted"] + f * y
    squares = [
        (means[f"{name}²"] - 2 * mean * means[name] + mean.square()).clamp_min(0)
        for name, mean in (("predicted", f), ("true", y))
    ]
    # Roots first: the product of the variances may overflow.
    size = squares[0].sqrt() * squares[1].sqrt()
    return covariance / torch.where(size == 0, torch.nan, size)
