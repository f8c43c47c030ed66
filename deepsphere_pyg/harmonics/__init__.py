"""Spherical harmonics: layouts of coefficients, functions, transforms.

Names are imported on first use, since most need one kind of them alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.harmonics.couplings import *
    from deepsphere_pyg.harmonics.foreign import *
    from deepsphere_pyg.harmonics.functions import *
    from deepsphere_pyg.harmonics.layout import *
    from deepsphere_pyg.harmonics.rotations import *
    from deepsphere_pyg.harmonics.sht import *
    from deepsphere_pyg.harmonics.so3 import *
    from deepsphere_pyg.harmonics.spin import *
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            ".layout": None,
            ".functions": None,
            ".rotations": None,
            ".couplings": None,
            ".sht": None,
            ".spin": None,
            ".so3": None,
            ".foreign": None,
        },
    )
