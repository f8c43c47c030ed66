"""Tables that modules of the same settings share, as long as one of them lives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from weakref import WeakValueDictionary

import torch
from torch import Tensor

from deepsphere_pyg.fixed_tensors.fixed_tensors import plain_tensor
from samplings.arrays import FloatArray


class SharedTable:
    """A float64 table, and what was rounded of it. It never changes.

    Parameters
    ----------
    master
        The table.
    """

    def __init__(self, master: FloatArray) -> None:
        self.master = plain_tensor(master)
        self._rounded = {torch.float64: self.master}

    def rounded(self, dtype: torch.dtype) -> Tensor:
        """Return the table in a dtype, on the CPU."""
        if dtype not in self._rounded:
            with torch.inference_mode(False):
                self._rounded[dtype] = self.master.to(dtype)
        return self._rounded[dtype]

    @property
    def n_bytes(self) -> int:
        """Bytes of the table in every dtype that is kept of it."""
        return sum(table.nbytes for table in self._rounded.values())

    def __deepcopy__(self, memo: object) -> SharedTable:
        """Tables never change: copies of modules share them."""
        return self


_kept: WeakValueDictionary[Hashable, SharedTable] = WeakValueDictionary()


def shared_table(settings: Hashable, compute: Callable[[], FloatArray]) -> SharedTable:
    """Return the table of some settings, computed where nobody holds it.

    Parameters
    ----------
    settings
        What the table depends on, whatever else has tables too.
    compute
        Computes it.
    """
    table = _kept.get(settings)
    if table is None:
        table = _kept[settings] = SharedTable(compute())
    return table
