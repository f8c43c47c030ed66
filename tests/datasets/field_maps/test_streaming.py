"""Samples that do not fit into memory are read block by block."""

import re
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg import PixelNetwork
from deepsphere_pyg.datasets import BlockShuffle, FieldMaps
from deepsphere_pyg.datasets.field_maps.block_cache import (
    BlockCache,
    BlockGrid,
    block_grid,
)
from deepsphere_pyg.datasets.field_maps.channel_group import ChannelGroup
from deepsphere_pyg.training import SphereDataModule, fit
from samplings import HEALPix
from tests.datasets.field_maps.streaming import write

HOURS, CHUNK = 360, 12


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Fifteen days on a 1 degree grid, 94 MB, in chunks of half a day."""
    path = str(tmp_path_factory.mktemp("streaming") / "days.zarr")
    write(path, HOURS, CHUNK, 181)
    return path


@pytest.fixture
def reads(monkeypatch):
    """The first and last hour of each block that is read."""
    found = []
    read = ChannelGroup.read

    def counted(self, channel, ranges):
        found.append(ranges["time"])
        return read(self, channel, ranges)

    monkeypatch.setattr(ChannelGroup, "read", counted)
    return found


def streamed(store, cache_bytes, nside=32):
    return FieldMaps(
        store,
        inputs=["t"],
        targets=["t"],
        sampling=HEALPix(nside),
        cache_bytes=cache_bytes,
    )


def test_an_epoch_reads_each_block_once_within_the_memory_of_the_cache(store, reads):
    # Twenty blocks of 12 maps of 12288 vertices, and four of the maps as they are read.
    cache_bytes = 13 << 20
    maps = streamed(store, cache_bytes)
    assert maps.blocks_in_memory == 20
    maps._reader.inputs.regridder.matrix  # noqa: B018 (not part of the stream)
    n_blocks = HOURS // CHUNK
    assert len(np.unique(maps.blocks)) == n_blocks
    module = SphereDataModule(maps, validation=0.1, batch_size=8)
    tracemalloc.start()
    module.statistics  # noqa: B018 (computed on first use)
    assert sorted(reads) == [(i, i + CHUNK) for i in range(0, HOURS * 9 // 10, CHUNK)]
    reads.clear()
    loader = module.train_dataloader()
    orders = [list(loader.sampler)]
    for batch in loader:
        assert torch.equal(batch.x, batch.y)
    # The cache held some blocks before.
    assert n_blocks * 0.9 - maps.blocks_in_memory <= len(reads) <= n_blocks * 0.9
    assert len(set(reads)) == len(reads)
    loader.sampler.set_epoch(1)
    orders.append(list(loader.sampler))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])
    # The cache, a block as it is read with its masks, 4 MiB of it in float64 before and
    # after regridding, and the batches.
    block, batch = 4 * CHUNK * 181 * 360, 2 * 8 * 4 * 12288
    assert peak < cache_bytes + 3 * block + 2 * (4 << 20) + 2 * batch
    assert peak < 0.5 * 4 * HOURS * 181 * 360


def test_training_on_a_stream_is_resumed_exactly(store, tmp_path):
    maps = streamed(store, 13 << 20, nside=4).take(np.arange(96))

    def trained(folder, epochs, resume=False):
        torch.manual_seed(0)
        network = PixelNetwork(1, 1, maps.sampling)
        module = SphereDataModule(maps, batch_size=8, seed=3)
        options = {"epochs": epochs, "schedule": "constant", "resume": resume}
        return fit(network, module, folder=tmp_path / folder, **options)

    whole = trained("whole", 2)
    trained("parts", 1)
    parts = trained("parts", 2, resume=True)
    assert [row["train/loss"] for row in parts.history] == [
        row["train/loss"] for row in whole.history
    ]


@settings(max_examples=40, deadline=None)
@given(
    blocks=st.lists(st.integers(0, 9), min_size=1, max_size=60),
    in_memory=st.integers(1, 12),
    epoch=st.integers(0, 3),
    n_workers=st.integers(0, 3),
    batch_size=st.integers(1, 4),
)
def test_shuffles_are_permutations_that_keep_few_blocks_open(
    blocks, in_memory, epoch, n_workers, batch_size
):
    def order(epoch):
        loader = {"n_workers": n_workers, "batch_size": batch_size}
        shuffle = BlockShuffle(blocks, in_memory, seed=7, **loader)
        shuffle.set_epoch(epoch)
        return list(shuffle)

    found = order(epoch)
    assert sorted(found) == list(range(len(blocks))) and order(epoch) == found
    streams = max(1, n_workers)
    visited = np.array(blocks)[found]
    batch = np.arange(len(found)) // batch_size
    sizes = np.bincount(blocks)
    # Workers have equal shares up to the largest block; the last batches are mixed.
    dealt = len(found) - streams * (int(sizes.max()) + batch_size)
    seen = {}
    for worker in range(streams):
        mine = visited[(batch % streams == worker) & (np.arange(len(found)) < dealt)]
        first = {block: i for i, block in reversed(list(enumerate(mine)))}
        last = {block: i for i, block in enumerate(mine)}
        for i in range(len(mine)):
            opened = [b for b in first if first[b] <= i <= last[b]]
            assert len(opened) <= in_memory
        for block in first:
            assert seen.setdefault(block, worker) == worker


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    chunk=st.integers(1, 12),
    map_bytes=st.integers(1, 50),
    cache_bytes=st.integers(0, 2000),
)
def test_blocks_divide_the_samples_and_fit(sizes, chunk, map_bytes, cache_bytes):
    dims = ["abc"[i] for i in range(len(sizes))]
    chunks = [dict.fromkeys(dims, chunk)]
    grid = block_grid(dims, sizes, chunks, map_bytes, cache_bytes)
    assert grid.length == 1 or 4 * grid.length * map_bytes <= cache_bytes
    samples = np.stack(np.indices(sizes), axis=-1).reshape(-1, len(sizes))
    numbers = grid.numbers(samples)
    for sample, number in zip(samples, numbers, strict=True):
        ranges = grid.ranges(sample.tolist())
        inside = [
            all(a <= i < b for i, (a, b) in zip(other, ranges, strict=True))
            for other in samples
        ]
        np.testing.assert_array_equal(inside, numbers == number)


def test_the_cache_keeps_what_was_used_last():
    cache, read = BlockCache(3 * 8), []

    def take(key):
        return cache.take(key, lambda: read.append(key) or np.full(1, float(key)))

    for key in (0, 1, 2, 0, 3, 0, 1):
        assert take(key) == key
    assert read == [0, 1, 2, 3, 1] and cache.n_bytes == 24
    cache.take(9, lambda: np.zeros(100))
    assert not cache.kept and cache.n_bytes == 0
    assert BlockGrid((), ()).length == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hours", "chunk", "degrees"), [(8760, 24, 181), (8760, 8760, 30)]
)
def test_a_year_of_hours_is_trained_on_within_little_memory(
    tmp_path, hours, chunk, degrees
):
    module = ["-m", "tests.datasets.field_maps.streaming"]
    path = str(tmp_path / "year.zarr")
    numbers = map(str, (hours, chunk, degrees))
    subprocess.run([sys.executable, *module, "write", path, *numbers], check=True)
    done = subprocess.run(
        [sys.executable, *module, "train", path, "16", "256"],
        check=True,
        capture_output=True,
        text=True,
    )
    print(done.stdout)
    (peak,) = re.findall(r"peak (\d+)", done.stdout)
    assert int(peak) < 1.5e9
