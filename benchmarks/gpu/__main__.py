"""Measure all that a GPU is for, in one run of less than 8 minutes.

    python -m benchmarks.gpu --out runs/gpu
    python -m benchmarks.gpu --parts kernels shrec17
    python -m benchmarks.gpu --device cpu --quick     # tiny sizes: does it run?

Each part has a process of its own, so that one that fails or takes too long leaves the
others as they are, and what it had found by then is kept:

tests        the tests that are marked gpu: every layer and execution against the CPU
correctness  sums over edges and their gradients against SciPy, every execution
kernels      Triton's kernel against cuSPARSE, and the choice of "auto"
shrec17      the network of SHREC'17 (published: 0.9 ms an instance; aim: below 0.3)
cosmology    the network of cosmology (published: 185 ms an instance)
unet         the U-Net of weather events
sht          spherical harmonic transforms, beside torch-harmonics if it is installed
products     products of fragments, beside e3nn if it is installed

Networks are compared in value, time and memory with all sums by cuSPARSE, by Triton
and under bfloat16 autocast, and with the convolutions of PyTorch Geometric.
``gpu.json`` and ``gpu.md`` in --out grow part by part. Whatever was not run is listed
with the reason. The status is 1 if a part failed, or an error exceeds its bound.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
import torch

from benchmarks.gpu.networks import network, products, transforms
from benchmarks.gpu.rows import Row, Sizes, row, table
from benchmarks.gpu.sums import correctness, kernels
from benchmarks.measuring.files import new_parser
from benchmarks.measuring.machine import machine, one_line
from benchmarks.measuring.settings import DEFAULT, Setting
from samplings.atomic_files import atomic_path, write_json

MODULE = "benchmarks.gpu"
# Seconds that are too few for a part: it would not get past loading the libraries.
LEAST = 10.0
# Share of the time that a part may take, so that a slow one leaves some to the others.
SHARE = 0.3


class Outcomes:
    """A plugin of pytest that counts the outcomes of tests, and names the failures."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
        self.failures: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once: when it was called, or failed or skipped before."""
        if report.when == "call" or report.outcome != "passed":
            self.counts[report.outcome] += 1
            if report.outcome == "failed":
                self.failures.append(report.nodeid)


def tests(sizes: Sizes) -> Iterator[Row]:
    """Yield the counts of the tests that are marked gpu."""
    path = Path(__file__).parents[2] / "tests" / "test_gpu.py"
    seen = Outcomes()
    status = pytest.main(["-q", "-m", "gpu", str(path)], plugins=[seen])
    told = ", ".join(f"{number} {word}" for word, number in seen.counts.items())
    passed = float(seen.counts["passed"])
    if status:
        shown = "; ".join([told, *seen.failures[:5]])
        note = f"pytest ended with {int(status)}: {shown}"
        yield row("gpu", "ours", "tests passed", passed, "", note, failed=True)
    elif passed:
        yield row("gpu", "ours", "tests passed", passed, "", told)
    else:
        reason = f"there is no CUDA device ({told})"
        yield row("gpu", "ours", "tests passed", None, note=reason)


PARTS: dict[str, Callable[[Sizes], Iterator[Row]]] = {
    "tests": tests,
    "correctness": correctness,
    "kernels": kernels,
    "shrec17": partial(network, name="shrec17"),
    "cosmology": partial(network, name="cosmology"),
    "unet": partial(network, name="unet"),
    "sht": transforms,
    "products": products,
}


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/gpu"), help="folder of the results")
    add("--device", choices=("cpu", "cuda"), default="cuda")
    add("--quick", action="store_true", help="tiny sizes, to test the script itself")
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    add("--minutes", type=float, default=7.5, help="for all parts together")
    add("--worker", choices=PARTS, help=argparse.SUPPRESS)
    add("--store", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args(words)
    if not args.minutes > 0:
        parser.error(f"--minutes must be more than 0, got {args.minutes:g}")
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error(
            "--device cuda: PyTorch finds no CUDA device; --device cpu --quick tests "
            "the script without one"
        )
    return args


def work(args: argparse.Namespace) -> None:
    """Measure one part, and print its rows as lines of JSON."""
    sizes = Sizes(torch.device(args.device), args.quick, args.store)
    for found in PARTS[args.worker](sizes):
        print(json.dumps({"part": args.worker, **found}), flush=True)


def measured(
    part: str, args: argparse.Namespace, store: Path, limit: float
) -> tuple[list[Row], str]:
    """Measure a part in a process of its own.

    Returns
    -------
    tuple
        The rows that it gave, and why there are no more; empty if it ended well.
    """
    words = [sys.executable, "-m", MODULE, "--worker", part, "--store", str(store)]
    words += ["--device", args.device, *["--quick"] * args.quick]
    environment = Setting(args.device, torch.get_num_threads(), DEFAULT).environment()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as said:
        with subprocess.Popen(words, stdout=out, stderr=said, env=environment) as one:
            try:
                one.wait(limit)
                reason = ""
            except subprocess.TimeoutExpired:
                one.kill()
                reason = f"stopped after {limit:.0f} s, its share of --minutes"
        out.seek(0)
        said.seek(0)
        lines = [line for line in out if line.startswith("{") and line.endswith("}\n")]
        last = said.read().strip().splitlines()[-1:] or ["no message"]
    if not reason and one.returncode:
        reason = f"failed with status {one.returncode}: {last[0]}"
    return [json.loads(line) for line in lines], reason


def main(words: Sequence[str] | None = None) -> int:
    """Measure all parts; return the exit status."""
    args = arguments(words)
    if args.worker:
        work(args)
        return 0
    facts = machine(args.device)
    end = time.monotonic() + 60 * args.minutes
    rows: list[Row] = []
    left_out: dict[str, str] = {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="gpu-") as folder:
        for part in dict.fromkeys(args.parts):
            left = end - time.monotonic()
            if left < LEAST:
                left_out[part] = f"the {args.minutes:g} minutes were over"
                continue
            start = time.monotonic()
            limit = min(left, 60 * args.minutes * SHARE)
            found, reason = measured(part, args, Path(folder), limit)
            seconds = time.monotonic() - start
            print(f"{part}: {seconds:.0f} s {reason}".rstrip(), flush=True)
            rows += found
            if reason:
                left_out[part] = reason
            failed |= reason.startswith("failed") or any(r["failed"] for r in found)
            _write(args, facts, rows, left_out)
    _write(args, facts, rows, left_out)
    print((args.out / "gpu.md").read_text())
    print(f"wrote {args.out}/gpu.json and gpu.md")
    return int(failed)


def _write(
    args: argparse.Namespace, facts: dict, rows: list[Row], left_out: dict[str, str]
) -> None:
    """Write both files, whole or not at all."""
    caption = one_line(facts) + (", TINY SIZES" if args.quick else "")
    about = {"machine": facts, "quick": args.quick, "left_out": left_out, "rows": rows}
    write_json(args.out / "gpu.json", about)
    with atomic_path(args.out / "gpu.md") as temporary:
        temporary.write_text(table(caption, rows, left_out))


if __name__ == "__main__":
    sys.exit(main())
