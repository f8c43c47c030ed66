"""Options that choose samplings, shared by the commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from samplings import Equiangular, HEALPix, Icosahedral, Irregular, Sampling

SAMPLING_NAMES = ("healpix", "equiangular", "icosahedral", "points")


def add_sampling_arguments(
    parser: argparse.ArgumentParser,
    *,
    nside: int | list[int] = 32,
    n_theta: int | list[int] = 64,
    level: int | list[int] = 5,
) -> None:
    """Add the options of a sampling and its resolution, or of several resolutions.

    Parameters
    ----------
    parser
        What to add them to.
    nside, n_theta, level
        Defaults; where one is a list, its option takes several values.
    """
    group = parser.add_argument_group("sampling")
    group.add_argument(
        "--sampling",
        choices=SAMPLING_NAMES,
        default="healpix",
        help="pixels of the sphere",
    )
    for option, default, text in (
        ("--nside", nside, "HEALPix resolution"),
        ("--n-theta", n_theta, "rings of the equiangular grid"),
        ("--level", level, "icosahedral subdivisions"),
    ):
        several: dict[str, Any] = {"nargs": "+"} if isinstance(default, list) else {}
        group.add_argument(option, type=int, default=default, help=text, **several)
    group.add_argument(
        "--n-phi",
        type=int,
        help="longitudes of the equiangular grid (default: twice the rings)",
    )
    group.add_argument(
        "--points",
        type=Path,
        metavar="FILE",
        help="csv, txt, npy or npz of longitudes and latitudes in degrees, or x, y, z",
    )


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
        If ``--sampling points`` comes without ``--points``, or a resolution is bad.
    """
    if args.sampling == "healpix":
        return [HEALPix(nside, nest) for nside in _each(args.nside)]
    if args.sampling == "equiangular":
        return [Equiangular(n_theta, args.n_phi) for n_theta in _each(args.n_theta)]
    if args.sampling == "icosahedral":
        return [Icosahedral(level) for level in _each(args.level)]
    if args.points is None:
        raise ValueError("--sampling points needs --points FILE")
    return [Irregular.from_file(args.points)]


def _each(values: int | Iterable[int]) -> list[int]:
    """One value, or several in order, each once."""
    return [values] if isinstance(values, int) else sorted(set(values))
