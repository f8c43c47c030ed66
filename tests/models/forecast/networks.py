"""Small networks for forecasts, by name, that several tests share."""

from dataclasses import replace

import torch

from deepsphere_pyg.models import (
    WEATHER,
    MeshNetwork,
    RecurrentUNet,
    ResidualUNet,
    SphericalFourierOperator,
)
from samplings import HEALPix, Icosahedral, build_pyramid

HISTORY, STATES, KNOWN = 3, 2, 1
IN = HISTORY * STATES + KNOWN
TINY = replace(WEATHER, width=1 / 32)


def pyramid(sampling=None, k=8):
    return build_pyramid(
        HEALPix(4) if sampling is None else sampling, 3, k, weighting="heat"
    )


def recurrent(cell, levels, cell_K=None):
    options = {"cell": cell, "levels": levels, "cell_K": cell_K}
    return RecurrentUNet(
        IN, STATES, pyramid(), history=HISTORY, configuration=TINY, **options
    )


def mesh(mesh=None, transfer="conservative"):
    place = pyramid(Icosahedral(2), 6) if mesh is None else mesh
    processor = ResidualUNet(4, 4, place, configuration=TINY)
    return MeshNetwork(IN, STATES, HEALPix(4), processor=processor, transfer=transfer)


def fourier(**options):
    sizes = {"L": 6, "channels": 4, "blocks": 2, **options}
    return SphericalFourierOperator(IN, STATES, HEALPix(4), **sizes)


NETWORKS = {
    "weather": lambda: ResidualUNet(IN, STATES, pyramid(), configuration=TINY),
    "gru": lambda: recurrent("gru", "all"),
    "lstm": lambda: recurrent("lstm", "deepest", 1),
    "mesh": mesh,
    "bilinear mesh": lambda: mesh(transfer="bilinear"),
    "sfno": fourier,
    "sfno with places": lambda: fourier(position=3, normalization="layer"),
}


def built(name, dtype=torch.float64):
    """A network whose scales are not zero, so that all of it counts."""
    torch.manual_seed(0)
    model = NETWORKS[name]().to(dtype)
    for key, parameter in model.named_parameters():
        if key.endswith("scale"):
            torch.nn.init.constant_(parameter, 0.7)
    return model.eval()
