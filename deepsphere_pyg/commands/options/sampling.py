"""Options that choose samplings, shared by the commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

# As a whole, since its names take seconds to load, and the help does without.
import samplings
from deepsphere_pyg.commands.options.parsing import METAVAR, Options

if TYPE_CHECKING:
    from samplings import Sampling


@dataclass(frozen=True)
class Scheme:
    """A kind of sampling and its number, as in ``healpix:32``.

    Parameters
    ----------
    resolution
        Meaning of the number.
    default
        Number if it is not given.
    build
        Function from the number to the sampling.
    option
        Another option for the number, without dashes, or "".
    """

    resolution: str
    default: int
    build: Callable[[int], Sampling]
    option: str = ""


SCHEMES: dict[str, Scheme] = {
    "healpix": Scheme("nside", 32, lambda n: samplings.HEALPix(n), "nside"),
    "equiangular": Scheme(
        "rings, cell-centred", 64, lambda n: samplings.Equiangular(n), "n_theta"
    ),
    "clenshaw-curtis": Scheme(
        "rings, with both poles",
        65,
        lambda n: samplings.Equiangular(n, 2 * (n - 1), scheme="clenshaw-curtis"),
    ),
    "driscoll-healy": Scheme(
        "rings, with the north pole",
        64,
        lambda n: samplings.Equiangular(n, scheme="driscoll-healy"),
    ),
    "gauss-legendre": Scheme("bandlimit", 64, lambda n: samplings.GaussLegendre(n)),
    "octahedral": Scheme(
        "rings from pole to equator",
        32,
        lambda n: samplings.ReducedGaussian.octahedral(n),
    ),
    "mcewen-wiaux": Scheme("bandlimit", 64, lambda n: samplings.McEwenWiaux(n)),
    "icosahedral": Scheme(
        "subdivisions", 5, lambda n: samplings.Icosahedral(n), "level"
    ),
    "icosahedral-triangles": Scheme(
        "subdivisions", 4, lambda n: samplings.IcosahedralTriangles(n)
    ),
    "cubed-sphere": Scheme(
        "cells along an edge", 32, lambda n: samplings.CubedSphere(n)
    ),
    "fibonacci": Scheme("points", 10_000, lambda n: samplings.Fibonacci(n)),
}
# What is built if nothing is said, of each kind of sampling.
_DEFAULTS: dict[str, Any] = {
    "sampling": "healpix",
    "nside": 32,
    "n_theta": 64,
    "level": 5,
    "duplicates": "refuse",
}
# Value of --sampling for the points of a file, which have no resolution.
POINTS = "points"
# Value of --sampling for the grid of files.
OWN = "own"
_NAMED = {METAVAR: "NAME[:NUMBER]"}


@dataclass(frozen=True, kw_only=True)
class SamplingOptions(Options):
    """Sampling.

    Parameters
    ----------
    sampling
        Sampling of the sphere, optionally with its resolution; with the usual
        resolutions: healpix:32, equiangular:64, clenshaw-curtis:65, driscoll-healy:64,
        gauss-legendre:64, octahedral:32, mcewen-wiaux:64, icosahedral:5,
        icosahedral-triangles:4, cubed-sphere:32, fibonacci:10000; or points with
        --points; or, for fields in files, own: their grid (default: that of
        --checkpoint, else healpix).
    nside
        HEALPix resolution (default: 32).
    n_theta
        Rings of the equiangular grid (default: 64).
    n_phi
        Longitudes of the equiangular grid (default: twice the rings).
    level
        Icosahedral subdivisions (default: 5).
    points
        Csv, txt, npy or npz file of longitudes and latitudes in degrees, or of x, y, z.
    extent
        Largest distance of a point of --points from the border of its cell; for
        regional sets of points.
    duplicates
        Treatment of points that occur twice in --points (default: refuse).
    """

    sampling: str | None = field(default=None, metadata=_NAMED)
    nside: int | None = None
    n_theta: int | None = None
    n_phi: int | None = None
    level: int | None = None
    points: Path | None = None
    extent: float | None = field(default=None, metadata={METAVAR: "RADIAN"})
    duplicates: Literal["refuse", "merge"] | None = None

    def __post_init__(self) -> None:
        if self.sampling is not None:
            sampling_spec(self.sampling)
        super().__post_init__()

    @property
    def names_sampling(self) -> bool:
        """Whether an option of the sampling is given."""
        names = SamplingOptions.__annotations__
        return any(getattr(self, name) is not None for name in names)

    def with_sampling_defaults(self) -> Self:
        """Return the options with the defaults of the sampling."""
        missing = {k: v for k, v in _DEFAULTS.items() if getattr(self, k) is None}
        return replace(self, **missing)


@dataclass(frozen=True, kw_only=True)
class SamplingsOptions(Options):
    """Samplings.

    Parameters
    ----------
    sampling
        Samplings of the sphere, optionally with their resolutions; with the usual
        resolutions: healpix:32, equiangular:64, clenshaw-curtis:65, driscoll-healy:64,
        gauss-legendre:64, octahedral:32, mcewen-wiaux:64, icosahedral:5,
        icosahedral-triangles:4, cubed-sphere:32, fibonacci:10000; or points with
        --points.
    nside
        HEALPix resolutions.
    n_theta
        Rings of the equiangular grids.
    n_phi
        Longitudes of the equiangular grids (default: twice the rings).
    level
        Icosahedral subdivisions.
    points
        Csv, txt, npy or npz file of longitudes and latitudes in degrees, or of x, y, z.
    extent
        Largest distance of a point of --points from the border of its cell; for
        regional sets of points.
    duplicates
        Treatment of points that occur twice in --points (default: refuse).
    """

    sampling: tuple[str, ...] = field(default=("healpix",), metadata=_NAMED)
    nside: tuple[int, ...] = (32,)
    n_theta: tuple[int, ...] = (32,)
    n_phi: int | None = None
    level: tuple[int, ...] = (4,)
    points: Path | None = None
    extent: float | None = field(default=None, metadata={METAVAR: "RADIAN"})
    duplicates: Literal["refuse", "merge"] | None = None

    def __post_init__(self) -> None:
        for spec in self.sampling:
            sampling_spec(spec)
        super().__post_init__()


def sampling_spec(text: str) -> str:
    """Check a value of ``--sampling``: a scheme, or a scheme and its number.

    Raises
    ------
    ValueError
        If the scheme is unknown, or its number is not an integer.

    Examples
    --------
    >>> sampling_spec("gauss-legendre:48")
    'gauss-legendre:48'
    """
    name, colon, number = text.partition(":")
    if text in (POINTS, OWN) or (name in SCHEMES and not colon):
        return text
    if name not in SCHEMES:
        raise ValueError(
            f"--sampling: unknown sampling {name!r}; choose from {', '.join(SCHEMES)}, "
            f"{POINTS}"
        )
    try:
        int(number)
    except ValueError:
        raise ValueError(
            f"--sampling: expected an integer ({SCHEMES[name].resolution}) after "
            f"{name}:, got {number!r}; pass {name}:{SCHEMES[name].default}, for example"
        ) from None
    return text


def samplings_of(
    options: SamplingOptions | SamplingsOptions, nest: bool = True
) -> list[Sampling]:
    """Build the samplings that the options name, coarsest first, each once.

    Parameters
    ----------
    options
        The options.
    nest
        Whether HEALPix pixels are numbered in the NESTED scheme.

    Raises
    ------
    ValueError
        If ``--sampling points`` comes without ``--points`` or the reverse, or a
        resolution is bad.
    """
    given = options.sampling or ("healpix",)
    given = (given,) if isinstance(given, str) else given
    if options.points is not None and POINTS not in given:
        raise ValueError(
            f"--points {options.points} needs --sampling {POINTS}, got --sampling "
            f"{' '.join(given)}; pass --sampling {POINTS}, or leave out --points"
        )
    built: list[Sampling] = []
    for spec in dict.fromkeys(given):
        name, _, number = spec.partition(":")
        if name == OWN:
            raise ValueError(
                "--sampling own is the grid of files, which this command does not "
                "read so; name a sampling, such as healpix:32"
            )
        if name == POINTS:
            if options.points is None:
                raise ValueError("--sampling points needs --points FILE")
            points = samplings.Irregular.from_file(
                options.points,
                duplicates=options.duplicates or "refuse",
                extent=options.extent,
            )
            built.append(points)
            continue
        scheme = SCHEMES[name]
        resolutions: int | tuple[int, ...] = scheme.default
        if number:
            resolutions = int(number)
        elif scheme.option and getattr(options, scheme.option) is not None:
            resolutions = getattr(options, scheme.option)
        if isinstance(resolutions, int):
            resolutions = (resolutions,)
        for one in sorted(set(resolutions)):
            if name == "healpix":
                built.append(samplings.HEALPix(one, nest))
            elif name == "equiangular":
                built.append(samplings.Equiangular(one, options.n_phi))
            else:
                built.append(scheme.build(one))
    return built
