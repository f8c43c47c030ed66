"""
Figure 2 of the DeepSphere paper
================================

Draw figure 2 of the DeepSphere paper, published points beside ours, and later work.

Left: the equivariance error of graph Laplacians on HEALPix against the degree of the
signal, measured as in the paper (Defferrard et al. 2020, arXiv:2012.15000): random
signals, random rotations, healpy's transform. The error falls with the number of
neighbours; it is highest for the rule of 2019, which links 8 adjacent pixels and takes
half their mean squared distance for t.

Right: the errors of the same Laplacians, measured from their stencils alone and thus
without the transform's own error, which dominates the low degrees on the left; and the
errors of Laplacians with fitted weights on the same neighbours. With ``--small`` the
script runs in seconds.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

from deepsphere_pyg.metrics import PUBLISHED_ERRORS, equivariance_error
from deepsphere_pyg.plot import STYLE_FILE
from deepsphere_pyg.plot.equivariance import ErrorCurve, draw_equivariance
from samplings import HEALPix, Heat, equivariance_spectrum, knn_graph, laplacian

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--small", action="store_true", help="run in seconds")
parser.add_argument("--picture", help="file to write the picture to")
args = parser.parse_args()
nside, n_samples = (8, 3) if args.small else (32, 50)

sampling = HEALPix(nside, nest=False)
step = 10 if nside == 32 else 4
degrees = list(range(step, 3 * nside, step))

graphs = {
    (k, weighting): knn_graph(sampling, k, weighting=weighting)
    for weighting in ("heat", "fitted")
    for k in (8, 20, 40)
}
# The rule of 2019 halves the mean squared distance of linked pixels.
links = graphs[8, "heat"].adjacency.tocoo()
squared = ((sampling.xyz[links.row] - sampling.xyz[links.col]) ** 2).sum(axis=1)
half = float(np.mean(squared)) / 2
graphs[8, "heat, t of 2019"] = knn_graph(sampling, 8, Heat(t=half))

rotated, free = [], []
for (k, weighting), graph in tqdm(graphs.items(), desc="graphs", unit="graph"):
    operator = laplacian(graph)
    spectrum = equivariance_spectrum(operator, degrees)
    zeros = [0.0] * len(degrees)
    curve = (sampling.name, k, degrees)
    free.append(ErrorCurve(*curve, list(spectrum.error), zeros, {}, weighting))
    if weighting == "fitted":
        continue
    errors = equivariance_error(
        operator, sampling, degrees, protocol="published", n_samples=n_samples
    )
    means, spreads = [e.mean for e in errors], [e.standard_error for e in errors]
    points = PUBLISHED_ERRORS.get((nside, k), {}) if weighting == "heat" else {}
    rotated.append(ErrorCurve(*curve, means, spreads, points, weighting))

for title, curves in (("as in the paper", rotated), ("rotation-free", free)):
    print(f"\nerror in units of 1e-4, {title}; l = {' '.join(map(str, degrees))}")
    for curve in curves:
        values = " ".join(f"{1e4 * e:.0f}" for e in curve.mean)
        print(f"k={curve.k:<3} {curve.weighting:16} {values}")
        if curve.published:
            values = " ".join(f"{1e4 * e:.0f}" for e in curve.published.values())
            print(f"      {'published':16} {values}")
plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(1, 2, figsize=(15, 5), layout="constrained", squeeze=False)
draw_equivariance(axes[0, 0], rotated, "random rotations, as in figure 2 of the paper")
draw_equivariance(axes[0, 1], free, "rotation-free, heat and fitted weights")
if args.picture:
    figure.savefig(args.picture, dpi=140)
plt.show()
