"""Streaming scores of regressions on the sphere, with torchmetrics' interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.metrics.area_metric import AreaMetric, sum_dtype
from deepsphere_pyg.metrics.error_sums import ErrorSums, error_sums, merged
from samplings.arguments import counted, integer_argument


class _PooledMetric(AreaMetric, ABC):
    """Score that follows from sums over the vertices of all maps.

    All such metrics have the same state, so that a ``MetricCollection`` computes it
    once.
    """

    error_sums: Tensor

    def __init__(self, channels: SupportsIndex, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = integer_argument("channels", channels, 1)
        zeros = torch.zeros(len(ErrorSums._fields), self.channels, dtype=sum_dtype())
        self.add_state("error_sums", zeros, dist_reduce_fx=merged)

    def update(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> None:
        """Add maps.

        Parameters
        ----------
        prediction
            Shape ``(*batch, V, C)``. In global tasks ``(*batch, C)``, as without
            weights the vertices are one more axis of the batch.
        target
            Same shape.
        weights
            Areas of the vertices, shape ``(V,)``, on the same scale in all calls; one
            by default.
        mask
            True where the target counts, shape ``(*batch, V)`` or ``(*batch, V, C)``;
            everywhere by default. Elsewhere targets may be NaN.
        """
        dtype = self.error_sums.dtype
        batch = error_sums(prediction, target, weights, mask, dtype)
        if batch.shape != self.error_sums.shape:
            raise ValueError(
                f"the target must have {counted(self.channels, 'channel')}, as this "
                f"{type(self).__name__} was built for, got {batch.shape[-1]}; build "
                f"{type(self).__name__}({batch.shape[-1]})"
            )
        self.error_sums = merged(torch.stack([self.error_sums, batch]))

    def compute(self) -> Tensor:
        """Return the score of each channel, NaN if it has no valid vertex."""
        return self._score(ErrorSums(*self.error_sums))

    @abstractmethod
    def _score(self, sums: ErrorSums) -> Tensor:
        """Return the score, shape ``(C,)``."""


class RMSE(_PooledMetric):
    r"""Root mean square error of each channel, by area.

    .. math:: \mathrm{RMSE}_c = \sqrt{\frac{\sum_{ni} m_{nic} a_i
        (\hat y_{nic} - y_{nic})^2}{\sum_{ni} m_{nic} a_i}}

    over all maps n and vertices i with areas a; the mask m is 1 where the target y
    counts. The root is taken of the mean over maps. Maps may come in any batches: the
    result differs by round-off only, as sums are in float64, if the device has it.

    Parameters
    ----------
    channels
        Number of channels C.
    kwargs
        Options of :class:`torchmetrics.Metric`.

    Shapes
    ------
    ``update``: ``prediction, target (*batch, V, C)``, ``weights (V,)``, ``mask (*batch,
    V)`` or ``(*batch, V, C)``; ``compute``: ``-> (C,)``, or ``()`` if C is 1. Global
    tasks omit the weights and the axis V.

    Raises
    ------
    TypeError
        If ``channels`` is not an integer; in ``update``, if prediction, target or
        weights are not tensors of floating-point numbers, or the mask not of booleans.
    ValueError
        If ``channels`` is below one; in ``update``, if shapes do not fit; on the CPU
        also if a weight is negative or not finite, all are zero, or a target that
        counts is not finite.

    Notes
    -----
    Equivariance: the score is the same for all permutations of the vertices.

    Processes merge their sums, and so get the score of all maps.

    Examples
    --------
    >>> rmse = RMSE(channels=1)
    >>> truth, areas = torch.zeros(2, 1), torch.tensor([1.0, 3.0])
    >>> rmse.update(torch.tensor([[4.0], [0.0]]), truth, areas)
    >>> rmse.update(torch.tensor([[4.0], [4.0]]), truth, areas)
    >>> round(float(rmse.compute()), 6)  # the root of (16 + 16 + 48) / 8
    3.162278
    """

    higher_is_better = False

    def _score(self, sums: ErrorSums) -> Tensor:
        return sums.rmse


class MAE(_PooledMetric):
    r"""Mean absolute error of each channel, by area.

    .. math:: \mathrm{MAE}_c = \frac{\sum_{ni} m_{nic} a_i
        \lvert \hat y_{nic} - y_{nic} \rvert}{\sum_{ni} m_{nic} a_i}

    Symbols, parameters, shapes and errors are those of :class:`RMSE`.

    Notes
    -----
    Equivariance: the score is the same for all permutations of the vertices.

    Examples
    --------
    >>> mae = MAE(channels=1)
    >>> areas = torch.tensor([1.0, 3.0])
    >>> mae.update(torch.tensor([[3.0], [0.0]]), torch.zeros(2, 1), areas)
    >>> float(mae.compute())
    0.75
    """

    higher_is_better = False

    def _score(self, sums: ErrorSums) -> Tensor:
        return sums.mae


class Bias(_PooledMetric):
    r"""Mean error of each channel, by area: predicted minus true.

    .. math:: \mathrm{bias}_c = \frac{\sum_{ni} m_{nic} a_i
        (\hat y_{nic} - y_{nic})}{\sum_{ni} m_{nic} a_i}

    Symbols, parameters, shapes and errors are those of :class:`RMSE`.

    Notes
    -----
    Equivariance: the score is the same for all permutations of the vertices.

    Examples
    --------
    >>> bias = Bias(channels=1)
    >>> bias.update(torch.tensor([[3.0], [-1.0]]), torch.zeros(2, 1))
    >>> float(bias.compute())
    1.0
    """

    def _score(self, sums: ErrorSums) -> Tensor:
        return sums.bias


class R2(_PooledMetric):
    r"""Coefficient of determination of each channel, by area.

    .. math:: R^2_c = 1 - \frac{\sum_{ni} m_{nic} a_i (\hat y_{nic} - y_{nic})^2}
        {\sum_{ni} m_{nic} a_i (y_{nic} - \bar y_c)^2}, \qquad
        \bar y_c = \frac{\sum_{ni} m_{nic} a_i y_{nic}}{\sum_{ni} m_{nic} a_i}

    It is 1 if predictions are perfect, 0 if they are as good as the mean of the truth
    over all maps and vertices, and NaN if the truth is constant. Symbols, parameters,
    shapes and errors are those of :class:`RMSE`.

    Notes
    -----
    Equivariance: the score is the same for all permutations of the vertices.

    Examples
    --------
    >>> r2 = R2(channels=1)
    >>> truth = torch.tensor([[1.0], [2.0], [3.0]])
    >>> r2.update(torch.tensor([[1.0], [2.0], [4.0]]), truth)
    >>> float(r2.compute())
    0.5
    """

    higher_is_better = True

    def _score(self, sums: ErrorSums) -> Tensor:
        return sums.r2
