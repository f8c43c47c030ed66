"""Small pyramids that the models are tested on."""

import pytest
import torch

from samplings import Equiangular, HEALPix, Icosahedral, Irregular, build_pyramid

PYRAMIDS = {
    "healpix": lambda: build_pyramid(HEALPix(8), 3, 8),
    "equiangular": lambda: build_pyramid(Equiangular(8, 16), 3, 20),
    "icosahedral": lambda: build_pyramid(Icosahedral(3), 3, 6),
    "irregular": lambda: build_pyramid(scattered(), 3, 8),
    "masked": lambda: build_pyramid(HEALPix(8)[HEALPix(8).lat > 0], 3, 8),
}


def scattered() -> Irregular:
    generator = torch.Generator().manual_seed(0)
    xyz = torch.randn(300, 3, generator=generator, dtype=torch.float64)
    return Irregular((xyz / xyz.norm(dim=1, keepdim=True)).numpy())


@pytest.fixture(scope="session")
def healpix_pyramid():
    return PYRAMIDS["healpix"]()


@pytest.fixture(scope="session")
def icosahedral_pyramid():
    return PYRAMIDS["icosahedral"]()


@pytest.fixture(scope="session", params=PYRAMIDS)
def pyramid(request):
    return PYRAMIDS[request.param]()


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)
