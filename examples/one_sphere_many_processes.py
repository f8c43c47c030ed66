"""
A training loop of your own on many processes
=============================================

Share one sphere among processes, so that its size is not bounded by one of them.

Each process computes a region of the sphere, at all levels of a U-Net, and fetches the
values around it before each convolution. Losses, statistics and gradients are those of
one process, and so is the file of the trained network. Run it as ::

    torchrun --nproc-per-node 2 examples/one_sphere_many_processes.py

on one machine, or by torchrun's options on several; without torchrun it is one process.
The picture shows the regions, and what the network finds. With ``--small`` the script
runs in seconds and the network learns next to nothing.
"""

import argparse
import os
import resource

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import distributed as dist

from deepsphere_pyg.datasets import ClimateEvents, input_statistics
from deepsphere_pyg.losses import CrossEntropyLoss
from deepsphere_pyg.models import SMALL, SphericalUNet, partition_model, save_model
from deepsphere_pyg.plot import draw_classes
from deepsphere_pyg.processes import gathered, part_of_batch
from deepsphere_pyg.training import WholeBatchNorms
from samplings import HEALPix, Partition, build_pyramid

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--small", action="store_true", help="run in seconds")
parser.add_argument("--network", help="file to write the network to")
parser.add_argument("--picture", help="file to write the picture to")
args = parser.parse_args()
nside, n_maps, epochs = (8, 2, 1) if args.small else (32, 40, 8)

if "RANK" in os.environ:
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
else:
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
rank, ranks = dist.get_rank(), dist.get_world_size()

# %%
# The same in all processes: the seed draws the weights and the maps.
torch.manual_seed(0)
sky = HEALPix(nside, nest=True)
maps = ClimateEvents(sky, n_maps, seed=0)
network = SphericalUNet(
    16, 3, build_pyramid(sky, len(SMALL.widths), 8), configuration=SMALL
)
network.standardize.fit_(*input_statistics(maps))

partition = Partition(network.pyramid, ranks)
# Of a single process, the picture shows what four would have.
shown = partition if ranks > 1 else Partition(network.pyramid, 4)
partition_model(network, partition)
WholeBatchNorms().apply(network)
mine = torch.from_numpy(partition.vertices(rank))

optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
criterion = CrossEntropyLoss()
losses = []
for epoch in range(epochs):
    for x, y, _mask in maps:
        with part_of_batch(together=True):
            loss = criterion(network(x[None, mine]), y[None, mine])
            optimizer.zero_grad()
            loss.backward()
        for weight in network.parameters():
            # The mean over the processes.
            dist.all_reduce(weight.grad)
            weight.grad /= ranks
        optimizer.step()
        losses.append(loss.item())
    if rank == 0:
        print(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses[-n_maps:]):.3f}")

network.eval()
x, _, _ = ClimateEvents(sky, 1, seed=1)[0]
with torch.no_grad():
    found = network(x[None, mine])[0].argmax(-1).numpy()
megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"process {rank}: {len(mine)} vertices, {megabytes:.0f} MiB at most")
parts = gathered((mine.numpy(), found))
if parts is not None:
    if args.network:
        # The network of all vertices: load_model needs no processes.
        save_model(network, args.network)
    classes = np.zeros(len(sky), dtype=int)
    for vertices, values in parts:
        classes[vertices] = values
    figure, axes = plt.subplots(
        1, 2, figsize=(11, 3.4), layout="constrained", squeeze=False
    )
    names = [f"process {number}" for number in range(shown.ranks)]
    title = f"regions of {shown.ranks} processes"
    draw_classes(axes[0, 0], sky, shown.owners[0], names, title=title)
    title = f"found by {'one process' if ranks == 1 else f'{ranks} processes'}"
    draw_classes(axes[0, 1], sky, classes, maps.class_names, title=title)
    if args.picture:
        figure.savefig(args.picture, dpi=110)
    plt.show()
dist.destroy_process_group()
