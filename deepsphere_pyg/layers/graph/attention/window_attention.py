"""Attention among the vertices of windows."""

from __future__ import annotations

from torch import Tensor

from deepsphere_pyg.layers.graph.attention.attention_heads import (
    AttentionHeads,
    attended,
    gathered,
)
from deepsphere_pyg.layers.graph.attention.windows import Windows
from samplings.arguments import instance_argument


class WindowAttention(AttentionHeads):
    r"""Average the vertices of each window by learned attention and by area.

    The equation is that of :class:`NeighbourAttention`, with the vertices of the window
    of vertex i in place of its neighbours. Layers alternate between windows and
    shifted ones, so that signals pass the borders of windows.

    Parameters
    ----------
    in_channels, out_channels, heads, degree, isotropic, bias
        As in :class:`NeighbourAttention`.

    Attributes
    ----------
    query, key, value, output
        Linear maps of channels.
    position
        The polynomial of the relative position; None if ``degree`` is 0.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError
        If an argument has the wrong type; in ``forward``, if there are no windows, or
        ``x`` has not their dtype and that of the layer.
    ValueError
        If ``heads`` does not divide ``out_channels``, or a number is too small; in
        ``forward``, if channels or vertices are not those expected.

    Notes
    -----
    Source: Liu et al. 2021, arXiv:2103.14030; Carlsson et al. 2023, arXiv:2307.07313,
    on HEALPix.

    Equivariance: exact for the rotations that map windows onto windows (quarter turns
    of HEALPix, and mirrors if isotropic); not for others, at the borders of windows.

    Examples
    --------
    >>> import torch
    >>> from samplings import HEALPix
    >>> coarsening = HEALPix(4).coarsen()
    >>> first, second = WindowAttention(3, 8, heads=2), WindowAttention(8, 8, heads=2)
    >>> y = first(torch.ones(5, 192, 3), Windows(coarsening))
    >>> second(y, Windows(coarsening, shifted=True)).shape
    torch.Size([5, 192, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        heads: int,
        *,
        degree: int = 4,
        isotropic: bool = False,
        bias: bool = True,
    ) -> None:
        # Here, so that Python names this class where arguments are missing.
        super().__init__(
            in_channels,
            out_channels,
            heads,
            degree=degree,
            isotropic=isotropic,
            bias=bias,
        )

    def forward(self, x: Tensor, windows: Windows) -> Tensor:
        """Return the signals after attention within ``windows``."""
        remedy = "make them with Windows(coarsening)"
        instance_argument("windows", windows, Windows, remedy)
        windows.check_unchanged()
        like = windows.log_area
        x = self._checked(x, windows.n_vertices, like, "this set of windows")
        bias = like[:, None, None, :]
        if self.position is not None:
            bias = bias + self.position(windows.position).movedim(-1, 1)
        query, key, value = (
            self._split(gathered(part, windows.index)) for part in self._heads(x, like)
        )
        # (*batch, window, heads, M, width) -> (*batch, window M, out_channels)
        y = attended(query, key, value, bias)
        y = y.transpose(-3, -2).flatten(-2).flatten(-3, -2)
        y = (gathered(y, windows.place) * windows.share[..., None]).sum(-2)
        result: Tensor = self.output(y.to(x.dtype))
        return result
