"""Layers, which take their operator in ``forward`` and keep only learned weights.

Names are imported on first use, since most networks have layers of one kind alone.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.layers.fragments import *
    from deepsphere_pyg.layers.graph import *
    from deepsphere_pyg.layers.rotation_group import *
    from deepsphere_pyg.layers.sphere import *
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            ".graph": None,
            ".sphere": None,
            ".fragments": None,
            ".rotation_group": None,
        },
    )
