"""The files of trained networks, with their checksums."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from samplings.arguments import shown
from samplings.reading import DataFileError, reading

if TYPE_CHECKING:
    from deepsphere_pyg.models.base import SavedModel

# SHA-256 of each file NAME.pt beside this one.
_DIGESTS = MappingProxyType(
    {
        "climate-events-small": (
            "18ed8f4fc5dc75e7c23c9d8baf46755b7da0da05288a353c5b33d697d2516583"
        ),
    }
)


def pretrained_names() -> list[str]:
    """Return the names of the trained networks.

    Examples
    --------
    >>> pretrained_names()
    ['climate-events-small']
    """
    return sorted(_DIGESTS)


def pretrained_path(name: str) -> Path:
    """Return the checkpoint of a trained network, for commands and for its header.

    Its header, which :func:`read_header` returns, has the names of channels and
    classes, and in ``notes`` the command that trained it and its scores.

    Raises
    ------
    ValueError
        If there is no network of this name, or its file is damaged.
    FileNotFoundError
        If the file is missing.

    Examples
    --------
    >>> from deepsphere_pyg.models import read_header
    >>> read_header(pretrained_path("climate-events-small"))["class_names"]
    ['background', 'TC', 'AR']
    """
    if not isinstance(name, str) or name not in _DIGESTS:
        near = difflib.get_close_matches(str(name), _DIGESTS, 1) or [*_DIGESTS][:1]
        raise ValueError(
            f"name must be one of the pretrained networks {', '.join(_DIGESTS)}, got "
            f"{shown(name)}; pass {near[0]!r}"
        )
    path = Path(__file__).parent / f"{name}.pt"
    with reading(path, "a pretrained network", "install deepsphere-pyg again"):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != _DIGESTS[name]:
            raise DataFileError(
                f"{path} is damaged: its SHA-256 is {found}, not {_DIGESTS[name]}; "
                "install deepsphere-pyg again"
            )
    return path


def load_pretrained(name: str) -> SavedModel:
    """Return a trained network that is part of the package.

    ``climate-events-small`` segments generated climate events
    (:class:`deepsphere_pyg.datasets.ClimateEvents`): a
    :class:`~deepsphere_pyg.models.SphericalUNet` of 44 thousand parameters on HEALPix
    nside 32, from the 16 channels of CAM5 in their order and units to logits of
    background, tropical cyclones and atmospheric rivers. Its mean average precision on
    32 generated test maps is 86 %. It was not trained on observations.

    Parameters
    ----------
    name
        One of :func:`pretrained_names`.

    Returns
    -------
    SavedModel
        On the CPU, in evaluation mode. Its graphs are built, which takes less than half
        a second.

    Raises
    ------
    ValueError, FileNotFoundError
        As :func:`pretrained_path`.

    Examples
    --------
    >>> from deepsphere_pyg.datasets import ClimateEvents
    >>> network = load_pretrained("climate-events-small")
    >>> x, y, _ = ClimateEvents(network.sampling, n_maps=1)[0]
    >>> bool((network(x[None])[0].argmax(-1) == y).float().mean() > 0.95)
    True
    """
    # Networks load layers, which their names and files do without.
    from deepsphere_pyg.models.checkpoint import load_model

    return load_model(pretrained_path(name))
