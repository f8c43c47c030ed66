"""The published networks, transforms and products of fragments: times and memory."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from benchmarks.gpu.rows import Row, Sizes, row, without_triton
from benchmarks.kernels.cases import (
    CASES,
    FORWARD,
    QUICK,
    TRAINING,
    NetworkCase,
    store,
)
from benchmarks.kernels.networks import NetworkContest
from benchmarks.measuring.contestant import Contestant
from benchmarks.measuring.memory import PeakMemory
from benchmarks.measuring.timing import Run, interleaved
from benchmarks.studies import sht, tensor_product
from samplings import GaussLegendre

# Of sums of a thousand products through some twenty layers, relative to the largest
# output, in float32; and the same under autocast, where each layer rounds to 8 bits.
ROUND_OFF = {False: 2e-4, True: 0.2}
AIMS = {"shrec17": "; aim: below 0.3"}


def network(sizes: Sizes, name: str) -> Iterator[Row]:
    """Yield times an instance, peaks of memory and errors of a published network.

    Inference and training steps are measured, of sums by each execution, under
    bfloat16 autocast, and with the convolutions of PyTorch Geometric.
    """
    case = replace(_case(sizes, name), modes=(FORWARD, TRAINING))
    store([case], sizes.store)
    contest = NetworkContest(
        case, (sizes.store / case.stored).read_bytes(), sizes.device
    )
    executions = sizes.executions("csr", "triton")
    peers = ["ours", *(f"ours_{name}" for name in executions), "ours_bf16", "pyg"]
    contestants = {peer: contest.contestant(peer) for peer in peers}
    for one in contestants.values():
        yield _error(case, one)
    published = "" if sizes.quick else f"; published: {case.published_ms:g}"
    published += AIMS.get(name, "") if published else ""
    for mode in case.modes:
        runs = {}
        for peer, one in contestants.items():
            reason = _refusal(one.runs[mode])
            if not reason:
                runs[peer] = one.runs[mode]
            elif mode == TRAINING:
                yield row(case.title, peer, mode, None, "ms", reason, peer != "pyg")
        times = interleaved(runs, sizes.device, sizes.rounds, sizes.budget)
        for peer, seconds in times.items():
            value = 1e3 * median(seconds) / contest.batch
            told = f"batch {contest.batch}" + published * (mode == FORWARD)
            yield row(case.title, peer, f"{mode}, an instance", value, "ms", told)
    # Each contestant is then alone on the device.
    del contestants, one, runs
    yield from _memory(sizes, contest, peers)
    yield from without_triton(sizes, case.title)


def _case(sizes: Sizes, name: str) -> NetworkCase:
    """Return a published network, or a tiny one of its kind."""
    if sizes.quick:
        name = "quick-unet" if name == "unet" else "quick-classifier"
    case = (QUICK if sizes.quick else CASES)[name]
    if not isinstance(case, NetworkCase):
        raise TypeError(f"case {name!r} must be a network, got {type(case).__name__}")
    return case


def _error(case: NetworkCase, one: Contestant) -> Row:
    """Return the error of the outputs of a contestant before any training."""
    quantity = "relative error"
    reason = _refusal(one.runs[FORWARD])
    if reason:
        return row(case.title, one.name, quantity, None, "", reason, one.name != "pyg")
    error = one.error(FORWARD) or 0.0
    bound = ROUND_OFF[one.name == "ours_bf16"]
    failed = not error <= bound
    note = f"{'MORE' if failed else 'less'} than {bound:g}"
    return row(case.title, one.name, quantity, error, "", note, failed)


def _refusal(run: Run) -> str:
    """Run once, and return why it fails, as for want of memory; empty if it runs."""
    try:
        run()
    except RuntimeError as error:
        return f"failed: {str(error).splitlines()[0][:120]}"
    return ""


def _memory(sizes: Sizes, contest: NetworkContest, peers: list[str]) -> Iterator[Row]:
    """Yield the peak of memory of a training step of each contestant."""
    case, mode = contest.case, TRAINING
    quantity = f"peak memory, {mode}"
    if sizes.device.type != "cuda":
        reason = "memory is counted on a CUDA device; on the CPU, benchmarks.run "
        reason += "measures it, in a process for each peer"
        yield row(case.title, "all", quantity, None, "MiB", reason)
        return
    for peer in peers:
        run = contest.contestant(peer).runs[mode]
        if _refusal(run):
            continue
        memory = PeakMemory(sizes.device)
        yield row(case.title, peer, quantity, memory.of(run), "MiB")


def transforms(sizes: Sizes) -> Iterator[Row]:
    """Yield times of the spherical harmonic transform, beside torch-harmonics."""
    batch = 2 if sizes.quick else 16
    args = argparse.Namespace(
        device=sizes.device.type, batch=batch, rounds=sizes.rounds, budget=sizes.budget
    )
    for L in (8,) if sizes.quick else (64, 128, 256):
        peers = set()
        for found in sht.measure(GaussLegendre(L), L, args):
            peers.add(found["peer"])
            told = f"batch {batch}; error of a round trip {found['error']}"
            value = float(found["shortest_ms"])
            yield row(f"L = {L}", found["peer"], found["direction"], value, "ms", told)
        if "torch-harmonics" not in peers:
            reason = "torch-harmonics is not installed, or does not load"
            yield row(f"L = {L}", "torch-harmonics", "all", None, note=reason)


def products(sizes: Sizes) -> Iterator[Row]:
    """Yield times of products of fragments, beside e3nn."""
    for L in (4,) if sizes.quick else (9, 17):
        batch = 2 if sizes.quick else tensor_product.BATCH[L]
        case = f"L = {L}, mst"
        peers: tuple[str, ...] = tensor_product.PEERS
        try:
            _, found, _ = tensor_product.contestants(
                L, "mst", batch, device=sizes.device
            )
        except ImportError as error:
            peers = ("ours",)
            _, found, _ = tensor_product.contestants(
                L, "mst", batch, peers, device=sizes.device
            )
            yield row(case, "e3nn", "all", None, note=str(error))
        for mode in ("forward", "both"):
            runs = {one.name: one.runs[mode] for one in found}
            times = interleaved(runs, sizes.device, sizes.rounds, sizes.budget)
            quantity = "forward" if mode == "forward" else "forward+backward"
            for peer, seconds in times.items():
                value = 1e3 * min(seconds)
                yield row(case, peer, quantity, value, "ms", f"batch {batch}")
