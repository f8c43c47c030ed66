"""Coefficients in the basis, order and axes of e3nn, and back."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.layout.checks import (
    PRECISIONS,
    as_layout,
    checked_coefficients,
)
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout
from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.harmonics.rotations.wigner import wigner_matrices
from samplings.arguments import counted, integer_argument

# e3nn's polar axis is y: its harmonics at (x, y, z) are ours at (z, x, y).
_AXES = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def e3nn_irreps(layout: HarmonicLayout | SupportsIndex, channels: SupportsIndex) -> str:
    """Return e3nn's name for the type of coefficients, for ``e3nn.o3.Irreps``.

    Parities are those of functions on the sphere: odd for odd degrees.

    Parameters
    ----------
    layout
        Layout of the rows; an integer L stands for ``HarmonicLayout(L)``.
    channels
        Number of channels.

    Raises
    ------
    TypeError
        If ``layout`` is not a layout or L, or ``channels`` not an integer.
    ValueError
        If ``channels`` is below 1.

    Examples
    --------
    >>> e3nn_irreps(HarmonicLayout(3, [2, 1, 1]), 8)
    '16x0e+8x1o+8x2e'
    """
    layout = as_layout(layout)
    channels = integer_argument("channels", channels, 1)
    return "+".join(
        f"{tau * channels}x{degree}{'eo'[degree % 2]}"
        for degree, tau in enumerate(layout.tau)
        if tau
    )


def to_e3nn(coefficients: Tensor, layout: HarmonicLayout | SupportsIndex) -> Tensor:
    r"""Convert coefficients to e3nn's coefficients of the same function.

    .. math:: Y^{\mathrm{e3nn}}_{lm}(x, y, z) = Y_{lm}(z, x, y), \quad
        c^{\mathrm{e3nn}}_l = D^l(P) \, c_l, \quad P (x, y, z) = (z, x, y)

    In degree 1, e3nn's components are (x, y, z); ours are (y, z, x).

    Parameters
    ----------
    coefficients
        Coefficients, float32 or float64.
    layout
        Layout of the rows; an integer L stands for ``HarmonicLayout(L)``.

    Returns
    -------
    Tensor
        Features of the type :func:`e3nn_irreps`; multiplicities are (fragment,
        channel), channels fastest. They belong to e3nn's orthonormal harmonics,
        ``normalization="integral"``.

    Shapes
    ------
    coefficients : ``(*batch, row, channel)`` -> ``(*batch, row * channel)``

    Raises
    ------
    TypeError, ValueError
        As :func:`checked_coefficients`.

    Notes
    -----
    To keep the same numbers in the same order l² + l + m, rename the axes instead:
    pass the points (y, z, x) to e3nn, and permute nothing else.

    Equivariance: exact; rotated coefficients become rotated features.

    Examples
    --------
    >>> vector = torch.tensor([[0.0], [2.0], [3.0], [1.0]])
    >>> to_e3nn(vector, HarmonicLayout(2)).round(decimals=4).abs()
    tensor([0., 1., 2., 3.])
    """
    layout = as_layout(layout)
    checked_coefficients(coefficients, layout)
    *batch, _, channels = coefficients.shape
    parts = []
    for degree, tau, matrix in _turns(coefficients, layout):
        part = coefficients[..., layout.rows(degree), :]
        part = part.reshape(*batch, tau, 2 * degree + 1, channels)
        parts.append((matrix @ part).transpose(-1, -2).flatten(-3))
    return torch.cat(parts, dim=-1)


def from_e3nn(
    features: Tensor,
    layout: HarmonicLayout | SupportsIndex,
    channels: SupportsIndex,
) -> Tensor:
    r"""Convert e3nn's coefficients to ours; the inverse of :func:`to_e3nn`.

    .. math:: c_l = D^l(P)^T \, c^{\mathrm{e3nn}}_l

    Parameters
    ----------
    features
        Features of the type :func:`e3nn_irreps`, float32 or float64.
    layout
        Layout of the rows of the result, or L, as in :func:`to_e3nn`.
    channels
        Number of channels.

    Shapes
    ------
    features : ``(*batch, row * channel)`` -> ``(*batch, row, channel)``

    Raises
    ------
    TypeError
        If ``features`` is not a float32 or float64 tensor, ``layout`` not a layout, or
        ``channels`` not an integer.
    ValueError
        If the length of the last axis does not fit, or ``channels`` is below 1.

    Examples
    --------
    >>> features = torch.tensor([0.0, 1.0, 2.0, 3.0])
    >>> from_e3nn(features, HarmonicLayout(2), 1)[:, 0].round(decimals=4).abs()
    tensor([0., 2., 3., 1.])
    """
    layout = as_layout(layout)
    channels = integer_argument("channels", channels, 1)
    _check_features(features, layout, channels)
    parts = []
    start = 0
    for degree, tau, matrix in _turns(features, layout):
        size = tau * channels * (2 * degree + 1)
        part = features[..., start : start + size]
        part = part.reshape(*part.shape[:-1], tau, channels, 2 * degree + 1)
        parts.append((part @ matrix).transpose(-1, -2).flatten(-3, -2))
        start += size
    return torch.cat(parts, dim=-2)


def _turns(like: Tensor, layout: HarmonicLayout) -> list[tuple[int, int, Tensor]]:
    """Return degree, number of fragments and matrix of each degree with fragments."""
    matrices = wigner_matrices(Rotation.from_matrix(_AXES), layout.L)
    return [
        (degree, tau, matrix.to(like))
        for degree, (tau, matrix) in enumerate(zip(layout.tau, matrices, strict=True))
        if tau
    ]


def _check_features(features: Tensor, layout: HarmonicLayout, channels: int) -> None:
    if not isinstance(features, Tensor):
        raise TypeError(
            f"features must be a tensor (*batch, row * channel), got "
            f"{type(features).__name__}; convert them with torch.as_tensor"
        )
    if features.dtype not in PRECISIONS:
        raise TypeError(
            f"features must be float32 or float64, got {features.dtype}; convert them "
            "with .float()"
        )
    size = layout.n_rows * channels
    if features.ndim < 1 or features.shape[-1] != size:
        raise ValueError(
            f"features must have {size} numbers on the last axis, {layout.n_rows} rows "
            f"of {counted(channels, 'channel')}, got shape {tuple(features.shape)}; "
            "e3nn's type is e3nn_irreps(layout, channels)"
        )
