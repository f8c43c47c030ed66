"""Edge weights and masses that a fit has found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from samplings.arrays import FloatArray, ReadOnly


@dataclass(frozen=True, eq=False)
class FittedWeights(ReadOnly):
    r"""Result of :func:`samplings.fit_weights`.

    Parameters
    ----------
    adjacency
        Symmetric positive weights S, shape ``(V, V)``, without diagonal. Links that
        would need a negative weight are left out.
    mass
        Masses m of the vertices, mean one, shape ``(V,)``. The fitted Laplacian
        :math:`L = M^{-1} (\operatorname{diag}(S 1) - S)` is self-adjoint and positive
        semi-definite in the inner product :math:`\sum_i m_i f_i g_i`.
    row_weights
        Weight of each row in the fit, shape ``(V,)``.
    weighting
        ``"fitted"``, ``"fitted-single"`` or ``"fitted-irls"``.
    bandlimit
        Degrees 1 ... bandlimit - 1 were fitted.
    """

    adjacency: sp.csr_array
    mass: FloatArray
    row_weights: FloatArray
    weighting: str
    bandlimit: int

    def matrix(self) -> sp.csr_array:
        """Return the Laplacian :math:`M^{-1} (diag(S 1) - S)`, shape ``(V, V)``."""
        degree = np.asarray(self.adjacency.sum(axis=1)).ravel()
        inverse = sp.diags_array(1 / self.mass, format="csr")
        laplacian = sp.diags_array(degree, format="csr") - self.adjacency
        return sp.csr_array(inverse @ laplacian)
