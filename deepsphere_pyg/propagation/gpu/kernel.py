"""The kernel of weighted sums in Triton, which this module alone imports.

Triton reads the source of the kernel, and takes the names in it from this module.
"""

import triton
import triton.language as tl


@triton.jit  # type: ignore[untyped-decorator]
def weighted_sum(
    y: tl.tensor,
    x: tl.tensor,
    minus: tl.tensor,
    offsets: tl.tensor,
    indices: tl.tensor,
    weights: tl.tensor,
    n_out: tl.tensor,
    n_in: tl.tensor,
    channels: tl.tensor,
    columns: tl.tensor,
    scale: tl.tensor,
    subtracts: tl.constexpr,
    precise: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
) -> None:
    """Write ``y = scale L x - minus`` for some rows and columns.

    A program has a block of rows and a block of columns, which number the channels of
    all signals. It walks along the edges of its rows, one of each row at a time, so
    that every sum has the order of the edges, whatever the device does.

    Parameters
    ----------
    y, x
        Signals, ``(batch, n_out, channel)`` and ``(batch, n_in, channel)``.
    minus
        One signal, at least ``(n_out, channel)``, read if ``subtracts``.
    offsets, indices, weights
        Compressed rows of L.
    columns
        Batch times channels.
    precise
        Whether sums are in float64; otherwise they are in float32.
    """
    # Neighbouring programs have the same rows, whose edges are then in the cache.
    program, across = tl.program_id(0), tl.cdiv(columns, COLUMNS)
    rows = (program // across).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    column = (program % across) * COLUMNS + tl.arange(0, COLUMNS)
    signal = (column // channels).to(tl.int64)
    channel = column % channels
    real_rows = rows < n_out
    real_columns = column < columns
    start = tl.load(offsets + rows, mask=real_rows, other=0)
    count = tl.load(offsets + rows + 1, mask=real_rows, other=0) - start
    source = x + signal * n_in * channels + channel
    total = tl.zeros((ROWS, COLUMNS), dtype=tl.float64 if precise else tl.float32)
    for edge in range(tl.max(count, axis=0)):
        some = edge < count
        index = tl.load(indices + start + edge, mask=some, other=0).to(tl.int64)
        weight = tl.load(weights + start + edge, mask=some, other=0.0)
        value = tl.load(
            source[None, :] + index[:, None] * channels,
            mask=some[:, None] & real_columns[None, :],
            other=0.0,
        )
        total += weight.to(total.dtype)[:, None] * value.to(total.dtype)
    total *= scale
    place = rows[:, None] * channels + channel[None, :]
    real = real_rows[:, None] & real_columns[None, :]
    if subtracts:
        total -= tl.load(minus + place, mask=real, other=0.0).to(total.dtype)
    place += (signal * n_out * channels)[None, :]
    tl.store(y + place, total.to(y.dtype.element_ty), mask=real)
