"""Regular grid of colatitude and longitude, cut at the poles like a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from samplings.arguments import integer_argument
from samplings.base import Coarsening, Sampling


class Equiangular(Sampling):
    r"""Centres of the cells of a grid of meridians and parallels.

    .. math::
        \theta_i = \left(i + \tfrac12\right) \frac{\pi}{n_\theta}, \quad
        \varphi_j = \left(j + \tfrac12\right) \frac{2\pi}{n_\varphi}, \quad
        a_{ij} = \frac{4\pi}{n_\varphi} \sin\theta_i \sin\frac{\pi}{2 n_\theta}

    Longitudes are cell centres too, so that the cells of a coarser grid are blocks of
    whole cells of this one. The areas :math:`a_{ij}` are exact. Vertex
    ``i * n_phi + j`` is ring i from the north and longitude j: a map
    ``(n_theta, n_phi)`` flattens into a signal.

    Parameters
    ----------
    n_theta
        Number of rings.
    n_phi
        Number of points in a ring, by default ``2 * n_theta``.

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If ``n_theta < 1`` or ``n_phi < 1``.

    Examples
    --------
    >>> sampling = Equiangular(4)
    >>> sampling.lon[:3], sampling.lat[::8]
    (array([ 22.5,  67.5, 112.5]), array([ 67.5,  22.5, -22.5, -67.5]))
    >>> sampling.coarsen().coarse
    Equiangular(n_theta=2, n_phi=4) with 8 vertices
    """

    n_theta: int
    n_phi: int

    def __init__(self, n_theta: int, n_phi: int | None = None) -> None:
        n_theta = integer_argument("n_theta", n_theta, 1)
        n_phi = 2 * n_theta if n_phi is None else integer_argument("n_phi", n_phi, 1)
        object.__setattr__(self, "n_theta", n_theta)
        object.__setattr__(self, "n_phi", n_phi)
        theta = (np.arange(n_theta) + 0.5) * (np.pi / n_theta)
        phi = (np.arange(n_phi) + 0.5) * (2 * np.pi / n_phi)
        xyz = np.empty((n_theta, n_phi, 3))
        xyz[..., 0] = np.sin(theta)[:, None] * np.cos(phi)
        xyz[..., 1] = np.sin(theta)[:, None] * np.sin(phi)
        xyz[..., 2] = np.cos(theta)[:, None]
        area = (4 * np.pi / n_phi) * np.sin(theta) * np.sin(np.pi / (2 * n_theta))
        super().__init__(xyz.reshape(-1, 3), np.repeat(area, n_phi))

    @property
    def config(self) -> dict[str, Any]:
        """``{"type": "equiangular", "n_theta": ..., "n_phi": ...}``."""
        return {"type": "equiangular", "n_theta": self.n_theta, "n_phi": self.n_phi}

    @property
    def name(self) -> str:
        """``equiangular-<n_theta>x<n_phi>``."""
        return f"equiangular-{self.n_theta}x{self.n_phi}"

    def coarsen(self) -> Coarsening:
        """Merge blocks of two rings by two longitudes.

        Raises
        ------
        ValueError
            If ``n_theta`` or ``n_phi`` is odd.
        """
        for label, count in (("n_theta", self.n_theta), ("n_phi", self.n_phi)):
            if count % 2:
                raise ValueError(
                    f"{label} must be even to merge cells in 2 x 2 blocks, got {count};"
                    " start from a multiple of 2 for each coarsening"
                )
        coarse = Equiangular(self.n_theta // 2, self.n_phi // 2)
        ring, column = np.divmod(np.arange(len(self)), self.n_phi)
        parent = (ring // 2) * coarse.n_phi + column // 2
        share = sp.csr_array(
            (np.ones(len(self)), (parent, np.arange(len(self)))),
            shape=(len(coarse), len(self)),
        )
        return Coarsening(self, coarse, share)
