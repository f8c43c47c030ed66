"""Names of PyTorch Geometric that this package uses, imported on first use."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch_geometric.data import Batch as Batch
    from torch_geometric.data import Data as Data
    from torch_geometric.data import InMemoryDataset as InMemoryDataset
    from torch_geometric.loader import DataLoader as DataLoader
    from torch_geometric.nn import MessagePassing as MessagePassing
else:
    from importlib import import_module

    # It takes as long to load as PyTorch, and most networks do without.
    _HOMES = {
        "Batch": "torch_geometric.data",
        "Data": "torch_geometric.data",
        "InMemoryDataset": "torch_geometric.data",
        "DataLoader": "torch_geometric.loader",
        "MessagePassing": "torch_geometric.nn",
    }

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        with warnings.catch_warnings():
            # PyTorch Geometric scripts some of its classes when it is imported, which
            # newer PyTorch calls deprecated; users can do nothing about it.
            warnings.filterwarnings(
                "ignore", message="`torch.jit", category=DeprecationWarning
            )
            found = getattr(import_module(_HOMES[name]), name)
        return globals().setdefault(name, found)
