"""The samplings on which the laws of all samplings are tested."""

import numpy as np

from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    IcosahedralTriangles,
    Irregular,
    McEwenWiaux,
    Rectilinear,
    ReducedGaussian,
)
from tests.helpers import scattered_points


def northern(sampling):
    return sampling[sampling.lat > 20]


SAMPLINGS = {
    "healpix-nest": lambda: HEALPix(8, nest=True),
    "healpix-ring": lambda: HEALPix(8, nest=False),
    "healpix-ring-6": lambda: HEALPix(6, nest=False),
    "equiangular": lambda: Equiangular(12, 16),
    "clenshaw-curtis": lambda: Equiangular(13, 16, scheme="clenshaw-curtis"),
    "driscoll-healy": lambda: Equiangular(12, 16, scheme="driscoll-healy"),
    "gauss-legendre": lambda: GaussLegendre(12),
    "octahedral-gaussian": lambda: ReducedGaussian.octahedral(4),
    "reduced-gaussian": lambda: ReducedGaussian([8, 12, 16, 20, 20, 16, 12, 8]),
    "mcewen-wiaux": lambda: McEwenWiaux(9),
    "icosahedral": lambda: Icosahedral(3),
    "icosahedral-triangles": lambda: IcosahedralTriangles(2),
    "cubed-sphere": lambda: CubedSphere(6),
    "fibonacci": lambda: Fibonacci(300),
    "irregular": lambda: Irregular(scattered_points(500)),
    "irregular-hemisphere": lambda: Irregular(
        scattered_points(400)[scattered_points(400)[:, 2] > 0.1]
    ),
    "rectilinear": lambda: Rectilinear(np.linspace(90, -90, 13), np.arange(0, 360, 24)),
    "masked-healpix": lambda: northern(HEALPix(8)),
    "masked-icosahedral": lambda: northern(Icosahedral(3)),
    "masked-masked": lambda: northern(HEALPix(8))[np.arange(10, 200)],
}
