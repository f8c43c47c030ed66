"""Regular grids of colatitude and longitude, with or without the poles."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from samplings.arguments import choice_argument, integer_argument
from samplings.arrays import FloatArray
from samplings.coarsening import Coarsening
from samplings.rings import mid_parallels
from samplings.schemes.quadrature import Rule, clenshaw_curtis, driscoll_healy, fejer
from samplings.schemes.regular_grid import RegularGrid
from samplings.transfer.ring_overlap import conservative_coarsening

SCHEMES = ("fejer", "clenshaw-curtis", "driscoll-healy")


class Equiangular(RegularGrid):
    r"""Grid of equally spaced meridians and parallels.

    ======================  ================================  =========================
    scheme                  colatitudes, i < n                longitudes, j < m
    ======================  ================================  =========================
    ``"fejer"``             :math:`\pi (i + \frac12) / n`     :math:`2\pi (j+\frac12)/m`
    ``"clenshaw-curtis"``   :math:`\pi i / (n - 1)`           :math:`2\pi j / m`
    ``"driscoll-healy"``    :math:`\pi i / n`                 :math:`2\pi j / m`
    ======================  ================================  =========================

    with n = ``n_theta`` and m = ``n_phi``. The first consists of the centres of cells,
    and the cells of a coarser grid are blocks of whole cells of this one. The second
    has both poles and the third the north pole, each as **one vertex**, ``n_phi - 1``
    fewer than entries of the array; see :meth:`to_grid`.

    The weights are exact areas of cells between meridians and parallels halfway
    between the vertices. Vertices go from north to south, and eastwards on each ring.

    Parameters
    ----------
    n_theta
        Number of rings, poles included.
    n_phi
        Number of points on a ring, by default twice the number of steps from pole to
        pole: ``2 * n_theta``, or ``2 * (n_theta - 1)`` with both poles.
    scheme
        ``"fejer"`` (cell centres), ``"clenshaw-curtis"`` or ``"driscoll-healy"``, the
        quadrature rule of the colatitudes.

    Raises
    ------
    TypeError, ValueError
        If a number is not an integer, ``n_theta`` is below 1 (3 with both poles, 2 with
        the north pole), ``n_phi`` below 1, or the scheme unknown.

    Notes
    -----
    :attr:`quadrature` is Fejér's first rule, that of Clenshaw and Curtis, or that of
    Driscoll and Healy (weight 0 at the pole), in equal parts along each ring.

    Examples
    --------
    >>> sampling = Equiangular(4)
    >>> sampling.lon[:3], sampling.lat[::8]
    (array([ 22.5,  67.5, 112.5]), array([ 67.5,  22.5, -22.5, -67.5]))
    >>> sampling.coarsen().coarse
    Equiangular(n_theta=2, n_phi=4) with 8 vertices
    >>> Equiangular(5, scheme="clenshaw-curtis").n_vertices
    26
    """

    config_type = "equiangular"
    scheme: str

    def __init__(
        self, n_theta: int, n_phi: int | None = None, scheme: str = "fejer"
    ) -> None:
        choice_argument("scheme", scheme, SCHEMES)
        poles = {"fejer": 0, "driscoll-healy": 1, "clenshaw-curtis": 2}[scheme]
        n_theta = integer_argument("n_theta", n_theta, 1 + poles)
        steps = n_theta - 1 if scheme == "clenshaw-curtis" else n_theta
        n_phi = 2 * steps if n_phi is None else integer_argument("n_phi", n_phi, 1)
        object.__setattr__(self, "scheme", scheme)
        theta = self._rule(n_theta).theta
        if scheme == "fejer":
            area = (4 * np.pi / n_phi) * np.sin(theta) * np.sin(np.pi / (2 * n_theta))
            edges = np.arange(n_theta + 1) * (np.pi / n_theta)
            super().__init__(theta, n_phi, 1, edges, area)
        else:
            super().__init__(theta, n_phi, 0, mid_parallels(theta))

    def _rule(self, n_theta: int) -> Rule:
        """Return the scheme's rule over colatitude."""
        if self.scheme == "fejer":
            return fejer(n_theta)
        if self.scheme == "clenshaw-curtis":
            return clenshaw_curtis(n_theta)
        return driscoll_healy(n_theta)

    @property
    def config(self) -> dict[str, Any]:
        """Type, ``n_theta``, ``n_phi``, and ``scheme`` unless it is ``"fejer"``."""
        config = {
            "type": self.config_type,
            "n_theta": self.n_theta,
            "n_phi": self.n_phi,
        }
        return config if self.scheme == "fejer" else {**config, "scheme": self.scheme}

    @property
    def name(self) -> str:
        """``equiangular-<n_theta>x<n_phi>``, or ``equiangular-<scheme>-...``."""
        scheme = "" if self.scheme == "fejer" else f"{self.scheme}-"
        return f"equiangular-{scheme}{self.n_theta}x{self.n_phi}"

    @cached_property
    def quadrature(self) -> FloatArray:
        """Weights of the scheme's rule in steradian, shape ``(V,)``."""
        return self.per_vertex(self._rule(self.n_theta).weights)

    @property
    def exact_degree(self) -> int:
        """The lesser of the degrees that the rule over colatitude and a ring allow.

        The rule gives ``n_theta - 1``, and one more if ``n_theta`` is odd; for
        ``"driscoll-healy"`` one less if it is odd. A ring gives ``n_phi - 1``.
        """
        n = self.n_theta
        degree = n - 1 - n % 2 if self.scheme == "driscoll-healy" else n - 1 + n % 2
        return min(degree, self.n_phi - 1)

    def coarsen(self) -> Coarsening:
        """Halve the steps of colatitude and longitude.

        Cell centres merge in blocks of two rings by two longitudes. With poles every
        other ring and longitude stays, and cells are shared by overlapping area.

        Raises
        ------
        ValueError
            If ``n_phi`` is odd; if ``n_theta`` is odd (even with both poles); or if
            there are too few rings off the poles.
        """
        # Steps from pole to pole: one less than rings if both poles are vertices.
        extra = int(self.scheme == "clenshaw-curtis")
        label = "n_theta - 1" if extra else "n_theta"
        steps = self._halved(label, self.n_theta - extra)
        n_phi = self._halved("n_phi", self.n_phi)
        least = 1 if self.scheme == "fejer" else 2
        if steps < least:
            raise ValueError(
                f"n_theta must be at least {2 * least + extra} to coarsen, got "
                f"{self.n_theta}; {self!r} has no coarser one of its scheme"
            )
        coarse = Equiangular(steps + extra, n_phi, self.scheme)
        return conservative_coarsening(self, coarse)

    def _halved(self, label: str, count: int) -> int:
        if count % 2:
            blocks = "merge cells in 2 x 2 blocks"
            aim = blocks if self.scheme == "fejer" else "drop every other ring"
            raise ValueError(
                f"{label} must be even to {aim}, got {count};"
                " start from a multiple of 2 for each coarsening"
            )
        return count // 2
