"""Names of PyTorch Geometric that this package uses, imported in one place."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # PyTorch Geometric scripts some of its classes when it is imported, which newer
    # PyTorch calls deprecated; users of this package can do nothing about it.
    warnings.filterwarnings("ignore", message="`torch.jit", category=DeprecationWarning)
    from torch_geometric.data import Batch as Batch
    from torch_geometric.data import Data as Data
    from torch_geometric.data import InMemoryDataset as InMemoryDataset
    from torch_geometric.loader import DataLoader as DataLoader
    from torch_geometric.nn import MessagePassing as MessagePassing
