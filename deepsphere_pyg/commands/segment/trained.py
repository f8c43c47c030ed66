"""Networks and samplings of existing checkpoints."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from deepsphere_pyg.commands.sampling_options import (
    fill_sampling_defaults,
    names_sampling,
    sampling_options,
    samplings_from_arguments,
)
from deepsphere_pyg.datasets import SegmentationDataset
from deepsphere_pyg.datasets.netcdf.coordinates import short
from deepsphere_pyg.models import SphericalModel, load_model, read_header
from samplings import Sampling, from_config, same_sampling


def trained_network(
    args: argparse.Namespace, maps: SegmentationDataset
) -> SphericalModel:
    """Network of ``args.checkpoint``, on the sampling of some maps.

    Parameters
    ----------
    args
        Options ``checkpoint``, and ``transfer``: whether the weights may move to
        a sampling that differs from that of the training.
    maps
        Data set to use it on.

    Raises
    ------
    ValueError
        If its classes or channels differ from those of the maps, or its sampling
        differs without ``transfer``.
    """
    header = read_header(args.checkpoint)
    kept = {"class_names": header.get("class_names"), **header.get("notes", {})}
    for what in ("class_names", "channel_names"):
        names = list(getattr(maps, what))
        if kept.get(what) not in (None, names, _with_selection(args, kept, names)):
            raise ValueError(
                f"{args.checkpoint} was trained with the {what.replace('_', ' ')} "
                f"{', '.join(kept[what])}, the data have {', '.join(names)}; "
                "pass the data options it was trained with"
            )
    if args.transfer:
        return spherical_model(args.checkpoint).with_sampling(maps.sampling)
    return spherical_model(args.checkpoint, maps.sampling)


def _with_selection(
    args: argparse.Namespace, kept: dict[str, Any], names: list[str]
) -> list[str]:
    """Channels in their former spelling, with the selected values."""
    if args.data != "netcdf":
        return names
    texts = {short(value) for _, value in args.select}
    before = kept.get("channel_names") or []
    if len(before) != len(names):
        return names
    return [
        then
        if then.partition("@")[0] == now
        and set(then.partition("@")[2].split(",")) <= texts
        else now
        for then, now in zip(before, names, strict=True)
    ]


def checkpoint_sampling(args: argparse.Namespace) -> Sampling | None:
    """Sampling of ``args.checkpoint``, or None if the options choose the sampling.

    Variables and selections of NetCDF files that are not given are set to those of the
    training.

    Raises
    ------
    ValueError
        If the options name a sampling that differs from that of the checkpoint without
        ``--transfer``, or ``--transfer`` comes without a sampling.
    """
    header = read_header(args.checkpoint)
    settings = header.get("notes", {}).get("settings", {})
    if args.data == "netcdf" and settings.get("data") == "netcdf":
        if args.variables is None:
            args.variables = settings.get("variables")
            args.select = args.select or [
                (name, value) for name, value in settings.get("select") or []
            ]
    config = (header.get("pyramid") or {}).get("sampling")
    config = config or header.get("sampling_config")
    if not names_sampling(args):
        if args.transfer:
            raise ValueError(
                "--transfer moves the weights to another sampling; name it, for "
                "example with --sampling healpix:64"
            )
        return None if config is None else from_config(config)
    if config is None or args.transfer:
        return None
    kept = from_config(config)
    fill_sampling_defaults(args)
    (named,) = samplings_from_arguments(args)
    if not same_sampling(kept, named):
        options = sampling_options(kept)
        remedy = "leave out the options of the sampling to use its own"
        if options is not None:
            remedy += f", pass {options}"
        raise ValueError(
            f"{args.checkpoint} was trained on {kept.name}, the options name "
            f"{named.name}; {remedy}, or add --transfer to move the weights"
        )
    return kept


def resolve_regridding(args: argparse.Namespace) -> None:
    """Set ``--regrid`` if it is not given: to that of the network, or to auto.

    Networks from before the option existed were trained on interpolated maps.
    """
    if args.regrid is not None:
        return
    args.regrid = "auto"
    path = args.checkpoint
    if path is None and args.resume and (args.out / "last.ckpt").exists():
        path = args.out / "last.ckpt"
    if path is not None:
        settings = read_header(path).get("notes", {}).get("settings", {})
        if settings.get("data") == args.data:
            args.regrid = settings.get("regrid", "bilinear")


def spherical_model(path: Path, sampling: Sampling | None = None) -> SphericalModel:
    """Load a network on a pyramid of samplings.

    Raises
    ------
    ValueError
        If the file holds a network of another kind.
    """
    model = load_model(path, sampling)
    if not isinstance(model, SphericalModel):
        raise ValueError(
            f"{path} holds a {type(model).__name__}, which does not work on a pyramid "
            "of samplings; use a checkpoint of a segmentation run"
        )
    return model


def classes_of(args: argparse.Namespace) -> list[str]:
    """Names of the classes that ``args.checkpoint`` knows.

    Raises
    ------
    ValueError
        If it names no classes, because no segmentation run wrote it.
    """
    names: list[str] | None = read_header(args.checkpoint).get("class_names")
    if names is None:
        raise ValueError(
            f"{args.checkpoint} names no classes; use a checkpoint that a segmentation "
            "run wrote"
        )
    return names
