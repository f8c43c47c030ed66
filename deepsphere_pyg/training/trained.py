"""Use a network that was trained before."""

from __future__ import annotations

import argparse
from pathlib import Path

from deepsphere_pyg.datasets import SegmentationDataset
from deepsphere_pyg.models import SphericalModel, load_model, read_header
from samplings import Sampling


def trained_network(
    args: argparse.Namespace, maps: SegmentationDataset
) -> SphericalModel:
    """Network of ``args.checkpoint``, on the sampling of some maps.

    Parameters
    ----------
    args
        Options ``checkpoint``, and ``transfer``: whether the weights may move to
        another sampling than the one they were trained on.
    maps
        What it is to be used for.

    Raises
    ------
    ValueError
        If it was trained with other classes or channels, or on another sampling
        without ``transfer``.
    """
    header = read_header(args.checkpoint)
    kept = {"class_names": header.get("class_names"), **header.get("notes", {})}
    for what in ("class_names", "channel_names"):
        names = list(getattr(maps, what))
        if kept.get(what) not in (None, names):
            raise ValueError(
                f"{args.checkpoint} was trained with the {what.replace('_', ' ')} "
                f"{', '.join(kept[what])}, the data have {', '.join(names)}; "
                "pass the data options it was trained with"
            )
    if args.transfer:
        return spherical_model(args.checkpoint).with_sampling_of(maps.sampling)
    return spherical_model(args.checkpoint, maps.sampling)


def spherical_model(path: Path, sampling: Sampling | None = None) -> SphericalModel:
    """Load a network on a pyramid of samplings.

    Raises
    ------
    ValueError
        If the file holds another kind of network.
    """
    model = load_model(path, sampling)
    if not isinstance(model, SphericalModel):
        raise ValueError(
            f"{path} holds a {type(model).__name__}, which does not work on a pyramid "
            "of samplings; use one that a segmentation run wrote"
        )
    return model


def classes_of(args: argparse.Namespace) -> list[str]:
    """Names of the classes that ``args.checkpoint`` knows.

    Raises
    ------
    ValueError
        If it was not written by a segmentation run, and names none.
    """
    names: list[str] | None = read_header(args.checkpoint).get("class_names")
    if names is None:
        raise ValueError(
            f"{args.checkpoint} names no classes; use one that a segmentation run wrote"
        )
    return names
