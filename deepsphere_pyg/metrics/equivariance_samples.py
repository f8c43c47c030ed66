"""Equivariance errors of a batch of random signals."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.metrics.harmonic_coefficients import ComplexArray, FloatArray
from deepsphere_pyg.metrics.rotation_protocols import RotationProtocol
from deepsphere_pyg.metrics.signal_operator import SignalMap
from samplings import Sampling

# Below this share of its input, an output is round-off and its direction noise.
SMALLEST_OUTPUT = 1e-12


def sample_errors(
    apply: SignalMap,
    rotations: RotationProtocol,
    sampling: Sampling,
    output_sampling: Sampling,
    degree: int,
    coefficients: ComplexArray,
    angles: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Error of each sample, and the share of the outputs that was not analysed.

    That share is NaN where no output was analysed.

    Raises
    ------
    ValueError
        If the output is no signal of ``output_sampling`` and no vector, is not finite,
        or vanishes; if a sampling does not resolve the degree.
    """
    signals = rotations.synthesize(coefficients, degree)
    outputs = _checked_output(apply(signals), signals, output_sampling)
    has_vertices = outputs.ndim == 3
    area = output_sampling.weights[:, None] if has_vertices else 1.0
    size = _norms(outputs, area)
    input_size = _norms(signals, sampling.weights[:, None])
    if (size <= SMALLEST_OUTPUT * input_size).any():
        raise ValueError(
            f"the operator maps a signal of degree {degree} to zero, where a relative "
            "error means nothing; a Laplacian needs degrees from 1, and an operator "
            "whose values are tiny must be scaled up"
        )
    rotated = rotations.rotate(
        degree, coefficients, signals, outputs if has_vertices else None, angles
    )
    after = _checked_output(apply(rotated.signals), signals, output_sampling)
    before = outputs if rotated.outputs is None else rotated.outputs
    unresolved = np.full(len(size), np.nan)
    if rotated.resolved is not None:
        unresolved = _norms(outputs - rotated.resolved, area) / size
    return _norms(before - after, area) / size, unresolved


def _norms(signals: FloatArray, area: FloatArray | float) -> FloatArray:
    """Area-weighted norm of each sample over all its other axes."""
    axes = tuple(range(1, signals.ndim))
    return np.asarray(np.sqrt((signals**2 * area).sum(axis=axes)))


def _checked_output(
    outputs: FloatArray, signals: FloatArray, sampling: Sampling
) -> FloatArray:
    """Refuse outputs of another shape than an operator's, or not finite."""
    batch, vertices = len(signals), len(sampling)
    shape = outputs.shape
    if len(shape) not in (2, 3) or shape[0] != batch:
        raise ValueError(
            f"the operator must map (batch, vertex, channel) = {signals.shape} to "
            f"(batch, vertex, channel) or (batch, channel), got shape {shape}"
        )
    if len(shape) == 3 and shape[1] != vertices:
        raise ValueError(
            f"the operator's output must have {vertices} vertices, got {shape[1]}; "
            "pass output_sampling where it has a sampling of its own"
        )
    if not np.isfinite(outputs).all():
        raise ValueError(
            "the operator's output must be finite, got NaN or infinity; check its "
            "weights, or that its dtype holds its values"
        )
    return outputs
