"""Samplings from their configurations, as checkpoints and other files keep them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from samplings.base import Masked, Sampling
from samplings.encoding import decode_array
from samplings.schemes.cubed_sphere import CubedSphere
from samplings.schemes.equiangular import Equiangular
from samplings.schemes.fibonacci import Fibonacci
from samplings.schemes.gauss_legendre import GaussLegendre, ReducedGaussian
from samplings.schemes.healpix import HEALPix
from samplings.schemes.icosahedral import Icosahedral
from samplings.schemes.icosahedral_triangles import IcosahedralTriangles
from samplings.schemes.irregular import Irregular
from samplings.schemes.mcewen_wiaux import McEwenWiaux
from samplings.schemes.rectilinear import Rectilinear

# Required keys, optional keys, and the function that builds a sampling from them.
_Builder: TypeAlias = tuple[
    tuple[str, ...], tuple[str, ...], Callable[[dict[str, Any]], Sampling]
]


def from_config(config: Mapping[str, Any]) -> Sampling:
    """Rebuild a sampling, to the last bit, from its :attr:`Sampling.config`.

    Parameters
    ----------
    config
        Mapping with the key ``type`` and those of that type.

    Returns
    -------
    Sampling
        The same sampling.

    Raises
    ------
    TypeError
        If ``config`` is not a mapping.
    ValueError
        If the type is unknown, a key is missing or unknown, or an array is damaged.

    Notes
    -----
    Classes of your own are known by their ``config_type``, once the module that defines
    them is imported; they are called with the keys of their ``config_keys``.

    Examples
    --------
    >>> from_config({"type": "healpix", "nside": 2, "nest": True})
    HEALPix(nside=2, nest=True) with 48 vertices
    """
    if not isinstance(config, Mapping):
        raise TypeError(
            f"a sampling's configuration must be a mapping, got "
            f"{type(config).__name__}; pass Sampling.config"
        )
    kind = config.get("type")
    if not isinstance(kind, str) or kind not in {*_BUILDERS, *Sampling.registry}:
        known = dict.fromkeys([*_BUILDERS, *Sampling.registry])
        raise ValueError(
            f"unknown type of sampling {kind!r}; known are {', '.join(known)}; for a "
            "class of your own, import the module that defines it first"
        )
    required, optional, build = _BUILDERS.get(kind) or _registered(kind)
    # Only where a name has changed: classes of one's own may have the former one.
    known_keys = required + optional
    settings = {
        key if key in known_keys else _FORMER_KEYS.get(key, key): value
        for key, value in config.items()
        if key != "type"
    }
    missing = [key for key in required if key not in settings]
    unknown = [key for key in settings if key not in known_keys]
    if missing or unknown:
        fault = f"lacks {missing[0]!r}" if missing else f"has unknown {unknown[0]!r}"
        raise ValueError(
            f"a configuration of type {kind!r} needs {', '.join(required)}, but this "
            f"one {fault}; pass Sampling.config as it was saved"
        )
    return build(settings)


def _irregular(settings: dict[str, Any]) -> Irregular:
    xyz = decode_array(settings["xyz"], np.float64, (-1, 3))
    return Irregular(xyz, decode_array(settings["weights"], np.float64, (-1,)))


def _rectilinear(settings: dict[str, Any]) -> Rectilinear:
    names = ("lat", "lon", "lat_bounds", "lon_bounds")
    return Rectilinear(*(decode_array(settings[n], np.float64, (-1,)) for n in names))


def _masked(settings: dict[str, Any]) -> Masked:
    parent = from_config(settings["parent"])
    if ("mask" in settings) == ("index" in settings):
        raise ValueError(
            "a configuration of type 'masked' needs either a mask or an index; pass "
            "Sampling.config as it was saved"
        )
    part: npt.NDArray[Any]
    if "index" in settings:
        part = decode_array(settings["index"], np.int64, (-1,))
    else:
        n = len(parent)
        bits = decode_array(settings["mask"], np.uint8, (-(-n // 8),))
        part = np.unpackbits(bits, count=n).astype(bool)
    if "weights" not in settings:
        return Masked(parent, part)
    return Masked(parent, part, decode_array(settings["weights"], np.float64, (-1,)))


def _registered(kind: str) -> _Builder:
    """Return how to build a sampling of a class of a user's own."""
    cls = Sampling.registry[kind]
    return cls.config_keys, (), _maker(cls)


def _maker(kind: type[Sampling]) -> Callable[[dict[str, Any]], Sampling]:
    return lambda settings: kind(**settings)


# Keys in files that were written before version 0.2.
_FORMER_KEYS = {"bandlimit": "L"}
# Samplings whose constructors take the keys of their configurations.
_BY_KEYS: tuple[type[Sampling], ...] = (HEALPix, GaussLegendre, McEwenWiaux, Fibonacci)
_BY_KEYS += (Icosahedral, IcosahedralTriangles, CubedSphere)
_BUILDERS: dict[str, _Builder] = {
    **{kind.config_type: (kind.config_keys, (), _maker(kind)) for kind in _BY_KEYS},
    "equiangular": (("n_theta", "n_phi"), ("scheme",), lambda s: Equiangular(**s)),
    "reduced-gaussian": (("n_phi_per_ring",), (), lambda s: ReducedGaussian(**s)),
    "irregular": (("xyz", "weights"), (), _irregular),
    "rectilinear": (("lat", "lon", "lat_bounds", "lon_bounds"), (), _rectilinear),
    "masked": (("parent",), ("mask", "index", "weights"), _masked),
}
