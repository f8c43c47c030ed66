r"""Report accuracies of runs on spherical MNIST, and draw the digits they confuse.

    python -m benchmarks.studies.spherical_mnist table runs/digits-*
    python -m benchmarks.studies.spherical_mnist confusions --root DIR \
        --predictions runs/digits-generalized-NR/predictions.csv --out confusions.png

``table`` lists folders of ``deepsphere-pyg digits``, with one row for each network and
interpolation, the most accurate on rotated digits first; unfinished runs are named and
left out. "6 = 9" is NR/R with a 6 for a 9, and a 9 for a 6, counted as correct.

``confusions`` shows why rotation-invariant networks take a 6 for a 9. At the top of the
picture are digits on the sphere, seen from below, by each interpolation; below them are
sixes and nines that the network confused, turned upside down, as an invariant network
may see them. DIR holds ``mnist.npz`` or the idx files. The predictions of sixes and
nines are written beside the picture, to ``digits_confused.csv``, which is enough for
--predictions.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.spatial import cKDTree

from benchmarks.measuring.files import (
    markdown_table,
    new_parser,
    refuse_below,
    write_csv,
    write_picture,
)
from deepsphere_pyg.datasets import SphericalMNIST, read_mnist
from deepsphere_pyg.datasets.digits.spherical_mnist_projection import INTERPOLATIONS
from deepsphere_pyg.plot.style import styled
from samplings import Equiangular, Sampling

COLUMNS = ("NR/NR", "R/R", "NR/R", "6 = 9", "R/NR")
HEAD = ("network", "interpolation", "parameters", *COLUMNS, "epochs", "minutes")
SHOWN = (4, 6, 9)
#: Number of a digit, what it is, and the answer for it as it is.
PREDICTED = ("digit", "truth", "NR")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    table = commands.add_parser("table", help="accuracies of runs")
    table.add_argument("folders", type=Path, nargs="+", help="folders of runs")
    confusions = commands.add_parser("confusions", help="sixes taken for nines")
    add = confusions.add_argument
    add("--root", type=Path, required=True, help="mnist.npz, or its folder")
    add("--predictions", type=Path, required=True, help="predictions.csv of a run")
    add("--out", type=Path, default=Path("confusions.png"), help="file of the picture")
    add("--columns", type=int, default=12, help="number of digits in a row")
    add("--rows", type=int, default=4, help="largest number of rows of digits")
    add("--n-theta", type=int, default=360, help="rings of the equiangular grid")
    args = parser.parse_args(words)
    if args.command == "confusions":
        refuse_below(parser, args, 1, "columns", "rows", "n_theta")
    return args


def alike(path: Path) -> float:
    """Percentage of turned digits recognised, if 6 and 9 count as one digit."""
    with path.open(newline="") as file:
        pairs = [{int(row["truth"]), int(row["R"])} for row in csv.DictReader(file)]
    return 100 * sum(len(p) == 1 or p == {6, 9} for p in pairs) / len(pairs)


def rows_of(folders: Sequence[Path]) -> list[list[str]]:
    """A row for each network and interpolation."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for folder in folders:
        path = folder / "metrics.json"
        if not path.is_file():
            print(f"{folder} has no metrics.json: unfinished", file=sys.stderr)
            continue
        metrics = json.loads(path.read_text())
        settings = metrics["settings"]
        # Runs from before the option existed were bilinear.
        how = settings.get("interpolation", "bilinear")
        row = found.setdefault((settings["network"], how), {"trained": {}})
        row["parameters"] = metrics["parameters"]
        row |= metrics["accuracy"]
        if settings["train"] == "NR":
            row["6 = 9"] = alike(folder / "predictions.csv")
        minutes = metrics["seconds"]["training"] / 60
        row["trained"][settings["train"]] = (settings["epochs"], minutes)
    order = sorted(
        found.items(), key=lambda pair: (pair[0][1], -pair[1].get("NR/R", 0))
    )
    table = []
    for (network, how), row in order:
        accuracies = [f"{row[c]:.2f} %" if c in row else "" for c in COLUMNS]
        trained = [row["trained"][t] for t in ("NR", "R") if t in row["trained"]]
        epochs = " / ".join(str(epochs) for epochs, _ in trained)
        minutes = " / ".join(f"{minutes:.0f}" for _, minutes in trained)
        parameters = f"{row['parameters']:,}"
        table.append([network, how, parameters, *accuracies, epochs, minutes])
    return table


def predictions_of(path: Path) -> list[dict[str, int]]:
    """Return the predictions of sixes and nines."""
    with path.open(newline="") as file:
        rows = [
            {key: int(row[key]) for key in PREDICTED} for row in csv.DictReader(file)
        ]
    return [row for row in rows if row["truth"] in (6, 9)]


def confused(rows: Sequence[Mapping[str, int]]) -> list[tuple[int, int]]:
    """Sixes taken for nines and nines for sixes: number and truth, in order."""
    return [
        (row["digit"], row["truth"])
        for row in rows
        if {row["truth"], row["NR"]} == {6, 9}
    ]


def seen_from_below(sampling: Sampling, values: np.ndarray, width: int = 200):
    """Lower half of the sphere seen from below, x downwards and y to the right."""
    x = np.linspace(-1, 1, width)[:, None]
    y = np.linspace(-1, 1, width)[None, :]
    squared = x**2 + y**2
    z = -np.sqrt(np.clip(1 - squared, 0, None))
    xyz = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
    image = values[cKDTree(sampling.xyz).query(xyz)[1]].astype(float)
    return np.ma.masked_where(squared > 1, image)


@styled
def picture(args: argparse.Namespace, rows: Sequence[Mapping[str, int]]) -> Figure:
    """Draw digits as projected, and those confused."""
    images, labels = read_mnist(args.root, "test")
    found = confused(rows)
    count = min(args.rows, -(-len(found) // args.columns))
    heights = 2.1, 0.95 * count + 0.3
    figure = Figure(figsize=(0.85 * args.columns, sum(heights)), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=heights)
    sampling = Equiangular(args.n_theta, args.n_theta, scheme="driscoll-healy")
    shown = [
        (int(np.argmax(labels == digit)), how)
        for digit in SHOWN
        for how in INTERPOLATIONS
    ]
    axes = above.subplots(1, len(shown), squeeze=False)[0]
    for axis, (i, how) in zip(axes, shown, strict=True):
        one = SphericalMNIST(
            args.root, sampling, split="test", n_images=i + 1, interpolation=how
        )
        axis.imshow(seen_from_below(sampling, one.signals[i]), cmap="Greys")
        axis.set_title(how, fontsize=9)
    cells = below.subplots(count, args.columns, squeeze=False).ravel() if count else []
    for cell, (i, truth) in zip(cells, found, strict=False):
        # Upside down, as the other digit.
        cell.imshow(images[i][::-1, ::-1], cmap="Greys")
        cell.set_title(f"a {truth}, turned", fontsize=7)
    for axis in [*axes, *cells]:
        axis.axis("off")
    below.suptitle(
        f"{len(found)} of {len(rows)} sixes and nines confused; each turned by 180°",
        fontsize=9,
    )
    return figure


def main(words: Sequence[str] | None = None) -> None:
    """Print the table, or write the picture."""
    args = arguments(words)
    if args.command == "table":
        print(markdown_table(HEAD, rows_of(args.folders)))
    else:
        rows = predictions_of(args.predictions)
        write_csv(args.out.parent / "digits_confused.csv", PREDICTED, rows)
        write_picture(args.out, picture(args, rows))


if __name__ == "__main__":
    main()
