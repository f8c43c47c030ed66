"""``deepsphere-pyg equivariance --layers``: which layers commute with rotations."""

from __future__ import annotations

import time

from tqdm import tqdm

from deepsphere_pyg.commands.equivariance_layers.cases import (
    PUBLISHED_BANDLIMIT,
    compared_layers,
)
from deepsphere_pyg.commands.equivariance_layers.layers import measure_layer
from deepsphere_pyg.commands.options.equivariance import EquivarianceOptions
from deepsphere_pyg.commands.options.training import check_folder
from deepsphere_pyg.training.options import LARGEST_SEED
from samplings.arguments import integer_argument

BANDLIMIT = PUBLISHED_BANDLIMIT
# Beyond it, products of all pairs of degrees take minutes and gigabytes.
LARGEST_BANDLIMIT = 32
ORDERS = 3


def run_layers(options: EquivarianceOptions) -> int:
    """Measure layers, print their table, and write it, the settings and the figure.

    Raises
    ------
    ValueError
        If an option is out of range or belongs to graphs; nothing is written then.
    """
    start = time.perf_counter()
    others = options.of_graphs
    if others:
        raise ValueError(
            f"--layers measures layers, not graphs: {' and '.join(others)} "
            f"{'does' if len(others) == 1 else 'do'} not apply; leave out --layers or "
            f"{' and '.join(others)}"
        )
    L, N = _checked_bandlimits(options.bandlimit, options.azimuthal_bandlimit)
    n_samples = integer_argument("--samples", options.samples, 2)
    seed = integer_argument("--seed", options.seed, 0)
    if seed > LARGEST_SEED:
        raise ValueError(f"--seed must be at most 2**63 - 1, got {seed}")
    check_folder(options.out)
    measured = []
    with tqdm(compared_layers(L, N), unit="layer", disable=None) as progress:
        for case in progress:
            progress.set_description(f"{case.layer} {case.grid_name}")
            measured.append(measure_layer(case, n_samples, seed))
    seconds = time.perf_counter() - start
    # Late, as Matplotlib takes its time to load.
    from deepsphere_pyg.commands.equivariance_layers.report import (
        footnote,
        layer_table,
        write_layer_report,
    )

    title = (
        f"Equivariance error of layers, L = {L}, {n_samples} samples of coefficients "
        "that all have the same variance"
    )
    print(f"\n{title}\n")
    print(layer_table(measured))
    print(f"\n{footnote(measured)}")
    print(f"\nmeasured in {seconds:.0f} s")
    settings = {
        "bandlimit": L,
        "azimuthal_bandlimit": N,
        "signals": "independent normal coefficients of variance 1",
        "rotations": "uniform (Haar)",
        "samples": n_samples,
        "seed": seed,
        "seconds": round(seconds, 1),
    }
    for path in write_layer_report(options.out, measured, settings, title):
        print(f"wrote {path}")
    return 0


def _checked_bandlimits(
    bandlimit: int | None, azimuthal: int | None
) -> tuple[int, int]:
    """Bandlimits L and N, or their defaults."""
    L = (
        BANDLIMIT
        if bandlimit is None
        else integer_argument("--bandlimit", bandlimit, 2)
    )
    if L > LARGEST_BANDLIMIT:
        raise ValueError(
            f"--bandlimit must be at most {LARGEST_BANDLIMIT} with --layers, got {L}: "
            "the cost of all pairs of degrees grows with its fifth power; pass a lower "
            "one"
        )
    if azimuthal is None:
        return L, min(ORDERS, L)
    N = integer_argument("--azimuthal-bandlimit", azimuthal, 1)
    if N > L:
        raise ValueError(
            f"--azimuthal-bandlimit must be at most the bandlimit {L}, got {N}: degree "
            "l has orders |n| <= l only; pass a lower one"
        )
    return L, N
