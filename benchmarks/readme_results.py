"""Make the README's tables and pictures: run its commands and format what they wrote.

Runs that are finished already are only reported again, so that a second call is fast.

    python benchmarks/readme_results.py --eraint DIR

where DIR holds ``eraint_uvz.nc`` and ``basin_mask.nc`` of xarray's tutorial data.
"""

import argparse
import csv
import json
import shutil
from pathlib import Path

from deepsphere_pyg.training.command_line import main as command

SAMPLINGS = {
    "HEALPix nside 32": ["--sampling", "healpix", "--nside", "32"],
    "equiangular 80×160": ["--sampling", "equiangular", "--n-theta", "80"],
    "icosahedral level 5": ["--sampling", "icosahedral", "--level", "5"],
}
HOLD_OUTS = {
    "pixels": ["--hold-out", "pixels"],
    "month": ["--hold-out", "maps", "--hold-out-share", "0.5"],
}
CITED_DEGREES = range(10, 91, 10)


def percent(value: float | None) -> str:
    """One digit, a dash where there is no value."""
    return "-" if value is None else f"{100 * value:.1f}"


def demo(out: Path, images: Path) -> None:
    """Generated climate events: the table against single pixels, and the picture."""
    folder = out / "demo"
    run(["segment", "--demo", "--out", str(folder), "--resume"])
    metrics = json.loads((folder / "metrics.json").read_text())
    print("\n| network | parameters | mAP | AP TC | AP AR | mean accuracy | mean IoU |")
    print("|---|---|---|---|---|---|---|")
    for name, network in metrics["networks"].items():
        test = network["test"]
        classes = test["classes"]
        row = [
            test["mean_average_precision"],
            classes["TC"]["average_precision"],
            classes["AR"]["average_precision"],
            test["mean_accuracy"],
            test["mean_iou"],
        ]
        cells = " | ".join(map(percent, row))
        print(f"| {name} | {network['parameters']:,} | {cells} |")
    images.mkdir(parents=True, exist_ok=True)
    for name in ("map", "precision_recall"):
        shutil.copy(folder / f"{name}.png", images / f"{name}.png")


def era_interim(data: Path, out: Path, images: Path) -> None:
    """Land and ocean basins from ERA-Interim, on three samplings."""
    rows = []
    for sampling, options in SAMPLINGS.items():
        for held, hold_out in HOLD_OUTS.items():
            folder = out / f"era-{options[1]}-{held}"
            run(
                [
                    *("segment", "--data", "netcdf"),
                    *("--fields", str(data / "eraint_uvz.nc")),
                    *("--variables", "z", "u", "v"),
                    *("--labels", str(data / "basin_mask.nc")),
                    *("--label-variable", "basin", "--label-select", "Z=0"),
                    *("--missing-label", "land", "--min-share", "0.01"),
                    *("--epochs", "120", "--lr", "0.005", "--batch-size", "1"),
                    *("--split-seed", "26", "--baseline", *options, *hold_out),
                    *("--out", str(folder), "--resume"),
                ]
            )
            networks = json.loads((folder / "metrics.json").read_text())["networks"]
            cells = [
                percent(networks[name]["test"][score])
                for name in ("small", "pixel")
                for score in (
                    "mean_average_precision",
                    "overall_accuracy",
                    "mean_iou",
                )
            ]
            rows.append(f"| {sampling} | {held} | {' | '.join(cells)} |")
    print("\n| sampling | held out | U-Net mAP | accuracy | IoU ", end="")
    print("| pixels alone mAP | accuracy | IoU |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(rows))
    shutil.copy(out / "era-healpix-pixels" / "map.png", images / "era_interim.png")


def equivariance(out: Path, images: Path) -> None:
    """Equivariance error of heat-kernel Laplacians on HEALPix."""
    folder = out / "equivariance"
    run(
        [
            *("equivariance", "--sampling", "healpix", "--nside", "32", "64"),
            *("--k", "8", "20", "40", "--out", str(folder)),
        ]
    )
    with (folder / "equivariance.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    print("\n| error ×10⁻⁴ at l = | " + " | ".join(map(str, CITED_DEGREES)) + " |")
    print("|---" * (len(CITED_DEGREES) + 1) + "|")
    for nside in (32, 64):
        for k in (8, 20, 40):
            row = {
                int(r["degree"]): r
                for r in rows
                if r["sampling"] == f"healpix-{nside}" and int(r["k"]) == k
            }
            for what, column in (("", "mean"), (" published", "published")):
                values = [row[degree][column] for degree in CITED_DEGREES]
                if all(values):
                    cells = " | ".join(f"{1e4 * float(value):.0f}" for value in values)
                    print(f"| nside {nside}, k = {k}{what} | {cells} |")
    shutil.copy(folder / "equivariance.png", images / "equivariance.png")


def run(options: list[str]) -> None:
    """Run the command line; stop where it fails."""
    status = command(options)
    if status != 0:
        raise SystemExit(status)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--eraint", type=Path, help="folder of the ERA-Interim files")
    parser.add_argument("--out", type=Path, default=Path("runs/readme"))
    parser.add_argument("--images", type=Path, default=Path("docs/images"))
    parser.add_argument(
        "--only", nargs="+", default=["demo", "era_interim", "equivariance"]
    )
    args = parser.parse_args()
    if "demo" in args.only:
        demo(args.out, args.images)
    if "era_interim" in args.only and args.eraint is not None:
        era_interim(args.eraint, args.out, args.images)
    if "equivariance" in args.only:
        equivariance(args.out, args.images)
