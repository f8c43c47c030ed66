"""Accuracies on MNIST on the sphere, of finished runs, as a table.

    python benchmarks/spherical_mnist_table.py runs/digits-*

where each folder is one that ``deepsphere-pyg digits`` wrote; folders of unfinished
runs are named and left out. A row for each network and interpolation, the most
accurate on turned digits first. "6 = 9" is NR/R with a 6 for a 9, and a 9 for a 6,
taken as right.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

COLUMNS = ("NR/NR", "R/R", "NR/R", "6 = 9", "R/NR")
HEAD = ("network", "interpolation", "parameters", *COLUMNS, "epochs", "minutes")


def alike(path: Path) -> float:
    """Share of turned digits told right, in percent, if 6 and 9 are one."""
    with path.open(newline="") as file:
        pairs = [{int(row["truth"]), int(row["R"])} for row in csv.DictReader(file)]
    return 100 * sum(len(p) == 1 or p == {6, 9} for p in pairs) / len(pairs)


def rows_of(folders: Sequence[Path]) -> list[list[str]]:
    """A row for each network and interpolation."""
    found: dict[tuple[str, str], dict] = {}
    for folder in folders:
        path = folder / "metrics.json"
        if not path.is_file():
            print(f"{folder} has no metrics.json: unfinished", file=sys.stderr)
            continue
        metrics = json.loads(path.read_text())
        settings = metrics["settings"]
        # Runs from before there was a choice were bilinear.
        how = settings.get("interpolation", "bilinear")
        row = found.setdefault((settings["network"], how), {"trained": {}})
        row["parameters"] = metrics["parameters"]
        row |= metrics["accuracy"]
        if settings["train"] == "NR":
            row["6 = 9"] = alike(folder / "predictions.csv")
        minutes = metrics["seconds"]["training"] / 60
        row["trained"][settings["train"]] = (settings["epochs"], minutes)
    order = sorted(
        found.items(), key=lambda item: (item[0][1], -item[1].get("NR/R", 0.0))
    )
    table = []
    for (network, how), row in order:
        accuracies = [f"{row[c]:.2f} %" if c in row else "" for c in COLUMNS]
        trained = [row["trained"][t] for t in ("NR", "R") if t in row["trained"]]
        epochs = " / ".join(str(epochs) for epochs, _ in trained)
        minutes = " / ".join(f"{minutes:.0f}" for _, minutes in trained)
        table.append(
            [network, how, f"{row['parameters']:,}", *accuracies, epochs, minutes]
        )
    return table


def main(words: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+", help="folders of runs")
    args = parser.parse_args(words)
    for row in (HEAD, ["---"] * len(HEAD), *rows_of(args.folders)):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
