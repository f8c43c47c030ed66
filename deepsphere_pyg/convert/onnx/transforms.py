"""Transforms on the sphere as matrices, since ONNX has none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

# The operations are registered with PyTorch by the modules that define them.
import deepsphere_pyg.harmonics  # noqa: F401

# Bytes of the largest file of this format.
LARGEST = 2**31 - 1
# Columns of a matrix that are computed at once.
_COLUMNS = 256
# Linear maps of signals (batch, n, channel), whose other arguments are constants.
_NAMES = (
    *("ducc_analysis", "ducc_synthesis", "ring_analysis", "ring_synthesis"),
    *("spin_ring_analysis", "spin_ring_synthesis", "matrix_product"),
)


def transforms() -> list[Any]:
    """Return the operations that are transforms."""
    ops = torch.ops.deepsphere_pyg
    return [getattr(ops, name).default for name in _NAMES]


def matrix_of(
    operation: Any, n: int, dtype: np.dtype[Any], constants: Sequence[Any]
) -> npt.NDArray[Any]:
    """Return the matrix of a transform, of which it makes its unit vectors.

    Parameters
    ----------
    operation
        One of :func:`transforms`.
    n
        Vertices or rows of its signals.
    dtype
        Type of the signals.
    constants
        Its further arguments.
    """
    unit = torch.from_numpy(np.eye(n, dtype=dtype))
    parts = [
        operation(unit[:, first : first + _COLUMNS][None].contiguous(), *constants)[0]
        for first in range(0, n, _COLUMNS)
    ]
    return np.asarray(torch.cat(parts, dim=1).numpy())


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
    size, known = 0, transforms()
    for node in program.graph.nodes:
        if node.target in known:
            x, y = node.args[0].meta["val"], node.meta["val"]
            size += int(x.shape[1]) * int(y.shape[1]) * x.element_size()
    if size > LARGEST:
        raise ValueError(
            f"the transforms of a {name} are matrices of {size / 1e9:.1f} GB in ONNX, "
            "whose files hold 2 GB; use a lower bandlimit, a coarser sampling, or "
            "torch.export"
        )
