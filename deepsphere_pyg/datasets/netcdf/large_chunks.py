"""Reading of large chunks of a Zarr store, few at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deepsphere_pyg.convert.xarray.climate_extra import climate_module

# Bytes of decoded chunks at a time, and the number of chunks that zarr reads at a time
# by default.
_AT_ONCE, _CONCURRENCY = 1 << 26, 10


@contextmanager
def few_chunks_at_once(array: Any) -> Iterator[None]:
    """Let zarr read so few chunks of an array at a time that they take 64 MiB.

    Each chunk is decoded as a whole, however little of it is asked for; ten chunks of
    whole years would take more memory than the part that is read.
    """
    size = math.prod(array.encoding.get("chunks") or ()) * array.dtype.itemsize
    if size * _CONCURRENCY <= _AT_ONCE:
        yield
        return
    number = max(1, min(_CONCURRENCY, _AT_ONCE // size))
    with climate_module("zarr").config.set({"async.concurrency": number}):
        yield
