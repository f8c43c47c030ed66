"""Make tables and pictures of the results: run their commands and format their results.

Runs that are finished are not repeated, so a second call is fast.

    python -m benchmarks.studies.readme_results --eraint DIR --stations FILE

DIR holds ``eraint_uvz.nc`` and ``basin_mask.nc`` of xarray's tutorial data, and FILE
the longitudes and latitudes of weather stations.
"""

from __future__ import annotations

import csv
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.measuring.files import markdown_table, new_parser
from deepsphere_pyg.commands.command_line import main as command
from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Heat,
    Icosahedral,
    Irregular,
    McEwenWiaux,
    ReducedGaussian,
    equivariance_spectrum,
    knn_graph,
    nominal_bandlimit,
    optimal_width,
    use_cache,
)

SECTIONS = ("demo", "era_interim", "equivariance", "gains", "samplings")
SAMPLINGS = {
    "HEALPix nside 32": ["--sampling", "healpix", "--nside", "32"],
    "equiangular 80×160": ["--sampling", "equiangular", "--n-theta", "80"],
    "icosahedral level 5": ["--sampling", "icosahedral", "--level", "5"],
}
HOLD_OUTS = {
    "pixels": ["--by", "area", "--test", "0.25", "--block-degrees", "10"],
    "month": ["--test", "0.5"],
}
CITED_DEGREES = range(10, 91, 10)


def run(words: str, folder: Path, *more: str) -> None:
    """Run the command line; stop if it fails."""
    status = command([*words.split(), *more, "--out", str(folder)])
    if status != 0:
        raise SystemExit(status)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def demo(out: Path, images: Path) -> None:
    """Generated climate events: the table against single pixels, and the picture."""
    folder = out / "demo"
    run("segment --demo --resume", folder)
    metrics = json.loads((folder / "metrics.json").read_text())
    rows = []
    for name, network in metrics["networks"].items():
        test = network["test"]
        values = [
            test["mean_average_precision"],
            test["classes"]["TC"]["average_precision"],
            test["classes"]["AR"]["average_precision"],
            test["mean_accuracy"],
            test["mean_iou"],
        ]
        rows.append([name, f"{network['parameters']:,}", *map(_percent, values)])
    head = ["network", "parameters", "mAP", "AP TC", "AP AR"]
    print(f"\n{markdown_table([*head, 'mean accuracy', 'mean IoU'], rows)}")
    for name in ("map", "precision_recall"):
        shutil.copy(folder / f"{name}.png", images / f"{name}.png")


def era_interim(data: Path, out: Path, images: Path) -> None:
    """Land and ocean basins from ERA-Interim, on three samplings."""
    files = ["--fields", str(data / "eraint_uvz.nc")]
    files += ["--target-fields", str(data / "basin_mask.nc")]
    words = (
        "segment --data netcdf --inputs z u v --targets basin "
        "--target-select Z=0 --missing-label land --min-share 0.01 --epochs 120 "
        "--lr 0.005 --batch-size 1 --split-seed 26 --baseline --resume"
    )
    rows = []
    for sampling, options in SAMPLINGS.items():
        for held, hold_out in HOLD_OUTS.items():
            folder = out / f"era-{options[1]}-{held}"
            run(words, folder, *files, *options, *hold_out)
            networks = json.loads((folder / "metrics.json").read_text())["networks"]
            cells = [
                _percent(networks[name]["test"][score])
                for name in ("small", "pixel")
                for score in ("mean_average_precision", "overall_accuracy", "mean_iou")
            ]
            rows.append([sampling, held, *cells])
    head = ["sampling", "held out", "U-Net mAP", "accuracy", "IoU"]
    print(f"\n{markdown_table([*head, 'pixels alone mAP', 'accuracy', 'IoU'], rows)}")
    shutil.copy(out / "era-healpix-pixels" / "map.png", images / "era_interim.png")


def equivariance(out: Path, images: Path) -> None:
    """Equivariance error as published, and of all weightings without rotations."""
    published = out / "equivariance-published"
    words = "equivariance --k 8 20 40 --nside 32 64 --protocol published"
    run(f"{words} --weighting heat", published)
    print("\nas published")
    print_errors(published, ["heat"])
    weightings = ["heat", "fitted", "fitted-irls", "finite-volume"]
    for nside in (32, 64):
        free = out / f"equivariance-{nside}"
        words = f"equivariance --nside {nside} --k 8 20 40 --optimise-width --weighting"
        run(words, free, *weightings)
        print("\nrotation-free")
        print_errors(free, weightings)
    # The page of results shows one resolution.
    for name in ("equivariance", "error_against_cost", "symbol", "kernel_widths"):
        shutil.copy(out / "equivariance-32" / f"{name}.png", images)
    shutil.copy(published / "equivariance.png", images / "equivariance_published.png")


def print_errors(folder: Path, weightings: Sequence[str]) -> None:
    """Errors at the cited degrees, in units of 1e-4, as a Markdown table."""
    with (folder / "equivariance.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    made: dict[tuple[str, ...], dict[int, dict[str, str]]] = {}
    for row in rows:
        key = row["sampling"], row["weighting"], row["k"]
        made.setdefault(key, {})[int(row["degree"])] = row
    lines = []
    for (sampling, weighting, k), by_degree in made.items():
        if weighting not in weightings:
            continue
        for suffix, column in (("", "mean"), (" published", "published")):
            values = [by_degree[degree][column] for degree in CITED_DEGREES]
            if all(values):
                name = f"{sampling} {weighting} k = {k}{suffix}"
                lines.append([name, *(_in_e4(float(value)) for value in values)])
    print(f"\n{markdown_table(['error ×10⁻⁴ at l = ', *CITED_DEGREES], lines)}")


def _in_e4(error: float) -> str:
    """Error in units of 1e-4: whole numbers, with one more digit below 10."""
    scaled = 1e4 * error
    return f"{scaled:.0f}" if scaled >= 9.95 else f"{scaled:.1f}"


def gains() -> None:
    """Fitted weights against the heat kernel of optimal width on the same links."""
    rows = []
    for nside in (32, 64):
        sampling = HEALPix(nside)
        degrees = np.arange(10, 3 * nside)
        for k in (8, 20, 40):
            width = optimal_width(sampling, k)
            heat = knn_graph(sampling, k, Heat(t=width))
            reference = equivariance_spectrum(heat, degrees).error
            for weighting in ("fitted", "fitted-single", "fitted-irls"):
                start = time.perf_counter()
                with use_cache(None):
                    graph = knn_graph(sampling, k, weighting=weighting)
                seconds = time.perf_counter() - start
                ratio = equivariance_spectrum(graph, degrees).error / reference
                values = np.exp(-np.log(ratio).mean()), ratio.max()
                links = 2 * graph.n_edges / len(sampling)
                numbers = [f"{links:.1f}", *(f"{v:.2f}" for v in values)]
                rows.append([nside, weighting, k, *numbers, f"{seconds:.1f}"])
    head = ["HEALPix", "weights", "k", "links", "gain", "worst degree", "fit, s"]
    print(f"\n{markdown_table(head, rows)}")


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
    rows = []
    for sampling in samplings:
        limit = nominal_bandlimit(sampling)
        degrees = np.unique(np.linspace(1, limit - 1, 24).astype(int))
        for k in (8, 20):
            errors = []
            for weighting in ("area-corrected", "fitted"):
                graph = knn_graph(sampling, k, weighting=weighting)
                errors.append(equivariance_spectrum(graph, degrees).mean_error(1))
            cells = [*map(_in_e4, errors), f"{errors[0] / errors[1]:.1f}"]
            rows.append([sampling.name, len(sampling), k, graph.n_joined, *cells])
    head = ["sampling", "vertices", "k", "joined", "area-corrected", "fitted", "gain"]
    print(f"\n{markdown_table(head, rows)}")


def main(words: Sequence[str] | None = None) -> None:
    """Make the sections that the options name."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--eraint", type=Path, help="folder of the ERA-Interim files")
    add("--out", type=Path, default=Path("runs/readme"), help="folder of the runs")
    add("--images", type=Path, default=Path("docs/images"), help="folder of pictures")
    add("--stations", type=Path, help="npz, csv or txt file of stations")
    add("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    args = parser.parse_args(words)
    args.images.mkdir(parents=True, exist_ok=True)
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


if __name__ == "__main__":
    main()
