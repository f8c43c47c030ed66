"""Time from the call of each command to the first line about its data or its work.

Each command runs on small data in a process of its own, which ends at the first line
that it prints, or at the first drawing of a progress bar. The table has the time from
the call to that line, the processor time of the user, which other programs change
little, and the packages whose imports took longest until then. Only the last column is
measured with ``-X importtime``, which costs time itself.

Run: ``python -m benchmarks.studies.start_of_commands --rounds 3``.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
import xarray as xr

# It runs a command up to its first line, and tells what that took. Streams pass for
# terminals, on which progress bars are drawn.
CHILD = """
import os, sys, time

class FirstLine:
    encoding = "utf-8"

    def isatty(self):
        return True

    def flush(self):
        pass

    def write(self, text):
        if text.strip() and not text.startswith("warning:"):
            import json

            used, now = os.times(), time.time()
            seconds = now - began
            user = used.user + used.children_user
            line = text.strip().partition("\\n")[0]
            os.write(1, json.dumps([seconds, user, line]).encode())
            os._exit(0)
        return len(text)

began = float(sys.argv.pop(1))
sys.stdout = sys.stderr = FirstLine()
from deepsphere_pyg.commands.command_line import main

main()
"""


@dataclass(frozen=True)
class Start:
    """How a command began.

    Attributes
    ----------
    seconds, user
        Time from the call to the first line, and processor time of the user in it.
    line
        The line.
    """

    seconds: float
    user: float
    line: str


def write_data(folder: Path) -> None:
    """Write small files for the commands that read some."""
    rng = np.random.default_rng(0)
    lat, lon = np.linspace(-84, 84, 15), np.arange(30) * 12.0
    u = rng.normal(size=(24, 15, 30))
    times = np.datetime64("2001-01-01", "ns") + np.arange(24) * np.timedelta64(6, "h")
    dims = ("time", "lat", "lon")
    xr.Dataset(
        {
            "u": (dims, u, {"units": "m s-1"}),
            "t": (dims, 250 + 5 * u, {"units": "K"}),
            "index": ("time", u.mean(axis=(1, 2))),
            "kind": ("time", (np.arange(24) % 2).astype(np.int8)),
        },
        coords={
            "time": times,
            "lat": ("lat", lat, {"units": "degrees_north"}),
            "lon": ("lon", lon, {"units": "degrees_east"}),
        },
    ).to_netcdf(folder / "fields.nc")
    digits = {}
    for split, n in (("train", 40), ("test", 10)):
        images = rng.integers(0, 255, (n, 28, 28)).astype(np.uint8)
        digits |= {f"x_{split}": images, f"y_{split}": rng.integers(0, 10, n)}
    np.savez(folder / "mnist.npz", **digits)
    charges, positions = np.zeros((50, 23)), np.zeros((50, 23, 3))
    charges[:, :4] = rng.choice([1, 6, 7, 8, 16], (50, 4))
    positions[:, :4] = np.cumsum(rng.normal(2.0, 0.3, (50, 4, 3)), axis=1)
    energies = -10 * charges.sum(axis=1) + positions[:, 3, 0]
    molecules = {"R": positions, "Z": charges, "T": energies[None]}
    molecules["P"] = rng.permutation(50).reshape(5, 10)
    scipy.io.savemat(folder / "qm7.mat", molecules)


def commands(data: Path) -> dict[str, str]:
    """Return commands on small data, by what the table calls them."""
    fields = f"--fields {data}/fields.nc --inputs u --nside 8"
    small = "--network small --weighting heat --epochs 1"
    maps = "--n-train 4 --n-validation 2 --n-test 2 --nside 8"
    digits = "--n-train 24 --n-validation 6 --n-test 8 --epochs 1"
    cosmology = "--nside 64 --n-maps 2 --n-validation 2 --n-test 2 --noise 1 --epochs 1"
    kept = f"--checkpoint {data}"
    return {
        "segment": f"segment {maps} {small} --out {data}/segment",
        "segment --checkpoint": f"segment {kept}/segment/best.ckpt",
        "regress": f"regress {fields} --targets t {small} --out {data}/regress",
        "regress --checkpoint": f"regress {kept}/regress/best.ckpt",
        "classify": f"classify {fields} --targets kind {small}",
        "forecast": f"forecast {fields} {small} --out {data}/forecast",
        "forecast --checkpoint": f"forecast {kept}/forecast/best.ckpt --from last",
        "generate": "generate --truncation 15 --runs 1 --days 2 --nside 8",
        "predict": f"predict {kept}/regress/best.ckpt --fields {data}/fields.nc",
        "equivariance": "equivariance --nside 8 --k 8 --weighting heat",
        "equivariance --layers": "equivariance --layers --bandlimit 3 --samples 2",
        "cosmology": f"cosmology {cosmology}",
        "shapes": "shapes --nside 8 --n-shapes 40 --epochs 1",
        "stations": "stations --n-stations 30 --n-days 60 --epochs 1",
        "qm7": f"qm7 --root {data} --n-validation 6 --bandlimits 3 2 1 "
        f"--channels 2 2 2 --width 8 --epochs 1 --out {data}/qm7",
        "qm7 --checkpoint": f"qm7 {kept}/qm7/best.ckpt --root {data}",
        "digits": f"digits --root {data} {digits}",
    }


def train_for(name: str, data: Path) -> None:
    """Train the network whose checkpoint a command reads, unless it is there."""
    trained = "regress" if name == "predict" else name.removesuffix(" --checkpoint")
    if trained == name or (data / trained).exists():
        return
    run = [sys.executable, "-m", "deepsphere_pyg", *commands(data)[trained].split()]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)


def started(given: Sequence[str], *flags: str) -> tuple[Start, str]:
    """Run a command up to its first line; return it, and what Python wrote."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        out = [] if "--out" in given else ["--out", str(Path(folder, "out.nc"))]
        done = subprocess.run(
            [sys.executable, *flags, "-c", CHILD, str(time.time()), *given, *out],
            capture_output=True,
            text=True,
            env=environment,
        )
    if done.returncode or not done.stdout:
        raise RuntimeError(f"{' '.join(given)} printed nothing: {done.stderr[-2000:]}")
    start = Start(*json.loads(done.stdout))
    if ": error: " in start.line:
        raise RuntimeError(f"{' '.join(given)} failed: {start.line}")
    return start, done.stderr


def imported(report: str) -> dict[str, int]:
    """Return the modules of a report of ``-X importtime``, with their microseconds.

    Those of the modules that a module imports count for these alone.
    """
    found = {}
    for line in report.splitlines():
        cells = line.removeprefix("import time:").split("|")
        if len(cells) == 3 and cells[0].strip().isdigit():
            found[cells[2].strip()] = int(cells[0])
    return found


def dearest_imports(report: str, n: int = 3) -> str:
    """Return the packages whose modules took longest to import, with the seconds."""
    spent: Counter[str] = Counter()
    for name, microseconds in imported(report).items():
        spent[name.partition(".")[0]] += microseconds
    return ", ".join(f"{name} {us / 1e6:.2f}" for name, us in spent.most_common(n))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", help="commands of the table")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    print("| command | seconds | user CPU | imports, s | first line |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write_data(data)
        every = commands(data)
        for name in given.only or every:
            train_for(name, data)
            starts = [started(every[name].split())[0] for _ in range(given.rounds)]
            _, report = started(every[name].split(), "-X", "importtime")
            seconds = statistics.median(one.seconds for one in starts)
            user = statistics.median(one.user for one in starts)
            line = " ".join(starts[0].line.split())[:40]
            dear = dearest_imports(report)
            print(
                f"| {name} | {seconds:.2f} | {user:.2f} | {dear} | {line} |", flush=True
            )


if __name__ == "__main__":
    main()
