"""What a whole run on SHREC'17 costs: hours to render its shapes, and to train.

A share of as many shapes as SHREC'17 has is generated and rendered, and the published
network takes some steps on the maps; both are extrapolated. SHREC'17 has meshes of some
10,000 faces, generated ones fewer: the time of a shape is fitted as a constant and a
time for each face, and given for both.

Run: ``python -m benchmarks.studies.shape_costs --share 0.1 --processes 2``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from statistics import median

import numpy as np
import torch

from benchmarks.measuring.machine import machine
from deepsphere_pyg.commands.shapes.networks import SHAPE_NETWORKS
from deepsphere_pyg.convert import clean_mesh, mesh_maps, normalized_mesh
from deepsphere_pyg.datasets import GeneratedShapes, RenderedShapes
from deepsphere_pyg.losses import CrossEntropyLoss
from samplings import HEALPix

#: Shapes of SHREC'17, all and of the training set, and the mean faces of a mesh.
SHAPES, TRAINING, FACES = 51_162, 35_764, 10_000
CLASSES, BATCH = 55, 32
#: Copies of a shape and epochs of two recipes of publications.
RECIPES = {"paper": (3, 30), "published-row": (6, 50)}
# Meshes whose times are fitted to their numbers of faces.
FITTED = 60


def rendering(nside: int, n: int, copies: int, processes: int) -> float:
    """Return the seconds a shape to render copies of generated shapes, with a cache."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        RenderedShapes(
            GeneratedShapes(n),
            HEALPix(nside, nest=True),
            augmentations=copies,
            rotate=True,
            cache=folder,
            n_workers=processes,
            progress=True,
        )
        return (time.perf_counter() - began) / n


def seconds_of_faces(nside: int) -> tuple[float, float, float]:
    """Return seconds a map: constant, for 1,000 faces, and the mean number of faces."""
    sampling = HEALPix(nside, nest=True)
    source = GeneratedShapes(FITTED)
    faces, seconds = [], []
    for i in range(FITTED):
        mesh = source.load(i)
        began = time.process_time()
        mesh_maps(normalized_mesh(clean_mesh(mesh)), sampling)
        seconds.append(time.process_time() - began)
        faces.append(len(mesh.faces) / 1000)
    slope, constant = np.polyfit(faces, seconds, 1)
    return float(constant), float(slope), 1000 * float(np.mean(faces))


def training(nside: int, steps: int, device: str) -> float:
    """Return the seconds a copy in training of the published network."""
    kind = SHAPE_NETWORKS["chebyshev"]
    sampling = kind.sampling(nside)
    assert kind.build is not None
    network = kind.build(sampling, nside, CLASSES).to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=0.1)
    x = torch.randn(BATCH, len(sampling), 6, device=device)
    y = torch.randint(CLASSES, (BATCH,), device=device)
    times = []
    for _ in range(steps + 1):
        began = time.perf_counter()
        loss = CrossEntropyLoss()(network(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # The transfer waits for the device.
        loss.item()
        times.append(time.perf_counter() - began)
    return median(times[1:]) / BATCH


def main(arguments: list[str] | None = None) -> None:
    """Print the costs."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies.shape_costs",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument("--nside", type=int, default=32, help="HEALPix resolution")
    parser.add_argument("--share", type=float, default=0.1, help="share of SHREC'17")
    parser.add_argument("--copies", type=int, default=6, help="copies of each shape")
    parser.add_argument("--processes", type=int, default=1, help="that render")
    parser.add_argument("--steps", type=int, default=10, help="steps of training")
    parser.add_argument("--threads", type=int, default=1, help="of training")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    facts = machine(args.device)
    print(f"{facts['processor']}, {facts['cores']} cores, load {facts['load']}")
    n = max(2, round(args.share * SHAPES))
    constant, slope, mean = seconds_of_faces(args.nside)
    per_shape = rendering(args.nside, n, args.copies, args.processes)
    print(
        f"{n} generated shapes of {mean:,.0f} faces, {args.copies} copies each, "
        f"{args.processes} processes: {1 / per_shape:.1f} shapes a second, "
        f"{SHAPES * per_shape / 3600:.1f} h for {SHAPES:,}"
    )
    larger = 1 + slope * (FACES - mean) / 1000 / (constant + slope * mean / 1000)
    print(
        f"one map takes {1e3 * constant:.1f} ms and {1e3 * slope:.2f} ms for 1,000 "
        f"faces; meshes of {FACES:,} faces take {larger:.2f} times as long: "
        f"{SHAPES * per_shape * larger / 3600:.1f} h"
    )
    step = training(args.nside, args.steps, args.device)
    print(f"training on {args.device}: {1e3 * step:.2f} ms a copy")
    for name, (copies, epochs) in RECIPES.items():
        hours = TRAINING * copies * epochs * step / 3600
        print(f"recipe {name}, {copies} copies, {epochs} epochs: {hours:.1f} h")


if __name__ == "__main__":
    main()
