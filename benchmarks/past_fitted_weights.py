"""What else was tried to make sparse Laplacians commute with rotations.

    OMP_NUM_THREADS=1 python benchmarks/past_fitted_weights.py --nside 32 --k 8 20 40

prints Markdown tables, one of them for each k: how much smaller the equivariance error
is than that of the heat kernel of the best width at that k, for the same number of
links unless the table says otherwise. ``--quick`` takes less than a minute.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from past_fitted_recipes import (
    FIRST_DEGREE,
    high_degrees,
    integration_error,
    power_mean,
    quadrature_masses,
    registered,
    signed,
    sphere_symbol,
)

from samplings import (
    FittedWeights,
    HEALPix,
    Heat,
    delaunay_graph,
    equivariance_spectrum,
    fit_weights,
    knn_graph,
    laplacian,
    optimal_width,
)
from samplings.arrays import FloatArray
from samplings.fitting.recipe import FLOOR, RECIPES, Recipe, relative
from samplings.points.neighbours import nearest_neighbours

HEADER = """\
| variant | gain | worst degree | gain below 10 | links | seconds |
|---|---|---|---|---|---|"""
# Stages in which a wide pattern is pruned to the links of a narrow one.
STAGES = 6
# Where the share b of L^2 in a polynomial is searched, in units of one over a bound of
# the eigenvalues.
SHARES = np.linspace(-2, 2, 4001)


@dataclass(frozen=True)
class Operator:
    """A Laplacian, links a vertex that one product with it goes along, and its cost."""

    matrix: sp.csr_array
    links: float
    seconds: float


class Contest:
    """All variants with ``k`` neighbours, against the best heat kernel.

    Parameters
    ----------
    nside
        Resolution of HEALPix.
    k
        Number of neighbours.
    """

    def __init__(self, nside: int, k: int) -> None:
        self.sampling, self.k = HEALPix(nside), k
        self.pattern = nearest_neighbours(self.sampling.xyz, k)
        self.heat_error = self.error(self.heat(optimal_width(self.sampling, k)))

    def error(self, operator: Operator) -> FloatArray:
        """Equivariance error at degrees 1, 2, ..., 3 nside - 1."""
        return equivariance_spectrum(operator.matrix, sampling=self.sampling).error

    def report(self, name: str, operator: Operator) -> None:
        """Print a row of the table."""
        ratio = self.error(operator) / self.heat_error
        low, high = np.split(ratio, [FIRST_DEGREE - 1])
        gain, below = (np.exp(-np.log(part).mean()) for part in (high, low))
        print(
            f"| {name} | {gain:.2f} | {high.max():.2f} | {below:.2f} | "
            f"{operator.links:.1f} | {operator.seconds:.1f} |",
            flush=True,
        )

    def heat(self, t: float | None = None) -> Operator:
        """Heat kernel, by default of the published width."""
        start = time.perf_counter()
        graph = knn_graph(self.sampling, self.k, Heat(t=t))
        seconds = time.perf_counter() - start
        return Operator(laplacian(graph).matrix, links(graph.adjacency), seconds)

    def fitted(
        self,
        method: str | Recipe,
        mass: FloatArray | None = None,
        pattern: sp.csr_array | None = None,
    ) -> tuple[Operator, FittedWeights]:
        """Fitted weights of a recipe, with masses fitted too or held."""
        chords = self.pattern if pattern is None else pattern
        with registered(method) as name:
            start = time.perf_counter()
            fit = fit_weights(self.sampling, chords, name, mass=mass)
            seconds = time.perf_counter() - start
        return Operator(fit.matrix(), links(fit.adjacency), seconds), fit


def links(adjacency: sp.csr_array) -> float:
    """Mean number of links of a vertex that have weight."""
    return float(np.count_nonzero(adjacency.data)) / adjacency.shape[0]


def pruned(contest: Contest, wide: int, target: float) -> Operator:
    """Fit a wide pattern, and drop the lightest links in stages, fitting anew."""
    start = time.perf_counter()
    pattern = nearest_neighbours(contest.sampling.xyz, wide)
    pattern = sp.csr_array(pattern.maximum(pattern.T))
    operator, fit = contest.fitted("fitted-irls", pattern=pattern)
    first = operator.links
    for stage in range(1, STAGES + 1):
        keep = first * (target / first) ** (stage / STAGES)
        importance = sp.csr_array(fit.adjacency.multiply(pattern.power(2)))
        ordered = np.sort(importance.data)[::-1]
        count = min(round(keep * len(contest.sampling)), len(ordered) - 1)
        # Links that a symmetry exchanges differ by round-off: all stay or none.
        importance.data = (importance.data > ordered[count] * (1 + 1e-6)).astype(float)
        pattern = sp.csr_array(pattern.multiply(importance))
        pattern.eliminate_zeros()
        operator, fit = contest.fitted("fitted-irls", pattern=pattern)
    return Operator(operator.matrix, operator.links, time.perf_counter() - start)


def polynomial(
    contest: Contest, operator: Operator, rising: bool
) -> tuple[Operator, float]:
    """Best L + b L^2, and b: two products, along all links of L each.

    Where it is ``rising``, its symbol grows with the degree, as that of L does.
    """
    start = time.perf_counter()
    first = operator.matrix
    second = sp.csr_array(first @ first) / eigenvalue_bound(first)
    moments = []
    for share in (-1.0, 0.0, 1.0):
        spectrum = equivariance_spectrum(
            sp.csr_array(first + share * second), sampling=contest.sampling
        )
        power = spectrum.symbol**2 / (1 - spectrum.residual)
        moments.append((spectrum.symbol, power))
    # E<f, Lf> is linear in b and E|Lf|^2 quadratic: three values give all others.
    (_, low), (own, middle), (above, high) = moments
    b = SHARES[:, None]
    symbol = own + b * (above - own)
    power = middle + b * (high - low) / 2 + b**2 * ((high + low) / 2 - middle)
    residual = np.maximum(1 - symbol**2 / power, FLOOR)[:, FIRST_DEGREE - 1 :]
    score = np.log(residual).mean(axis=1)
    if rising:
        score[(np.diff(symbol, axis=1) <= 0).any(axis=1)] = np.inf
    best = float(SHARES[score.argmin()])
    seconds = operator.seconds + time.perf_counter() - start
    matrix = sp.csr_array(first + second * best)
    return Operator(matrix, 2 * operator.links, seconds), best


def eigenvalue_bound(matrix: sp.csr_array) -> float:
    """Bound of the eigenvalues of a Laplacian (Gershgorin)."""
    return 2 * float(matrix.diagonal().max())


def spans(degrees: np.ndarray) -> str:
    """Write 2, 3, 4, 7 as 2-4, 7."""
    parts = np.split(degrees, np.flatnonzero(np.diff(degrees) > 1) + 1)
    return ", ".join(
        f"{part[0]}-{part[-1]}" if len(part) > 1 else f"{part[0]}"
        for part in parts
        if len(part)
    )


def compare(contest: Contest) -> None:
    """Print the table of one k, and how well its masses integrate."""
    sampling = contest.sampling
    print(f"\n### k = {contest.k}\n")
    print(HEADER)
    contest.report("heat kernel, published width", contest.heat())
    for weighting in RECIPES:
        contest.report(f"`{weighting}`", contest.fitted(weighting)[0])
    long, fit = contest.fitted(Recipe(relative, rounds=16, steps=60))
    contest.report("`fitted-irls`, 16 rounds", long)
    areas = sampling.weights
    for weighting in RECIPES:
        operator, _ = contest.fitted(weighting, areas)
        contest.report(f"`{weighting}`, masses held at the areas", operator)
    degree = 3 * sampling.nside
    quadrature = quadrature_masses(sampling, degree)
    operator, _ = contest.fitted("fitted-irls", quadrature)
    contest.report(
        f"`fitted-irls`, masses of a quadrature of degree {degree}", operator
    )
    for name, power in (("errors", 1), ("squares", 2), ("eighth powers", 8)):
        operator, _ = contest.fitted(power_mean(power))
        contest.report(f"least sum of {name}, 8 rounds", operator)
    operator, _ = contest.fitted(Recipe(high_degrees, rounds=8, steps=60))
    contest.report(f"`fitted-irls`, degrees from {FIRST_DEGREE} on only", operator)
    with sphere_symbol():
        operator, _ = contest.fitted("fitted-irls")
    contest.report("`fitted-irls`, symbol held at l (l + 1)", operator)
    with signed():
        operator, negative = contest.fitted("fitted-irls")
    contest.report("`fitted-irls`, signed weights", operator)
    share = np.mean(negative.adjacency.data < 0)
    alike = np.corrcoef(fit.mass, quadrature)[0, 1]
    print(
        f"\nSigned weights: {100 * share:.1f} % negative. Masses of 16 rounds: "
        f"{fit.mass.min():.3f} to {fit.mass.max():.3f}; correlation with the "
        f"quadrature of degree {degree}: {alike:.2f}. Root mean square of the "
        "integrals of harmonics, with the areas and with these masses:"
    )
    for last in (2 * FIRST_DEGREE, degree):
        before, after = (
            integration_error(sampling, mass, last) for mass in (areas, fit.mass)
        )
        print(f"- to degree {last}: {before:.1e}, {after:.1e}")


def compare_links(narrow: Contest, wide: Contest) -> None:
    """Print what other sets of links bring, against the narrow heat kernel."""
    k = narrow.k
    print(f"\n### Other links, against the heat kernel at k = {k}\n")
    print(HEADER)
    start = time.perf_counter()
    volumes = delaunay_graph(narrow.sampling)
    seconds = time.perf_counter() - start
    operator = Operator(laplacian(volumes).matrix, links(volumes.adjacency), seconds)
    narrow.report("finite volumes", operator)
    fitted, _ = narrow.fitted("fitted-irls")
    narrow.report(f"`fitted-irls`, k = {k}", fitted)
    operator = pruned(narrow, wide.k, fitted.links)
    narrow.report(f"`fitted-irls`, k = {wide.k} pruned", operator)
    for rising in (False, True):
        operator, b = polynomial(narrow, fitted, rising)
        what = ", rising" if rising else ""
        narrow.report(f"L + b L² of `fitted-irls`, b = {b:.2f} / Λ{what}", operator)
    double = nearest_neighbours(narrow.sampling.xyz, 2 * k)
    operator, _ = narrow.fitted("fitted-irls", pattern=double)
    narrow.report(f"`fitted-irls`, k = {2 * k}", operator)
    print(
        f"\nDegrees at which fitted k = {k} has a lower error than heat k = {wide.k}:"
    )
    for rounds in (8, 16, 32):
        operator, _ = narrow.fitted(Recipe(relative, rounds, steps=60))
        better = narrow.error(operator) < wide.heat_error
        print(f"- {rounds} rounds: {spans(1 + np.flatnonzero(better))}", flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nside", type=int, default=32)
    parser.add_argument("--k", type=int, nargs="+", default=[8, 20, 40])
    parser.add_argument("--quick", action="store_true", help="nside 16, k = 8 and 20")
    arguments = parser.parse_args()
    nside, ks = (16, [8, 20]) if arguments.quick else (arguments.nside, arguments.k)
    ks = sorted(set(ks))
    # Coarser ones have no positive quadrature up to degree 3 nside.
    if nside < 8:
        parser.error(f"nside must be 8 or more, got {nside}")
    contests = [Contest(nside, k) for k in ks]
    for contest in contests:
        compare(contest)
    if len(contests) > 1:
        compare_links(*contests[:2])


if __name__ == "__main__":
    main()
