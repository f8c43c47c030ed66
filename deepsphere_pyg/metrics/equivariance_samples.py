"""Equivariance errors of a batch of random signals."""

from __future__ import annotations

import torch
from torch import Tensor

from deepsphere_pyg.harmonics import Rotation
from deepsphere_pyg.metrics.rotation_protocols import RotationProtocol
from deepsphere_pyg.metrics.signal_operator import SignalMap
from samplings import Sampling

# Below this share of its input, an output is round-off.
_SMALLEST_OUTPUT = 1e-12


def sample_errors(
    apply: SignalMap,
    protocol: RotationProtocol,
    sampling: Sampling,
    output_sampling: Sampling,
    coefficients: Tensor,
    rotation: Rotation,
) -> tuple[Tensor, Tensor]:
    """Return the error of each sample, and the unresolved share of its output.

    That share is NaN if outputs are not analysed.
    """
    signals = protocol.signals_of(coefficients)
    outputs = _checked_output(apply(signals), signals, output_sampling)
    has_vertices = outputs.ndim == 3
    area = _areas(output_sampling) if has_vertices else 1.0
    size = _norms(outputs, area)
    if (size <= _SMALLEST_OUTPUT * _norms(signals, _areas(sampling))).any():
        degree = int(coefficients[0].any(-1).nonzero()[-1] ** 0.5)
        raise ValueError(
            f"the operator maps a signal of degree {degree} to zero, which has no "
            "relative error; use degrees from 1 for a Laplacian, or scale up an "
            "operator with tiny values"
        )
    rotated = protocol.rotate(
        coefficients, signals, outputs if has_vertices else None, rotation
    )
    after = _checked_output(apply(rotated.signals), signals, output_sampling)
    before = outputs if rotated.outputs is None else rotated.outputs
    unresolved = torch.full_like(size, torch.nan)
    if rotated.resolved is not None:
        unresolved = _norms(outputs - rotated.resolved, area) / size
    return _norms(before - after, area) / size, unresolved


def _areas(sampling: Sampling) -> Tensor:
    """Return the area of each vertex, shape ``(V, 1)``."""
    return torch.tensor(sampling.weights)[:, None]


def _norms(signals: Tensor, area: Tensor | float) -> Tensor:
    """Return the area-weighted norm of each sample over all its other axes."""
    return (signals.square() * area).flatten(1).sum(1).sqrt()


def _checked_output(outputs: Tensor, signals: Tensor, sampling: Sampling) -> Tensor:
    """Refuse outputs that do not have the shape of an operator's, or are not finite."""
    batch, vertices = len(signals), len(sampling)
    shape = tuple(outputs.shape)
    if len(shape) not in (2, 3) or shape[0] != batch:
        raise ValueError(
            f"the operator must map (batch, vertex, channel) = {tuple(signals.shape)} "
            f"to (batch, vertex, channel) or (batch, channel), got shape {shape}"
        )
    if len(shape) == 3 and shape[1] != vertices:
        raise ValueError(
            f"the operator's output must have {vertices} vertices, got {shape[1]}; "
            "pass output_sampling if its vertices are not those of the input"
        )
    if not outputs.isfinite().all():
        raise ValueError(
            "the operator's output must be finite, got NaN or infinity; check its "
            "weights, or that its dtype holds its values"
        )
    return outputs
