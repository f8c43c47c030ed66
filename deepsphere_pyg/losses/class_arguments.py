"""Checked arguments of losses of classes, and weights of classes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.losses.arguments import (
    check_areas,
    check_classes,
    check_floating,
    check_mask,
    importance,
    masked,
    ratio,
    relative_areas,
    working_dtype,
)
from deepsphere_pyg.losses.summed import SummedLoss
from samplings.arguments import array_argument, counted


class Classified(NamedTuple):
    """Logits, classes and importance of vertices; zero where masked.

    Attributes
    ----------
    logits, target
        Shapes ``(*batch, V, n_classes)`` and ``(*batch, V)``.
    share
        Product of area and mask, shape ``(*batch, V)``.
    """

    logits: Tensor
    target: Tensor
    share: Tensor


def classified(
    prediction: Tensor, target: Tensor, weights: Tensor | None, mask: Tensor | None
) -> Classified:
    """Return checked arguments of a loss."""
    check_floating("prediction", prediction, "(*batch, V, n_classes)")
    if not isinstance(target, Tensor) or target.dtype != torch.int64:
        got = target.dtype if isinstance(target, Tensor) else type(target).__name__
        raise TypeError(
            f"target must be a tensor of classes, torch.int64, got {got}; convert it "
            "with .long()"
        )
    if prediction.ndim < 1 or prediction.shape[:-1] != target.shape:
        raise ValueError(
            "target must hold one class for the logits of each vertex, shape "
            f"{tuple(prediction.shape[:-1])}, got {tuple(target.shape)}; the last axis "
            "of the prediction is that of the classes"
        )
    logits = prediction.to(working_dtype(prediction))
    if mask is not None:
        check_mask(mask, target.shape)
        logits, target = masked(logits, mask[..., None]), torch.where(mask, target, 0)
    area = None
    if weights is not None:
        check_areas(weights, target.shape)
        area = relative_areas(weights, logits.dtype)
    check_classes(target, prediction.shape[-1])
    share = importance(area, mask, logits).expand(target.shape)
    return Classified(logits, target, share)


class WeightedClasses(SummedLoss, FixedTensors):
    """Loss with a weight per class, a fixed tensor."""

    class_weights: Tensor | None

    def __init__(self, class_weights: npt.ArrayLike | None) -> None:
        super().__init__()
        if class_weights is None:
            self.class_weights = None
        else:
            array = _checked_weights(class_weights)
            self.keep("class_weights", array, torch.get_default_dtype())

    def weights_of(self, logits: Tensor) -> Tensor | None:
        """Return the weights of the classes in the dtype of the logits."""
        self.check_unchanged()
        weights = self.class_weights
        if weights is None:
            return None
        if len(weights) != logits.shape[-1]:
            raise ValueError(
                f"class_weights must be one per class, got {len(weights)} for logits "
                f"of {counted(logits.shape[-1], 'class', 'classes')}; build the "
                f"{type(self).__name__} with one for each"
            )
        return weights.to(logits.dtype)

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return the ratio of the sums of losses and of their weights."""
        return ratio(sums[0], sums[1])

    def extra_repr(self) -> str:
        """Weights of the classes, for ``repr``."""
        master = self._masters.get("class_weights")
        return f"class_weights={None if master is None else master.tolist()}"


def _checked_weights(class_weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the weights of classes as an array."""
    if isinstance(class_weights, Tensor):
        class_weights = class_weights.detach().cpu().numpy()
    array = array_argument("class_weights", class_weights)
    if array.ndim != 1:
        raise ValueError(
            f"class_weights must be one number per class, got shape {array.shape}; "
            "pass a list"
        )
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any() or not array.any():
        got = f"{array[wrong][0]:g}" if wrong.any() else "zeros only"
        raise ValueError(
            "class_weights must be finite, not negative, and at least one positive, "
            f"got {got}; give 0 to classes that do not count"
        )
    return array
