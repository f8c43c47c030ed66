"""Time graph convolutions against their peers, and against the machine's limits.

Every case is computed by this package, by PyTorch Geometric, by sparse products of
PyTorch and by SciPy, in alternation in one process for each number of threads and
allocator; each result is compared with float64. ``kernels.csv``, ``kernels.md`` and
``kernels.json`` in --out grow case by case and remain after an interruption.

    python -m benchmarks.run --out runs/bench --reference benchmarks/reference.csv
    python -m benchmarks.run --quick --out runs/bench-quick
    python -m benchmarks.run --cases shrec17 unet --device cuda

A ratio is the median time of a peer over that of this package: how many times faster
this package is. With the neutral allocator no page returns to the system, so no page
has to be mapped again. Peak memory is the memory of a run beyond its inputs, weights
and graph: the memory in use at once, and the growth of the process with the default
allocator.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from benchmarks.kernels.cases import CASES, PEERS, QUICK, settings_of, store
from benchmarks.kernels.reference import compare, read_reference, write_reference
from benchmarks.kernels.report import COLUMNS, Results, markdown
from benchmarks.kernels.worker import Job
from benchmarks.measuring.files import new_parser, refuse_below, write_csv
from benchmarks.measuring.machine import load, machine, one_line
from benchmarks.measuring.settings import (
    DEFAULT,
    MEMORY,
    NEUTRAL,
    RESIDENT,
    Setting,
    default_threads,
    on_glibc,
)
from samplings.atomic_files import atomic_path, write_json

WORKER = "benchmarks.kernels.worker"


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=Path("runs/bench"), help="folder of the results")
    add("--cases", nargs="+", help="names, or 'all'; default: all but the longest")
    add("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    add("--threads", type=int, nargs="+", help="default: 1 and 2")
    add("--allocators", nargs="+", choices=(DEFAULT, NEUTRAL))
    add("--no-memory", dest="memory", action="store_false", help="skip peak memory")
    add("--repeat", type=int, default=15, help="largest number of runs of each peer")
    add("--budget", type=float, default=1.0, help="seconds for the runs of a peer")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--quick", action="store_true", help="smoke test: tiny cases, in a minute")
    add("--reference", type=Path, help="file of ratios to compare this run with")
    add(
        "--tolerance",
        type=float,
        default=0.7,
        help="smallest share of a stored ratio that passes",
    )
    add("--write-reference", type=Path, help="store the ratios of this run")
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "repeat", "threads")
    if not args.budget > 0:
        parser.error(f"--budget must be more than 0 seconds, got {args.budget:g}")
    if not 0 < args.tolerance <= 1:
        parser.error(f"--tolerance must be in (0, 1], got {args.tolerance:g}")
    if args.threads is None:
        args.threads = [1] if args.quick else default_threads()
    known = QUICK if args.quick else CASES
    if args.cases is None:
        args.cases = [name for name, case in known.items() if case.default]
    elif args.cases == ["all"]:
        args.cases = list(known)
    for name in args.cases:
        if name not in known:
            parser.error(f"unknown case {name!r}; choose from {', '.join(known)}")
    if args.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: PyTorch finds no CUDA device; use cpu")
    if args.allocators is None:
        both = on_glibc() and not args.quick
        args.allocators = [DEFAULT, NEUTRAL] if both else [DEFAULT]
        if not on_glibc() and args.device == "cpu":
            print("without glibc, only the default allocator is measured")
    elif NEUTRAL in args.allocators and not on_glibc():
        parser.error("--allocators neutral needs glibc's malloc; use default")
    args.threads = sorted(set(args.threads))
    args.allocators = sorted(set(args.allocators))
    return args


def jobs_of(args: argparse.Namespace, folder: str) -> list[list[Job]]:
    """Jobs, all settings of a case together; those of a list share a process.

    Each has a process of its own, because the heap that a case leaves behind changes
    the times of the next; tiny cases share a process for each setting.
    """
    known = QUICK if args.quick else CASES
    jobs = []
    for name in dict.fromkeys(args.cases):
        case = known[name]
        peers = [p for p in case.peers if p in args.peers or p == case.peers[0]]
        if args.device == "cuda":
            peers = [p for p in peers if p != "scipy"]
        settings = settings_of(case, args.device, args.threads, args.allocators)
        most = max(args.threads)
        if args.memory:
            settings.append(Setting(args.device, most, MEMORY))
        options = folder, args.repeat, args.budget
        jobs += [Job(name, args.quick, tuple(peers), s, *options) for s in settings]
        if args.memory and args.device == "cpu" and case.settings == "all":
            # A process for each peer: the heap that one leaves changes the next.
            where = Setting(args.device, most, RESIDENT)
            jobs += [
                Job(name, args.quick, (peer,), where, *options)
                for peer in peers
                if peer != "scipy"
            ]
    if not args.quick:
        return [[job] for job in jobs]
    shared: dict[Setting, list[Job]] = {}
    for job in jobs:
        shared.setdefault(job.setting, []).append(job)
    return list(shared.values())


def work(jobs: Sequence[Job]) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Run jobs in one process, and yield its rows as they come.

    Raises
    ------
    RuntimeError
        If the process fails, with the last line of its errors.
    """
    with (
        tempfile.TemporaryFile("w+") as said,
        tempfile.TemporaryFile("w+") as asked,
    ):
        asked.write("".join(job.to_json() + "\n" for job in jobs))
        asked.seek(0)
        with subprocess.Popen(
            [sys.executable, "-m", WORKER],
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=said,
            env=jobs[0].setting.environment(),
            text=True,
        ) as process:
            try:
                for line in process.stdout or ():
                    row = json.loads(line)
                    yield jobs[row.pop("job")], row
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            said.seek(0)
            last = said.read().strip().splitlines()[-1:] or ["no message"]
            names = ", ".join(job.case for job in jobs)
            raise RuntimeError(
                f"{names}, {jobs[0].setting.title}: the process ended with "
                f"{process.returncode}: {last[0]}"
            )


def main(words: Sequence[str] | None = None) -> int:
    """Measure, report and compare; return the exit status."""
    args = arguments(words)
    failures: list[str] = []
    try:
        reference = None if args.reference is None else read_reference(args.reference)
        rows, caption = measure(args, failures)
        if args.write_reference is not None and not failures:
            write_reference(args.write_reference, rows, caption)
            print(f"wrote {args.write_reference}")
        if reference is not None:
            worse, compared = compare(rows, reference, args.tolerance)
            print(f"{compared} ratios compared with {args.reference}")
            failures += [f"slower than before: {line}" for line in worse]
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted; finished measurements are in --out", file=sys.stderr)
        return 130
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def measure(
    args: argparse.Namespace, failures: list[str]
) -> tuple[list[dict[str, Any]], str]:
    """Do all jobs and keep the files in --out up to date; return rows and caption."""
    facts = machine(args.device)
    caption = one_line(facts)
    known = QUICK if args.quick else CASES
    results, bounds = Results(), []
    with tempfile.TemporaryDirectory(prefix="kernels-") as folder:
        groups = jobs_of(args, folder)
        for jobs in (progress := tqdm(groups, unit="process", disable=None)):
            progress.set_description(f"{jobs[0].case}, {jobs[0].setting.title}")
            store([known[job.case] for job in jobs], Path(folder))
            try:
                for job, row in work(jobs):
                    results.add(known[job.case], job.setting, row)
                    if "roofline_ms" in row:
                        where = {"case": job.case, "setting": job.setting.title}
                        bounds.append({**where, **row})
            except RuntimeError as error:
                failures.append(str(error))
            rows = results.rows()
            about = {"machine": facts, "load_at_the_end": load(), "rooflines": bounds}
            write_json(args.out / "kernels.json", about)
            write_csv(args.out / "kernels.csv", COLUMNS, rows)
            with atomic_path(args.out / "kernels.md") as temporary:
                temporary.write_text(markdown(rows, known, caption))
    if rows:
        print((args.out / "kernels.md").read_text())
        print(f"wrote {args.out}/kernels.csv, .md and .json")
    return rows, caption


if __name__ == "__main__":
    sys.exit(main())
