"""Time spherical harmonic transforms against torch-harmonics and healpy.

Analysis and synthesis of a batch of maps on Gauss-Legendre rings are timed, and their
gradients, with calls of all peers in alternation in one process. On HEALPix the peer is
healpy with its 3 iterations; ours is timed with 3 and with 2. Errors are those of a
round trip, from coefficients to a signal and back. Peers that are not installed are
named and left out.

    python -m benchmarks.studies.sht --out runs/sht
    python -m benchmarks.studies.sht --bandlimits 64 --batch 1 --threads 1
"""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import healpy
import numpy as np
import torch
from torch import Tensor

from benchmarks.measuring.files import new_parser, refuse_below, write_csv
from benchmarks.measuring.machine import load, machine, one_line
from benchmarks.measuring.timing import interleaved, with_gradient, without_gradient
from deepsphere_pyg.harmonics import ISHT, SHT, to_healpy
from samplings import GaussLegendre, HEALPix, Sampling
from samplings.atomic_files import write_json

COLUMNS = ("sampling", "L", "peer", "direction", "median_ms", "shortest_ms", "error")
DIRECTIONS = ("analysis", "synthesis", "analysis + gradient", "synthesis + gradient")


class Peer(NamedTuple):
    """Both directions of a transform, on arrays of the peer's own kind."""

    analysis: Callable[[Any], Any]
    synthesis: Callable[[Any], Any]
    signal: Any
    coefficients: Any


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/sht"), help="folder of the results")
    add("--bandlimits", type=int, nargs="+", default=[64, 128, 256])
    add("--nside", type=int, nargs="*", default=[32, 64], help="HEALPix, L = 2 nside")
    add("--batch", type=int, default=16)
    add("--threads", type=int, default=os.cpu_count() or 1)
    add("--rounds", type=int, default=100, help="largest number of runs of each peer")
    add("--budget", type=float, default=4.0, help="seconds for each peer")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "batch", "threads", "rounds", "bandlimits")
    return args


def ours(
    sampling: Sampling, method: str, c: Tensor, iterations: int | None = None
) -> Peer:
    """Return this library's transforms."""
    L = round(c.shape[-2] ** 0.5)
    analysis = SHT(sampling, L, method=method, iterations=iterations, dtype=c.dtype)
    synthesis = ISHT(sampling, L, method=method, dtype=c.dtype).to(c.device)
    return Peer(analysis.to(c.device), synthesis, synthesis(c), c)


def torch_harmonics(sampling: GaussLegendre, c: Tensor) -> Peer:
    """Return the modules of torch-harmonics."""
    library = importlib.import_module("torch_harmonics")
    L, n_phi = sampling.L, sampling.n_phi
    form = {"lmax": L, "mmax": L, "grid": "legendre-gauss"}
    analysis = library.RealSHT(L, n_phi, **form).to(c.device, c.dtype)
    synthesis = library.InverseRealSHT(L, n_phi, **form).to(c.device, c.dtype)
    alm = analysis(ours(sampling, "rings", c).signal[..., 0].view(-1, L, n_phi))
    return Peer(analysis, synthesis, synthesis(alm), alm)


def healpy_iterated(sampling: HEALPix, c: Tensor) -> Peer:
    """Return healpy's functions, map after map, with 3 iterations."""
    L = round(c.shape[-2] ** 0.5)
    alm = _complex(c.double())[:, 0]
    maps = np.stack([healpy.alm2map(a, sampling.nside, lmax=L - 1) for a in alm])

    def analysis(maps: Any) -> Any:
        return np.stack([healpy.map2alm(m, lmax=L - 1, iter=3) for m in maps])

    def synthesis(alm: Any) -> Any:
        side = sampling.nside
        return np.stack([healpy.alm2map(a, side, lmax=L - 1) for a in alm])

    return Peer(analysis, synthesis, maps, alm)


def _complex(c: Tensor) -> Any:
    """Coefficients as numpy arrays of healpy's order, ``(batch, 1, n)``."""
    return np.ascontiguousarray(to_healpy(c.cpu()).numpy())


def peers_on(sampling: Sampling, c: Tensor) -> Iterator[tuple[str, Peer]]:
    """Yield every peer that is installed; print the others."""
    makers: dict[str, Callable[[], Peer]] = {
        "ours": lambda: ours(sampling, "rings", c),
        "ours by ducc0": lambda: ours(sampling, "ducc", c),
    }
    if isinstance(sampling, GaussLegendre):
        makers["torch-harmonics"] = lambda: torch_harmonics(sampling, c)
    if isinstance(sampling, HEALPix):
        makers["ducc0, 2 steps"] = lambda: ours(sampling, "ducc", c, 2)
        makers["healpy"] = lambda: healpy_iterated(sampling, c)
    for name, make in makers.items():
        if c.device.type == "cuda" and name not in ("ours", "torch-harmonics"):
            continue
        try:
            yield name, make()
        except (ImportError, OSError) as reason:
            # Compiled for another torch, a library fails when it is loaded.
            print(f"  {name} left out: {type(reason).__name__}: {reason}")


def error_of(peer: Peer) -> float:
    """Relative error of a round trip from coefficients."""
    found = peer.analysis(peer.synthesis(peer.coefficients))
    found, wanted = (np.asarray(_cpu(a)) for a in (found, peer.coefficients))
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def _cpu(a: Any) -> Any:
    return a.detach().cpu() if isinstance(a, Tensor) else a


def measure(
    sampling: Sampling, L: int, args: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield a row of the table for each peer and direction."""
    device = torch.device(args.device)
    generator = torch.Generator().manual_seed(0)
    c = torch.randn(args.batch, L * L, 1, generator=generator).to(device)
    found = dict(peers_on(sampling, c))
    errors = {name: error_of(peer) for name, peer in found.items()}
    for direction in DIRECTIONS:
        runs = {}
        for name, peer in found.items():
            part = direction.split()[0]
            function = getattr(peer, part)
            given = peer.signal if part == "analysis" else peer.coefficients
            if "gradient" not in direction:
                runs[name] = without_gradient(function, given)
            elif isinstance(given, Tensor):
                runs[name] = with_gradient(function, given)
        times = interleaved(runs, device, args.rounds, args.budget)
        for name, seconds in times.items():
            per_map = [1e3 * s / args.batch for s in seconds]
            yield {
                "sampling": sampling.name,
                "L": L,
                "peer": name,
                "direction": direction,
                "median_ms": round(median(per_map), 5),
                "shortest_ms": round(min(per_map), 5),
                "error": f"{errors[name]:.1e}",
            }


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print, and write ``sht.csv`` and ``machine.json``."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    facts = {**machine(args.device), "threads": args.threads, "batch": args.batch}
    print(f"{one_line(facts)}, {args.threads} threads, batch {args.batch}, float32")
    cases: list[tuple[Sampling, int]] = [(GaussLegendre(L), L) for L in args.bandlimits]
    cases += [(HEALPix(nside, nest=False), 2 * nside) for nside in args.nside]
    rows = []
    for sampling, L in cases:
        print(f"{sampling.name}, L = {L}: ms per map, median (shortest), round trip")
        for row in measure(sampling, L, args):
            rows.append(row)
            print(
                f"  {row['direction']:<21}{row['peer']:<16}{row['median_ms']:>9.4f} "
                f"({row['shortest_ms']:.4f})  {row['error']}",
                flush=True,
            )
    write_csv(args.out / "sht.csv", COLUMNS, rows)
    write_json(args.out / "machine.json", {**facts, "load_after": load()})


if __name__ == "__main__":
    main()
