"""Convolutions near the border of a masked sky."""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from samplings.arguments import choice_argument, instance_argument, integer_argument

BOUNDARIES = ("filled", "zero")


class MaskedConv(FixedTensors):
    r"""Apply a convolution to maps that are known at some vertices only.

    .. math:: y = m \cdot \text{conv}(F x)

    F copies known values, and fills unknown ones, hop by hop, with the mean of the
    neighbours known so far, weighted by the edges. Results at unknown vertices are 0.

    Parameters
    ----------
    conv
        Layer that takes a signal and an operator, such as
        :class:`~deepsphere_pyg.layers.ChebConv`.
    operator
        Its operator, of V vertices, such as the Laplacian of the padded sampling of
        :func:`samplings.pad_to_parents`.
    mask
        True where maps are known, shape ``(V,)``.
    boundary
        ``"filled"``, or ``"zero"``, by which unknown values are 0.
    hops
        Number of hops that are filled; by default ``conv.K - 1``, all that reach known
        vertices. Vertices farther away are 0.

    Shapes
    ------
    ``x : (*batch, V, in_channels) -> (*batch, V, out_channels)``

    Raises
    ------
    TypeError
        If an argument has a wrong type, or ``conv`` has no K and ``hops`` is not given.
    ValueError
        If the mask does not fit or is False everywhere, the operator is not square, or
        ``hops`` is negative.

    Notes
    -----
    Values of x at unknown vertices have no effect; they may be missing.

    Root mean squares of the difference from the result on the whole sky, in standard
    deviations of it, by distance from the border in pixels (HEALPix nside 32, k = 8,
    heat, 2,918 known pixels with a notch; maps of spectrum :math:`(l + 10)^{-2}` and
    mean 3; a beam of 3 pixels, and the median of 20 random filters of K = 5):

    ============  ==========================  ==========================
    boundary      beam: 0-1.2, 1.2-2.4,       random filters, at the same
                  2.4-4, 4-6 pixels           distances
    ============  ==========================  ==========================
    zero          1.95, .838, .130, .002      1.78, 1.06, 1.22, .077
    response      .339, .174, .035, .001      .702, .697, .547, .026
    own graph     .346, .156, .029, .010      .640, .467, .223, .037
    filled        .325, .144, .022, .000      .586, .422, .205, .010
    ============  ==========================  ==========================

    "Response" divides by the response to the mask, "own graph" is the graph of the part
    alone (``python -m benchmarks.studies.mask_borders``).

    Division by the response to the mask suits positive filters
    (:class:`~deepsphere_pyg.layers.GaussianSmoothing`), not learned ones, whose
    response to a constant may be zero. Mirrored values are not offered: a curved border
    on the sphere has no mirror image, and the graph of the part reflects already.

    Equivariance: that of the convolution, if the mask turns with the map.

    Examples
    --------
    >>> from deepsphere_pyg import ChebConv, laplacian_operator
    >>> from samplings import HEALPix
    >>> sphere = HEALPix(4)
    >>> conv = ChebConv(1, 2, K=3)
    >>> layer = MaskedConv(conv, laplacian_operator(sphere), sphere.lat > 0)
    >>> layer(torch.ones(192, 1)).shape
    torch.Size([192, 2])
    """

    mask: Tensor

    def __init__(
        self,
        conv: nn.Module,
        operator: EdgeOperator,
        mask: npt.ArrayLike,
        *,
        boundary: str = "filled",
        hops: SupportsIndex | None = None,
    ) -> None:
        super().__init__()
        remedy = "pass a layer that takes an operator, such as ChebConv(3, 8, K=3)"
        self.conv = instance_argument("conv", conv, nn.Module, remedy)
        remedy = "make one with deepsphere_pyg.laplacian_operator"
        self.operator = instance_argument("operator", operator, EdgeOperator, remedy)
        self.boundary = choice_argument("boundary", boundary, BOUNDARIES)
        if operator.n_in != operator.n_out:
            raise ValueError(
                "operator must map a sampling to itself, got one from "
                f"{operator.n_in} to {operator.n_out} vertices; pass a Laplacian"
            )
        known = _checked_mask(mask, operator.n_in)
        if hops is None:
            terms = getattr(conv, "K", None)
            if not isinstance(terms, int):
                raise TypeError(
                    "hops must be given for a layer without K, got "
                    f"{type(conv).__name__}; pass the number of hops that it reaches"
                )
            hops = terms - 1
        self.hops = integer_argument("hops", hops, 0) if boundary == "filled" else 0
        filling = _filling(operator.to_scipy(), known, self.hops)
        self.filling = EdgeOperator(filling, dtype=operator.dtype)
        self.keep("mask", known)

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolved maps, zero where they are unknown."""
        y: Tensor = self.conv(self.filling(x), self.operator)
        return torch.where(self.mask[:, None], y, 0)

    def extra_repr(self) -> str:
        """Boundary and hops, for ``repr``."""
        return f"boundary={self.boundary!r}, hops={self.hops}"


def _checked_mask(mask: npt.ArrayLike, vertices: int) -> npt.NDArray[np.bool_]:
    """Return a mask that is True somewhere."""
    known = np.array(mask)
    if known.dtype != bool:
        raise TypeError(
            f"mask must be boolean, True where maps are known, got {known.dtype}; pass "
            "mask > 0, or numpy.isfinite(map)"
        )
    if known.shape != (vertices,):
        raise ValueError(
            f"mask must have shape ({vertices},), one a vertex of the operator, got "
            f"{known.shape}; pass the mask of the sampling that the operator is on"
        )
    if not known.any():
        raise ValueError(
            "mask must be True at a vertex or more, got False everywhere; pass where "
            "maps are known"
        )
    return known


def _filling(
    matrix: sp.csr_array, known: npt.NDArray[np.bool_], hops: int
) -> sp.csr_array:
    """Return the matrix that fills vertices up to a number of hops from known ones."""
    links = abs(matrix - sp.diags_array(matrix.diagonal(), format="csr"))
    filled = sp.csr_array(sp.diags_array(known.astype(np.float64), format="csr"))
    done = known.copy()
    for _ in range(hops):
        weights = links @ done.astype(np.float64)
        new = ~done & (weights > 0)
        scale = np.zeros(len(known))
        scale[new] = 1 / weights[new]
        filled = sp.csr_array(filled + sp.diags_array(scale) @ (links @ filled))
        done |= new
    return filled
