"""Kinds of edge weights, each with the options that it takes."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from samplings.arguments import (
    choice_argument,
    extent_argument,
    positive_argument,
    shown,
)

NEIGHBOURS, TRIANGULATION = "neighbours", "triangulation"


@dataclass(frozen=True, kw_only=True)
class Weighting:
    r"""A rule for the weights of the links of a graph, symmetric and not negative.

    Vertices may have masses m, the areas of their cells or, for fitted weights, numbers
    near them; the Laplacian is then :math:`M^{-1}(D - A)`, otherwise :math:`D - A`.

    Attributes
    ----------
    name
        Key in :data:`samplings.WEIGHTINGS`, short for the default options.
    pattern
        Vertices that it links: ``"neighbours"``, or corners of a ``"triangulation"``.
    """

    name: ClassVar[str]
    pattern: ClassVar[str] = NEIGHBOURS

    @property
    def config(self) -> dict[str, Any]:
        """JSON-serialisable description: the name and all options."""
        return {"name": self.name, **asdict(self)}


W = TypeVar("W", bound=Weighting)
_KINDS: dict[str, type[Weighting]] = {}


def _kind(kind: type[W]) -> type[W]:
    """List a kind of edge weights, whose messages about options name its own class."""
    build = kind.__init__
    names = [option.name for option in fields(kind)]
    takes = f"its options by name ({', '.join(names)})" if names else "no options"
    remedy = f"write it as {kind.__name__}({f'{names[-1]}=...' if names else ''})"

    @functools.wraps(build)
    def init(self: W, *unnamed: Any, **options: Any) -> None:
        unknown = [name for name in options if name not in names]
        if unnamed or unknown:
            given = shown(unnamed[0]) if unnamed else f"{unknown[0]}="
            raise TypeError(f"{kind.__name__} takes {takes}, got {given}; {remedy}")
        build(self, **options)

    kind.__init__ = init  # type: ignore[assignment, method-assign]
    _KINDS[kind.name] = kind
    return kind


@dataclass(frozen=True, kw_only=True)
class Kernel(Weighting):
    """Weights that are a function of the distance; options as for :class:`Heat`."""

    distance: str = "chordal"
    symmetrize: str = "average"

    def __post_init__(self) -> None:
        choice_argument("distance", self.distance, ("chordal", "geodesic"))
        choice_argument("symmetrize", self.symmetrize, ("average", "union"))


@dataclass(frozen=True, kw_only=True)
class WidthKernel(Kernel):
    """Kernels with a width t."""

    t: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.t is not None:
            t = positive_argument("t", self.t, "leave it out for the default width")
            object.__setattr__(self, "t", t)


@_kind
class Heat(WidthKernel):
    r""":math:`w_{ij} = e^{-d_{ij}^2 / 4t}`, one width t for all links; no masses.

    Parameters
    ----------
    t
        Width in squared radian; by default :func:`samplings.kernel_width`.
    distance
        ``"chordal"``, :math:`d_{ij} = \|x_i - x_j\|`, as published; or ``"geodesic"``,
        the angle between the two in radian.
    symmetrize
        Weight of a link that only one end has: ``"average"`` of the two directions,
        as published (half the weight), or ``"union"`` (all of it).

    Raises
    ------
    TypeError
        If ``t`` is not a number.
    ValueError
        If ``t`` is not positive and finite, or another option is not one of these.

    Notes
    -----
    Source: Defferrard et al. 2020, arXiv:2012.15000, section 3.

    Examples
    --------
    >>> from samplings import HEALPix, knn_graph
    >>> knn_graph(HEALPix(4), 8, Heat(t=0.02)).t
    0.02
    """

    name = "heat"


@_kind
class SelfTuned(Kernel):
    r""":math:`w_{ij} = e^{-d_{ij}^2 / (4 c s_i s_j)}`; no masses.

    :math:`s_i` is the root mean square length of the links of vertex i, and
    :math:`c = 0.0844 + 0.411 / k`: where all s are equal, it is the heat kernel of the
    default width.

    Parameters
    ----------
    distance, symmetrize
        As for :class:`Heat`.

    Notes
    -----
    Source: Zelnik-Manor and Perona 2004, Self-tuning spectral clustering, NIPS 17, who
    take the distance of the 7th neighbour for s.
    """

    name = "self-tuned"


@_kind
class InverseDistance(Kernel):
    r""":math:`w_{ij} = 1 / d_{ij}`; no masses.

    Parameters
    ----------
    distance, symmetrize
        As for :class:`Heat`.

    Notes
    -----
    Source: Khasanova and Frossard 2017, Graph-based classification of omnidirectional
    images, ICCV workshops.
    """

    name = "inverse-distance"


@_kind
class AreaCorrected(WidthKernel):
    r""":math:`w_{ij} = m_i m_j e^{-d_{ij}^2 / 4t}`: the density of the points cancels.

    The masses m are the areas of the cells over their mean.

    Parameters
    ----------
    t, distance, symmetrize
        As for :class:`Heat`.

    Notes
    -----
    Source: Coifman and Lafon 2006, Diffusion maps, Appl. Comput. Harmon. Anal. 21, 5,
    with alpha = 1.
    """

    name = "area-corrected"


@_kind
class Fitted(Weighting):
    """Weights and masses of the least equivariance error, see :func:`fit_weights`."""

    name = "fitted"


@_kind
class FittedSingle(Fitted):
    """Fitted in one step from heat weights, for speed."""

    name = "fitted-single"


@_kind
class FittedIRLS(Fitted):
    """Fitted for the least geometric mean of the errors.

    Compared with :class:`Fitted`, errors are lower at low degrees, and higher at the
    highest.
    """

    name = "fitted-irls"


@_kind
@dataclass(frozen=True, kw_only=True)
class FiniteVolume(Weighting):
    """Length of the side that two Voronoi cells share, over the chord of their points.

    The masses are the areas of the cells.

    Parameters
    ----------
    extent
        Angle in radian up to which a cell reaches from its point, for stations of a
        region: the one given to :class:`samplings.Irregular` for their areas. Cells
        share only the part of a side within it.

    Raises
    ------
    TypeError, ValueError
        If ``extent`` is not a number in (0, pi].

    Notes
    -----
    Source: Du, Gunzburger and Ju 2003, Voronoi-based finite volume methods, optimal
    Voronoi meshes, and PDEs on the sphere, Comput. Methods Appl. Mech. Engrg. 192,
    3933.
    """

    name = "finite-volume"
    pattern = TRIANGULATION
    extent: float | None = None

    def __post_init__(self) -> None:
        if self.extent is not None:
            object.__setattr__(self, "extent", extent_argument(self.extent))


@_kind
class Cotangent(Weighting):
    r"""Linear finite elements: :math:`\tfrac12 (\cot\alpha + \cot\beta)`.

    The angles are those opposite to the link in the two flat triangles beside it, and
    the masses are the areas of the cells.

    Notes
    -----
    Source: Dziuk 1988, Finite elements for the Beltrami operator on arbitrary surfaces,
    Lecture Notes in Mathematics 1357, 142.
    """

    name = "cotangent"
    pattern = TRIANGULATION


#: Kinds of edge weights by name.
WEIGHTINGS: Mapping[str, type[Weighting]] = MappingProxyType(_KINDS)
#: Names of the weightings of nearest neighbours, and of those of a triangulation.
OF_NEIGHBOURS, OF_TRIANGULATIONS = (
    tuple(name for name, kind in WEIGHTINGS.items() if kind.pattern == pattern)
    for pattern in (NEIGHBOURS, TRIANGULATION)
)


def weighting_argument(
    value: str | Weighting, choices: tuple[str, ...], remedy: str = ""
) -> Weighting:
    """Return a weighting, or the one of a name, if its name is in ``choices``.

    ``remedy`` ends the message where it is not; by default, which graph takes it.
    """
    kind = value
    if isinstance(kind, str):
        # Names of other graphs have a message of their own below.
        named = choices if kind not in WEIGHTINGS else tuple(WEIGHTINGS)
        kind = WEIGHTINGS[choice_argument("weighting", kind, named)]()
    if not isinstance(kind, Weighting):
        call = isinstance(kind, type) and issubclass(kind, Weighting)
        raise TypeError(
            "weighting must be a name or a weighting with its options, such as "
            f"Heat(t=0.01), got {shown(kind)}; "
            f"{f'call it: {kind.__name__}()' if call else 'pass one of these'}"
        )
    if kind.name not in choices:
        maker = "delaunay_graph" if kind.pattern == TRIANGULATION else "knn_graph"
        raise ValueError(
            f"weighting must be {' or '.join(map(repr, choices))}, got {kind.name!r}; "
            f"{remedy or f'choose one of them, or pass {kind.name!r} to {maker}'}"
        )
    return kind


def weighting_from_config(config: Mapping[str, Any]) -> Weighting:
    """Rebuild a weighting from its :attr:`Weighting.config`."""
    if not isinstance(config, Mapping):
        raise ValueError(f"a weighting must be a mapping, got {config!r}")
    options = dict(config)
    name = choice_argument("weighting", options.pop("name", ""), tuple(WEIGHTINGS))
    kind = WEIGHTINGS[name]
    unknown = set(options) - set(kind().config)
    if unknown:
        raise ValueError(
            f"{name!r} weights have no option {', '.join(sorted(map(str, unknown)))}; "
            "leave it out"
        )
    return kind(**options)
