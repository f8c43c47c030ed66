"""Error of convolutions near the border of a mask, by how the border is handled.

    python -m benchmarks.studies.mask_borders

Maps of spectrum 1 / (l + 10)^2 and mean 3 are filtered on the whole sky and on a part
of it with a notch. The table has root mean squares of the difference in standard
deviations of the whole sky's result, by distance from the border in pixels:

zero        unknown vertices are zero
response    the same, divided by the response to the mask
own graph   the graph of the part alone
filled      unknown vertices are filled with means of known neighbours, as by MaskedConv

Filters are a beam of 3 pixels, and random ones (the median over them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import healpy
import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from benchmarks.measuring.files import markdown_table, new_parser
from deepsphere_pyg import EdgeOperator, laplacian_operator
from deepsphere_pyg.layers import ChebConv, MaskedConv
from samplings import HEALPix, degree_filter, knn_graph, laplacian
from samplings.equivariance.degree_filter import gaussian_beam

Array = npt.NDArray[np.float64]
# Distances from the border in pixels.
EDGES = (0.0, 1.2, 2.4, 4.0, 6.0)


def convolution(coefficients: Sequence[float]) -> ChebConv:
    """Return a convolution of one channel with these Chebyshev coefficients."""
    conv = ChebConv(1, 1, len(coefficients), bias=False).double()
    with torch.no_grad():
        conv.weight.copy_(torch.tensor(coefficients).reshape(conv.weight.shape))
    return conv


def results(
    conv: ChebConv, whole: EdgeOperator, part: EdgeOperator, x: Array, mask: Array
) -> Iterator[tuple[str, Array]]:
    """Yield the result at the known vertices, by the treatment of the border."""
    known = mask.astype(bool)

    def run(layer: Callable[..., Tensor] | nn.Module, values: Array, *more: object):
        with torch.no_grad():
            y = layer(torch.from_numpy(values)[:, None], *more)
        return y.numpy()[:, 0]

    cut = run(conv, x * mask, whole)[known]
    yield "zero", cut
    share = run(conv, mask, whole)[known] / run(conv, np.ones_like(mask), whole)[known]
    yield "response", cut / share
    yield "own graph", run(conv, np.ascontiguousarray(x[known]), part)
    filled = MaskedConv(conv, whole, known)
    yield "filled", run(filled, np.where(known, x, np.nan))[known]


def main(words: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = new_parser(__doc__)
    parser.add_argument("--nside", type=int, default=32, help="HEALPix resolution")
    parser.add_argument("--k", type=int, default=8, help="neighbours of each vertex")
    parser.add_argument("--filters", type=int, default=20, help="random filters")
    parser.add_argument("--mean", type=float, default=3.0, help="mean of the maps")
    args = parser.parse_args(words)
    sky = HEALPix(args.nside)
    pixel = float(np.sqrt(4 * np.pi / len(sky)))
    known = (sky.lat > 30) & ~((sky.lat > 60) & (sky.lon < 90))
    near = cKDTree(sky.xyz[~known]).query(sky.xyz[known])[0] / pixel
    degrees = np.arange(2 * args.nside + 1)
    np.random.seed(1)  # noqa: NPY002 (healpy draws from it)
    ring = healpy.synfast(1 / (degrees + 10.0) ** 2, args.nside, lmax=degrees[-1])
    x = healpy.reorder(ring, r2n=True)
    x = (x - x.mean()) / x.std() + args.mean
    graphs = [knn_graph(s, args.k, weighting="heat") for s in (sky, sky[known])]
    whole, part = (laplacian_operator(graph).double() for graph in graphs)
    beam = degree_filter(laplacian(graphs[0]), gaussian_beam(3 * pixel))
    random = np.random.default_rng(0).standard_normal((args.filters, 5))
    rows = []
    for name, filters in (("beam", [beam]), ("random filters", list(random))):
        errors: dict[str, list[list[float]]] = {}
        for one in filters:
            conv = convolution(np.asarray(one, dtype=float).tolist())
            with torch.no_grad():
                full = conv(torch.from_numpy(x)[:, None], whole).numpy()[known, 0]
            for boundary, y in results(conv, whole, part, x, known * 1.0):
                error = (y - full) / full.std()
                bins = pairwise(EDGES)
                of = [
                    float(np.sqrt(np.mean(error[(near > a) & (near <= b)] ** 2)))
                    for a, b in bins
                ]
                errors.setdefault(boundary, []).append(of)
        for boundary, several in errors.items():
            rows.append([name, boundary, *np.round(np.median(several, axis=0), 3)])
    pairs = pairwise(EDGES)
    print(markdown_table(["filter", "boundary", *(f"{a}-{b}" for a, b in pairs)], rows))


if __name__ == "__main__":
    main()
