"""Transforms on the sphere as matrices, since ONNX has none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

# Bytes of the largest file of this format, in float32.
LARGEST = 2**31 - 1


def synthesis_matrix(
    geometry: Tensor, rings: Sequence[int], L: int, scheme: str, spin: int
) -> npt.NDArray[np.float64]:
    """Return the matrix from coefficients to signals, whose transpose analyses.

    Parameters
    ----------
    geometry, rings, L, scheme, spin
        Those of the operations ``ducc_analysis`` and ``ducc_synthesis``.

    Returns
    -------
    array
        Shape ``(vertex, row)``.
    """
    rows = (2 if spin else 1) * L * L
    unit = torch.eye(rows, dtype=torch.float64)[None]
    options = (geometry.cpu(), list(rings), L, scheme, spin)
    found: Tensor = torch.ops.deepsphere_pyg.ducc_synthesis(unit, *options)
    return np.asarray(found[0].numpy())


def refuse_large_transforms(program: torch.export.ExportedProgram, name: str) -> None:
    """Refuse a program whose transforms would be matrices beyond the limit of a file.

    Parameters
    ----------
    program
        The traced program.
    name
        Name of the model.

    Raises
    ------
    ValueError
        If they would.
    """
    ops = torch.ops.deepsphere_pyg
    size = 0
    for node in program.graph.nodes:
        if node.target in (ops.ducc_analysis.default, ops.ducc_synthesis.default):
            _, _, rings, L, _, spin = node.args
            parts = 4 if spin else 1
            size += 4 * parts * L * L * sum(max(n, 1) for n in rings)
    if size > LARGEST:
        raise ValueError(
            f"the transforms of a {name} are matrices of {size / 1e9:.1f} GB in ONNX, "
            "whose files hold 2 GB; use a lower bandlimit, a coarser sampling, or "
            "torch.export"
        )


def dtype_of(value: Any) -> np.dtype[Any]:
    """Return the type of a value of ONNX's graph."""
    return np.dtype(value.dtype.numpy())
