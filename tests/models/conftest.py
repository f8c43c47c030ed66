"""Small pyramids that the models are tested on."""

import pytest
import torch

from samplings import Equiangular, HEALPix, Icosahedral, build_pyramid
from tests.helpers import scattered

PYRAMIDS = {
    "healpix": lambda: build_pyramid(HEALPix(8), 3, 8),
    "equiangular": lambda: build_pyramid(Equiangular(8, 16), 3, 20),
    "icosahedral": lambda: build_pyramid(Icosahedral(3), 3, 6),
    "irregular": lambda: build_pyramid(scattered(300), 3, 8),
    "masked": lambda: build_pyramid(HEALPix(8)[HEALPix(8).lat > 0], 3, 8),
}


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
