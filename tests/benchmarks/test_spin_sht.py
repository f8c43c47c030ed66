"""The benchmark of spin transforms runs and compares."""

import pytest

from benchmarks.studies import spin_sht

pytestmark = pytest.mark.slow


def test_both_directions_are_timed(capsys) -> None:
    words = ["--bandlimits", "8", "--batch", "1", "2", "--rounds", "2"]
    spin_sht.main([*words, "--threads", "1", "--dtype", "float32"])
    told = capsys.readouterr().out
    for direction in ("analysis", "synthesis"):
        for batch in (1, 2):
            assert f"L = 8, batch {batch}, {direction}: " in told
    assert "two scalar transforms" in told
