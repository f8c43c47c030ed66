"""Matrices from values of filters at rotations to the weights of their degrees."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.harmonics.rotations.wigner import wigner_matrices
from deepsphere_pyg.layers.rotation_group.so3_bandlimits import azimuthal_bandlimit
from samplings.arrays import FloatArray


def filter_table(
    rotations: Rotation, layout: HarmonicLayout, layout_out: HarmonicLayout
) -> FloatArray:
    r"""Return the matrix of values at rotations to weights of all degrees.

    .. math:: w^l_{nk} = s \sum_i v_i D^l_{kn}(R_i)

    Parameters
    ----------
    rotations
        Positions of the values, shape ``(P,)``.
    layout, layout_out
        Rows of input and output, whose fragments are orders n and k.

    Returns
    -------
    FloatArray
        Shape ``(weights, P)``; the constant s is such that independent values of
        variance 1 / P keep the variance of coefficients.
    """
    parts, energy = [], 0.0
    matrices = filter_matrices(rotations, layout, layout_out)
    for degree, matrix in enumerate(matrices):
        part = matrix.numpy().transpose(2, 1, 0)
        parts.append(part.reshape(-1, part.shape[-1]))
        energy += (2 * degree + 1) * float(np.square(part).sum())
    table = np.concatenate(parts)
    scale = (layout_out.n_rows * table.shape[1] / energy) ** 0.5
    return np.ascontiguousarray(scale * table)


def filter_matrices(
    rotations: Rotation, layout: HarmonicLayout, layout_out: HarmonicLayout
) -> list[Tensor]:
    r"""Return :math:`D^l_{kn}(R)` of the orders k of the output and n of the input.

    Parameters
    ----------
    rotations
        One rotation or a batch.
    layout, layout_out
        Rows of input and output.

    Returns
    -------
    list of Tensor
        For each degree of the output, shape ``(*rotations, tau_out, tau)``, float64.
    """
    N = min(azimuthal_bandlimit(layout), layout_out.L)
    return [
        matrix[..., degree - after // 2 : degree + after // 2 + 1, :]
        for degree, (matrix, after) in enumerate(
            zip(
                wigner_matrices(rotations, layout_out.L, N), layout_out.tau, strict=True
            )
        )
    ]
