"""Losses of continuous signals: functions of the difference of target and prediction.

Their vertices are averaged by area, for each channel over the vertices that are valid
in it; the loss is the mean of the channels that have any.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor

from deepsphere_pyg.losses.arguments import (
    check_areas,
    check_known,
    check_signals,
    importance,
    masked,
    ratio,
    relative_areas,
    signal_mask,
    working_dtype,
)
from deepsphere_pyg.losses.summed import SummedLoss
from samplings.arguments import positive_argument


class ContinuousLoss(SummedLoss):
    """Area-weighted mean of a function of the difference, which is zero at zero."""

    outputs = 1

    @abstractmethod
    def _of(self, difference: Tensor) -> Tensor:
        """Return the loss of each target, of differences ``(*batch, V, C, outputs)``.

        The result has shape ``(*batch, V, C)``.
        """

    def forward(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the mean loss, a scalar of at least float32.

        Parameters
        ----------
        prediction
            Shape ``(*batch, V, C)``. In global tasks ``(*batch, C)``, as without
            weights the vertices are one more axis of the batch.
        target
            Same shape.
        weights
            Areas of the vertices, shape ``(V,)``, on any scale; all equal by default.
        mask
            True where the target counts, shape ``(*batch, V)`` or ``(*batch, V, C)``;
            everywhere by default. Elsewhere targets may be NaN.
        """
        return super().forward(prediction, target, weights, mask)

    def sums(
        self,
        prediction: Tensor,
        target: Tensor,
        weights: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the sums of losses and of areas of each channel, shape ``(2, C)``.

        Areas are in a unit that fits the dtype: 1, unless they are very large or small.
        """
        check_signals(prediction, target, self.outputs)
        valid = signal_mask(mask, target)
        area = None
        dtype = working_dtype(prediction, target)
        if weights is not None:
            check_areas(weights, target.shape[:-1])
            area = relative_areas(weights, dtype)[:, None]
        predicted = prediction.to(dtype).reshape(*target.shape, self.outputs)
        difference = masked(
            target.to(dtype)[..., None] - predicted,
            None if valid is None else valid[..., None],
        )
        check_known(difference, target, valid)
        # One more axis in front, since a sum over no axes would be one over all.
        losses = self._of(difference)[None]
        over = tuple(range(losses.ndim - 1))
        share = importance(area, valid, losses)
        total = share.expand(losses.shape).sum(over)
        return torch.stack([(share * losses).sum(over), total])

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the mean of the channels that have a valid vertex."""
        part, total = sums
        return ratio(ratio(part, total).sum(), (total > 0).sum())


class L1Loss(ContinuousLoss):
    r"""Mean absolute error, by area.

    .. math::
        \mathcal L = \frac 1 C \sum_c
        \frac{\sum_{ni} m_{nic} a_i \lvert y_{nic} - \hat y_{nic} \rvert}
             {\sum_{ni} m_{nic} a_i}

    over the maps n of the batch, the vertices i with areas a, and the channels c; the
    mask m is 1 where the target counts. Channels without a valid vertex in the batch
    are left out of the mean; if none has any, the loss is zero, with zero gradients.

    Shapes
    ------
    ``prediction, target (*batch, V, C)``, ``weights (V,)``, ``mask (*batch, V)`` or
    ``(*batch, V, C)`` ``-> ()``. Global tasks omit the weights and the axis V.

    Raises
    ------
    TypeError
        In ``forward``, if prediction, target or weights are not tensors of
        floating-point numbers, or the mask is not a boolean tensor.
    ValueError
        In ``forward``, if shapes do not fit; on the CPU also if a weight is negative or
        not finite, all are zero, or a target that counts is not finite.

    Notes
    -----
    Equivariance: the loss is the same for all permutations of the vertices, and so
    invariant under the symmetries of the sampling; under other rotations to the
    accuracy of the areas as a quadrature.

    Computations are in float32 at least, also under autocast.

    Examples
    --------
    >>> truth = torch.tensor([[1.0], [2.0], [float("nan")]])
    >>> known = torch.tensor([True, True, False])
    >>> L1Loss()(torch.zeros(3, 1), truth, torch.tensor([3.0, 1.0, 1.0]), known)
    tensor(1.2500)
    """

    def _of(self, difference: Tensor) -> Tensor:
        return difference.abs().squeeze(-1)


class L2Loss(ContinuousLoss):
    r"""Mean squared error, by area.

    .. math::
        \mathcal L = \frac 1 C \sum_c
        \frac{\sum_{ni} m_{nic} a_i (y_{nic} - \hat y_{nic})^2}{\sum_{ni} m_{nic} a_i}

    Symbols, shapes and errors are those of :class:`L1Loss`.

    Notes
    -----
    Equivariance: as :class:`L1Loss`.

    Examples
    --------
    >>> areas = torch.tensor([3.0, 1.0])
    >>> L2Loss()(torch.zeros(2, 1), torch.tensor([[1.0], [2.0]]), areas)
    tensor(1.7500)
    """

    def _of(self, difference: Tensor) -> Tensor:
        return difference.square().squeeze(-1)


class HuberLoss(ContinuousLoss):
    r"""Squared error up to a threshold, and linear beyond, averaged by area.

    .. math::
        h(d) = \begin{cases} d^2 / 2 & \lvert d \rvert \le \delta \\
        \delta (\lvert d \rvert - \delta / 2) & \text{beyond} \end{cases}

    is averaged where :class:`L1Loss` averages the absolute difference; symbols, shapes
    and errors of ``forward`` are the same.

    Parameters
    ----------
    delta
        Threshold, in the units of the target.

    Raises
    ------
    TypeError
        If ``delta`` is not a number.
    ValueError
        If ``delta`` is not positive and finite.

    Notes
    -----
    Equivariance: as :class:`L1Loss`.

    Source: Huber 1964, Ann. Math. Statist. 35, 73.

    Examples
    --------
    >>> HuberLoss(delta=1.0)(torch.zeros(2, 1), torch.tensor([[0.5], [3.0]]))
    tensor(1.3125)
    """

    def __init__(self, delta: float = 1.0) -> None:
        super().__init__()
        self._delta = positive_argument("delta", delta, "pass 1.0")

    @property
    def delta(self) -> float:
        """Threshold."""
        return self._delta

    def _of(self, difference: Tensor) -> Tensor:
        size = difference.abs().squeeze(-1)
        squared = size.clamp_max(self.delta)
        return squared * (size - squared / 2)

    def extra_repr(self) -> str:
        """Threshold, for ``repr``."""
        return f"delta={self.delta:g}"


class QuantileLoss(ContinuousLoss):
    r"""Pinball loss of predicted quantiles, averaged by area.

    .. math:: \rho(d) = \frac 1 Q \sum_q \max(\tau_q d_q, (\tau_q - 1) d_q), \qquad
        d_q = y - \hat y_q

    is averaged where :class:`L1Loss` averages the absolute difference; it is least if
    the share :math:`\tau_q` of the targets lies below :math:`\hat y_q`. Symbols and
    errors of ``forward`` are the same.

    Parameters
    ----------
    quantiles
        Levels :math:`\tau_q`, each between 0 and 1, such as ``(0.1, 0.5, 0.9)``.

    Shapes
    ------
    ``prediction (*batch, V, C * Q)``, ``target (*batch, V, C)``, ``weights (V,)``,
    ``mask (*batch, V)`` or ``(*batch, V, C)`` ``-> ()``. The Q quantiles of a channel
    stand together: quantile q of channel c is ``prediction[..., c * Q + q]``.

    Raises
    ------
    TypeError
        If the quantiles are not a sequence of numbers.
    ValueError
        If there is no quantile, or one is not between 0 and 1.

    Notes
    -----
    Equivariance: as :class:`L1Loss`.

    Source: Koenker and Bassett 1978, Econometrica 46, 33.

    Examples
    --------
    >>> loss = QuantileLoss((0.5, 0.9))
    >>> loss(torch.tensor([[0.0, 3.0]]), torch.tensor([[1.0]]))
    tensor(0.3500)
    """

    def __init__(self, quantiles: Iterable[float]) -> None:
        super().__init__()
        self._quantiles = _levels(quantiles)
        self.outputs = len(self._quantiles)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Levels."""
        return self._quantiles

    def _of(self, difference: Tensor) -> Tensor:
        each = zip(self.quantiles, difference.unbind(-1), strict=True)
        losses = [torch.maximum(tau * d, (tau - 1) * d) for tau, d in each]
        return torch.stack(losses).mean(0)

    def extra_repr(self) -> str:
        """Levels, for ``repr``."""
        return f"quantiles={self.quantiles}"


def _levels(quantiles: Iterable[float]) -> tuple[float, ...]:
    """Return levels of quantiles, checked."""
    try:
        if isinstance(quantiles, str):
            raise TypeError
        levels = tuple(float(level) for level in quantiles)
    except (TypeError, ValueError):
        raise TypeError(
            f"quantiles must be a sequence of numbers, got {quantiles!r}; pass a tuple,"
            " such as (0.1, 0.5, 0.9)"
        ) from None
    wrong = [level for level in levels if not 0 < level < 1]
    if wrong or not levels:
        got = f"{wrong[0]}" if wrong else "an empty sequence"
        raise ValueError(
            f"quantiles must lie between 0 and 1, both excluded, got {got}; pass "
            "levels, such as (0.1, 0.5, 0.9)"
        )
    return levels
