"""``deepsphere-pyg equivariance``: errors of Laplacians, or of layers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from tqdm import tqdm

from deepsphere_pyg.commands.equivariance.graphs import graph_jobs, measure
from deepsphere_pyg.commands.options.equivariance import EquivarianceOptions
from deepsphere_pyg.commands.options.sampling import samplings_of
from deepsphere_pyg.commands.options.training import check_folder
from samplings import NoOptimalWidthError, Sampling, nominal_bandlimit
from samplings.arguments import integer_argument
from samplings.frames import spin_argument


def run(options: EquivarianceOptions) -> int:
    """Measure, print the tables, and write them, the settings and the figures.

    Raises
    ------
    ValueError
        If an option is out of range; nothing is written then.
    """
    # PyTorch, which graphs alone do without, takes a second to load.
    if options.layers:
        from deepsphere_pyg.commands.equivariance_layers.command import run_layers

        return run_layers(options)
    if options.azimuthal_bandlimit is not None:
        raise ValueError(
            "--azimuthal-bandlimit belongs to --layers; leave it out, or add --layers"
        )
    start = time.perf_counter()
    check_folder(options.out)
    options = replace(
        options,
        k=tuple(dict.fromkeys(options.k)),
        weighting=tuple(dict.fromkeys(options.weighting)),
        spin=_checked_spins(options),
    )
    # The order of the pixels does not matter here, and RING takes any nside.
    samplings = samplings_of(options, nest=False)
    degrees = {}
    for sampling in samplings:
        limit = _largest_degree(sampling, options)
        degrees[sampling] = _checked_degrees(options.degrees, limit, sampling, options)
        for k in options.k:
            if integer_argument("--k", k, 1) >= len(sampling):
                raise ValueError(
                    f"--k must be smaller than the {len(sampling)} vertices of "
                    f"{sampling.name}, got {k}; use fewer neighbours or more vertices"
                )
    integer_argument("--samples", options.samples, 2)
    integer_argument("--seed", options.seed, 0)
    jobs = [(one, job) for one in samplings for job in graph_jobs(one, options)]
    measured = []
    with tqdm(jobs, unit="graph", disable=None) as progress:
        for sampling, job in progress:
            progress.set_description(f"{sampling.name} {job.weighting} k={job.k}")
            try:
                measured += measure(job, degrees[sampling], options)
            except NoOptimalWidthError as error:
                # The other graphs can still be measured.
                progress.write(f"left out: {error}")
    seconds = time.perf_counter() - start
    # Late, as Matplotlib takes its time to load.
    from deepsphere_pyg.commands.equivariance.report import (
        cost_table,
        error_table,
        write_report,
    )

    title = _title(options)
    print(f"\nEquivariance error, in units of 1e-4: {title}\n")
    print(error_table(measured))
    print("\nError (geometric mean over the degrees) against cost\n")
    print(cost_table(measured))
    print(f"\nmeasured in {seconds:.0f} s")
    settings = {
        "k": options.k,
        "weighting": options.weighting,
        "kind": options.kind,
        "distance": options.distance,
        "optimise_width": options.optimise_width,
        "protocol": options.protocol,
        "spin": options.spin,
        "samples": options.samples,
        "bandlimit": options.bandlimit,
        "seed": options.seed,
        "seconds": round(seconds, 1),
    }
    for path in write_report(options.out, measured, settings, title):
        print(f"wrote {path}")
    return 0


def default_degrees(limit: int) -> list[int]:
    """Degrees up to a limit: 5, then 10, 20, ..., 90, and 120, 150, 180, ....

    Steps double with the octave, so that all resolutions share columns. Small limits
    get every degree.
    """
    if limit < 10:
        return list(range(1, limit + 1))
    degrees = [5, *range(10, 100, 10)]
    step = 30
    while degrees[-1] < limit:
        first = degrees[-1] + step
        degrees += [first, first + step, first + 2 * step]
        step *= 2
    return [degree for degree in degrees if degree <= limit]


def _title(options: EquivarianceOptions) -> str:
    parts = [f"{options.protocol} protocol"]
    if options.kind:
        parts.append(f"{options.kind} Laplacian")
    if options.distance != "chordal":
        parts.append(f"{options.distance} distance")
    if options.protocol != "rotation-free":
        parts.append(f"{options.samples} samples")
    return ", ".join(parts)


def _checked_spins(options: EquivarianceOptions) -> tuple[int, ...]:
    """Return the spins without repetitions."""
    spins = tuple(dict.fromkeys(spin_argument(one, "--spin") for one in options.spin))
    if not spins:
        raise ValueError("--spin needs at least one spin, got an empty list; pass 0")
    if max(spins) and options.protocol != "rotation-free":
        raise ValueError(
            f"--spin {max(spins)} is measured with --protocol rotation-free only, got "
            f"{options.protocol}; leave out --protocol or --spin"
        )
    return spins


def _largest_degree(sampling: Sampling, options: EquivarianceOptions) -> int:
    """Degree up to which the protocol and the sampling go."""
    if options.bandlimit is not None and options.protocol != "exact":
        raise ValueError(
            "--bandlimit belongs to --protocol exact, the only one that analyses "
            "outputs; leave it out"
        )
    if options.protocol == "rotation-free":
        return nominal_bandlimit(sampling) - 1
    from deepsphere_pyg.metrics import largest_degree

    return largest_degree(sampling, options.protocol, options.bandlimit)


def _checked_degrees(
    given: Sequence[int] | None,
    limit: int,
    sampling: Sampling,
    options: EquivarianceOptions,
) -> list[int]:
    # There are no fields of spin s at degrees below s.
    first = max(1, *options.spin)
    if first > limit:
        raise ValueError(
            f"--spin must be at most {limit} on {sampling.name}, the highest degree "
            f"that it resolves, got {first}; use a finer sampling"
        )
    if given is None:
        return [degree for degree in default_degrees(limit) if degree >= first]
    for degree in given:
        if not first <= degree <= limit:
            raise ValueError(
                f"--degrees must be from {first} to {limit} for the {options.protocol} "
                f"protocol on {sampling.name}, got {degree}; use a finer sampling for "
                "higher ones"
            )
    return sorted(set(given))
