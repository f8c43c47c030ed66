"""Anomaly correlation on the sphere, with torchmetrics' interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from deepsphere_pyg.losses.arguments import (
    check_floating,
    check_known,
    masked,
    ratio,
)
from deepsphere_pyg.metrics.area_metric import AreaMetric, moving, sum_dtype
from deepsphere_pyg.metrics.error_sums import weighted


class AnomalyCorrelation(AreaMetric):
    r"""Correlation of predicted and true anomalies, by area, averaged over maps.

    .. math:: \mathrm{ACC}_c = \frac 1 N \sum_n \frac{\sum_i m_{nic} a_i
        \hat y'_{nic} y'_{nic}}{\sqrt{\sum_i m_{nic} a_i \hat y'^2_{nic}
        \sum_i m_{nic} a_i y'^2_{nic}}}, \qquad y'_{nic} = y_{nic} - k_{ic}

    with the climatology k; the anomalies are not centred again. Maps where a sum in the
    denominator is zero have no correlation, and are left out of the mean.

    Parameters
    ----------
    climatology
        Mean state that anomalies are counted from, shape ``(V, C)``. It may be NaN
        where targets do not count.
    kwargs
        Options of :class:`torchmetrics.Metric`.

    Shapes
    ------
    ``update``: ``prediction, target (*batch, V, C)``, ``weights (V,)``, ``mask (*batch,
    V)`` or ``(*batch, V, C)``; ``compute``: ``-> (C,)``, or ``()`` if C is 1.

    Raises
    ------
    TypeError, ValueError
        As :class:`RMSE`; also if the climatology is not a tensor ``(V, C)`` of
        floating-point numbers, maps have other vertices or channels, or, on the CPU,
        the climatology is not finite where a target counts.

    Notes
    -----
    Equivariance: the score is the same for all permutations of the vertices.

    Source: Rasp et al. 2024, arXiv:2308.15560 (WeatherBench 2), where the climatology
    depends on the day of the year and the hour; for this, pass anomalies as prediction
    and target, and zeros as climatology.

    Examples
    --------
    >>> correlation = AnomalyCorrelation(torch.tensor([[1.0], [1.0]]))
    >>> correlation.update(torch.tensor([[2.0], [1.0]]), torch.tensor([[4.0], [5.0]]))
    >>> round(float(correlation.compute()), 12)  # 3 / 5
    0.6
    """

    higher_is_better = True

    correlations: Tensor
    maps: Tensor

    def __init__(self, climatology: Tensor, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_floating("climatology", climatology, "(V, C)")
        if climatology.ndim != 2:
            raise ValueError(
                "climatology must have shape (V, C), got "
                f"{tuple(climatology.shape)}; for one that changes with time, pass "
                "anomalies to update, and zeros here"
            )
        # A plain attribute: buffers are broadcast in distributed training.
        self.climatology = climatology.detach().clone()
        zeros = torch.zeros(climatology.shape[1], dtype=sum_dtype())
        self.add_state("correlations", zeros, dist_reduce_fx="sum")
        self.add_state("maps", zeros.clone(), dist_reduce_fx="sum")

    def update(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> None:
        """Add maps; parameters are those of :meth:`RMSE.update`, with vertices."""
        normal = self.climatology.to(self.correlations.dtype)
        sums = anomaly_sums(prediction, target, normal, weights, mask)
        correlations, maps = correlations_of(sums)
        self.correlations = self.correlations + correlations
        self.maps = self.maps + maps

    def compute(self) -> Tensor:
        """Return the mean correlation of each channel, NaN if no map has one."""
        return self.correlations / self.maps

    def _apply(
        self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = ""
    ) -> nn.Module:
        """Move the sums and the climatology."""
        self.climatology = moving(fn)(self.climatology)
        return super()._apply(fn, exclude_state)


def anomaly_sums(
    prediction: Tensor,
    target: Tensor,
    climatology: Tensor,
    weights: Tensor | None,
    mask: Tensor | None,
) -> Tensor:
    """Return sums over the vertices of each map, from which its correlation follows.

    Those of parts of a map may be added.

    Parameters
    ----------
    prediction, target, weights, mask
        As for :meth:`AnomalyCorrelation.update`.
    climatology
        Shape ``(V, C)``, in the dtype of the sums.

    Returns
    -------
    Tensor
        Shape ``(3, *batch, C)``: the products of predicted and true anomalies, and the
        squares of either, by area.
    """
    dtype = climatology.dtype
    share, truth, _ = weighted(prediction, target, weights, mask, dtype)
    if target.shape[-2:] != climatology.shape:
        raise ValueError(
            "maps must have the shape of the climatology, "
            f"{tuple(climatology.shape)}, got {tuple(target.shape)}; pass one on the "
            "sampling of the target"
        )
    counts = share > 0
    true = masked(truth - climatology, counts)
    check_known(true, climatology.expand(true.shape), counts, "the climatology")
    predicted = masked(prediction.to(dtype) - climatology, counts)
    pairs = ((predicted, true), (predicted, predicted), (true, true))
    return torch.stack([(share * a * b).sum(-2) for a, b in pairs])


def correlations_of(sums: Tensor) -> tuple[Tensor, Tensor]:
    """Return the sum of the correlations of maps, and how many maps have one.

    Parameters
    ----------
    sums
        Those of :func:`anomaly_sums`, ``(3, *batch, C)``.

    Returns
    -------
    tuple of Tensor
        Both of shape ``(C,)``.
    """
    covariance, *variances = sums
    # Roots first: the product of the variances may overflow.
    size = variances[0].sqrt() * variances[1].sqrt()
    flat = (-1, size.shape[-1])
    correlations = ratio(covariance, size).reshape(flat)
    return correlations.sum(0), (size > 0).reshape(flat).sum(0)
