"""Time transforms of vector fields against those of two scalar signals.

Analysis and synthesis of winds on Gauss-Legendre rings are timed beside two calls of
the scalar transform, one for each component, and beside one call for both components
as channels, all in alternation in one process. Ratios are those of the shortest times.

    python -m benchmarks.studies.spin_sht --threads 1
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.measuring.files import new_parser, refuse_below
from benchmarks.measuring.machine import machine, one_line
from benchmarks.measuring.timing import interleaved, without_gradient
from deepsphere_pyg.harmonics import ISHT, SHT, SpinISHT, SpinSHT
from samplings import GaussLegendre


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--bandlimits", type=int, nargs="+", default=[64, 128, 256])
    add("--batch", type=int, nargs="+", default=[1, 16])
    add("--spin", type=int, default=1)
    add("--method", choices=("auto", "rings", "ducc"), default="auto", help="sums")
    add("--dtype", choices=("float32", "float64"), default="float64")
    add("--threads", type=int, default=os.cpu_count() or 1)
    add("--rounds", type=int, default=100, help="largest number of runs of each")
    add("--budget", type=float, default=4.0, help="seconds for each")
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "batch", "threads", "rounds", "bandlimits")
    return args


def runs(
    L: int, batch: int, spin: int, dtype: torch.dtype, method: str
) -> Iterator[tuple[str, dict[str, Callable[[], object]]]]:
    """Yield both directions, each with the three ways that are compared."""
    sampling = GaussLegendre(L)
    generator = torch.Generator().manual_seed(0)
    shapes = {"analysis": len(sampling), "synthesis": L * L}
    for direction, n in shapes.items():
        options: dict[str, Any] = {"method": method, "dtype": dtype}
        scalar: SHT | ISHT
        of_spin: SpinSHT | SpinISHT
        if direction == "analysis":
            scalar = SHT(sampling, L, **options)
            of_spin = SpinSHT(sampling, L, spin, **options)
        else:
            scalar = ISHT(sampling, L, **options)
            of_spin = SpinISHT(sampling, L, spin, **options)
        x = torch.randn(batch, n, 2, 1, generator=generator, dtype=dtype)
        parts = [part.contiguous() for part in x.unbind(2)]
        yield (
            direction,
            {
                "two scalar": without_gradient(partial(_each, scalar), parts),
                "two channels": without_gradient(scalar, x[..., 0]),
                "spin": without_gradient(of_spin, x),
            },
        )


def _each(transform: Callable[[Tensor], Tensor], parts: Sequence[Tensor]) -> None:
    for part in parts:
        transform(part)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    print(f"{one_line(machine('cpu'))}, {args.threads} threads, {args.dtype}")
    dtype = getattr(torch, args.dtype)
    for L in args.bandlimits:
        for batch in args.batch:
            for direction, functions in runs(L, batch, args.spin, dtype, args.method):
                times = interleaved(
                    functions, torch.device("cpu"), args.rounds, args.budget
                )
                best = {name: 1e3 * min(seconds) for name, seconds in times.items()}
                spin = best["spin"]
                print(
                    f"L = {L}, batch {batch}, {direction}: {spin:.2f} ms; two scalar "
                    f"transforms {best['two scalar'] / spin:.2f} of that, two channels "
                    f"of one {best['two channels'] / spin:.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
