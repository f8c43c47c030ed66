"""The layers, poolings and networks that ``run.py`` measures, each by name."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch

from benchmarks.measuring.settings import DEFAULT, NEUTRAL, Setting
from deepsphere_pyg import SphericalClassifier, SphericalUNet
from deepsphere_pyg.models import DEEPSPHERE, SMALL
from samplings import HEALPix, Icosahedral, build_pyramid, knn_graph, laplacian
from samplings.atomic_files import atomic_path

FORWARD, BACKWARD, TRAINING = "forward", "forward+backward", "training step"
#: By name; the others are compared with the first peer of a case.
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
    """A computation that several peers do.

    Parameters
    ----------
    name
        On the command line and in tables.
    title
        In the table of Markdown.
    batch
        Number of signals.
    peers
        Those that compute it; times are compared with that of the first.
    modes
        The parts of it that are timed.
    settings
        ``"all"`` threads and allocators; ``"neutral"``: the neutral allocator only;
        ``"one"``: the neutral allocator and most threads only, for long cases.
    default
        Whether it is measured if no case is named.
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
        """File of its matrix or network, in the store of a run."""

    @abstractmethod
    def store(self, path: Path) -> None:
        """Build its matrix or network, and write it."""


@dataclass(frozen=True)
class ConvolutionCase(Case):
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
    #: Milliseconds per instance that the paper reports (arXiv:2012.15000).
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
    twelfth = name == "cosmology"
    sampling: Any = (Icosahedral if name == "unet" else HEALPix)(resolution)
    if twelfth:
        sampling = sampling[np.arange(resolution**2)]
    levels = {"small": 3, "small-unet": SMALL.levels}.get(name, 6)
    k = 6 if name == "unet" else 8
    pyramid = build_pyramid(sampling, levels, k, weighting="heat")
    if name == "shrec17":
        return SphericalClassifier(6, 55, pyramid)
    if name == "cosmology":
        return SphericalClassifier(1, 2, pyramid, widths=(16, 32, 64, 64, 64), K=5)
    if name == "unet":
        return SphericalUNet(16, 3, pyramid, configuration=DEEPSPHERE)
    if name == "small-unet":
        return SphericalUNet(4, 3, pyramid, configuration=SMALL)
    return SphericalClassifier(3, 5, pyramid, widths=(8, 16), K=4)


LAYER_PEERS = ("ours", "pyg", "coo", "csr", "scipy")
OTHERS = ("ours", "pyg", "coo")


def _layer(
    nside: int, k: int, batch: int, inputs: int, outputs: int, **options: Any
) -> ConvolutionCase:
    name = f"nside{nside}-k{k}-batch{batch}-{inputs}-{outputs}"
    title = f"{nside}, {k}, {batch}, {inputs}→{outputs}"
    options |= {"nside": nside, "k": k, "inputs": inputs, "outputs": outputs}
    return ConvolutionCase(name, title, batch, LAYER_PEERS, **options)


def _variant(
    case: ConvolutionCase, suffix: str, title: str, **changes: Any
) -> ConvolutionCase:
    name, title = f"{case.name}-{suffix}", f"{case.title}, {title}"
    return replace(case, name=name, title=title, **changes)


def _net(
    name: str, title: str, batch: int, peers: tuple[str, ...] = OTHERS, **options: Any
) -> NetworkCase:
    options = {"modes": (FORWARD, TRAINING), "settings": "one", **options}
    return NetworkCase(name, title, batch, peers, **options)


_BF16: dict[str, Any] = {"peers": ("ours_bf16", "ours")}
_FIRST, _WIDE = _layer(64, 8, 4, 16, 16), _layer(64, 8, 4, 64, 64)
_COSMOLOGY: Any = {"network": "cosmology", "resolution": 1024, "cuda_batch": 8}
_UNET: Any = {"network": "unet", "resolution": 5, "cuda_batch": 64}
_UNET |= {"published_ms": 33.0}
_CASES: tuple[Case, ...] = (
    _FIRST,
    _WIDE,
    _layer(64, 20, 4, 16, 16),
    _layer(128, 8, 1, 64, 64, settings="neutral"),
    _layer(64, 8, 1, 64, 16),
    _layer(256, 8, 1, 16, 16, settings="neutral"),
    _layer(32, 8, 16, 16, 16, settings="neutral"),
    _layer(32, 8, 16, 64, 64, settings="neutral"),
    _variant(_FIRST, "float64", "float64", settings="neutral", dtype="float64"),
    _variant(_WIDE, "bf16", "bfloat16", settings="neutral", **_BF16),
    PoolCase("pool", "64→32, mean, 4, 16", 4, OTHERS, settings="neutral"),
    PoolCase("unpool", "32→64, copy, 4, 16", 4, OTHERS, settings="neutral", up=True),
    _net("shrec17", "SHREC'17 network, nside 32", 8, published_ms=0.9),
    _net(
        "cosmology",
        "cosmology network, 1/12 of nside 1024",
        1,
        modes=(FORWARD,),
        **_COSMOLOGY,
        published_ms=185.0,
    ),
    _net(
        "cosmology-training",
        "cosmology network, training",
        1,
        modes=(TRAINING,),
        **_COSMOLOGY,
        default=False,
    ),
    _net("unet", "U-Net, icosahedron level 5", 8, **_UNET),
    _net("unet-bf16", "U-Net, bfloat16", 8, ("ours_bf16", *OTHERS), **_UNET),
)

_TINY = replace(_layer(4, 8, 2, 3, 4), name="quick-layer")
_QUICK: tuple[Case, ...] = (
    _TINY,
    replace(_layer(4, 8, 1, 6, 2), name="quick-fewer-outputs"),
    replace(_TINY, name="quick-float64", dtype="float64"),
    replace(_TINY, name="quick-bf16", **_BF16),
    PoolCase("quick-pool", "4→2, mean", 2, OTHERS, nside=4, channels=3),
    PoolCase("quick-unpool", "2→4, copy", 2, OTHERS, nside=4, channels=3, up=True),
    _net(
        "quick-classifier",
        "small classifier",
        2,
        network="small",
        resolution=8,
        published_ms=1.0,
    ),
    _net("quick-unet", "small U-Net", 2, network="small-unet", resolution=16),
)
CASES = {case.name: case for case in _CASES}
QUICK = {case.name: case for case in _QUICK}


def store(cases: Iterable[Case], folder: Path) -> None:
    """Build the matrices and networks of cases, each once, for workers to read."""
    for case in cases:
        path = folder / case.stored
        if not path.exists():
            with atomic_path(path) as temporary:
                case.store(temporary)


def settings_of(
    case: Case, device: str, threads: Sequence[int], allocators: Sequence[str]
) -> list[Setting]:
    """Settings in which a case is timed; long ones in few."""
    if device == "cuda":
        return [Setting(device, max(threads), DEFAULT)]
    calm = NEUTRAL if NEUTRAL in allocators else allocators[0]
    if case.settings == "one":
        return [Setting(device, max(threads), calm)]
    chosen = [Setting(device, t, calm) for t in threads]
    if case.settings == "all" and DEFAULT in allocators and calm != DEFAULT:
        # One number of threads with the default allocator shows the cost of pages.
        chosen.append(Setting(device, max(threads), DEFAULT))
    return sorted(chosen)
