"""Why rotation invariant networks take a 6 for a 9, unless digits are marked.

    python benchmarks/spherical_mnist_confusions.py --root DIR \
        --predictions runs/digits-generalized-NR/predictions.csv --out confusions.png

where DIR holds ``mnist.npz`` or the idx files, and the table is what ``deepsphere-pyg
digits`` wrote. Above: digits on the sphere, seen from below, by each interpolation.
Below: sixes and nines that the network took for each other, turned upside down where
it was a nine taken for a six, or a six for a nine: what an invariant network may see.
"""

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spherical_mnist_picture import seen_from_below

from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.datasets import SphericalMNIST, read_mnist
from deepsphere_pyg.datasets.digits.spherical_mnist_projection import INTERPOLATIONS
from samplings import Equiangular

SHOWN = (4, 6, 9)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Options, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--root", type=Path, required=True, help="mnist.npz, or the folder of it")
    add("--predictions", type=Path, required=True, help="predictions.csv of a run")
    add("--out", type=Path, default=Path("confusions.png"), help="the picture")
    add("--columns", type=int, default=12, help="digits side by side")
    add("--rows", type=int, default=4, help="rows of confused digits at most")
    add("--n-theta", type=int, default=360, help="rings of the equiangular grid")
    args = parser.parse_args(words)
    for name in ("columns", "rows", "n_theta"):
        if getattr(args, name) < 1:
            option = name.replace("_", "-")
            parser.error(f"--{option} must be at least 1, got {getattr(args, name)}")
    return args


def confused(path: Path) -> list[tuple[int, int]]:
    """Sixes taken for nines and nines for sixes: number and truth, in order."""
    with path.open(newline="") as file:
        rows = [
            (int(r["digit"]), int(r["truth"]), int(r["NR"]))
            for r in csv.DictReader(file)
        ]
    return [(i, truth) for i, truth, answer in rows if {truth, answer} == {6, 9}]


def picture(args: argparse.Namespace) -> Figure:
    """Draw digits as projected, and those confused."""
    images, labels = read_mnist(args.root, "test")
    found = confused(args.predictions)
    rows = min(args.rows, -(-len(found) // args.columns))
    figure = Figure(
        figsize=(0.85 * args.columns, 2.1 + 0.95 * rows + 0.3), layout="constrained"
    )
    above, below = figure.subfigures(2, 1, height_ratios=(2.1, 0.95 * rows + 0.3))
    sampling = Equiangular(args.n_theta, args.n_theta, scheme="driscoll-healy")
    shown = [int(np.argmax(labels == digit)) for digit in SHOWN]
    axes = above.subplots(1, len(SHOWN) * len(INTERPOLATIONS), squeeze=False)[0]
    for axis, (i, how) in zip(
        axes, [(i, how) for i in shown for how in INTERPOLATIONS], strict=True
    ):
        one = SphericalMNIST(
            args.root, sampling, split="test", n_images=i + 1, interpolation=how
        )
        axis.imshow(seen_from_below(sampling, one.signals[i]), cmap="Greys")
        axis.set_title(how, fontsize=9)
    cells = below.subplots(rows, args.columns, squeeze=False).ravel() if rows else []
    for cell, (i, truth) in zip(cells, found, strict=False):
        # The other way up: as the other digit.
        cell.imshow(images[i][::-1, ::-1], cmap="Greys")
        cell.set_title(f"a {truth}, turned", fontsize=7)
    for axis in [*axes, *cells]:
        axis.axis("off")
    below.suptitle(
        f"{len(found)} of {int(np.isin(labels, (6, 9)).sum())} sixes and nines "
        "confused; each turned by 180°",
        fontsize=9,
    )
    return figure


def main(words: Sequence[str] | None = None) -> None:
    """Write the picture."""
    args = arguments(words)
    figure = picture(args)
    with atomic_path(args.out) as path:
        figure.savefig(path, dpi=110)
    print(args.out)


if __name__ == "__main__":
    main()
