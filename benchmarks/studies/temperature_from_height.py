"""Predict the temperature at 850 hPa from the height of 500 hPa, with simple methods.

    python -m benchmarks.studies.temperature_from_height --file era5-levels-members.grib

The file holds geopotential and temperature of the members of an ensemble of ERA5 at a
few times. The last time is for the test, the one before it for validation. Methods:

mean                  the mean of the training maps at each vertex
linear by latitude    a line T = a + b Z for each ring of vertices
linear, anomalies     such a line without a, for deviations from the mean at each vertex
network               U-Net, Z alone
network, means        U-Net, with the means of Z and T at each vertex as further inputs

Lines and means are fitted to all maps before the test, of which networks keep one time
for validation. Errors are weighted by area, in K. The answers of the last network for
the test are written to --out, on the grid of the file.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr

from benchmarks.measuring.files import markdown_table, new_parser, refuse_below
from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.datasets.field_maps.lazy_arrays import LazyArray
from deepsphere_pyg.metrics import regression_scores
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.training import SphereDataModule, Trained, fit, predict_to_file
from samplings import HEALPix
from samplings.atomic_files import make_folder, write_json

Array = npt.NDArray[np.float64]
HEIGHT, TEMPERATURE = "height", "temperature"
MEANS = ("mean_height", "mean_temperature")
ANOMALIES = ("height_anomaly", "temperature_anomaly")
#: Inputs and target of each network.
NETWORKS = {
    "network": ((HEIGHT,), TEMPERATURE),
    "network, means": ((HEIGHT, *MEANS), TEMPERATURE),
    "network, anomalies": ((ANOMALIES[0], *MEANS), ANOMALIES[1]),
}


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse and check the options."""
    parser = new_parser(__doc__)
    add = parser.add_argument
    add("--file", type=Path, required=True, help="GRIB file with z and t on levels")
    add("--out", type=Path, default=Path("runs/temperature_from_height"))
    add("--nside", type=int, default=16, help="resolution of HEALPix")
    add("--epochs", type=int, default=60)
    add("--rate", type=float, default=3e-3, help="highest learning rate")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--threads", type=int, default=1)
    args = parser.parse_args(words)
    refuse_below(parser, args, 1, "epochs", "threads", "nside")
    refuse_below(parser, args, 0, "seeds")
    if args.rate <= 0:
        parser.error(f"--rate must be above 0, got {args.rate}")
    return args


def fields_of(file: Path) -> xr.Dataset:
    """Return Z500 and T850, and their means over all times but the last."""
    with xr.open_dataset(
        file, engine="cfgrib", backend_kwargs={"indexpath": ""}
    ) as all_:
        z = all_["z"].sel(isobaricInhPa=500, drop=True)
        t = all_["t"].sel(isobaricInhPa=850, drop=True)
        fields = xr.Dataset({HEIGHT: z, TEMPERATURE: t}).load()
    earlier = fields.isel(time=slice(None, -1))
    for name, mean, anomaly in zip(
        (HEIGHT, TEMPERATURE), MEANS, ANOMALIES, strict=True
    ):
        fields[mean] = earlier[name].mean(("number", "time"))
        fields[anomaly] = fields[name] - fields[mean]
    return fields


def linear(x: Array, y: Array, new: Array, rings: Array, constant: bool) -> Array:
    """Fit a line to each ring of vertices, and apply it.

    Parameters
    ----------
    x, y
        Inputs and targets, shape ``(map, vertex)``.
    new
        Inputs to answer.
    rings
        Ring of each vertex.
    constant
        Whether the line has a constant.
    """
    answer = np.empty_like(new)
    for ring in np.unique(rings):
        own = rings == ring
        slope_and_more = [x[:, own].ravel()] + [np.ones(x[:, own].size)] * constant
        found, *_ = np.linalg.lstsq(
            np.stack(slope_and_more, axis=1), y[:, own].ravel(), rcond=None
        )
        answer[:, own] = found[0] * new[:, own] + (found[1] if constant else 0)
    return answer


def _values(rows: LazyArray) -> Array:
    return np.asarray(rows[:], dtype=np.float64)


def simple_methods(maps: FieldMaps, past: FieldMaps, test: FieldMaps) -> dict:
    """Return the answers of the simple methods, by name."""
    x, y, new = (_values(part)[..., 0] for part in (past.X, past.y, test.X))
    _, rings = np.unique(np.round(maps.sampling.xyz[:, 2], 9), return_inverse=True)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    deviations = linear(x - x_mean, y - y_mean, new - x_mean, rings, False)
    return {
        "mean": np.broadcast_to(y_mean, new.shape),
        "linear by latitude": linear(x, y, new, rings, True),
        "linear, anomalies": y_mean + deviations,
    }


def trained(
    maps: FieldMaps, times: Array, seed: int, args: argparse.Namespace
) -> Trained:
    """Train a network: the last time is for the test, the one before to validate."""
    before, last = (str(one) for one in times[-2:])
    module = SphereDataModule(
        maps, validation={"time": before}, test={"time": last}, batch_size=4, seed=seed
    )
    torch.manual_seed(seed)
    network = SphericalUNet(module.in_channels, 1, maps.sampling, configuration=SMALL)
    with contextlib.redirect_stdout(io.StringIO()):
        return fit(
            network, module, epochs=args.epochs, learning_rate=args.rate, seed=seed
        )


def main(words: Sequence[str] | None = None) -> None:
    """Run all methods, print the table and write the answers of the network."""
    args = arguments(words)
    torch.set_num_threads(args.threads)
    make_folder(args.out)
    fields = fields_of(args.file)
    times = fields["time"].values
    sampling = HEALPix(args.nside)
    results: list[dict] = []

    def maps_of(inputs: Sequence[str], target: str) -> tuple[FieldMaps, FieldMaps]:
        """Return all maps, and those of the test."""
        maps = FieldMaps(
            fields, inputs=list(inputs), targets=[target], sampling=sampling
        )
        return maps, maps.subset(time=str(times[-1]))

    maps, test = maps_of((HEIGHT,), TEMPERATURE)
    past = maps.subset(time=slice(str(times[0]), str(times[-2])))
    truth = _values(test.y)

    def add(method: str, answer: Array, **more: object) -> None:
        found = regression_scores(truth, answer[..., None], sampling.weights)
        results.append({"method": method, "rmse": found.rmse[0], **more})

    mean = _values(past.y).mean(axis=0)[..., 0]
    for method, answer in simple_methods(maps, past, test).items():
        add(method, answer)
    for method, (inputs, target) in NETWORKS.items():
        maps, test = maps_of(inputs, target)
        for seed in args.seeds:
            start = time.perf_counter()
            found = trained(maps, times, seed, args)
            seconds = time.perf_counter() - start
            answer = found.predict(test.X, progress=False)[..., 0].astype(np.float64)
            answer += mean * (target == ANOMALIES[1])
            add(method, answer, seed=seed, seconds=seconds)
        if method == "network, means":
            predict_to_file(args.out / "temperature.nc", found.task, test)
    write_json(args.out / "results.json", results)
    print(table(results))


def table(results: Sequence[dict]) -> str:
    """One row per method: the error, as mean ± standard deviation over seeds."""
    lines = []
    for method in dict.fromkeys(result["method"] for result in results):
        errors = [one["rmse"] for one in results if one["method"] == method]
        cell = f"{np.mean(errors):.2f}"
        if len(errors) > 1:
            cell += f" ± {np.std(errors, ddof=1):.2f}"
        lines.append((method, cell))
    return markdown_table(("method", "RMSE (K)"), lines)


if __name__ == "__main__":
    main()
