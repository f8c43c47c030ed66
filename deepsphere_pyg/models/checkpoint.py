"""Models on disk: weights, and the description of their network and sampling."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from deepsphere_pyg.models.base import SavedModel, model_named
from deepsphere_pyg.models.checkpoint_file import read_checkpoint, write_checkpoint
from samplings import (
    Pyramid,
    Sampling,
    from_config,
    pyramid_from_config,
    same_sampling,
)
from samplings.arguments import counted, instance_argument, sampling_argument, shown
from samplings.graphs.pyramid_config import build_options

# Raised when the layout changes in a way that older versions cannot read.
FORMAT = 1
KEY = "deepsphere_pyg"
EDGE_TOLERANCE = 1e-3
# Arguments that had other names in earlier files, by the class of the model.
RENAMED_ARGUMENTS = {
    "GeneralizedClassifier": {"azimuthal": "N"},
    "SphericalClassifier": {"kind": "laplacian"},
}


def checkpoint_header(model: SavedModel, prefix: str = "") -> dict[str, Any]:
    """Return the description that a model is rebuilt from, without its weights.

    Parameters
    ----------
    model
        The model.
    prefix
        Prefix of the names of its weights in the file's ``state_dict``, such as
        ``"network."`` if it is part of a larger module.

    Returns
    -------
    dict
        JSON-serialisable: ``format``, ``model`` (name of its class), ``model_config``,
        ``prefix`` and ``sampling`` (its name, or None); on a pyramid also ``pyramid``
        and ``edges`` (their number and the sum of their weights, level by level), on a
        sampling ``sampling_config``.
    """
    remedy = "pass a network of deepsphere_pyg.models, or a subclass of SavedModel"
    instance_argument("model", model, SavedModel, remedy)
    instance_argument("prefix", prefix, str, "pass a text such as 'network.'")
    header = {
        "format": FORMAT,
        "model": type(model).__name__,
        "model_config": model.config,
        "prefix": prefix,
        "sampling": None,
    }
    geometry = model.geometry
    if isinstance(geometry, Pyramid):
        header["pyramid"] = dict(geometry.config)
        header["edges"] = geometry.edges
        header["sampling"] = geometry.sampling.name
    elif geometry is not None:
        header["sampling_config"] = dict(geometry.config)
        header["sampling"] = geometry.name
    # A value that is not JSON fails here, not when the file is read.
    plain: dict[str, Any] = json.loads(json.dumps(header))
    return plain


def save_model(model: SavedModel, path: str | os.PathLike[str]) -> None:
    """Write a model to a file, whole or not at all.

    A file already there is replaced only once the new one is complete. The file has a
    checksum of its content, which is compared when it is read.

    Parameters
    ----------
    model
        The model.
    path
        Where to write; a missing folder is made.

    Raises
    ------
    OSError
        If the file cannot be written, as on a full disk.
    """
    content = {KEY: checkpoint_header(model), "state_dict": model.state_dict()}
    write_checkpoint(content, path)


def read_header(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the header of a checkpoint: see :func:`checkpoint_header`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, not such a checkpoint, or of a newer format.
    """
    header: dict[str, Any] = _read(path)[KEY]
    return header


def load_model(
    path: str | os.PathLike[str],
    sampling: Sampling | Pyramid | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> SavedModel:
    """Rebuild a model, with its sampling, from a checkpoint.

    Reads the files of :func:`save_model` and the checkpoints of training. Only tensors
    and plain values are read, never code.

    Parameters
    ----------
    path
        The file.
    sampling
        If given, the sampling that the model must be trained on. Or its pyramid, of
        which nothing is built again then: with a :class:`samplings.PyramidPlan` nothing
        is built at all, until :func:`partition_model` builds a region in each of
        several processes.
    progress
        Called while graphs are built again, as in :func:`samplings.build_pyramid`.

    Returns
    -------
    SavedModel
        On the CPU, in evaluation mode, of the dtype of its weights.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, not such a checkpoint, of a newer format, or of another
        sampling or pyramid than ``sampling``; if the weights do not fit the network, or
        the graphs have other edges than those it was trained on, which of a plan nobody
        knows.
    """
    content = _read(path)
    header = content[KEY]
    pyramid = sampling if isinstance(sampling, Pyramid) else None
    if pyramid is not None:
        _check_pyramid(path, header, pyramid)
    elif sampling is not None:
        _check_sampling(path, header, sampling_argument("sampling", sampling))
    model = model_of_header(header, path, pyramid, progress=progress)
    name = header["model"]
    weights = _weights(content["state_dict"], header["prefix"])
    # The dtype of parameters, since buffers may have another precision.
    for learned, _ in model.named_parameters():
        if learned in weights:
            model.to(weights[learned].dtype)
            break
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(
            f"the weights in {path} do not fit its {name}: {error}"
        ) from error
    return model.eval()


def model_of_header(
    header: Mapping[str, Any],
    path: str | os.PathLike[str],
    pyramid: Pyramid | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> SavedModel:
    """Build an untrained model from the description of :func:`checkpoint_header`.

    Parameters
    ----------
    header
        The description.
    path
        Where it is from, for messages.
    pyramid
        That of the description, if it is known.
    progress
        Called while graphs are built again, as in :func:`samplings.build_pyramid`.

    Raises
    ------
    ValueError
        If the class is not known, the model cannot be built, or the rebuilt graphs have
        other edges.
    """
    kind = model_named(header["model"], path)
    geometry: Pyramid | Sampling | None = pyramid
    if header.get("pyramid") is not None:
        if pyramid is None:
            pyramid = pyramid_from_config(header["pyramid"], progress=progress)
        _check_edges(path, header.get("edges"), pyramid)
        geometry = pyramid
    elif header.get("sampling_config") is not None:
        geometry = from_config(header["sampling_config"])
    try:
        return kind.from_config(header["model_config"], geometry)
    except (TypeError, KeyError) as error:
        raise ValueError(
            f"{path} describes a {kind.__name__} that cannot be built: {error}; it may "
            "be of another version of deepsphere_pyg"
        ) from error


def _check_sampling(
    path: str | os.PathLike[str], header: dict[str, Any], sampling: Sampling
) -> None:
    """Refuse a model that was trained on another sampling."""
    pyramid = header.get("pyramid") or {}
    config = pyramid.get("sampling") or header.get("sampling_config")
    if config is None:
        raise ValueError(
            f"{path} holds a {header['model']}, which works on coefficients and has no "
            f"sampling, got {sampling.name}; load it without a sampling"
        )
    kept = from_config(config)
    if not same_sampling(kept, sampling):
        raise ValueError(
            f"{path} was trained on {kept.name}, got {sampling.name}; pass the "
            "sampling it was trained on, or move the weights with "
            "load_model(path).with_sampling(sampling)"
        )


def _check_pyramid(
    path: str | os.PathLike[str], header: dict[str, Any], pyramid: Pyramid
) -> None:
    """Refuse a model that was trained on another pyramid, without building it."""
    kept = header.get("pyramid")
    if kept is None:
        raise ValueError(
            f"{path} holds a {header['model']}, which has no pyramid, got {pyramid!r}; "
            "load it without one"
        )
    then, now = _described(kept), _described(pyramid.config)
    other = [name for name in then if then[name] != now[name]]
    if other:
        texts = [
            ", ".join(f"{name}={shown(one[name])}" for name in other)
            for one in (then, now)
        ]
        raise ValueError(
            f"{path} was trained on a pyramid with {texts[0]}, got one with "
            f"{texts[1]}; build it with the same, or move the weights with "
            "load_model(path).with_sampling(pyramid)"
        )
    place = from_config(kept["sampling"])
    same = place.config == pyramid.sampling.config
    if not (same or same_sampling(place, pyramid.sampling)):
        raise ValueError(
            f"{path} was trained on {place.name}, got a pyramid on "
            f"{pyramid.sampling.name}; pass one of the sampling it was trained on"
        )


def _described(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that tell pyramids apart, but for the finest sampling.

    The level of the first graph does not: networks do not ask for finer ones.
    """
    options = build_options(config)
    given, coarser = options["weighting"], options["coarser"]
    weightings = given if isinstance(given, list) else [given]
    kinds = [*dict.fromkeys(weightings)]
    return {
        **{name: options[name] for name in ("depth", "k", "connect", "cut")},
        "coarser": coarser and [level.config for level in coarser],
        # A list of one kind for all levels is this kind.
        "weighting": [one.config for one in (weightings if kinds[1:] else kinds)],
    }


def _check_edges(
    path: str | os.PathLike[str], kept: Sequence[Sequence[float]] | None, built: Pyramid
) -> None:
    """Refuse weights that were trained on graphs with other edges."""
    # Older files do not have it, nor do plans; and a fit differs by some 1e-5 with
    # another linear algebra library.
    if (
        kept is None
        or built.edges is None
        or np.allclose(kept, built.edges, rtol=EDGE_TOLERANCE, atol=0)
    ):
        return
    then, now = (
        "; ".join(
            f"{counted(int(count), 'edge')} of total weight {w:.6g}"
            for count, w in each
        )
        for each in (kept, built.edges)
    )
    raise ValueError(
        f"{path} was trained on graphs with {then}; this version builds graphs with "
        f"{now} from the same description: load it with the version of deepsphere_pyg "
        "that wrote it, or train again"
    )


def _weights(state_dict: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Weights of the model, picked from those of the module it is part of."""
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state_dict.items()
        if name.startswith(prefix)
    }


def _read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint, check that it is one of ours, and rename old arguments."""
    content = read_checkpoint(path)
    header = content.get(KEY) if isinstance(content, dict) else None
    if not isinstance(header, dict) or "state_dict" not in content:
        raise ValueError(
            f"{path} is not a checkpoint of deepsphere_pyg; "
            "pass a file that save_model or training wrote"
        )
    if header.get("format") != FORMAT:
        raise ValueError(
            f"{path} has format {header.get('format')}, this version reads format "
            f"{FORMAT}; update deepsphere_pyg, or train again"
        )
    missing = {"model", "model_config", "prefix", "sampling"} - set(header)
    if header.get("sampling") and not {"pyramid", "sampling_config"} & set(header):
        missing |= {"pyramid"}
    if missing:
        raise ValueError(
            f"the header of {path} lacks {', '.join(sorted(missing))}; "
            "take another copy of the file"
        )
    config = header["model_config"]
    for old, new in RENAMED_ARGUMENTS.get(header["model"], {}).items():
        if old in config:
            config[new] = config.pop(old)
    checked: dict[str, Any] = content
    return checked
