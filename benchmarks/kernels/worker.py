"""Measure cases in one setting: rows of numbers, as JSON lines.

``run.py`` starts it, with the environment of the setting and jobs on its input.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import scipy.sparse as sp
import torch

from benchmarks.kernels.cases import CASES, QUICK, ConvolutionCase
from benchmarks.kernels.contests import Contest, LayerContest, open_contest
from benchmarks.kernels.networks import NetworkContest
from benchmarks.kernels.roofline import PREFIX, Roofline
from benchmarks.measuring.contestant import Contestant
from benchmarks.measuring.memory import PeakMemory, memory_is_measurable
from benchmarks.measuring.settings import (
    MEMORY,
    NEUTRAL,
    RESIDENT,
    Setting,
    pages_stay,
)
from benchmarks.measuring.timing import interleaved
from deepsphere_pyg.propagation.kept_choice import choice_here

# Errors of a peer that does not support a case, or that lacks memory for it.
REFUSALS = (RuntimeError, NotImplementedError, MemoryError)


@dataclass(frozen=True)
class Job:
    """A case to measure in a setting.

    Parameters
    ----------
    rounds, budget
        As in :func:`benchmarks.measuring.timing.interleaved`.
    """

    case: str
    quick: bool
    peers: tuple[str, ...]
    setting: Setting
    store: str
    rounds: int
    budget: float

    def to_json(self) -> str:
        """One line, that :meth:`from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Job:
        """Invert :meth:`to_json`."""
        content = json.loads(line)
        setting = Setting(**content.pop("setting"))
        return cls(**{**content, "peers": tuple(content["peers"])}, setting=setting)


def main() -> int:
    """Measure the jobs on the input, one per line, all in one setting."""
    # PyTorch warns once that its CSR tensors are in beta.
    warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
    for number, line in enumerate(sys.stdin):
        job = Job.from_json(line)
        if number == 0 and job.setting.allocator == NEUTRAL and not pages_stay():
            print(
                "the neutral allocator has no effect: pages are returned although "
                "MALLOC_TRIM_THRESHOLD_ is set; use --allocators default",
                file=sys.stderr,
            )
            return 3
        for row in measured(job):
            print(json.dumps({"job": number, **row}), flush=True)
    return 0


def measured(job: Job) -> Iterator[dict[str, Any]]:
    """Rows of a job."""
    torch.set_num_threads(job.setting.threads)
    case = (QUICK if job.quick else CASES)[job.case]
    dtype = (
        getattr(torch, case.dtype)
        if isinstance(case, ConvolutionCase)
        else torch.float32
    )
    torch.set_default_dtype(dtype)
    contest = open_contest(case, Path(job.store), torch.device(job.setting.device))
    memory = job.setting.allocator in (MEMORY, RESIDENT)
    yield from (peaks if memory else times)(contest, job)


def times(contest: Contest, job: Job) -> Iterator[dict[str, Any]]:
    """Rows of times, errors and shares of the roofline."""
    notes: dict[tuple[str, str], str] = {}
    contestants = {peer: contest.contestant(peer) for peer in job.peers}
    errors = {
        (peer, mode): _error_of(contestant, mode, peer == job.peers[0], notes)
        for peer, contestant in contestants.items()
        for mode in contest.case.modes
        if mode in contestant.runs
    }
    network = isinstance(contest, NetworkContest)
    roofline = None if network else Roofline(contest, 0.05 if job.quick else 1.0)
    batch = contest.batch if network else contest.case.batch
    for mode in contest.case.modes:
        runs = {
            peer: contestant.runs[mode]
            for peer, contestant in contestants.items()
            if mode in contestant.runs and (peer, mode) not in notes
        }
        extra = roofline.runs(mode) if roofline else {}
        found = interleaved({**runs, **extra}, contest.device, job.rounds, job.budget)
        bound = roofline.seconds(mode, found) if roofline else None
        for peer in job.peers:
            if mode not in contestants[peer].runs:
                continue
            row = {"peer": peer, "mode": mode, "note": notes.get((peer, mode))}
            if peer in found:
                middle = median(found[peer])
                row |= {
                    "runs": len(found[peer]),
                    "median_ms": 1e3 * middle,
                    "min_ms": 1e3 * min(found[peer]),
                    "error": errors[peer, mode],
                    "roofline": None if bound is None else bound / middle,
                    "instance_ms": 1e3 * middle / batch,
                }
            yield row
        # For kernels.json: the parts of the bound, and the choice for the processor.
        if roofline:
            parts = {n.removeprefix(PREFIX): 1e3 * median(found[n]) for n in extra}
            row = {"mode": mode, "roofline_ms": 1e3 * bound, "parts_ms": parts}
            if contest.device.type == "cpu":
                row["choice"] = asdict(choice_here())
            yield row


def _error_of(
    contestant: Contestant, mode: str, ours: bool, notes: dict[tuple[str, str], str]
) -> float | None:
    """Largest relative error, or a note if the peer does not support the case.

    The first peer must support it.
    """
    try:
        return contestant.error(mode)
    except REFUSALS as error:
        if ours:
            raise
        notes[contestant.name, mode] = _first_line(error)
        return None


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:120]


def peaks(contest: Contest, job: Job) -> Iterator[dict[str, Any]]:
    """Rows of peak memory: of tensors in use together, or of the whole process."""
    key = "peak_mib" if job.setting.allocator == MEMORY else "resident_mib"
    if not memory_is_measurable(contest.device):
        yield {"note": "peak memory needs Linux's /proc/self/clear_refs"}
        return
    for peer in job.peers:
        _warm_up(peer, contest)
        contestant = contest.contestant(peer)
        memory = PeakMemory(contest.device)
        for mode, run in contestant.runs.items():
            if mode not in contest.case.modes:
                continue
            row: dict[str, Any] = {"peer": peer, "mode": mode, "note": None}
            try:
                # Twice, since work space kept from the first run counts in the second.
                row[key] = max(memory.of(run) for _ in range(2))
            except REFUSALS as error:
                if peer == contest.case.peers[0]:
                    raise
                row["note"] = _first_line(error)
            yield row
        del contestant, run


def _warm_up(peer: str, contest: Contest) -> None:
    """Load everything that libraries load on first use, on a small ring of vertices."""
    n = 64
    path = sp.diags_array([0.5, 0.5], offsets=[1, -1], shape=(n, n))
    corners = sp.coo_array(([0.5, 0.5], ([0, n - 1], [n - 1, 0])), shape=(n, n))
    ring = sp.csr_array(-(path + corners))
    case = contest.case
    if not isinstance(case, ConvolutionCase):
        case = ConvolutionCase("ring", "ring", 1, case.peers)
    tiny = replace(case, batch=1)
    for run in LayerContest(tiny, ring, contest.device).contestant(peer).runs.values():
        run()


if __name__ == "__main__":
    sys.exit(main())
