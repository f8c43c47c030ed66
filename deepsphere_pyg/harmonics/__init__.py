"""Spherical harmonics: layouts of coefficients, functions, transforms."""

from deepsphere_pyg.harmonics import (
    couplings,
    foreign,
    functions,
    layout,
    rotations,
    sht,
    so3,
    spin,
)
from deepsphere_pyg.harmonics.couplings import *
from deepsphere_pyg.harmonics.foreign import *
from deepsphere_pyg.harmonics.functions import *
from deepsphere_pyg.harmonics.layout import *
from deepsphere_pyg.harmonics.rotations import *
from deepsphere_pyg.harmonics.sht import *
from deepsphere_pyg.harmonics.so3 import *
from deepsphere_pyg.harmonics.spin import *

__all__: list[str] = []
__all__ += couplings.__all__
__all__ += foreign.__all__
__all__ += functions.__all__
__all__ += layout.__all__
__all__ += rotations.__all__
__all__ += sht.__all__
__all__ += so3.__all__
__all__ += spin.__all__
