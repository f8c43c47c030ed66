"""Published equivariance errors, for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def _row(values_e4: tuple[int, ...]) -> Mapping[int, float]:
    """Return errors by degree 10, 20, ..., from their ten thousandths."""
    return MappingProxyType({10 * i: e * 1e-4 for i, e in enumerate(values_e4, 1)})


#: Mean (unsquared) error by degree, for ``(nside, k)`` on HEALPix: combinatorial
#: Laplacian, heat kernel of the chordal distance with the optimal width, symmetrised by
#: the average. Source: figure 2 of Defferrard et al. 2020, arXiv:2012.15000.
PUBLISHED_ERRORS: Mapping[tuple[int, int], Mapping[int, float]] = MappingProxyType(
    {
        (32, 8): _row((1764, 928, 653, 570, 525, 564, 684, 866, 965)),
        (32, 20): _row((826, 372, 202, 169, 138, 164, 212, 276, 330)),
    }
)
