"""Maxima over the sources of each target."""

from __future__ import annotations

import torch
from torch import Tensor


def max_windows(offsets: Tensor, indices: Tensor) -> Tensor:
    """Return the sources of each target as a table without gaps.

    Returns
    -------
    Tensor
        Sources of each target, shape ``(n_out, size)``, int64; the first is repeated
        for targets with fewer than ``size``, which changes no maximum. If the sources
        are consecutive and equally many, an empty table ``(0, size)``, since reshaping
        finds them.

    Raises
    ------
    ValueError
        If a target has no source.
    """
    degrees = offsets.long().diff()
    size = int(degrees.max())
    if int(degrees.min()) == 0:
        bad = int(degrees.argmin())
        raise ValueError(
            f"a maximum needs at least one source a target, but target {bad} has no "
            "edge; drop such targets"
        )
    counted = torch.arange(len(indices), device=indices.device)
    if bool((degrees == size).all()) and torch.equal(indices.long(), counted):
        return counted.new_empty(0, size)
    column = torch.arange(size, device=indices.device)
    column = torch.where(column < degrees[:, None], column, 0)
    return indices.long()[offsets[:-1].long()[:, None] + column]


def max_over_windows(x: Tensor, windows: Tensor, n_out: int) -> Tensor:
    """Return the largest source of each of ``n_out`` targets.

    Shapes: ``x : (*batch, n_in, channel) -> (*batch, n_out, channel)``; ``windows`` are
    those of :func:`max_windows`.
    """
    if len(windows) == 0:
        shape = (*x.shape[:-2], n_out, windows.shape[1], x.shape[-1])
        return x.reshape(shape).amax(dim=-2)
    return x[..., windows, :].amax(dim=-2)
