"""Graphs that ``deepsphere-pyg equivariance`` compares, and their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from deepsphere_pyg.commands.equivariance.measured import DegreeError, MeasuredGraph
from deepsphere_pyg.commands.options.equivariance import EquivarianceOptions
from deepsphere_pyg.metrics.published_errors import PUBLISHED_ERRORS
from samplings import (
    WEIGHTINGS,
    HEALPix,
    Heat,
    Laplacian,
    Sampling,
    SphericalGraph,
    connection_laplacian,
    delaunay_graph,
    equivariance_spectrum,
    knn_graph,
    laplacian,
    optimal_width,
)
from samplings.graphs.kernel_width import OPTIMAL

# Weights of a triangulation, whose edges do not depend on k.
TRIANGULATIONS = tuple(
    name for name, kind in WEIGHTINGS.items() if kind.pattern == "triangulation"
)


@dataclass(frozen=True)
class Job:
    """A graph to build: its weighting and k as tables show them, and its builder."""

    weighting: str
    k: int | str
    build: Callable[[], SphericalGraph]


def graph_jobs(sampling: Sampling, options: EquivarianceOptions) -> list[Job]:
    """Graphs to measure on a sampling."""
    jobs: list[Job] = []
    for weighting in options.weighting:
        if weighting in TRIANGULATIONS:
            make = partial(delaunay_graph, sampling, weighting)
            jobs.append(Job(weighting, "", make))
            continue
        # The option is of the heat kernel alone.
        kind = Heat(distance=options.distance) if weighting == "heat" else weighting
        make = partial(knn_graph, sampling, weighting=kind)
        jobs += [Job(weighting, k, partial(make, k)) for k in options.k]
    if options.optimise_width:
        search = partial(_of_optimal_width, sampling, distance=options.distance)
        jobs += [Job(OPTIMAL, k, partial(search, k)) for k in options.k]
    return jobs


def _of_optimal_width(sampling: Sampling, k: int, distance: str) -> SphericalGraph:
    t = optimal_width(sampling, k, Heat(distance=distance))
    return knn_graph(sampling, k, Heat(t=t, distance=distance))


def measure(
    job: Job, degrees: Sequence[int], options: EquivarianceOptions
) -> list[MeasuredGraph]:
    """Errors of one graph at all degrees, for each spin."""
    graph = job.build()
    return [_measured(job, graph, spin, degrees, options) for spin in options.spin]


def _measured(
    job: Job,
    graph: SphericalGraph,
    spin: int,
    degrees: Sequence[int],
    options: EquivarianceOptions,
) -> MeasuredGraph:
    operator = laplacian(graph, options.kind)
    sampling = graph.sampling
    symbol: Sequence[float] = ()
    if options.protocol == "rotation-free":
        of_spin = connection_laplacian(graph, spin, options.kind) if spin else operator
        spectrum = equivariance_spectrum(of_spin, degrees)
        symbol = [float(value) for value in spectrum.symbol]
        errors = [
            DegreeError(degree, float(e))
            for degree, e in zip(degrees, spectrum.error, strict=True)
        ]
    else:
        # Late, as PyTorch takes a second to load.
        from deepsphere_pyg.metrics import equivariance_error

        measured = equivariance_error(
            operator,
            sampling,
            list(degrees),
            protocol=options.protocol,
            n_samples=options.samples,
            seed=options.seed,
            L=options.bandlimit,
        )
        errors = [
            DegreeError(e.degree, e.mean, e.standard_error, e.n_samples, e.unresolved)
            for e in measured
        ]
    published = {} if job.weighting == OPTIMAL else _published(graph, operator, options)
    return MeasuredGraph(
        graph, job.weighting, operator.kind, errors, symbol, published, spin
    )


def _published(
    graph: SphericalGraph, operator: Laplacian, options: EquivarianceOptions
) -> Mapping[int, float]:
    """Errors printed in the paper for the same graph and protocol."""
    sampling = graph.sampling
    same = (
        isinstance(sampling, HEALPix)
        and (options.protocol, options.distance) == ("published", "chordal")
        and (graph.weighting, operator.kind) == ("heat", "combinatorial")
    )
    if not same or not isinstance(sampling, HEALPix):
        return {}
    return PUBLISHED_ERRORS.get((sampling.nside, graph.k), {})
