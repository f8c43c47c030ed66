"""Files written before arguments had their present names and order."""

import hashlib
from dataclasses import replace

import pytest
import torch

from deepsphere_pyg.layers import LocalGrid
from deepsphere_pyg.models import (
    WEATHER,
    GeneralizedClassifier,
    GeneralizedSphericalCNN,
    HybridClassifier,
    MeshNetwork,
    MoleculeNetwork,
    PixelNetwork,
    PlanarClassifier,
    RecurrentUNet,
    ResidualUNet,
    ScalarVectorUNet,
    SO3Classifier,
    SphericalClassifier,
    SphericalFourierOperator,
    SphericalUNet,
    UNetConfiguration,
    VertexNetwork,
    ZonalClassifier,
    load_model,
    read_header,
)
from deepsphere_pyg.models.checkpoint_file import write_checkpoint
from samplings import Equiangular, GaussLegendre, HEALPix, build_pyramid

GRID = {"type": "gauss-legendre", "bandlimit": 6, "n_phi": 12}
ON_GRID = {"sampling": "gausslegendre-6x12", "sampling_config": GRID}
PYRAMID = {
    "sampling": {"type": "healpix", "nside": 2, "nest": True},
    "depth": 2,
    "coarser": None,
    "k": 8,
    "t": None,
    "distance": "chordal",
    "symmetrize": "average",
    "weighting": "heat",
    "connect": True,
}
EDGES = [[228, 43.58484640257517], [60, 11.292913758616107]]
ON_PYRAMID = {"sampling": "healpix-2", "pyramid": PYRAMID, "edges": EDGES}
CHANNELS = {"in_channels": 2, "out_channels": 3}
SPHERES = {"bandlimits": [3, 1], "channels": [3, 3], "mixing": "mst"}
LOCAL = {
    "rings": 3,
    "angles": 8,
    "turns": 8,
    "max_beta": 0.39269908169872414,
    "max_turn": 3.141592653589793,
}


def healpix():
    return build_pyramid(HEALPix(2), 2, 8, weighting="heat")


# By model: what its file says, what it is now, and a checksum of the names and shapes
# of its weights then.
FILES = {
    "GeneralizedClassifier": (
        {
            **CHANNELS,
            **SPHERES,
            "lift_bandlimits": [4],
            "lift_channels": [2],
            "azimuthal": 2,
            "activation": "square",
            "hidden": [64],
        },
        ON_GRID,
        lambda: GeneralizedClassifier(
            2,
            3,
            GaussLegendre(6),
            lift_bandlimits=(4,),
            lift_channels=(2,),
            N=2,
            bandlimits=(3, 1),
            channels=(3, 3),
        ),
        "1886564aec53",
    ),
    "SphericalClassifier": (
        {
            **CHANNELS,
            "widths": [4],
            "K": 4,
            "pooling": "max",
            "normalization": "batch",
            "kind": "normalized",
        },
        ON_PYRAMID,
        lambda: SphericalClassifier(
            2, 3, healpix(), widths=(4,), laplacian="normalized"
        ),
        "e18376c6112c",
    ),
    "SO3Classifier": (
        {
            **CHANNELS,
            "channels": [4, 4],
            "bandlimits": [4, 2],
            "azimuthal_bandlimits": [4, 2],
            "local": LOCAL,
            "normalization": "none",
            "oversampling": 1.0,
            "scheme": "kostelec-rockmore",
        },
        ON_GRID,
        lambda: SO3Classifier(
            2,
            3,
            GaussLegendre(6),
            channels=(4, 4),
            bandlimits=(4, 2),
            local=LocalGrid(),
        ),
        "857871493462",
    ),
    "ZonalClassifier": (
        {
            **CHANNELS,
            "bandlimits": [4, 2],
            "channels": [4, 4],
            "anchors": 8,
            "oversampling": 1.5,
        },
        ON_GRID,
        lambda: ZonalClassifier(
            2, 3, GaussLegendre(6), bandlimits=(4, 2), channels=(4, 4)
        ),
        "6a73b8fa2f5a",
    ),
    "SphericalUNet": (
        {
            **CHANNELS,
            "configuration": {
                "name": "t",
                "stem": 4,
                "widths": [4, 6],
                "K": 3,
                "pooling": "max",
                "normalization": "batch",
                "finest_skip": False,
                "laplacian": None,
            },
        },
        ON_PYRAMID,
        lambda: SphericalUNet(
            2, 3, healpix(), configuration=UNetConfiguration("t", 4, (4, 6))
        ),
        "32a77fca1ea9",
    ),
    "MoleculeNetwork": (
        {
            "spheres": {
                **SPHERES,
                "in_channels": 2,
                "out_channels": None,
                "tau_max": 5,
                "convolution": "constrained",
                "hidden": [128],
                "dropout": 0.0,
            },
            "elements": [1, 8],
            "width": 8,
            "radius": None,
        },
        {"sampling": None},
        lambda: MoleculeNetwork(
            GeneralizedSphericalCNN(2, None, bandlimits=(3, 1), channels=(3, 3)),
            (1, 8),
            width=8,
        ),
        "7828f7971094",
    ),
    "PlanarClassifier": (
        {**CHANNELS, "channels": [4]},
        {
            "sampling": "equiangular-4x8",
            "sampling_config": {"type": "equiangular", "n_theta": 4, "n_phi": 8},
        },
        lambda: PlanarClassifier(2, 3, Equiangular(4), channels=(4,)),
        "eb05a5b2eb01",
    ),
    "HybridClassifier": (
        {
            **CHANNELS,
            **SPHERES,
            "widths": [4],
            "K": 4,
            "tau_max": 1,
            "convolution": "unconstrained",
            "hidden": [64],
        },
        ON_PYRAMID,
        lambda: HybridClassifier(
            2, 3, healpix(), widths=(4,), bandlimits=(3, 1), channels=(3, 3)
        ),
        "6d94aa532567",
    ),
    "PixelNetwork": (
        {**CHANNELS, "widths": [4]},
        ON_PYRAMID,
        lambda: PixelNetwork(2, 3, healpix(), widths=(4,)),
        "546f9378feae",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_old_files_give_the_same_network(name, tmp_path):
    config, geometry, build, weights = FILES[name]
    torch.manual_seed(0)
    model = build().eval()
    state = model.state_dict()
    shapes = [(key, tuple(value.shape)) for key, value in sorted(state.items())]
    assert hashlib.sha256(repr(shapes).encode()).hexdigest()[:12] == weights
    header = {"format": 1, "model": name, "model_config": config, "prefix": ""}
    path = tmp_path / "model.pt"
    write_checkpoint({"deepsphere_pyg": header | geometry, "state_dict": state}, path)
    loaded = load_model(path)
    assert type(loaded) is type(model)
    assert loaded.config == model.config == read_header(path)["model_config"]
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, state[key]), key


# -- networks whose arguments have their present names, but which had fewer ------------
PRESENT_PYRAMID = {
    "sampling": {"type": "healpix", "nside": 2, "nest": True},
    "depth": 2,
    "coarser": None,
    "k": 8,
    "connect": True,
    "weighting": {
        "name": "heat",
        "distance": "chordal",
        "symmetrize": "average",
        "t": None,
    },
}
ON_LEVELS = {"sampling": "healpix-2", "pyramid": PRESENT_PYRAMID, "edges": EDGES}
ON_HEALPIX = {
    "sampling": "healpix-2",
    "sampling_config": {"type": "healpix", "nside": 2, "nest": True},
}
TWO_LEVELS = replace(
    WEATHER, widths=((4, 6), (8, 8)), decoder=((6, 4),), K=2, k=8, name="two"
)
# Without dropout.
SIZES = {
    "name": "two",
    "widths": [[4, 6], [8, 8]],
    "decoder": [[6, 4]],
    "K": 2,
    "k": 8,
    "pooling": "max-area",
    "width": 1.0,
    "laplacian": None,
}
PROCESSOR = {
    "format": 1,
    "model": "ResidualUNet",
    "model_config": {"in_channels": 4, "out_channels": 4, "configuration": SIZES},
    "prefix": "",
    **ON_LEVELS,
}


def residual(in_channels, out_channels):
    sizes = {"configuration": TWO_LEVELS}
    return ResidualUNet(in_channels, out_channels, healpix(), **sizes)


FEWER_ARGUMENTS = {
    "ResidualUNet": (
        {"in_channels": 4, "out_channels": 2, "configuration": SIZES},
        ON_LEVELS,
        lambda: residual(4, 2),
        "965a69421f20",
    ),
    "RecurrentUNet": (
        {
            **{"in_channels": 5, "out_channels": 2, "history": 2},
            **{"configuration": SIZES, "cell": "lstm", "levels": "deepest"},
            "cell_K": 1,
        },
        ON_LEVELS,
        lambda: RecurrentUNet(
            *(5, 2, healpix()),
            history=2,
            configuration=TWO_LEVELS,
            cell="lstm",
            cell_K=1,
        ),
        "283e0468c7d7",
    ),
    "MeshNetwork": (
        {
            **{"in_channels": 3, "out_channels": 2, "hidden": 4},
            **{"transfer": "conservative", "processor": PROCESSOR},
        },
        ON_HEALPIX,
        lambda: MeshNetwork(3, 2, HEALPix(2), processor=residual(4, 4)),
        "dc6a9d904093",
    ),
    "SphericalFourierOperator": (
        {
            **{"in_channels": 3, "out_channels": 2, "L": 4, "channels": 4},
            **{"blocks": 1, "expansion": 2, "normalization": "instance"},
            **{"oversampling": 1.5, "position": 0},
        },
        ON_HEALPIX,
        lambda: SphericalFourierOperator(3, 2, HEALPix(2), L=4, channels=4, blocks=1),
        "67677376a09f",
    ),
    "ScalarVectorUNet": (
        {
            **{"in_scalars": 2, "in_vectors": 1, "out_scalars": 3, "out_vectors": 2},
            **{"widths": [[4, 2], [6, 3]], "K": 2, "parity": False},
        },
        ON_LEVELS,
        lambda: ScalarVectorUNet(2, 1, 3, 2, healpix(), widths=[(4, 2), (6, 3)], K=2),
        "b150ca791d3f",
    ),
    "VertexNetwork": (
        {
            **{"in_channels": 2, "out_channels": 3, "widths": [4], "K": 3},
            **{"head": "convolution", "laplacian": None, "normalization": "batch"},
        },
        ON_LEVELS,
        lambda: VertexNetwork(2, 3, healpix(), widths=(4,), K=3),
        "a452615f382a",
    ),
}


@pytest.mark.parametrize("name", FEWER_ARGUMENTS)
def test_files_with_fewer_arguments_give_the_network_of_their_defaults(name, tmp_path):
    config, geometry, build, weights = FEWER_ARGUMENTS[name]
    torch.manual_seed(0)
    model = build().eval()
    state = model.state_dict()
    shapes = [(key, tuple(value.shape)) for key, value in sorted(state.items())]
    assert hashlib.sha256(repr(shapes).encode()).hexdigest()[:12] == weights
    header = {"format": 1, "model": name, "model_config": config, "prefix": ""}
    path = tmp_path / "model.pt"
    write_checkpoint({"deepsphere_pyg": header | geometry, "state_dict": state}, path)
    loaded = load_model(path)
    assert type(loaded) is type(model) and loaded.config == model.config
    for key, value in loaded.state_dict().items():
        assert torch.equal(value, state[key]), key
