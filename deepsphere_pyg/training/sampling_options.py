"""Options that choose a sampling, shared by the commands."""

from __future__ import annotations

import argparse
from pathlib import Path

from samplings import Equiangular, HEALPix, Icosahedral, Irregular, Sampling

SAMPLING_NAMES = ("healpix", "equiangular", "icosahedral", "points")


def add_sampling_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of one sampling and its resolution."""
    group = parser.add_argument_group("sampling")
    group.add_argument(
        "--sampling",
        choices=SAMPLING_NAMES,
        default="healpix",
        help="pixels of the sphere (default: %(default)s)",
    )
    group.add_argument("--nside", type=int, default=32, help="HEALPix resolution")
    group.add_argument(
        "--n-theta", type=int, default=64, help="rings of the equiangular grid"
    )
    group.add_argument(
        "--n-phi", type=int, help="its longitudes (default: twice the rings)"
    )
    group.add_argument("--level", type=int, default=5, help="icosahedral subdivisions")
    group.add_argument(
        "--points",
        type=Path,
        metavar="FILE",
        help="csv, txt, npy or npz of longitudes and latitudes in degrees, or x, y, z",
    )


def sampling_from_arguments(args: argparse.Namespace) -> Sampling:
    """Build the sampling that the options name.

    Raises
    ------
    ValueError
        If ``--sampling points`` comes without ``--points``, or a resolution is bad.
    """
    if args.sampling == "healpix":
        return HEALPix(args.nside)
    if args.sampling == "equiangular":
        return Equiangular(args.n_theta, args.n_phi)
    if args.sampling == "icosahedral":
        return Icosahedral(args.level)
    if args.points is None:
        raise ValueError("--sampling points needs --points FILE")
    return Irregular.from_file(args.points)
