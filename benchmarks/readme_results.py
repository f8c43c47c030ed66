"""Make the README's tables and pictures: run its commands and format what they wrote.

Runs that are finished already are only reported again, so that a second call is fast.

    python benchmarks/readme_results.py --eraint DIR --stations FILE

where DIR holds ``eraint_uvz.nc`` and ``basin_mask.nc`` of xarray's tutorial data, and
FILE the longitudes and latitudes of weather stations.
"""

import argparse
import csv
import json
import shutil
import time
from pathlib import Path

import numpy as np

from deepsphere_pyg.commands.command_line import main as command
from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    Irregular,
    McEwenWiaux,
    ReducedGaussian,
    equivariance_spectrum,
    knn_graph,
    nominal_bandlimit,
    optimal_width,
)

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
    """Equivariance error as published, and of all weightings without rotations."""
    as_published = out / "equivariance-published"
    run(
        [
            *("equivariance", "--nside", "32", "64", "--k", "8", "20", "40"),
            *("--protocol", "published", "--weighting", "heat"),
            *("--out", str(as_published)),
        ]
    )
    print("\nas published")
    print_errors(as_published, ["heat"])
    weightings = ["heat", "fitted", "fitted-irls", "finite-volume"]
    for nside in ("32", "64"):
        free = out / f"equivariance-{nside}"
        run(
            [
                *("equivariance", "--nside", nside, "--k", "8", "20", "40"),
                *("--weighting", *weightings, "--optimise-width"),
                *("--out", str(free)),
            ]
        )
        print("\nrotation-free")
        print_errors(free, weightings)
    # One resolution is enough to look at.
    for name in ("equivariance", "error_against_cost", "symbol", "kernel_widths"):
        picture = out / "equivariance-32" / f"{name}.png"
        shutil.copy(picture, images / picture.name)
    shutil.copy(
        as_published / "equivariance.png", images / "equivariance_published.png"
    )


def print_errors(folder: Path, weightings: list[str]) -> None:
    """Errors at the cited degrees, in units of 1e-4, as a Markdown table."""
    with (folder / "equivariance.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    print("\n| error ×10⁻⁴ at l = | " + " | ".join(map(str, CITED_DEGREES)) + " |")
    print("|---" * (len(CITED_DEGREES) + 1) + "|")
    made = {(r["sampling"], r["weighting"], r["k"]): {} for r in rows}
    for r in rows:
        made[r["sampling"], r["weighting"], r["k"]][int(r["degree"])] = r
    for (sampling, weighting, k), row in made.items():
        if weighting not in weightings:
            continue
        for what, column in (("", "mean"), (" published", "published")):
            values = [row[degree][column] for degree in CITED_DEGREES]
            if all(values):
                cells = " | ".join(in_e4(float(value)) for value in values)
                print(f"| {sampling} {weighting} k = {k}{what} | {cells} |")


def in_e4(error: float) -> str:
    """Error in units of 1e-4: whole numbers, a digit more below 10."""
    scaled = 1e4 * error
    return f"{scaled:.0f}" if scaled >= 9.95 else f"{scaled:.1f}"


def gains() -> None:
    """Fitted weights against the heat kernel of optimal width on the same links."""
    print("\n| HEALPix | weights | k | links | gain | worst degree | fit, s |")
    print("|---|---|---|---|---|---|---|")
    for nside in (32, 64):
        sampling = HEALPix(nside)
        degrees = np.arange(10, 3 * nside)
        for k in (8, 20, 40):
            width = optimal_width(sampling, k)
            heat = knn_graph(sampling, k, width, weighting="heat")
            reference = equivariance_spectrum(heat, degrees).error
            for weighting in ("fitted", "fitted-single", "fitted-irls"):
                start = time.perf_counter()
                graph = knn_graph(sampling, k, weighting=weighting)
                seconds = time.perf_counter() - start
                ratio = equivariance_spectrum(graph, degrees).error / reference
                gain = np.exp(-np.log(ratio).mean())
                cells = f"{gain:.2f} | {ratio.max():.2f} | {seconds:.1f}"
                links = 2 * graph.n_edges / len(sampling)
                print(f"| {nside} | {weighting} | {k} | {links:.1f} | {cells} |")


def other_samplings(stations: Path | None) -> None:
    """Fitted weights against the area-corrected heat kernel, beyond HEALPix."""
    samplings = [
        Icosahedral(5),
        Fibonacci(10_000),
        CubedSphere(40),
        GaussLegendre(70),
        Equiangular(70),
        ReducedGaussian.octahedral(40),
        McEwenWiaux(70),
    ]
    if stations is not None:
        samplings.append(Irregular.from_file(stations, duplicates="merge"))
    print("\n| sampling | vertices | k | joined | area-corrected | fitted | gain |")
    print("|---|---|---|---|---|---|---|")
    for sampling in samplings:
        limit = nominal_bandlimit(sampling)
        degrees = np.unique(np.linspace(1, limit - 1, 24).astype(int))
        for k in (8, 20):
            errors = []
            for weighting in ("area-corrected", "fitted"):
                graph = knn_graph(sampling, k, weighting=weighting)
                errors.append(equivariance_spectrum(graph, degrees).mean_error(1))
            before, after = errors
            print(
                f"| {sampling.name} | {len(sampling)} | {k} | {graph.n_joined} | "
                f"{in_e4(before)} | {in_e4(after)} | {before / after:.1f} |",
                flush=True,
            )


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
        "--stations", type=Path, help="npz, csv or txt of lon and lat of stations"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=["demo", "era_interim", "equivariance", "gains", "samplings"],
    )
    args = parser.parse_args()
    if "demo" in args.only:
        demo(args.out, args.images)
    if "era_interim" in args.only and args.eraint is not None:
        era_interim(args.eraint, args.out, args.images)
    if "equivariance" in args.only:
        equivariance(args.out, args.images)
    if "gains" in args.only:
        gains()
    if "samplings" in args.only:
        other_samplings(args.stations)
