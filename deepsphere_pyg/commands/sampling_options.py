"""Options that choose samplings, shared by the commands."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    IcosahedralTriangles,
    Irregular,
    McEwenWiaux,
    ReducedGaussian,
    Sampling,
    same_sampling,
)


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
    "healpix": Scheme("nside", 32, HEALPix, "nside"),
    "equiangular": Scheme("rings, cell-centred", 64, Equiangular, "n_theta"),
    "clenshaw-curtis": Scheme(
        "rings, with both poles",
        65,
        lambda n: Equiangular(n, 2 * (n - 1), scheme="clenshaw-curtis"),
    ),
    "driscoll-healy": Scheme(
        "rings, with the north pole",
        64,
        lambda n: Equiangular(n, scheme="driscoll-healy"),
    ),
    "gauss-legendre": Scheme("bandlimit", 64, GaussLegendre),
    "octahedral": Scheme("rings from pole to equator", 32, ReducedGaussian.octahedral),
    "mcewen-wiaux": Scheme("bandlimit", 64, McEwenWiaux),
    "icosahedral": Scheme("subdivisions", 5, Icosahedral, "level"),
    "icosahedral-triangles": Scheme("subdivisions", 4, IcosahedralTriangles),
    "cubed-sphere": Scheme("cells along an edge", 32, CubedSphere),
    "fibonacci": Scheme("points", 10_000, Fibonacci),
}
_EQUIANGULAR = ("clenshaw-curtis", "driscoll-healy")
# Values of the options of the sampling that are not given.
SAMPLING_DEFAULTS = {
    "sampling": "healpix",
    "nside": 32,
    "n_theta": 64,
    "level": 5,
    "duplicates": "refuse",
}
# Value of --sampling for the points of a file, which have no resolution.
POINTS = "points"


def sampling_spec(text: str) -> str:
    """Check a value of ``--sampling``: a scheme, or a scheme and its number.

    Raises
    ------
    argparse.ArgumentTypeError
        If the scheme is unknown, or its number is not an integer.

    Examples
    --------
    >>> sampling_spec("gauss-legendre:48")
    'gauss-legendre:48'
    """
    name, colon, number = text.partition(":")
    if text == POINTS or (name in SCHEMES and not colon):
        return text
    if name not in SCHEMES:
        raise argparse.ArgumentTypeError(
            f"unknown sampling {name!r}; choose from {', '.join(SCHEMES)}, {POINTS}"
        )
    try:
        int(number)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected an integer ({SCHEMES[name].resolution}) after {name}:, got "
            f"{number!r}; pass {name}:{SCHEMES[name].default}, for example"
        ) from None
    return text


def add_sampling_arguments(
    parser: argparse.ArgumentParser,
    *,
    nside: int | list[int] = 32,
    n_theta: int | list[int] = 64,
    level: int | list[int] = 5,
    several: bool = False,
) -> None:
    """Add the options of a sampling and its resolution, or of several.

    Parameters
    ----------
    parser
        Parser of the command.
    nside, n_theta, level
        Defaults; an option whose default is a list takes several values.
    several
        Whether ``--sampling`` takes several values.
    """
    group = parser.add_argument_group("sampling")
    more: dict[str, Any] = {"nargs": "+"} if several else {}
    numbers = ", ".join(f"{name}:{one.default}" for name, one in SCHEMES.items())
    group.add_argument(
        "--sampling",
        type=sampling_spec,
        default=["healpix"] if several else "healpix",
        metavar="NAME[:NUMBER]",
        help="sampling of the sphere, optionally with its resolution; with default "
        f"resolutions: {numbers}; or {POINTS} with --points",
        **more,
    )
    for option, default, text in (
        ("--nside", nside, "HEALPix resolution"),
        ("--n-theta", n_theta, "rings of the equiangular grid"),
        ("--level", level, "icosahedral subdivisions"),
    ):
        many: dict[str, Any] = {"nargs": "+"} if isinstance(default, list) else {}
        group.add_argument(option, type=int, default=default, help=text, **many)
    group.add_argument(
        "--n-phi",
        type=int,
        help="longitudes of the equiangular grid (default: twice the rings)",
    )
    group.add_argument(
        "--points",
        type=Path,
        metavar="FILE",
        help="csv, txt, npy or npz file of longitudes and latitudes in degrees, or of "
        "x, y, z",
    )
    group.add_argument(
        "--extent",
        type=float,
        metavar="RADIAN",
        help="largest distance of a point of --points from the border of its cell; for "
        "regional sets of points",
    )
    group.add_argument(
        "--duplicates",
        choices=("refuse", "merge"),
        default="refuse",
        help="treatment of points that occur twice in --points",
    )


def names_sampling(args: argparse.Namespace) -> bool:
    """Whether an option of the sampling is given, if the parser has no defaults."""
    others = ("n_phi", "points", "extent")
    return any(
        getattr(args, name) is not None for name in (*SAMPLING_DEFAULTS, *others)
    )


def fill_sampling_defaults(args: argparse.Namespace) -> None:
    """Set the options of the sampling that are not given."""
    for name, value in SAMPLING_DEFAULTS.items():
        if getattr(args, name) is None:
            setattr(args, name, value)


def sampling_options(sampling: Sampling) -> str | None:
    """Options that build a sampling, or None if no options do.

    Examples
    --------
    >>> sampling_options(HEALPix(8))
    '--sampling healpix:8'
    """
    config = sampling.config
    spec = {
        "healpix": ("healpix", "nside"),
        "icosahedral": ("icosahedral", "level"),
        "icosahedral-triangles": ("icosahedral-triangles", "level"),
        "fibonacci": ("fibonacci", "n"),
        "cubed-sphere": ("cubed-sphere", "n"),
        "gauss-legendre": ("gauss-legendre", "L"),
        "mcewen-wiaux": ("mcewen-wiaux", "L"),
    }.get(str(config["type"]))
    texts = [] if spec is None else [f"--sampling {spec[0]}:{config.get(spec[1])}"]
    if config["type"] == "equiangular":
        rings = int(config["n_theta"])
        texts = [f"--sampling equiangular:{rings} --n-phi {config['n_phi']}"]
        texts += [f"--sampling {name}:{rings}" for name in _EQUIANGULAR]
    for text in texts:
        parser = argparse.ArgumentParser()
        add_sampling_arguments(parser)
        try:
            (built,) = samplings_from_arguments(parser.parse_args(text.split()))
        except (ValueError, SystemExit):
            continue
        if same_sampling(built, sampling):
            return text
    return None


def samplings_from_arguments(
    args: argparse.Namespace, nest: bool = True
) -> list[Sampling]:
    """Build the samplings that the options name, coarsest first, each once.

    Parameters
    ----------
    args
        Options of :func:`add_sampling_arguments`.
    nest
        Whether HEALPix pixels are numbered in the NESTED scheme.

    Raises
    ------
    ValueError
        If ``--sampling points`` comes without ``--points`` or the reverse, or a
        resolution is bad.
    """
    given = [args.sampling] if isinstance(args.sampling, str) else args.sampling
    if args.points is not None and POINTS not in given:
        raise ValueError(
            f"--points {args.points} needs --sampling {POINTS}, got --sampling "
            f"{' '.join(given)}; pass --sampling {POINTS}, or leave out --points"
        )
    built: list[Sampling] = []
    for spec in dict.fromkeys(given):
        name, _, number = spec.partition(":")
        if name == POINTS:
            if args.points is None:
                raise ValueError("--sampling points needs --points FILE")
            points = Irregular.from_file(
                args.points, duplicates=args.duplicates, extent=args.extent
            )
            built.append(points)
            continue
        scheme = SCHEMES[name]
        if number:
            resolutions = [int(number)]
        elif scheme.option:
            resolutions = _each(getattr(args, scheme.option))
        else:
            resolutions = [scheme.default]
        built += [_build(name, one, args, nest) for one in resolutions]
    return built


def _build(
    name: str, resolution: int, args: argparse.Namespace, nest: bool
) -> Sampling:
    if name == "healpix":
        return HEALPix(resolution, nest)
    if name == "equiangular":
        return Equiangular(resolution, args.n_phi)
    return SCHEMES[name].build(resolution)


def _each(values: int | Iterable[int]) -> list[int]:
    """One value, or several in order, each once."""
    return [values] if isinstance(values, int) else sorted(set(values))
