"""The model of spheres on many processors counts what there is."""

import numpy as np
import pytest

from benchmarks.studies import scale_model
from benchmarks.studies.shared_sphere import halo_model
from samplings import HEALPix, Partition, knn_graph


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_the_halo_of_a_square_is_that_of_its_graph(hops):
    sky = HEALPix(32, nest=True)
    # 16 squares of 8 x 8 vertices in each of the base pixels.
    partition = Partition(sky, 192)
    links = knn_graph(sky, 8).adjacency.astype(bool)
    found = []
    for rank in range(192):
        reached = np.zeros(len(sky), dtype=bool)
        reached[partition.vertices(rank)] = True
        for _ in range(hops):
            reached |= links @ reached
        found.append(reached.sum() - 64)
    model = halo_model(64, hops)
    assert np.median(found) == model
    # Pixels near the poles are longer than wide, and have neighbours farther away.
    assert 1 <= np.mean(found) / model < 1.1
    assert max(found) < 1.4 * model


def test_a_step_has_the_parts_that_it_should():
    words = ["--nside", "64", "128", "--gpus", "1", "4"]
    args = scale_model.arguments(words)
    counted = scale_model.count(args)
    # Three of the encoder and the stem, the bottom, two and one of the decoder, a head.
    assert len(counted.convolutions) == 11
    stem = scale_model.Convolution(0, 4, 16, 3)
    assert counted.convolutions[0] == stem
    alone = scale_model.predict(counted, 64, 1, args)
    assert alone.halos == alone.weights == 0
    shared = scale_model.predict(counted, 128, 4, args)
    assert shared.memory == alone.memory
    # As many vertices each, and those around them.
    assert alone.compute < shared.compute < 1.1 * alone.compute
    assert shared.halos > 0


def test_a_table_is_printed(capsys):
    scale_model.main(["--nside", "64", "8192", "--gpus", "8", "--gigabytes", "1"])
    told = capsys.readouterr().out
    assert "11 convolutions" in told
    assert "| 64 | 8 | 0.0 |" in told
    assert "| 8192 | 8 | 192 | too large |" in told
