"""Checkpoints rebuild a model and its sampling, and say what is wrong with a file."""

import json
import resource
import zipfile

import pytest
import torch

from deepsphere_pyg import (
    PixelNetwork,
    SphericalClassifier,
    SphericalUNet,
    UNetConfiguration,
    load_model,
    save_model,
)
from deepsphere_pyg.models import (
    SavedModel,
    SO3Classifier,
    SphericalFourierOperator,
    SphericalModel,
    checkpoint_header,
    read_header,
)
from deepsphere_pyg.models.checkpoint_file import (
    content_digest,
    read_checkpoint,
    write_checkpoint,
)
from deepsphere_pyg.training.fitting import checkpoint_to_start
from samplings import (
    GaussLegendre,
    HEALPix,
    Heat,
    Icosahedral,
    PyramidPlan,
    build_pyramid,
    same_sampling,
)
from tests.round_off import assert_near

TINY = UNetConfiguration("tiny", 4, (4, 6, 8))
MODELS = {
    "unet": lambda pyramid: SphericalUNet(2, 3, pyramid, configuration=TINY),
    "classifier": lambda pyramid: SphericalClassifier(2, 3, pyramid, widths=(4, 6)),
    "pixel": lambda pyramid: PixelNetwork(2, 3, pyramid, widths=(4, 6)),
}


@pytest.fixture
def model(healpix_pyramid):
    model = MODELS["unet"](healpix_pyramid)
    model.standardize.fit_(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0]))
    return model.eval()


# Of the sums of a few layers: neighbours, channels, rotations.
TERMS = 1000


def assert_same_weights(loaded, model):
    state = model.state_dict()
    assert loaded.state_dict().keys() == state.keys()
    for name, value in loaded.state_dict().items():
        assert value.dtype == state[name].dtype, name
        assert torch.equal(value, state[name]), name


@pytest.fixture
def path(tmp_path, model):
    save_model(model, tmp_path / "model.pt")
    return tmp_path / "model.pt"


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
def test_a_checkpoint_rebuilds_the_model_and_its_sampling(name, pyramid, tmp_path):
    model = MODELS[name](pyramid)
    x = torch.randn(2, len(pyramid.sampling), 2)
    model(x)  # statistics of batch normalisation
    save_model(model, tmp_path / "model.pt")
    loaded = load_model(tmp_path / "model.pt", pyramid.sampling)
    assert type(loaded) is type(model) and not loaded.training
    assert same_sampling(loaded.sampling, pyramid.sampling)
    assert loaded.config == model.config
    assert dict(loaded.pyramid.config) == dict(pyramid.config)
    assert_same_weights(loaded, model)
    assert_near(loaded(x), model.eval()(x), TERMS)


def test_progress_is_told_while_graphs_are_built(path, model):
    told = []
    load_model(path, progress=lambda *x: told.append(x))
    total = sum(len(graph.sampling) for graph in model.pyramid.graphs)
    assert told[-1] == (total, total)


def test_a_pyramid_at_hand_is_not_built_again(path, model):
    loaded = load_model(path, model.pyramid)
    assert loaded.pyramid is model.pyramid
    assert_same_weights(loaded, model)


@pytest.fixture
def planned(tmp_path):
    """The file of a model whose graphs can be planned, and the model."""
    model = MODELS["unet"](build_pyramid(HEALPix(8), 3, 20, weighting="heat"))
    save_model(model.eval(), tmp_path / "planned.pt")
    return tmp_path / "planned.pt", model


def test_a_checkpoint_is_loaded_on_a_plan_of_its_pyramid(planned):
    path, model = planned
    plan = PyramidPlan(HEALPix(8), 3, 20)
    loaded = load_model(path, plan)
    assert loaded.pyramid is plan and not loaded.training
    assert_same_weights(loaded, model)
    x = torch.randn(768, 2)
    assert_near(loaded.with_sampling(plan.built())(x), model(x), TERMS)
    # One kind for all levels may be listed, too.
    load_model(path, PyramidPlan(HEALPix(8), 3, 20, weighting=["heat"] * 3))


def test_graphs_that_no_process_could_hold_are_not_needed_to_load(tmp_path):
    plan = PyramidPlan(HEALPix(4096), 3, 8)
    model = MODELS["unet"](plan)
    save_model(model, tmp_path / "last.ckpt")
    assert_same_weights(load_model(tmp_path / "last.ckpt", plan), model)
    # So a training resumes.
    assert checkpoint_to_start(tmp_path, model, True) == tmp_path / "last.ckpt"


@pytest.mark.parametrize(
    ("sampling", "options", "message"),
    [
        (HEALPix(8), {"k": 8}, "with k=20, got one with k=8; build it with the same"),
        (HEALPix(8), {"weighting": "self-tuned"}, "weighting=.*'self-tuned'"),
        (HEALPix(8), {"weighting": [Heat(), Heat(), Heat(t=1.0)]}, "weighting="),
        (HEALPix(8), {"depth": 2}, "depth=3, got one with depth=2"),
        (HEALPix(16), {}, "trained on healpix-8, got a pyramid on healpix-16"),
    ],
)
def test_a_plan_of_other_graphs_is_refused(planned, sampling, options, message):
    path, _ = planned
    plan = PyramidPlan(sampling, **{"depth": 3, "k": 20, **options})
    with pytest.raises(ValueError, match=message):
        load_model(path, plan)


def test_a_plan_for_a_model_without_a_pyramid_is_refused(tmp_path):
    model = SphericalFourierOperator(1, 1, HEALPix(4), channels=2, blocks=1)
    save_model(model, tmp_path / "model.pt")
    with pytest.raises(ValueError, match="has no pyramid, got PyramidPlan"):
        load_model(tmp_path / "model.pt", PyramidPlan(HEALPix(4), 2, 8))


def test_the_dtype_is_kept(model, tmp_path):
    save_model(model.double(), tmp_path / "model.pt")
    x = torch.randn(768, 2).double()
    loaded = load_model(tmp_path / "model.pt")
    assert_same_weights(loaded, model)
    assert_near(loaded(x), model(x), TERMS)


def test_the_header_is_json_and_reads_without_building(model, path):
    header = read_header(path)
    assert header == json.loads(json.dumps(header)) == checkpoint_header(model)
    assert header["model"] == "SphericalUNet"
    assert header["sampling"] == "healpix-8"
    assert header["model_config"] == model.config


def test_part_of_a_larger_checkpoint_is_read(model, tmp_path):
    """As training writes it: the network's weights with a prefix, beside others."""
    weights = {f"network.{k}": v for k, v in model.state_dict().items()}
    content = {
        "deepsphere_pyg": checkpoint_header(model, prefix="network."),
        "state_dict": {**weights, "loss.weight": torch.ones(3)},
        "epoch": 3,
    }
    torch.save(content, tmp_path / "last.ckpt")
    x = torch.randn(768, 2)
    loaded = load_model(tmp_path / "last.ckpt")
    assert_same_weights(loaded, model)
    assert_near(loaded(x), model(x), TERMS)


def test_a_full_disk_leaves_the_old_file_and_nothing_else(model, path, tmp_path):
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The system refuses to write more than half of the file.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(OSError, match=r"too large.*model\.pt"):
            save_model(model, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.pt"]


def test_saving_replaces_an_old_file(model, path):
    with torch.no_grad():
        model.head.weight.add_(1)
    save_model(model, path)
    assert torch.equal(load_model(path).head.weight, model.head.weight)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no checkpoint .*none\.pt"):
        load_model(tmp_path / "none.pt")
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        read_header(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_truncated_file_is_refused(path, share):
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        load_model(path)


def test_other_bytes_are_refused(path):
    path.write_text("not a checkpoint at all\n")
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        read_header(path)


def test_code_in_a_checkpoint_is_not_run(path, tmp_path):
    class Malicious:
        def __reduce__(self):
            return (type(tmp_path), (str(tmp_path / "harm"),))

    torch.save({"deepsphere_pyg": Malicious(), "state_dict": {}}, path)
    with pytest.raises(ValueError, match="cannot be read as a checkpoint"):
        load_model(path)


@pytest.mark.parametrize(
    "content", [[1, 2], {"state_dict": {}}, {"deepsphere_pyg": {"format": 1}}]
)
def test_checkpoints_of_others_are_refused(content, path):
    torch.save(content, path)
    with pytest.raises(ValueError, match="is not a checkpoint of deepsphere_pyg"):
        load_model(path)


def flipped(path, place):
    """Flip a bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << (place % 8)
    path.write_bytes(content)


def place_of(path, tensor):
    """Where the numbers of a tensor are in a file."""
    return path.read_bytes().index(tensor.detach().contiguous().numpy().tobytes())


def test_a_flipped_bit_of_any_weight_is_told(model, path):
    whole = path.read_bytes()
    # Those of batch normalisation are still zeros and ones, as other bytes are.
    found = [weights for weights in model.parameters() if len(weights.unique()) > 2]
    assert len(found) > 5
    for weights in found:
        place = place_of(path, weights)
        flipped(path, place + 2)
        with pytest.raises(ValueError, match=r"model\.pt is damaged: its checksum"):
            load_model(path)
        with pytest.raises(ValueError, match=r"model\.pt is damaged: .* copy it again"):
            read_header(path)
        path.write_bytes(whole)
    assert torch.equal(load_model(path).head.weight, model.head.weight)


def test_weights_changed_on_purpose_are_told_and_how_to(path):
    content = torch.load(path, weights_only=True)
    content["state_dict"]["head.weight"] += 1
    torch.save(content, path)
    with pytest.raises(ValueError, match="leave out its key 'deepsphere_pyg_digest'"):
        load_model(path)


def test_files_without_a_checksum_are_read_and_their_parts_checked(model, path):
    """As earlier versions wrote them: the zip format has checksums of its own."""
    changed(path)
    assert torch.equal(load_model(path).head.weight, model.head.weight)
    flipped(path, place_of(path, model.head.weight))
    with pytest.raises(
        ValueError, match=r"the checksum of its part .* differs; it may"
    ):
        load_model(path)


def test_a_part_of_tensors_marked_as_a_folder_is_refused(model, path):
    """PyTorch takes it for a folder and leaves its tensor zero; its checksum fits."""
    changed(path)
    with zipfile.ZipFile(path) as archive:
        part = next(n for n in archive.namelist() if n.endswith("/data/0"))
    content = bytearray(path.read_bytes())
    # The name stands behind the 46 bytes of an entry of the central directory.
    content[content.rindex(part.encode()) - 46 + 38] = 0x10
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"/data/0 is marked as a folder; it may"):
        load_model(path)


def test_tensors_of_any_layout_have_a_checksum():
    values = torch.eye(3)
    assert content_digest(values.to_sparse()) == content_digest(values)
    turned = torch.tensor([1 + 2j]).conj()
    assert content_digest(turned) == content_digest(torch.tensor([1 - 2j]))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.complex64])
def test_the_checksum_is_of_values_not_of_storage(dtype):
    values = torch.arange(6).reshape(2, 3).to(dtype)
    same = content_digest({"a": values, "b": (1, [2.5, None])})
    strided = values.T.contiguous().T
    assert content_digest({"a": strided, "b": (1, [2.5, None])}) == same
    for other in (
        {"a": values.reshape(3, 2), "b": (1, [2.5, None])},
        {"a": values + 1, "b": (1, [2.5, None])},
        {"a": values, "b": [1, [2.5, None]]},
        {"a": values, "b": (1, [2, 5, None])},
        {"a": values, "c": (1, [2.5, None])},
        {"a": values.tolist(), "b": (1, [2.5, None])},
    ):
        assert content_digest(other) != same
    assert content_digest(torch.tensor(1.0)) != content_digest(torch.tensor([1.0]))
    assert content_digest(torch.zeros(0)) != content_digest(torch.zeros(0, 2))


def changed(path, **header):
    content = torch.load(path, weights_only=True)
    content["deepsphere_pyg"].update(header)
    # What is changed on purpose has no checksum of what was written.
    del content["deepsphere_pyg_digest"]
    torch.save(content, path)


def test_another_format_is_refused(path):
    changed(path, format=99)
    with pytest.raises(ValueError, match="has format 99, this version reads format"):
        load_model(path)


def test_an_incomplete_header_is_refused(path):
    content = read_checkpoint(path)
    del content["deepsphere_pyg"]["pyramid"]
    write_checkpoint(content, path)
    with pytest.raises(ValueError, match=r"the header of .* lacks pyramid"):
        load_model(path)


def test_an_unknown_model_is_refused(path):
    changed(path, model="Unheard")
    with pytest.raises(ValueError, match=r"holds a model 'Unheard', but only .*UNet"):
        load_model(path)


def test_unknown_settings_are_refused(path, model):
    changed(path, model_config={**model.config, "colour": "red"})
    with pytest.raises(ValueError, match="describes a SphericalUNet that cannot be"):
        load_model(path)


def test_another_sampling_is_refused_with_the_remedy(path):
    expected = (
        "was trained on healpix-8, got icosahedral-3; .*"
        r"load_model\(path\)\.with_sampling\(sampling\)"
    )
    with pytest.raises(ValueError, match=expected):
        load_model(path, Icosahedral(3))
    moved = load_model(path).with_sampling(Icosahedral(3))
    assert moved(torch.zeros(642, 2)).shape == (642, 3)


def test_the_same_vertices_in_another_order_are_another_sampling(path):
    with pytest.raises(ValueError, match="was trained on healpix-8"):
        load_model(path, HEALPix(8, nest=False))


@pytest.mark.parametrize("wrong", [None, 3, ["model.pt"]])
def test_paths_that_are_none_are_refused(wrong, model):
    for use in (load_model, read_header, lambda path: save_model(model, path)):
        with pytest.raises(TypeError, match="path must be a path, got"):
            use(wrong)


def test_what_is_no_model_is_refused(tmp_path, path):
    layer = torch.nn.Linear(2, 2)
    for use in (checkpoint_header, lambda one: save_model(one, tmp_path / "a.pt")):
        with pytest.raises(TypeError, match="model must be a SavedModel, got Linear"):
            use(layer)
    with pytest.raises(TypeError, match=r"sampling must be a sampling, .* got int"):
        load_model(path, 8)
    with pytest.raises(TypeError, match="a Sampling or a Pyramid, got NoneType"):
        load_model(path).with_sampling(None)
    assert not (tmp_path / "a.pt").exists()


def test_weights_that_do_not_fit_are_refused(path, model):
    config = {**model.config, "out_channels": 7}
    changed(path, model_config=config)
    with pytest.raises(ValueError, match=r"(?s)do not fit its SphericalUNet: .*head"):
        load_model(path)


def test_a_model_of_ones_own_is_known_once_defined(healpix_pyramid, tmp_path):
    class Doubling(SphericalModel):
        config = {"in_channels": 2, "out_channels": 2}  # noqa: RUF012

        def forward(self, x):
            return 2 * self.checked_input(x)

    try:
        save_model(Doubling(2, 2, healpix_pyramid), tmp_path / "own.pt")
        loaded = load_model(tmp_path / "own.pt")
        assert float(loaded(torch.ones(768, 2)).mean()) == 2
    finally:
        del SavedModel.registry["Doubling"]


def test_explicit_kernel_widths_are_kept(tmp_path):
    widths = [Heat(t=t) for t in (0.05, 0.2, 0.8)]
    pyramid = build_pyramid(HEALPix(4), 3, 8, weighting=widths)
    model = MODELS["unet"](pyramid)
    save_model(model, tmp_path / "model.pt")
    loaded = load_model(tmp_path / "model.pt")
    assert [graph.t for graph in loaded.pyramid.graphs] == [0.05, 0.2, 0.8]


def test_weights_trained_on_other_edges_are_refused(tmp_path, healpix_pyramid):
    # As if a later version weighed the same links in another way.
    model = SphericalClassifier(2, 3, healpix_pyramid, widths=(4, 4))
    path = tmp_path / "model.pt"
    save_model(model, path)
    content = read_checkpoint(path)
    content["deepsphere_pyg"]["edges"][0][1] *= 1.01
    write_checkpoint(content, path)
    with pytest.raises(ValueError, match=r"was trained on graphs with .* edges of"):
        load_model(path)
    del content["deepsphere_pyg"]["edges"]
    write_checkpoint(content, path)
    assert load_model(path).pyramid.graphs[0].n_edges > 0


def test_a_model_on_one_sampling_is_rebuilt_with_it(tmp_path):
    model = SO3Classifier(
        2, 3, GaussLegendre(6), channels=(4, 4), bandlimits=(4, 2)
    ).eval()
    save_model(model, tmp_path / "model.pt")
    x = torch.randn(2, len(model.sampling), 2)
    loaded = load_model(tmp_path / "model.pt", GaussLegendre(6))
    assert_same_weights(loaded, model)
    assert_near(loaded(x), model(x), TERMS)
    with pytest.raises(ValueError, match="was trained on gausslegendre-6x12"):
        load_model(tmp_path / "model.pt", HEALPix(4))
