"""The benchmark of processes that share a sphere runs and compares."""

import re

import pytest

from benchmarks.studies import shared_sphere

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("turns", [[], ["--in-turn"], ["--by-region", "--exchanges"]])
def test_memory_and_traffic_are_told(capfd, turns):
    words = ["--nside", "8", "--processes", "1", "2", "--widths", "4", "8"]
    shared_sphere.main([*words, "--stem", "4", "--steps", "1", *turns])
    told = capfd.readouterr().out
    assert "process 0: 768 vertices" in told
    for rank in (0, 1):
        assert f"process {rank}: 384 vertices" in told
    # Two hops around half a sphere of six base pixels of 8 x 8.
    found = re.search(r"level 0: 384 .* (\d+) to (\d+) fetched", told)
    assert 64 <= int(found[1]) <= int(found[2]) <= 2 * shared_sphere.halo_model(384, 2)
    waits = re.findall(r"with (\d+) exchanges: ([\d.]+)% all wait, ([\d.]+)%", told)
    assert len(waits) == ("--exchanges" in turns)
    for count, together, later in waits:
        # The gradient of the first convolution is not sent back: maps need none.
        assert int(count) % 2 == 1
        assert 0 <= float(together) + float(later) < 100
