"""Fields of several spins as generalized signals, and the parity of fragments."""

from deepsphere_pyg.layers.fragments.spin.fields_to_fragments import (
    FieldsToFragments,
    FragmentsToFields,
)
from deepsphere_pyg.layers.fragments.spin.parity_conv import (
    ParityConv,
    coupled_parities,
)

__all__ = [
    "FieldsToFragments",
    "FragmentsToFields",
    "ParityConv",
    "coupled_parities",
]
