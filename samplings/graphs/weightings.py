"""The edge weights there are, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Weighting:
    r"""A way to give weights to the links of a graph: always the same both ways.

    Parameters
    ----------
    name
        Key in :data:`WEIGHTINGS`.
    description
        Definition of the weights.
    source
        Where it comes from.
    options
        Which of ``t``, ``distance`` and ``symmetrize`` it takes.
    pattern
        Whom it links: ``"neighbours"``, or the corners of a ``"triangulation"``.
    uses_mass
        Whether vertices have masses, the areas of their cells or, for fitted weights,
        numbers near them: then the Laplacian is
        :math:`M^{-1}(D - S)`, self-adjoint in the inner product of masses; otherwise
        it is :math:`D - S`, symmetric.
    non_negative
        Whether no weight is ever negative.
    semi_definite
        Whether the Laplacian has no negative eigenvalue, whatever the points.
    """

    name: str
    description: str
    source: str
    options: tuple[str, ...] = ()
    pattern: str = "neighbours"
    uses_mass: bool = False
    non_negative: bool = True
    semi_definite: bool = True


_ALL = (
    Weighting(
        "heat",
        "exp(-d^2 / 4t), one width t for all links",
        "Defferrard et al. 2020, arXiv:2012.15000, section 3",
        options=("t", "distance", "symmetrize"),
    ),
    Weighting(
        "self-tuned",
        "exp(-d^2 / (4 c s_i s_j)), with s_i the root mean square length of the links "
        "of vertex i, and c = 0.0844 + 0.411/k, for which it is the heat kernel of the "
        "default width where all s are equal",
        "Zelnik-Manor and Perona 2004, Self-tuning spectral clustering, NIPS 17, who "
        "take the distance of the 7th neighbour for s",
        options=("distance", "symmetrize"),
    ),
    Weighting(
        "inverse-distance",
        "1 / d",
        "Khasanova and Frossard 2017, Graph-based classification of omnidirectional "
        "images, ICCV workshops",
        options=("distance", "symmetrize"),
    ),
    Weighting(
        "area-corrected",
        "m_i m_j exp(-d^2 / 4t), with m the areas of the cells over their mean: the "
        "density of the points cancels",
        "Coifman and Lafon 2006, Diffusion maps, Appl. Comput. Harmon. Anal. 21, 5, "
        "with alpha = 1",
        options=("t", "distance", "symmetrize"),
        uses_mass=True,
    ),
    Weighting(
        "fitted",
        "those of least equivariance error on the links, all degrees weighed against "
        "the heat kernel; masses of the vertices are fitted too",
        "this library: samplings.fitting.fitted",
        uses_mass=True,
    ),
    Weighting(
        "fitted-single",
        "fitted in one step from heat weights",
        "this library: samplings.fitting.fitted",
        uses_mass=True,
    ),
    Weighting(
        "fitted-irls",
        "fitted for the least geometric mean of the errors: lower still at low "
        "degrees, higher at the highest",
        "this library: samplings.fitting.fitted",
        uses_mass=True,
    ),
    Weighting(
        "finite-volume",
        "length of the side that two Voronoi cells share, over the chord between their "
        "points",
        "Du, Gunzburger and Ju 2003, Voronoi-based finite volume methods, optimal "
        "Voronoi meshes, and PDEs on the sphere, Comput. Methods Appl. Mech. Engrg. "
        "192, 3933",
        pattern="triangulation",
        uses_mass=True,
    ),
    Weighting(
        "cotangent",
        "(cot a + cot b) / 2, with a and b the angles opposite to the link in the "
        "triangles beside it: linear finite elements",
        "Dziuk 1988, Finite elements for the Beltrami operator on arbitrary surfaces, "
        "Lecture Notes in Mathematics 1357, 142",
        pattern="triangulation",
        uses_mass=True,
    ),
)

#: Edge weights by name.
WEIGHTINGS: Mapping[str, Weighting] = MappingProxyType(
    {kind.name: kind for kind in _ALL}
)
