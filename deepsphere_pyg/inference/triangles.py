"""Triangular matrices: from the outputs of networks, from covariances, and inverses."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def n_entries(size: int) -> int:
    """Number of entries of a lower triangular matrix.

    Examples
    --------
    >>> n_entries(3)
    6
    """
    return size * (size + 1) // 2


def lower_triangle(entries: Tensor, size: int) -> Tensor:
    """Return lower triangular matrices of positive diagonal.

    Parameters
    ----------
    entries
        Logarithms of the diagonal, then the entries below it row by row, shape
        ``(*batch, size * (size + 1) / 2)``.
    size
        Number of rows.

    Returns
    -------
    Tensor
        Shape ``(*batch, size, size)``.

    Examples
    --------
    >>> lower_triangle(torch.tensor([0.0, 0.0, 5.0]), 2)
    tensor([[1., 0.],
            [5., 1.]])
    """
    diagonal, below = entries[..., :size], entries[..., size:]
    number = torch.arange(size, device=entries.device)
    row, column = number[:, None], number
    # Places on and above the diagonal take the zero that is appended.
    place = row * (row - 1) // 2 + column
    place = torch.where(column < row, place, below.shape[-1])
    strict = F.pad(below, (0, 1))[..., place]
    return strict + torch.diag_embed(diagonal.exp())


def precision_factors(covariance: Tensor) -> Tensor:
    """Return lower triangular P with ``P P^T`` the inverse of covariances.

    Parameters
    ----------
    covariance
        Shape ``(*batch, size, size)``, float64.

    Raises
    ------
    ValueError
        If a covariance is not a square matrix, symmetric and positive definite.
    """
    if covariance.ndim < 2 or covariance.shape[-1] != covariance.shape[-2]:
        raise ValueError(
            "covariances must have shape (*batch, K, d, d), a square matrix for each "
            f"component, got {tuple(covariance.shape)}; pass matrices"
        )
    diagonal = covariance.diagonal(dim1=-2, dim2=-1)
    size = diagonal.abs().amax(-1)[..., None, None] if covariance.numel() else 0
    # Round-off of a product of matrices in float32, at most.
    if bool(((covariance - covariance.mT).abs() > 1e-5 * size).any()):
        raise ValueError(
            "covariances must be symmetric, got a matrix that differs from its "
            "transpose; pass covariances, not their factors"
        )
    # With the last parameter first, lower factors of the covariance become upper ones,
    # and the inverse of an upper one, transposed, is lower.
    flipped, failed = torch.linalg.cholesky_ex(covariance.flip(-1, -2))
    if bool((failed > 0).any()):
        lowest = torch.linalg.eigvalsh(covariance).amin(-1)
        raise ValueError(
            "covariances must be positive definite, got one whose lowest eigenvalue is "
            f"{float(lowest.min()):.3g}; parameters that depend linearly on others "
            "have none, and few samples make none"
        )
    return inverses(flipped.flip(-1, -2), upper=True).mT


def inverses(triangles: Tensor, upper: bool = False) -> Tensor:
    """Return the inverses of triangular matrices."""
    size, dtype, device = triangles.shape[-1], triangles.dtype, triangles.device
    one = torch.eye(size, dtype=dtype, device=device).expand_as(triangles)
    found: Tensor = torch.linalg.solve_triangular(triangles, one, upper=upper)
    return found
