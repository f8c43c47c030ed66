"""Samplings of the rotation group: grids of Euler angles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, SupportsIndex

import numpy as np

from samplings.arguments import choice_argument, integer_argument
from samplings.arrays import FloatArray, ReadOnly, read_only
from samplings.schemes.quadrature import (
    Rule,
    driscoll_healy,
    fejer,
    gauss_legendre,
    mcewen_wiaux,
)

# For each scheme the rule in beta, and whether it has 2L points with 2L and 2N turns
# about z, instead of the fewest: L points with 2L - 1 and 2N - 1 turns.
_RULES: dict[str, tuple[Callable[[int], Rule], bool]] = {
    "mcewen-wiaux": (mcewen_wiaux, False),
    "gauss-legendre": (gauss_legendre, False),
    "driscoll-healy": (driscoll_healy, True),
    "kostelec-rockmore": (fejer, True),
}
SCHEMES = tuple(_RULES)


@dataclass(frozen=True, init=False, repr=False)
class SO3Grid(ReadOnly):
    r"""Grid of rotations by Euler angles ZYZ, with an exact transform.

    .. math::
        R = R_z(\alpha_a) R_y(\beta_b) R_z(\gamma_g), \quad
        \alpha_a = 2\pi a / n_\alpha, \quad \gamma_g = 2\pi g / n_\gamma

    =======================  ===========================  ==  ==========  =========
    scheme                   :math:`\beta_b`, b < T       T   n_alpha     n_gamma
    =======================  ===========================  ==  ==========  =========
    ``"mcewen-wiaux"``       :math:`\pi(2b+1)/(2L-1)`     L   2L - 1      2N - 1
    ``"gauss-legendre"``     :math:`P_L(\cos\beta_b)=0`   L   2L - 1      2N - 1
    ``"driscoll-healy"``     :math:`\pi b/2L`             2L  2L          2N
    ``"kostelec-rockmore"``  :math:`\pi(2b+1)/4L`         2L  2L          2N
    =======================  ===========================  ==  ==========  =========

    A function of degrees below L and of orders :math:`|n| < N` in :math:`\gamma` is
    known from its values on any of them. The first two have the fewest points; the last
    two are those of earlier spherical CNNs. A signal is an array of :attr:`shape`, with
    axes :math:`\beta, \alpha, \gamma`. With N = 1 it is a grid of the sphere. Where
    :math:`\beta` is 0 or :math:`\pi`, different angles give the same rotation, which is
    repeated.

    Parameters
    ----------
    L
        Bandlimit: degrees below L.
    N
        Azimuthal bandlimit, at most L: orders :math:`|n| < N` about the axis that is
        rotated; by default L.
    scheme
        One of those above.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer, or below 1, N above L, or the scheme unknown.

    Notes
    -----
    Sources: McEwen et al. 2015 (arXiv:1508.03101), section III; Driscoll and Healy
    1994, Adv. Appl. Math. 15, 202; Kostelec and Rockmore 2008, J. Fourier Anal. Appl.
    14, 145.

    Examples
    --------
    >>> grid = SO3Grid(4, 2)
    >>> grid, grid.shape, grid.exact_degree
    (SO3Grid(4, 2, 'mcewen-wiaux') with 84 points, (4, 7, 3), 3)
    >>> float(grid.weights.sum() / np.pi**2)
    8.0
    """

    L: int
    N: int
    scheme: str

    def __init__(
        self,
        L: SupportsIndex,
        N: SupportsIndex | None = None,
        scheme: str = "mcewen-wiaux",
    ) -> None:
        degrees = integer_argument("L", L, 1)
        orders = degrees
        if N is not None:
            orders = integer_argument("N", N, 1)
        if orders > degrees:
            raise ValueError(
                f"N must be at most L = {degrees}, got "
                f"{orders}: degree l has orders |n| <= l only; pass {degrees} for all"
            )
        object.__setattr__(self, "L", degrees)
        object.__setattr__(self, "N", orders)
        object.__setattr__(self, "scheme", choice_argument("scheme", scheme, SCHEMES))

    @property
    def config(self) -> dict[str, Any]:
        """Settings, as JSON has them: ``SO3Grid(**config)`` rebuilds the grid."""
        return {
            "L": self.L,
            "N": self.N,
            "scheme": self.scheme,
        }

    @property
    def name(self) -> str:
        """``so3-<scheme>-<L>-<N>``."""
        return f"so3-{self.scheme}-{self.L}-{self.N}"

    def __repr__(self) -> str:
        return f"SO3Grid({self.L}, {self.N}, {self.scheme!r}) with {len(self)} points"

    # -- points -----------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of beta, alpha and gamma."""
        more = _RULES[self.scheme][1]
        n_beta = (2 if more else 1) * self.L
        fewer = 0 if more else 1
        n_alpha = 2 * self.L - fewer
        return n_beta, n_alpha, 2 * self.N - fewer

    def __len__(self) -> int:
        n_beta, n_alpha, n_gamma = self.shape
        return n_beta * n_alpha * n_gamma

    @cached_property
    def beta(self) -> FloatArray:
        """Second Euler angle in radian, in [0, pi], shape ``(n_beta,)``."""
        return self._rule.theta

    @cached_property
    def alpha(self) -> FloatArray:
        """First Euler angle, in [0, 2 pi), shape ``(n_alpha,)``."""
        return read_only(np.arange(self.shape[1]) * (2 * np.pi / self.shape[1]))

    @cached_property
    def gamma(self) -> FloatArray:
        """Third Euler angle, in [0, 2 pi), shape ``(n_gamma,)``."""
        return read_only(np.arange(self.shape[2]) * (2 * np.pi / self.shape[2]))

    @cached_property
    def angles(self) -> FloatArray:
        """Angles alpha, beta, gamma of all points, shape ``(P, 3)``."""
        angles = np.meshgrid(self.beta, self.alpha, self.gamma, indexing="ij")
        beta, alpha, gamma = angles
        return read_only(np.stack([alpha, beta, gamma], axis=-1).reshape(-1, 3))

    # -- quadrature -------------------------------------------------------------
    @cached_property
    def beta_weights(self) -> FloatArray:
        r"""Weights of :math:`\int \cdot \sin\beta \, d\beta`, summing to 2."""
        return self._rule.weights

    @cached_property
    def weights(self) -> FloatArray:
        r"""Quadrature weights of all points, shape ``(P,)``, summing to :math:`8\pi^2`.

        .. math:: \int F(R) \, dR = \int_0^{2\pi} d\alpha \int_0^\pi \sin\beta \, d\beta
            \int_0^{2\pi} d\gamma \; F \approx \sum_i w_i F(R_i)

        Exact for :math:`D^l_{mn}` of degrees up to :attr:`exact_degree` and orders
        :math:`|n|` up to :attr:`exact_order`; not negative.
        """
        _, n_alpha, n_gamma = self.shape
        ring = self.beta_weights * (4 * np.pi**2 / (n_alpha * n_gamma))
        return read_only(np.repeat(ring, n_alpha * n_gamma))

    @property
    def exact_degree(self) -> int:
        """Largest degree that :attr:`weights` integrate exactly.

        L - 1 for McEwen and Wiaux, 2L - 2 for Gauss and Legendre, 2L - 1 otherwise.
        """
        return min(self._rule.degree, self.shape[1] - 1)

    @property
    def exact_order(self) -> int:
        """Largest order n about the rotated axis that is integrated: n_gamma - 1."""
        return self.shape[2] - 1

    @property
    def _rule(self) -> Rule:
        return _RULES[self.scheme][0](self.shape[0])
