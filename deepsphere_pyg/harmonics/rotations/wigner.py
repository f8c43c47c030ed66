"""Wigner's matrices D of real harmonics."""

from __future__ import annotations

from typing import SupportsIndex

import torch
from torch import Tensor

from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.harmonics.rotations.wigner_d import real_wigner_d


def wigner_matrices(
    rotation: Rotation, L: SupportsIndex, N: SupportsIndex | None = None
) -> list[Tensor]:
    r"""Return the matrices by which rotations act on coefficients of each degree.

    .. math::
        (R f)_{lm} = \sum_n D^l_{mn}(R) f_{ln}, \quad
        D^l(R) = Z(\alpha) \Delta^l(\beta) Z(\gamma), \quad
        (Z(\alpha) x)_m = \cos(m\alpha) x_m - \sin(m\alpha) x_{-m}

    Parameters
    ----------
    rotation
        One rotation or a batch.
    L
        Bandlimit: degrees below L.
    N
        Azimuthal bandlimit, at most L: columns of orders :math:`|n| < N` only; by
        default all of them.

    Returns
    -------
    list of Tensor
        For each degree, shape ``(*rotation, 2l + 1, 2 min(l, N - 1) + 1)``, float64, on
        the CPU. With all columns they are orthogonal,
        :math:`D(R_1 R_2) = D(R_1) D(R_2)`, and :math:`D^1(R) = R` in the order
        (y, z, x).

    Raises
    ------
    TypeError, ValueError
        If ``rotation`` is not a :class:`Rotation`; as for :func:`wigner_d`.

    Notes
    -----
    To rotate coefficients, :func:`rotate` is faster and needs no matrices.

    Source: Varshalovich et al. 1988, Quantum Theory of Angular Momentum, 4.3; real
    harmonics as in :class:`HarmonicLayout`.

    Examples
    --------
    >>> half_turn = Rotation.from_euler(torch.pi, 0.0, 0.0)
    >>> wigner_matrices(half_turn, 2)[1].round().long().tolist()
    [[-1, 0, 0], [0, 1, 0], [0, 0, -1]]
    """
    angles = checked_rotation(rotation).angles.detach().cpu()
    alpha, gamma = angles[..., 0, None], angles[..., 2, None]
    matrices = []
    for degree, turned in real_wigner_d(angles[..., 1].numpy(), L, N):
        d = torch.from_numpy(turned)
        k = d.shape[-1] // 2
        m, n = (torch.arange(-j, j + 1, dtype=torch.float64) for j in (degree, k))
        after = (n * gamma)[..., None, :]
        d = after.cos() * d + after.sin() * d.flip(-1)
        before = (m * alpha)[..., :, None]
        matrices.append(before.cos() * d - before.sin() * d.flip(-2))
    return matrices


def wigner_matrix(rotation: Rotation, L: SupportsIndex) -> Tensor:
    r"""Return the whole matrix that rotates coefficients, block after block.

    .. math:: D(R) = \operatorname{diag}(D^0(R), \dots, D^{L-1}(R))

    Parameters
    ----------
    rotation
        One rotation or a batch.
    L
        Bandlimit: degrees below L.

    Returns
    -------
    Tensor
        Shape ``(*rotation, L**2, L**2)``, float64, on the CPU.

    Raises
    ------
    TypeError, ValueError
        As for :func:`wigner_matrices`.

    Examples
    --------
    >>> wigner_matrix(Rotation.identity(), 2).diagonal()
    tensor([1., 1., 1., 1.], dtype=torch.float64)
    """
    blocks = wigner_matrices(rotation, L)
    rows = len(blocks) ** 2
    matrix = torch.zeros((*rotation.shape, rows, rows), dtype=torch.float64)
    for degree, block in enumerate(blocks):
        place = slice(degree**2, (degree + 1) ** 2)
        matrix[..., place, place] = block
    return matrix


def checked_rotation(rotation: Rotation) -> Rotation:
    """Return ``rotation``, or raise ``TypeError`` if it is not a Rotation."""
    if not isinstance(rotation, Rotation):
        raise TypeError(
            f"rotation must be a Rotation, got {type(rotation).__name__}; make one "
            "with Rotation.from_euler, .from_matrix or .from_quaternion"
        )
    return rotation
