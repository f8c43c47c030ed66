"""Networks, batches, losses and answers of ``deepsphere-pyg shapes``."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score

from deepsphere_pyg.commands.label_batches import LabelBatch
from deepsphere_pyg.commands.prepared_batches import finished, prepared
from deepsphere_pyg.commands.shapes.answers import ShapeAnswers
from deepsphere_pyg.commands.shapes.batches import CopyBatches
from deepsphere_pyg.commands.shapes.copies import Copies
from deepsphere_pyg.commands.shapes.data import Shapes
from deepsphere_pyg.commands.shapes.networks import SHAPE_NETWORKS, SPECTRUM
from deepsphere_pyg.commands.shapes.options import ShapesOptions
from deepsphere_pyg.commands.shapes.published import PUBLISHED
from deepsphere_pyg.commands.shapes.report import _ends
from deepsphere_pyg.commands.shapes.runs import Run
from deepsphere_pyg.commands.shapes.spectra import PowerSpectra
from deepsphere_pyg.commands.shapes.task import ShapeTask
from deepsphere_pyg.datasets import GeneratedShapes, RenderedShapes
from deepsphere_pyg.harmonics import ISHT, HarmonicRotation, Rotation
from deepsphere_pyg.losses import TripletLoss
from deepsphere_pyg.metrics import RankedLists
from samplings import GaussLegendre, HEALPix

NETWORKS = [name for name in SHAPE_NETWORKS if name != SPECTRUM]


@pytest.fixture(scope="module")
def copies():
    """Three copies of some shapes, of which one is rotated."""
    source = GeneratedShapes(12)
    options = {"sampling": HEALPix(4, nest=True), "seed": 0}
    parts = (
        RenderedShapes(source, augmentations=2, **options),
        RenderedShapes(source, augmentations=1, rotate=True, **options),
    )
    return Copies(source, parts, np.array([7, 2, 5, 3]))


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_learn_from_what_is_prepared(name):
    torch.manual_seed(0)
    kind = SHAPE_NETWORKS[name]
    sampling = kind.sampling(8)
    network = kind.build(sampling, 8, 5).eval()
    x = torch.randn(3, len(sampling), 6)
    y = finished(network, prepared(network, x))
    assert y.shape == (3, 5)
    torch.testing.assert_close(y, network(x), atol=1e-4, rtol=1e-4)


def test_the_published_network_has_its_number_of_parameters():
    kind = SHAPE_NETWORKS["chebyshev"]
    network = kind.build(kind.sampling(32), 32, 55)
    assert sum(p.numel() for p in network.parameters()) == 189_040


def test_published_rows_keep_their_names():
    rows = {row.name: row.accuracy for row in PUBLISHED["modelnet40"]}
    assert rows == {
        "DeepSphere, x/x": 87.8,
        "DeepSphere, z/z": 86.8,
        "DeepSphere, SO3/SO3": 86.7,
        "DeepSphere, z/SO3": 76.9,
        "Esteves 2018, z/z": 88.9,
        "Esteves 2018, SO3/SO3": 86.9,
        "Esteves 2018, z/SO3": 78.6,
    }
    retrieved = {row.name: row.retrieval for row in PUBLISHED["shrec17"]}
    assert retrieved["DeepSphere, HEALPix, NR/R"][3] == 0.675
    assert retrieved["DeepSphere, HEALPix, NR/NR"][3] == 0.671


def test_copies_of_a_shape_follow_each_other(copies):
    assert copies.each == 3 and len(copies.y) == 12
    assert copies.ids == [copies.source.ids[i] for i in (7, 2, 5, 3)]
    assert copies.y.tolist() == np.repeat(copies.labels, 3).tolist()
    x = copies.read(np.array([5, 0, 4])).numpy()
    shifted, turned = (part.x for part in copies.parts)
    expected = [turned[2, 0], shifted[7, 0], shifted[2, 1]]
    np.testing.assert_array_equal(x, expected)
    mean, std = copies.statistics()
    every = copies.read(np.arange(12)).double()
    torch.testing.assert_close(mean.double(), every.mean((0, 1)), atol=1e-6, rtol=0)
    torch.testing.assert_close(std.double(), every.std((0, 1)), atol=1e-6, rtol=0)


def test_shapes_that_cannot_be_mapped_are_told_apart(copies):
    failed = [copies.source.ids[2]]
    parts = [SimpleNamespace(failed=one, x=copies.parts[0].x) for one in (failed, [])]
    readable = copies._replace(parts=tuple(parts)).readable
    assert readable.which.tolist() == [7, 5, 3]
    assert readable.labels.tolist() == copies.source.labels[[7, 5, 3]].tolist()


def test_maps_are_opened_once(tmp_path):
    options = ShapesOptions(
        n_shapes=20, nside=8, translations=1, rotations=1, cache=tmp_path
    )
    shapes = Shapes(options)
    first, other = (shapes.training(name, 0, "NR") for name in ("chebyshev", "hybrid"))
    assert first["train"].parts == other["validation"].parts
    assert [part.x.shape[1] for part in first["train"].parts] == [1, 1]
    tests = shapes.testing("chebyshev", 0, "R"), shapes.testing("chebyshev", 0, "NR")
    assert tests[0].parts != tests[1].parts


def test_no_shape_is_in_two_parts(tmp_path):
    shapes = Shapes(ShapesOptions(n_shapes=200, cache=tmp_path))
    tested = []
    for fold in range(5):
        parts = [which for _, which in shapes.sources(fold, True).values()]
        assert sorted(np.concatenate(parts)) == list(range(200))
        tested += parts[2].tolist()
    assert sorted(tested) == list(range(200))


def test_trainings_of_other_seeds_have_folders_of_their_own():
    names = {Run("so3", "R", 1, seed).name for seed in range(3)}
    assert names == {"so3-R-fold1", "so3-R-fold1-seed1", "so3-R-fold1-seed2"}


def test_one_copy_of_each_shape_is_drawn_by_the_epoch(copies):
    network = SHAPE_NETWORKS["chebyshev"].build(HEALPix(4, nest=True), 4, 12)
    batches = CopyBatches(copies, network, 3, 0, one_copy=True)
    seen = []
    for epoch in range(40):
        batches.sampler.set_epoch(epoch)
        drawn = list(batches.sampler)
        assert drawn == list(batches.sampler)
        assert sorted(i // 3 for i in drawn) == [0, 1, 2, 3]
        seen += drawn
    assert set(seen) == set(range(12))
    # The last batch is incomplete, and left out.
    (batch,) = list(batches)
    some = np.array(drawn[:3])
    assert torch.equal(batch.x, copies.read(some))
    assert batch.y.tolist() == copies.y[some].tolist()


def test_the_triplet_loss_is_added_with_its_weight():
    torch.manual_seed(0)
    network = SHAPE_NETWORKS["chebyshev"].build(HEALPix(4, nest=True), 4, 3).eval()
    batch = LabelBatch(torch.randn(6, 192, 6), torch.tensor([0, 1, 0, 2, 1, 2]))
    plain = ShapeTask(network, ("a", "b", "c"))
    task = ShapeTask(network, ("a", "b", "c"), triplet=0.3)
    losses = [one.loss_of(one.outputs(batch), batch) for one in (plain, task)]
    features = network.features(batch.x)
    expected = losses[0] + 0.3 * TripletLoss()(features, batch.y)
    torch.testing.assert_close(losses[1], expected)
    assert task.config["triplet"] == 0.3


def test_the_weighted_f1_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(5, size=(2, 80))
    ids = [str(i) for i in range(80)]
    lists = RankedLists({one: [one] for one in ids})
    answers = ShapeAnswers(ids, truth, predicted, lists, tuple("abcdef"))
    expected = 100 * f1_score(truth, predicted, average="weighted")
    assert answers.f1 == pytest.approx(expected, rel=1e-5)
    assert answers.accuracy == pytest.approx(np.trace(answers.confusion) / 0.8)


def test_the_mean_of_the_precisions_of_lists_is_that_of_the_evaluator():
    rng = np.random.default_rng(0)
    truth, ids = rng.integers(4, size=30), [f"{i:06d}" for i in range(30)]
    lists = RankedLists(
        {one: rng.permutation(ids)[: rng.integers(1, 30)].tolist() for one in ids}
    )
    answers = ShapeAnswers(ids, truth, truth, lists, tuple("abcd"))
    expected = answers.retrieval.micro.average_precision
    assert answers.average_precision.mean() == pytest.approx(expected, rel=1e-12)


def test_best_and_worst_queries_are_of_different_classes():
    score = np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.3, 1.0])
    truth = np.array([0, 0, 1, 1, 1, 2, 2])
    assert _ends(score, truth, range(6)) == {"best": [0, 2, 5], "worst": [1, 3]}


def test_power_spectra_do_not_change_with_rotation():
    sampling = GaussLegendre(8)
    synthesis = ISHT(sampling, 8).double()
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(5, 64, 6, generator=generator, dtype=torch.float64)
    turned = HarmonicRotation(8).double()(a, Rotation.random((), generator))
    spectra = PowerSpectra(sampling, 8)

    class Given(Copies):
        each, y = 1, np.zeros(5)

        def read(self, some):
            return self.parts[torch.from_numpy(some)]

    found = [
        spectra(Given(None, synthesis(one).float(), np.arange(5)))
        for one in (a, turned)
    ]
    np.testing.assert_allclose(found[1], found[0], rtol=2e-5, atol=2e-5)
