"""What ``run.py`` measures: layers, pooling and networks, each by name."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch

from deepsphere_pyg import SphericalClassifier, SphericalUNet
from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.models import DEEPSPHERE, SMALL
from samplings import HEALPix, Icosahedral, build_pyramid, knn_graph, laplacian

FORWARD, BACKWARD, TRAINING = "forward", "forward+backward", "training step"
#: In tables and pictures; the first is always the one that others are compared with.
PEERS = {
    "ours": "this package",
    "ours_bf16": "this package, bfloat16 autocast",
    "pyg": "PyTorch Geometric",
    "coo": "sparse COO (deepsphere-pytorch)",
    "csr": "sparse CSR (torch)",
    "scipy": "sparse CSR (SciPy)",
}


@dataclass(frozen=True)
class Case(ABC):
    """Something that several peers compute.

    Parameters
    ----------
    name
        On the command line and in tables.
    title
        In pictures.
    batch
        Number of signals.
    peers
        Who computes it; times are compared with that of the first.
    modes
        What of it is timed.
    settings
        ``"all"`` threads and allocators; ``"neutral"``: the neutral allocator only;
        ``"one"``: that, with most threads only. For what takes long.
    default
        Whether it is measured where no case is named.
    """

    name: str
    title: str
    batch: int
    peers: tuple[str, ...]
    modes: tuple[str, ...] = (FORWARD, BACKWARD)
    settings: str = "all"
    default: bool = True

    @property
    @abstractmethod
    def stored(self) -> str:
        """File, in the store of a run, of what it works on."""

    @abstractmethod
    def store(self, path: Path) -> None:
        """Build what it works on, and write it."""


@dataclass(frozen=True)
class LayerCase(Case):
    """A Chebyshev convolution on HEALPix, heat weights, combinatorial Laplacian."""

    nside: int = 64
    k: int = 8
    inputs: int = 16
    outputs: int = 16
    K: int = 5
    dtype: str = "float32"

    @property
    def stored(self) -> str:
        """Matrix of the rescaled Laplacian."""
        return f"laplacian-{self.nside}-{self.k}.npz"

    def store(self, path: Path) -> None:
        """Write the rescaled Laplacian."""
        graph = knn_graph(HEALPix(self.nside), self.k, weighting="heat")
        sp.save_npz(path, laplacian(graph, "combinatorial").rescaled(), False)


@dataclass(frozen=True)
class PoolCase(Case):
    """The mean over four cells of HEALPix, or the copy to them."""

    nside: int = 64
    channels: int = 16
    up: bool = False

    @property
    def stored(self) -> str:
        """Matrix of the pooling or unpooling."""
        return f"{'unpool' if self.up else 'pool'}-{self.nside}.npz"

    def store(self, path: Path) -> None:
        """Write the matrix."""
        assign = HEALPix(self.nside).coarsen().assign
        matrix = assign.T if self.up else assign / 4
        sp.save_npz(path, sp.csr_array(matrix), False)


@dataclass(frozen=True)
class NetworkCase(Case):
    """A network, of which peers replace the convolutions."""

    network: str = "shrec17"
    resolution: int = 32
    #: Batch on a CUDA device, as published where the paper says it.
    cuda_batch: int = 32
    #: Milliseconds an instance that the paper reports (arXiv:2012.15000).
    published_ms: float | None = None

    @property
    def stored(self) -> str:
        """The network itself, so that its graphs are built once."""
        return f"{self.network}-{self.resolution}.pickle"

    def store(self, path: Path) -> None:
        """Build the network with weights from a seed, and write it."""
        torch.manual_seed(0)
        path.write_bytes(pickle.dumps(_network(self.network, self.resolution)))


def _network(name: str, resolution: int) -> torch.nn.Module:
    """A published network (arXiv:2012.15000, section 4), or a small one for tests.

    On heat weights, as published, whose Laplacian all peers can represent.
    """
    if name == "shrec17":
        pyramid = build_pyramid(HEALPix(resolution), 6, 8, weighting="heat")
        return SphericalClassifier(6, 55, pyramid)
    if name == "cosmology":
        twelfth = HEALPix(resolution)[np.arange(resolution**2)]
        pyramid = build_pyramid(twelfth, 6, 8, weighting="heat")
        return SphericalClassifier(1, 2, pyramid, widths=(16, 32, 64, 64, 64), K=5)
    if name == "unet":
        pyramid = build_pyramid(Icosahedral(resolution), 6, 6, weighting="heat")
        return SphericalUNet(16, 3, pyramid, configuration=DEEPSPHERE)
    if name == "small-unet":
        pyramid = build_pyramid(HEALPix(resolution), SMALL.levels, 8, weighting="heat")
        return SphericalUNet(4, 3, pyramid, configuration=SMALL)
    pyramid = build_pyramid(HEALPix(resolution), 3, 8, weighting="heat")
    return SphericalClassifier(3, 5, pyramid, widths=(8, 16), K=4)


LAYER_PEERS = ("ours", "pyg", "coo", "csr", "scipy")
OTHERS = ("ours", "pyg", "coo")


def _layer(
    nside: int, k: int, batch: int, inputs: int, outputs: int, settings: str = "all"
) -> LayerCase:
    name = f"nside{nside}-k{k}-batch{batch}-{inputs}-{outputs}"
    title = f"{nside}, {k}, {batch}, {inputs}→{outputs}"
    return LayerCase(
        name,
        title,
        batch,
        LAYER_PEERS,
        settings=settings,
        nside=nside,
        k=k,
        inputs=inputs,
        outputs=outputs,
    )


def _float64(case: LayerCase) -> LayerCase:
    name, title = f"{case.name}-float64", f"{case.title}, float64"
    return replace(case, name=name, title=title, dtype="float64")


def _bfloat16(case: LayerCase) -> LayerCase:
    name, title = f"{case.name}-bf16", f"{case.title}, bfloat16"
    return replace(case, name=name, title=title, peers=("ours_bf16", "ours"))


_UNET = NetworkCase(
    "unet",
    "U-Net, icosahedron level 5",
    8,
    OTHERS,
    (FORWARD, TRAINING),
    "one",
    network="unet",
    resolution=5,
    cuda_batch=64,
    published_ms=33.0,
)


_FIRST, _WIDE = _layer(64, 8, 4, 16, 16), _layer(64, 8, 4, 64, 64)
_BOTH = (FORWARD, TRAINING)
_CASES: tuple[Case, ...] = (
    _FIRST,
    _WIDE,
    _layer(64, 20, 4, 16, 16),
    _layer(128, 8, 1, 64, 64, "neutral"),
    _layer(64, 8, 1, 64, 16),
    _layer(256, 8, 1, 16, 16, "neutral"),
    _layer(32, 8, 16, 16, 16, "neutral"),
    _layer(32, 8, 16, 64, 64, "neutral"),
    replace(_float64(_FIRST), settings="neutral"),
    replace(_bfloat16(_WIDE), settings="neutral"),
    PoolCase("pool", "64→32, mean, 4, 16", 4, OTHERS, settings="neutral"),
    PoolCase("unpool", "32→64, copy, 4, 16", 4, OTHERS, settings="neutral", up=True),
    NetworkCase(
        "shrec17",
        "SHREC'17 network, nside 32",
        8,
        OTHERS,
        _BOTH,
        "one",
        published_ms=0.9,
    ),
    NetworkCase(
        "cosmology",
        "cosmology network, 1/12 of nside 1024",
        1,
        OTHERS,
        (FORWARD,),
        "one",
        network="cosmology",
        resolution=1024,
        cuda_batch=8,
        published_ms=185.0,
    ),
    NetworkCase(
        "cosmology-training",
        "cosmology network, training",
        1,
        OTHERS,
        (TRAINING,),
        "one",
        default=False,
        network="cosmology",
        resolution=1024,
        cuda_batch=8,
    ),
    _UNET,
    replace(
        _UNET,
        name="unet-bf16",
        title="U-Net, bfloat16",
        peers=("ours_bf16", "ours", "pyg", "coo"),
    ),
)

_TINY = replace(_layer(4, 8, 2, 3, 4), name="quick-layer")
_QUICK: tuple[Case, ...] = (
    _TINY,
    replace(_layer(4, 8, 1, 6, 2), name="quick-fewer-outputs"),
    replace(_float64(_TINY), name="quick-float64"),
    replace(_bfloat16(_TINY), name="quick-bf16"),
    PoolCase("quick-pool", "4→2, mean", 2, OTHERS, nside=4, channels=3),
    PoolCase("quick-unpool", "2→4, copy", 2, OTHERS, nside=4, channels=3, up=True),
    NetworkCase(
        "quick-classifier",
        "small classifier",
        2,
        OTHERS,
        _BOTH,
        "one",
        network="small",
        resolution=8,
        cuda_batch=2,
        published_ms=1.0,
    ),
    NetworkCase(
        "quick-unet",
        "small U-Net",
        2,
        OTHERS,
        _BOTH,
        "one",
        network="small-unet",
        resolution=16,
        cuda_batch=2,
    ),
)
CASES = {case.name: case for case in _CASES}
QUICK = {case.name: case for case in _QUICK}


def store(cases: Iterable[Case], folder: Path) -> None:
    """Build what cases work on, each once, into a folder that workers read."""
    for case in cases:
        path = folder / case.stored
        if not path.exists():
            with atomic_path(path) as temporary:
                case.store(temporary)
