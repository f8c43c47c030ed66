"""Checks of predictions, targets, areas and masks, and what follows from the last two.

Values are checked where Python can read them at no cost (:func:`has_values`).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from deepsphere_pyg.compilers import has_values


def check_floating(name: str, x: Tensor, axes: str) -> None:
    """Raise ``TypeError`` if ``x`` is not a tensor of floating-point numbers."""
    if not isinstance(x, Tensor):
        raise TypeError(
            f"{name} must be a tensor {axes}, got {type(x).__name__}; convert it with "
            "torch.as_tensor"
        )
    if not x.is_floating_point():
        raise TypeError(
            f"{name} must hold floating-point numbers, got {x.dtype}; convert it with "
            ".float()"
        )


def check_signals(prediction: Tensor, target: Tensor, outputs: int = 1) -> None:
    """Check types and shapes of a prediction and its target.

    Parameters
    ----------
    prediction
        Shape ``(*batch, V, C * outputs)``.
    target
        Shape ``(*batch, V, C)``.
    outputs
        Number of outputs per channel.
    """
    check_floating("prediction", prediction, "(*batch, V, C)")
    check_floating("target", target, "(*batch, V, C)")
    if target.ndim < 1:
        raise ValueError(
            "target must have shape (*batch, V, C), or (*batch, C) if it is global, "
            "got (); add a channel with target[..., None]"
        )
    wanted = (*target.shape[:-1], outputs * target.shape[-1])
    if tuple(prediction.shape) != wanted:
        each = "" if outputs == 1 else f", {outputs} outputs for each of its channels"
        raise ValueError(
            f"prediction must have shape {wanted}, that of the target{each}, got "
            f"{tuple(prediction.shape)}; give the network as many outputs, or, where "
            "an axis of channels is missing, add it with [..., None]"
        )


def check_areas(weights: Tensor, shape: torch.Size) -> None:
    """Check the areas of vertices.

    Parameters
    ----------
    weights
        Shape ``(V,)``.
    shape
        Shape of the vertices, ``(*batch, V)``.
    """
    check_floating("weights", weights, "(V,)")
    if not shape:
        raise ValueError(
            "weights belong to vertices, but the target has no axis of vertices; omit "
            "the weights if it is global"
        )
    if weights.shape != shape[-1:]:
        raise ValueError(
            f"weights must hold one area per vertex, shape {tuple(shape[-1:])}, got "
            f"{tuple(weights.shape)}; pass those of the sampling of the target, or "
            "omit them if the target is global"
        )
    # A process that has no vertex of a sphere that it shares has no area.
    if not has_values(weights) or not len(weights):
        return
    wrong = ~(weights.isfinite() & (weights >= 0))
    if bool(wrong.any()):
        raise ValueError(
            "weights are areas and must be finite and not negative, got "
            f"{float(weights[wrong][0]):g} at vertex {int(wrong.nonzero()[0])}; mask "
            "the vertices that do not count"
        )
    if not bool(weights.any()):
        raise ValueError(
            "weights must hold a positive area, got zeros only; pass the areas of the "
            "sampling"
        )


def check_mask(mask: Tensor, *shapes: torch.Size) -> None:
    """Check that a mask is boolean and has one of the shapes."""
    if not isinstance(mask, Tensor):
        raise TypeError(
            f"mask must be a boolean tensor, got {type(mask).__name__}; convert it "
            "with torch.as_tensor"
        )
    if mask.dtype != torch.bool:
        raise TypeError(
            f"mask must be boolean, True where the target counts, got {mask.dtype}; "
            "compare it, as in values > 0"
        )
    if mask.shape not in shapes:
        allowed = " or ".join(str(tuple(shape)) for shape in shapes)
        raise ValueError(
            f"mask must have shape {allowed}, got {tuple(mask.shape)}; expand one that "
            "all maps share with mask.expand"
        )


def check_known(
    difference: Tensor, target: Tensor, valid: Tensor | None, name: str = "the target"
) -> None:
    """Raise ``ValueError`` if values of a target that count are not finite.

    Parameters
    ----------
    difference
        Of the target and something else, zero where masked: its sum shows in one pass
        whether there may be such values.
    target, valid
        Target, and mask that broadcasts to its shape.
    name
        Name of the target, in the message.
    """
    if not (has_values(difference) and has_values(target)):
        return
    if math.isfinite(float(difference.detach().sum())):
        return
    wrong = ~target.isfinite()
    if valid is not None:
        wrong = wrong & valid
    if bool(wrong.any()):
        raise ValueError(
            f"{name} must be finite where it counts, got {float(target[wrong][0])} at "
            f"index {tuple(wrong.nonzero()[0].tolist())}, and {int(wrong.sum())} such "
            "values in all; pass a mask that is False there"
        )


def check_classes(target: Tensor, n_classes: int) -> None:
    """Raise ``ValueError`` if a class is out of range."""
    if not has_values(target):
        return
    wrong = (target < 0) | (target >= n_classes)
    if bool(wrong.any()):
        raise ValueError(
            f"target must hold classes 0 .. {n_classes - 1}, as the prediction has "
            f"{n_classes}, got {int(target[wrong][0])}; give the network one output "
            "per class, and pass a mask that is False at vertices without a class"
        )


def signal_mask(mask: Tensor | None, target: Tensor) -> Tensor | None:
    """Return the mask of a target ``(*batch, V, C)``, with an axis of channels."""
    if mask is None:
        return None
    check_mask(mask, target.shape[:-1], target.shape)
    return mask if mask.ndim == target.ndim else mask[..., None]


def masked(x: Tensor, valid: Tensor | None) -> Tensor:
    """Return ``x``, zero where masked: no NaN there reaches a value or a gradient."""
    return x if valid is None else torch.where(valid, x, 0.0)


def relative_areas(weights: Tensor, dtype: torch.dtype) -> Tensor:
    """Return areas in a unit whose sums overflow no dtype: 1, 2**64 or 2**-64.

    It is not the largest area, since parts of a sphere that several processes have must
    be in one unit.
    """
    if not len(weights):
        return weights.to(dtype)
    largest = weights.amax().clamp_min(torch.finfo(weights.dtype).tiny)
    power = torch.round(torch.log2(largest) / 64).clamp(-1, 1)
    return (weights / torch.exp2(64 * power)).to(dtype)


def importance(area: Tensor | None, valid: Tensor | None, like: Tensor) -> Tensor:
    """Return the product of areas and mask, in the dtype of ``like``."""
    product = like.new_ones(()) if area is None else area
    return product if valid is None else product * valid


def ratio(part: Tensor, total: Tensor) -> Tensor:
    """Return ``part / total``, and zero, with zero gradients, where the total is."""
    return part / torch.where(total > 0, total, 1.0)


def working_dtype(*tensors: Tensor) -> torch.dtype:
    """Return the dtype in which losses are computed, at least float32."""
    dtype = torch.float32
    for tensor in tensors:
        dtype = torch.promote_types(dtype, tensor.dtype)
    return dtype
