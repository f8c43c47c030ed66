"""Train a step of a U-Net whose vertices are dealt to processes; run as a script."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import torch
from torch import distributed as dist
from torch import multiprocessing

from deepsphere_pyg.layers import Neighbourhoods
from deepsphere_pyg.losses import CrossEntropyLoss
from deepsphere_pyg.models import (
    MeshNetwork,
    ResidualUNet,
    ResidualUNetConfiguration,
    SphericalClassifier,
    SphericalUNet,
    UNetConfiguration,
    load_model,
    partition_model,
    reunite_model,
    save_model,
)
from deepsphere_pyg.operators import ChildOperator
from deepsphere_pyg.processes import part_of_batch
from deepsphere_pyg.training import WholeBatchNorms
from samplings import HEALPix, Icosahedral, Partition, PyramidPlan, build_pyramid

SIZES = {"stem": 4, "widths": (6, 8, 8), "K": 3}
PLACES = {
    "healpix": lambda: HEALPix(8, nest=True),
    "icosahedral": lambda: Icosahedral(3),
    "part": lambda: HEALPix(8, nest=True)[range(100, 420)],
    # Of two coarsest vertices: some of four processes have none.
    "few": lambda: HEALPix(4, nest=True)[range(32)],
    # Normalised over the vertices of each map.
    "instance": lambda: Icosahedral(3),
    # With a mean by areas that differ, and a class of whole maps.
    "classifier": lambda: Icosahedral(3),
    # The children of each parent are in one process; some of four have none.
    "learned": lambda: HEALPix(4, nest=True)[range(32)],
    "learned-position": lambda: HEALPix(4, nest=False),
    "attention": lambda: Icosahedral(2),
    # Of so few vertices that their largest eigenvalues are exact.
    "planned": lambda: HEALPix(4, nest=True),
    # Data on pixels, and a processor on a mesh of another kind.
    "mesh": lambda: HEALPix(8, nest=False),
    "mesh, bilinear": lambda: HEALPix(8, nest=True)[range(48, 400)],
    # From a checkpoint of the whole network.
    "planned, loaded": lambda: HEALPix(4, nest=True),
    "planned part": lambda: HEALPix(8, nest=True)[range(16, 240)],
}


def mesh_network(name):
    data = PLACES[name]()
    mesh = Icosahedral(2) if name == "mesh" else data.coarsen().coarse
    sizes = ResidualUNetConfiguration("test", ((4, 4),) * 3, ((4, 4),) * 2, K=3, k=8)
    graphs = build_pyramid(mesh, 3, 8, weighting="heat")
    processor = ResidualUNet(4, 4, graphs, configuration=sizes)
    for block in processor.modules():
        if hasattr(block, "scale"):
            # It starts at zero.
            torch.nn.init.ones_(block.scale)
    transfer = "conservative" if name == "mesh" else "bilinear"
    return MeshNetwork(2, 3, data, processor=processor, transfer=transfer).double()


def network(name, planned=False):
    torch.manual_seed(0)
    if name.startswith("mesh"):
        return mesh_network(name)
    if planned:
        pyramid = PyramidPlan(PLACES[name](), 3, 8)
    else:
        pyramid = build_pyramid(PLACES[name](), 3, 8, weighting="heat")
    if name == "classifier":
        return SphericalClassifier(2, 3, pyramid, widths=(4, 6, 8), K=3).double()
    norm = "instance" if name == "instance" else "batch"
    pooling = name if name.startswith("learned") else "max"
    kind = "attention" if name == "attention" else "chebyshev"
    sizes = UNetConfiguration(
        "test", **SIZES, normalization=norm, pooling=pooling, convolution=kind
    )
    if planned and name.endswith("loaded"):
        with tempfile.TemporaryDirectory() as folder:
            save_model(network(name), Path(folder) / "model.pt")
            return load_model(Path(folder) / "model.pt", pyramid).train()
    return SphericalUNet(2, 3, pyramid, configuration=sizes).double()


def step(model, x, y, vertices):
    """Return outputs and loss at some vertices, and gradients of all weights."""
    area = torch.from_numpy(model.sampling.weights.copy())[vertices]
    with part_of_batch(together=True):
        out = model(x[:, vertices])
        at_vertices = out.ndim == 3
        truth = y[:, vertices] if at_vertices else y[:, 0]
        loss = CrossEntropyLoss()(out, truth, area if at_vertices else None)
        loss.backward()
    return out, loss


def data(model):
    generator = torch.Generator().manual_seed(1)
    n = len(model.sampling)
    x = torch.randn(2, n, 2, generator=generator, dtype=torch.float64)
    return x, torch.randint(0, 3, (2, n), generator=generator)


def turned(model, owners=None, rank=0):
    """Return what adjoints and transposes of plain operators give, and gradients."""
    found = []
    if isinstance(model, MeshNetwork):
        return found
    for at, operator in ((0, model.operators[0]), (1, model.pooling_operators[0])):
        if isinstance(operator, ChildOperator | Neighbourhoods):
            break
        n = len((model.sampling, model.pyramid.coarsenings[0].coarse)[at])
        z = torch.arange(n, dtype=torch.float64).sin()[None, :, None]
        if owners is not None:
            z = z[:, torch.from_numpy(owners[at] == rank)]
        z.requires_grad_()
        back = operator.adjoint(z)
        (back * back).sum().backward()
        with torch.no_grad():
            found.append((back.detach(), operator.transpose()(z), z.grad))
    return found


def work(rank, ranks, folder, names):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=ranks
    )
    for name in names:
        model = network(name, planned=name.startswith("planned"))
        WholeBatchNorms().apply(model)
        partition = Partition(model.pyramid, ranks)
        partition_model(model, partition)
        vertices = torch.from_numpy(partition.vertices(rank))
        x, y = data(model)
        out, loss = step(model, x, y, vertices)
        for weight in model.parameters():
            dist.all_reduce(weight.grad)
            weight.grad /= ranks
        found = {
            "vertices": vertices,
            "out": out.detach(),
            "loss": loss.detach(),
            "turned": turned(model, partition.owners, rank),
            "coarse": torch.from_numpy(partition.vertices(rank, 1)),
            "state": model.state_dict(),
            "gradients": {n: w.grad for n, w in model.named_parameters()},
        }
        with torch.no_grad():
            whole = reunite_model(model.eval())
            if name.startswith("planned"):
                assert isinstance(whole.pyramid, PyramidPlan)
                whole = whole.with_sampling(whole.pyramid.built())
            found["reunited"] = whole(x)
        torch.save(found, Path(folder) / f"{name}-{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    multiprocessing.spawn(
        work, (int(sys.argv[2]), sys.argv[1], sys.argv[3:]), int(sys.argv[2])
    )
