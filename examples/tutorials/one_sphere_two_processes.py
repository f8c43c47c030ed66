"""
Training one sphere on two processes
====================================

At the end you will have trained a network whose sphere is shared by two processes, each
with a half of the vertices at all levels, and will have seen that it is the network
that one process trains. This is for spheres that do not fit into one GPU; two processes
of this computer's processor show the same.
"""

# %%
# A training
# ----------
#
# The script below is an ordinary training, except for one argument of the trainer. On
# the command line of this package it is ``--trainer.strategy space --trainer.devices
# 2``; Lightning starts the second process itself, and on several machines ``torchrun
# --nnodes 4 --nproc-per-node 8 train.py`` starts all.

import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from deepsphere_pyg.plot import STYLE_FILE, draw_classes, draw_map
from deepsphere_pyg.training import load_task
from samplings import Partition

SCRIPT = """
import sys
import torch
from deepsphere_pyg.datasets import GaussianFields
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.training import fit
from samplings import HEALPix


def noisy_maps(sky, seed):
    power = [0.0] + [1 / (1 + l) ** 2 for l in range(1, 17)]
    maps = GaussianFields(sky, [power, power], n_maps=24, seed=seed)
    y = torch.stack([one.x for one in maps])
    noise = torch.randn(y.shape, generator=torch.Generator().manual_seed(seed))
    return y + 0.3 * noise, y


def train(folder, processes):
    # The task is to take noise away from maps.
    sky = HEALPix(nside=8, nest=True)
    x, y = noisy_maps(sky, seed=0)
    trainer = {"accelerator": "cpu"}
    if processes > 1:
        trainer |= {"strategy": "space", "devices": processes}
    torch.manual_seed(0)
    network = SphericalUNet(1, 1, sky, configuration=SMALL)
    options = {"epochs": 10, "batch_size": 4, "learning_rate": 4e-3}
    fit(network, x.numpy(), y.numpy(), folder=folder, trainer=trainer, **options)


if __name__ == "__main__":
    train(sys.argv[1], int(sys.argv[2]))
"""

# %%
# One process is this one, two are started from a shell, with one thread each.

folder = tempfile.TemporaryDirectory()
script = Path(folder.name) / "train.py"
script.write_text(SCRIPT)
kept = {count: Path(folder.name) / f"processes-{count}" for count in (1, 2)}
names = runpy.run_path(str(script))
names["train"](kept[1], 1)
done = subprocess.run(
    [sys.executable, str(script), str(kept[2]), "2"],
    env=os.environ | {"OMP_NUM_THREADS": "1"},
    cwd=folder.name,
    capture_output=True,
    text=True,
)
if done.returncode:
    raise SystemExit(done.stderr)
histories, tasks = {}, {}
for count, path in kept.items():
    table = np.genfromtxt(path / "history.csv", delimiter=",", names=True)
    histories[count], tasks[count] = table, load_task(path / "best.ckpt")
    losses = table["trainloss"].round(4)
    print(f"{count} process{'es' if count > 1 else ''}: losses {losses}")
folder.cleanup()

# %%
# The same network
# ----------------
#
# A checkpoint holds the whole network, however many processes have trained it, and
# loads in one. Sums are added in another order. That makes a difference of round-off,
# which Adam lets grow, since it divides gradients by their size, also those that are
# nothing but round-off.
#
# A task answers in the units of the targets; its network alone answers in standard
# deviations of them.

sampling = tasks[1].network.sampling
x, _ = names["noisy_maps"](sampling, seed=1)
answers = {count: task.predict(x[:1].numpy())[0, :, 0] for count, task in tasks.items()}
difference = np.abs(answers[2] - answers[1]).max() / np.abs(answers[1]).max()
print(f"answers of both networks differ by {difference:.1e} of the largest")

# %%
# What a process has
# ------------------
#
# :class:`~samplings.Partition` deals out the vertices of all levels, so that each
# region hangs together and pooling needs no exchange. Before a convolution of K terms,
# a process fetches the vertices within K - 1 edges of its own.

partition = Partition(tasks[1].network.pyramid, ranks=2)
owners = partition.owners[0]
near = tasks[1].network.pyramid.graphs[0].adjacency
reached = (owners == 0).astype(float)
for _ in range(2):
    reached = reached + near @ reached
fetched = (reached > 0) & (owners == 1)
print(f"process 0 has {np.sum(owners == 0)} vertices and fetches {fetched.sum()}")

plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), layout="constrained")
classes = ["process 0", "process 1", "fetched by process 0 for K = 3"]
shown = np.where(fetched, 2, owners)
draw_classes(axes[0, 0], sampling, shown, classes, title="regions")
for panel, values, title in (
    (axes[0, 1], x[0, :, 0].numpy(), "a map with noise"),
    (axes[1, 0], answers[2], "answer of the network of two processes"),
):
    style = {"cmap": "RdBu_r", "limits": (-2, 2)}
    draw_map(panel, sampling, values, title=title, **style)
for count, style in ((1, "o-"), (2, "x--")):
    table = histories[count]
    label = f"{count} process{'es' if count > 1 else ''}"
    axes[1, 1].plot(
        table["epoch"], table["trainloss"], style, label=label, markersize=9
    )
axes[1, 1].set(xlabel="epoch", ylabel="training loss", xticks=table["epoch"])
axes[1, 1].legend()
plt.show()
