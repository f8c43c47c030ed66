"""Time that the training loop adds to the steps of a network.

The small U-Net is trained on random maps by ``deepsphere_pyg.training.train`` and by a
bare loop of PyTorch (forward, loss, backward, step), in turn in one process, with the
same batches. Processor time of one thread is compared, since it does not depend on
other programs; the median of the rounds is printed.

Run: ``OMP_NUM_THREADS=1 python -m benchmarks.studies.training_loop --nside 16``.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import time
from typing import Any

import numpy as np
import torch
from pytorch_lightning.callbacks import Callback
from torch.utils.data import DataLoader

from deepsphere_pyg.datasets.arrays import ArrayMaps
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.training import SegmentationTask, TrainingOptions, train
from samplings import HEALPix, build_pyramid

CHANNELS, CLASSES, BATCH = 16, 3, 4


class Clock(Callback):
    """Add up the processor time of the training steps."""

    def __init__(self) -> None:
        self.seconds, self.steps = 0.0, 0

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start the clock."""
        self.began = time.process_time()

    def on_train_batch_end(self, *_: Any) -> None:
        """Read the clock."""
        now = time.process_time()
        self.seconds += now - self.began
        self.began = now
        self.steps += 1


def loader(maps: ArrayMaps) -> Any:
    """Return batches of maps."""
    return DataLoader(maps, BATCH)


def looped(task: SegmentationTask, maps: ArrayMaps) -> float:
    """Return the seconds a step of the training loop."""
    clock = Clock()
    held = DataLoader(maps, BATCH, sampler=range(BATCH))
    with contextlib.redirect_stdout(io.StringIO()):
        train(task, loader(maps), held, trainer={"callbacks": clock})
    return clock.seconds / clock.steps


def bare(task: SegmentationTask, maps: ArrayMaps) -> float:
    """Return the seconds a step of a bare loop."""
    optimizer = task.options.build_optimizer(task.network.parameters())
    task.train()
    began, steps = time.process_time(), 0
    for _ in range(task.options.epochs):
        for batch in loader(maps):
            loss = task.loss(task(batch.x), batch.y, task.area, batch.mask)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps += 1
    return (time.process_time() - began) / steps


def measured(nside: int, rounds: int, steps: int, epochs: int) -> dict[str, float]:
    """Return the medians of the seconds a step, and of their ratios.

    Parameters
    ----------
    nside
        Resolution of the maps.
    rounds
        Rounds of both loops in turn, after one that does not count.
    steps, epochs
        Steps of an epoch, and epochs of a round.
    """
    sampling = HEALPix(nside)
    rng = np.random.default_rng(0)
    shape = (steps * BATCH, len(sampling))
    maps = ArrayMaps(
        rng.normal(size=(*shape, CHANNELS)).astype(np.float32),
        rng.integers(CLASSES, size=shape),
        rng.random(shape) < 0.9,
    )
    pyramid = build_pyramid(sampling, SMALL.levels, k=8, weighting="heat")
    network = SphericalUNet(CHANNELS, CLASSES, pyramid, configuration=SMALL)
    options = TrainingOptions(epochs=epochs)
    task = SegmentationTask(network, [*"abc"], options=options)
    pairs = [(bare(task, maps), looped(task, maps)) for _ in range(rounds + 1)][1:]
    return {
        "bare": statistics.median(b for b, _ in pairs),
        "train": statistics.median(t for _, t in pairs),
        "ratio": statistics.median(t / b for b, t in pairs),
    }


def main(arguments: list[str] | None = None) -> None:
    """Print the seconds a step."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies.training_loop",
        description=__doc__.splitlines()[0],
    )
    parser.add_argument("--nside", type=int, default=16, help="HEALPix resolution")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of both loops")
    parser.add_argument("--steps", type=int, default=10, help="steps of an epoch")
    parser.add_argument("--epochs", type=int, default=3, help="epochs of a round")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    found = measured(args.nside, args.rounds, args.steps, args.epochs)
    print(f"bare loop  {1e3 * found['bare']:8.2f} ms a step")
    print(f"train      {1e3 * found['train']:8.2f} ms a step")
    print(f"ratio      {found['ratio']:8.3f}")


if __name__ == "__main__":
    main()
