"""McEwen-Wiaux grid: the fewest equiangular rings with an exact transform."""

from __future__ import annotations

from functools import cached_property

from samplings.arguments import integer_argument
from samplings.arrays import FloatArray
from samplings.coarsening import Coarsening
from samplings.rings import mid_parallels
from samplings.schemes.quadrature import mcewen_wiaux
from samplings.schemes.regular_grid import RegularGrid
from samplings.transfer.ring_overlap import conservative_coarsening


class McEwenWiaux(RegularGrid):
    r"""Equiangular rings for bandlimit L, including the south pole.

    .. math::
        \theta_t = \frac{\pi (2t + 1)}{2L - 1}, \quad
        \varphi_p = \frac{2\pi p}{2L - 1}, \quad
        t = 0 \dots L - 1, \; p = 0 \dots 2L - 2

    A function of degrees below L is known from its :math:`(L - 1)(2L - 1) + 1` values,
    half as many as on the grid of Driscoll and Healy. The south pole is **one vertex**;
    see :meth:`to_grid`. Vertices go from north to south, and eastwards on each ring.

    Parameters
    ----------
    L
        Bandlimit L: degrees 0 ... L - 1.

    Attributes
    ----------
    n_theta, n_phi
        L and 2L - 1, the shape of a map that repeats the pole.

    Raises
    ------
    TypeError, ValueError
        If ``L`` is not an integer, or below 1.

    Notes
    -----
    The weights are exact areas of cells between meridians and parallels halfway
    between the vertices; :attr:`quadrature` has the weights of the sampling theorem.

    Source: McEwen and Wiaux 2011, IEEE Trans. Signal Process. 59, 5876
    (arXiv:1110.6298).

    Examples
    --------
    >>> sampling = McEwenWiaux(4)
    >>> sampling, sampling.exact_degree
    (McEwenWiaux(L=4) with 22 vertices, 3)
    """

    config_type = "mcewen-wiaux"
    config_keys = ("L",)
    L: int

    def __init__(self, L: int) -> None:
        L = integer_argument("L", L, 1)
        object.__setattr__(self, "L", L)
        theta = mcewen_wiaux(L).theta
        super().__init__(theta, 2 * L - 1, 0, mid_parallels(theta))

    @cached_property
    def quadrature(self) -> FloatArray:
        """Weights of the McEwen-Wiaux rule in steradian, shape ``(V,)``."""
        return self.per_vertex(mcewen_wiaux(self.L).weights)

    @property
    def exact_degree(self) -> int:
        """``L - 1``."""
        return self.L - 1

    def coarsen(self) -> Coarsening:
        """Halve the bandlimit, rounded up, and share cells by overlapping area.

        Raises
        ------
        ValueError
            If ``L`` is 1.
        """
        if self.L == 1:
            raise ValueError(
                "L must be at least 2 to halve it, got 1; "
                "start from twice as much for each coarsening"
            )
        return conservative_coarsening(self, McEwenWiaux((self.L + 1) // 2))
