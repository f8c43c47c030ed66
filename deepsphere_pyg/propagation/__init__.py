"""Sums and maxima over edges, on plain tensors, in several executions."""

from deepsphere_pyg.propagation.chebyshev_autograd import (
    chebyshev_convolution as chebyshev_convolution,
)
from deepsphere_pyg.propagation.compressed_rows import canonical_rows as canonical_rows
from deepsphere_pyg.propagation.compressed_rows import (
    transposed_rows as transposed_rows,
)
from deepsphere_pyg.propagation.derived import Derived as Derived
from deepsphere_pyg.propagation.executions import EXECUTIONS as EXECUTIONS
from deepsphere_pyg.propagation.executions import (
    automatic_execution as automatic_execution,
)
from deepsphere_pyg.propagation.executions import checked_execution as checked_execution
from deepsphere_pyg.propagation.executions import chosen_execution as chosen_execution
from deepsphere_pyg.propagation.executions import tile_size as tile_size
from deepsphere_pyg.propagation.maxima import max_over_windows as max_over_windows
from deepsphere_pyg.propagation.maxima import max_windows as max_windows
from deepsphere_pyg.propagation.message_passing import (
    EdgePropagation as EdgePropagation,
)
from deepsphere_pyg.propagation.message_passing import check_mask as check_mask
from deepsphere_pyg.propagation.message_passing import (
    edge_propagation as edge_propagation,
)
from deepsphere_pyg.propagation.plain_mode import in_plain_mode as in_plain_mode
from deepsphere_pyg.propagation.sums import edge_sum as edge_sum
from deepsphere_pyg.propagation.tiles import Tiles as Tiles
from deepsphere_pyg.propagation.tiles import cut_into_tiles as cut_into_tiles
from deepsphere_pyg.propagation.tiles import whole_tile as whole_tile
from deepsphere_pyg.propagation.transformable import is_transformed as is_transformed
from deepsphere_pyg.propagation.transformable import refuse_mapped as refuse_mapped
