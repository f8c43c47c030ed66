"""Public entries of layers, harmonics and models, with arguments that are right."""

import copy
import functools

import torch
from torch import distributed, nn

import deepsphere_pyg as top
from deepsphere_pyg import harmonics as h
from deepsphere_pyg import models
from deepsphere_pyg.harmonics import HarmonicLayout, Rotation
from samplings import GaussLegendre, HEALPix, Partition, SO3Grid
from tests.fuzz.entries_of_samplings import (
    COARSENING,
    CONNECTION,
    GRAPH,
    LAPLACIAN,
    PYRAMID,
    SAMPLING,
)

LAYOUT = HarmonicLayout(3, [3, 2, 1])
COEFFICIENTS = torch.ones(2, 9, 3)
# Gradients and curls.
PAIRS = torch.ones(2, 9, 2, 3)
TURN = Rotation.from_euler(0.1, 0.2, 0.3)
BASIS = top.PiecewiseLinearBasis(3, 4)
TWO = {"in_channels": 2, "out_channels": 3}


def operators():
    """Operators, and conversions of graphs."""
    data = top.to_data(GRAPH)
    yield (
        top.EdgeOperator,
        {"matrix": LAPLACIAN.matrix, "dtype": torch.float32, "execution": "auto"},
    )
    yield top.laplacian_operator, {"sampling": LAPLACIAN}
    yield top.laplacian_operator, {"sampling": HEALPix(1), "k": 4}
    yield top.laplacian_operator, {"sampling": CONNECTION}
    yield top.ScalarVectorOperators, {"sampling": LAPLACIAN, "execution": "auto"}
    yield top.pooling_operator, {"coarsening": COARSENING}
    yield top.pooling_operator, {"coarsening": COARSENING, "spin": 1}
    yield top.unpooling_operator, {"coarsening": COARSENING, "spin": 2}
    everyone = {"targets": [0] * 48, "sources": [0] * 48}
    yield (
        alone(top.PartitionedOperator),
        {
            "operator": top.laplacian_operator(LAPLACIAN),
            **everyone,
            "hops": 2,
            "group": None,
        },
    )
    children = {"coarsening": COARSENING, "terms": "position", "degree": 2}
    yield top.child_pooling_operator, {**children, "execution": "auto"}
    yield top.child_unpooling_operator, {**children, "execution": "auto"}
    yield (
        top.ChildOperator,
        {"matrix": LAPLACIAN.matrix, "n_terms": 4, "pools": True},
    )
    yield top.AllVertices, {"sampling": SAMPLING}
    yield top.Neighbourhoods, {"graph": GRAPH, "sampling": SAMPLING, "radius": 1.0}
    yield top.Neighbourhoods.within, {"sampling": SAMPLING, "radius": 1.0}
    yield top.Windows, {"coarsening": COARSENING, "shifted": True, "radius": None}
    yield (
        top.disco_operator,
        {
            "sampling_in": SAMPLING,
            "sampling_out": HEALPix(1),
            "basis": BASIS,
            "theta_cutoff": 1.2,
            "normalization": "modal",
            "execution": "auto",
        },
    )
    yield top.DiscoOperator, {"matrix": LAPLACIAN.matrix, "n_basis": 2}
    yield top.PiecewiseLinearBasis, {"radial": 3, "azimuthal": 4}
    yield top.ZernikeBasis, {"order": 2}
    yield top.MorletBasis, {"meridional": 3, "zonal": 2}
    yield (
        top.to_data,
        {"graph": GRAPH, "x": torch.ones(48, 2), "mask": None, "dtype": torch.float64},
    )
    yield top.from_data, {"data": data}
    yield top.operator_from_data, {"data": data, "kind": "normalized"}
    yield top.to_pygsp, {"graph": GRAPH}
    yield top.from_pygsp, {"graph": top.to_pygsp(GRAPH)}
    yield top.pyg_state_dict, {"module": top.ChebConv(2, 3, 3)}


def layers():
    """Constructors of layers."""
    between = {**TWO, "layout": LAYOUT, "layout_out": HarmonicLayout(2, [2, 1])}
    conv = top.GeneralizedConv(3, 3, LAYOUT, 2)
    yield top.ChebConv, {**TWO, "K": 3, "bias": True}
    yield top.PolynomialConv, {**TWO, "K": 3, "basis": "monomial", "bias": True}
    yield top.DepthwiseChebConv, {"channels": 3, "K": 3, "bias": True}
    cell = {"in_channels": 2, "hidden_channels": 3, "K": 3}
    yield top.ChebGRU, cell
    yield top.ChebLSTM, {**cell, "peepholes": True}
    yield (
        top.ResidualBlock,
        {
            **TWO,
            "K": 3,
            "hidden": 2,
            "normalization": "layer",
            "activation": torch.relu,
            "scale": 0.0,
            "drop_path": 0.1,
        },
    )
    yield (
        top.ConvNeXtBlock,
        {"channels": 3, "K": 3, "expansion": 2, "scale": 0.1, "drop_path": 0.1},
    )
    yield top.ChannelNorm, {"channels": 3, "kind": "batch-shift"}
    yield top.SpinChebConv, {**TWO, "K": 3, "parity": True}
    yield (
        top.ScalarVectorConv,
        {
            "in_scalars": 2,
            "in_vectors": 3,
            "out_scalars": 2,
            "out_vectors": 3,
            "K": 3,
            "parity": True,
            "bias": True,
        },
    )
    yield top.MagnitudeActivation, {"channels": 3, "eps": 1e-8}
    yield top.MagnitudeNorm, {"channels": 3, "eps": 1e-5, "momentum": 0.1}
    yield top.DropPath, {"p": 0.1}
    yield top.LearnedPool, {**TWO, "terms": 4, "bias": True}
    yield top.LearnedUnpool, {**TWO, "terms": 4, "bias": True}
    yield (
        top.GaussianSmoothing,
        {
            "sampling": SAMPLING[SAMPLING.lat > -20],
            "fwhm": 0.9,
            "method": "graph",
            "boundary": "normalized",
            "k": 4,
            "weighting": "heat",
            "L": 3,
            "tolerance": 1e-3,
        },
    )
    yield (
        top.MaskedConv,
        {
            "conv": top.ChebConv(2, 3, 3),
            "operator": top.laplacian_operator(LAPLACIAN),
            "mask": SAMPLING.lat > 0,
            "boundary": "filled",
            "hops": 2,
        },
    )
    yield top.DiscoConv, {**TWO, "basis": BASIS, "groups": 1, "bias": True}
    yield top.ZonalConv, {**TWO, "L": 4, "anchors": 2, "bias": True}
    spins = {"in_channels": {0: 2, 1: 1}, "out_channels": {0: 1, 2: 3}, "L": 4}
    yield top.SpinConv, {**spins, "anchors": 2, "parity": True, "bias": True}
    yield top.SpinNorm, {"channels": {0: 2}, "L": 3, "eps": 1e-5, "momentum": 0.1}
    yield top.SpinActivation, {"channels": {0: 2, 1: 1}, "activation": torch.relu}
    yield (
        top.SpinBlock,
        {
            **spins,
            "sampling": GaussLegendre(4),
            "sampling_out": SAMPLING,
            "anchors": 2,
            "parity": True,
            "normalize": True,
            "activate": True,
            "activation": torch.relu,
        },
    )
    yield top.SpectralPool, {"layout": 4, "layout_out": 2}
    yield top.SpectralUnpool, {"layout": 2, "layout_out": 4}
    yield (
        top.FragmentNorm,
        {
            "layout": LAYOUT,
            "channels": 3,
            "statistics": "running",
            "eps": 1e-8,
            "momentum": 0.1,
        },
    )
    yield (
        top.GridActivation,
        {"sampling": GaussLegendre(4), "L": 3, "activation": nn.SiLU()},
    )
    yield top.PowerSpectrumReadout, {"layout": 3, "scalars": True}
    yield top.BispectrumReadout, {"layout": LAYOUT, "mixing": "full"}
    yield top.SphereToSO3Conv, {**TWO, "L": 3, "N": 2, "L_out": 2, "bias": True}
    yield top.SO3Conv, {**TWO, "L": 3, "N": 2, "N_out": 1, "local": None}
    yield top.SO3ToSphere, {"L": 3, "N": 2}
    yield top.SO3Mean, {"L": 3, "N": 2}
    yield (
        top.SO3GridActivation,
        {
            "L": 3,
            "N": 2,
            "activation": nn.SiLU(),
            "L_out": 2,
            "oversampling": 1.0,
            "scheme": "mcewen-wiaux",
        },
    )
    yield (
        top.TensorProductActivation,
        {
            "layout": LAYOUT,
            "mixing": "mst",
            "L_out": 2,
            "even_self_pairs": False,
            "execution": "auto",
        },
    )
    yield top.GauntProduct, {"L": 3, "L_other": 2, "L_out": 4}
    yield top.NormActivation, {"layout": LAYOUT, "channels": 3, "eps": 1e-4}
    yield top.GatedActivation, {"layout": LAYOUT, "channels": 3, "activation": None}
    yield top.FragmentDropout, {"layout": LAYOUT, "p": 0.5, "unit": "fragment"}
    yield top.GeneralizedConv, between
    odd = {"parities": [0, 0, 1, 0, 1, 0], "parities_out": [0, 1, 0], "bias": True}
    yield top.ParityConv, {**between, **odd}
    yield top.FieldsToFragments, {"L": 3, "spins": (0, 1)}
    yield top.FragmentsToFields, {"L": 3, "spins": (0, 1)}
    product = top.TensorProductActivation(LAYOUT)
    yield top.coupled_parities, {"product": product, "parities": [0, 0, 1, 0, 1, 0]}
    yield top.ConstrainedGeneralizedConv, {**between, "shared": False, "bias": True}
    yield top.UniformConv, {"layout": LAYOUT, "layout_out": 2}
    yield top.ChannelWiseConv, {"channels": 3, "layout": LAYOUT, "layout_out": 2}
    yield top.CrossChannelConv, {"layout": LAYOUT, **TWO, "shared": True}
    yield (
        top.GeneralizedBlock,
        {"first": None, "activation": conv, "second": None, "residual": False},
    )
    yield (
        top.LocalGrid,
        {"rings": 2, "angles": 3, "max_beta": 0.3, "turns": 2, "max_turn": 1.0},
    )
    heads = {**TWO, "out_channels": 4, "heads": 2, "degree": 2, "bias": True}
    yield top.NeighbourAttention, {**heads, "isotropic": False}
    yield top.WindowAttention, {**heads, "isotropic": True}
    yield top.GlobalAttention, {**heads, "execution": "auto"}
    yield top.GlobalMeanPool, {"sampling": SAMPLING}
    yield top.Standardize, {"channels": 3}
    yield (
        top.WithOperator,
        {"layer": top.ChebConv(2, 3, 3), "operator": top.laplacian_operator(LAPLACIAN)},
    )


def calls():
    """Calls of layers and transforms."""
    x, fine = torch.ones(2, 48, 3), {"coefficients": COEFFICIENTS}
    generalized = {"coefficients": torch.ones(2, LAYOUT.n_rows, 3)}
    operator = top.laplacian_operator(LAPLACIAN)
    pooling = top.pooling_operator(COARSENING)
    unpooling = top.unpooling_operator(COARSENING)
    yield operator.forward, {"x": x}
    yield pooling.reduce_max, {"x": x}
    yield top.ChebConv(3, 2, 3).forward, {"x": x, "laplacian": operator}
    given = {"x": x, "laplacian": operator}
    yield top.PolynomialConv(3, 2, 3).forward, given
    yield top.DepthwiseChebConv(3, 3).forward, given
    yield top.ResidualBlock(3, 2, 3).forward, given
    yield top.ChebGRU(3, 2, 3).forward, {**given, "state": torch.ones(48, 2)}
    state = (torch.ones(48, 2), torch.ones(48, 2))
    yield top.ChebLSTM(3, 2, 3).forward, {**given, "state": state}
    yield top.ConvNeXtBlock(3, 3).forward, given
    yield top.ChannelNorm(3, "layer").forward, {"x": x}
    yield top.DropPath(0.1).forward, {"x": x}
    smoothing = top.GaussianSmoothing(SAMPLING, [0.9, 1.0, 2.0], k=4)
    yield smoothing.forward, {"x": x}
    discs = top.disco_operator(SAMPLING, basis=BASIS)
    yield top.DiscoConv(3, 2, BASIS).forward, {"x": x, "operator": discs}
    neighbours, windows = top.Neighbourhoods(GRAPH), top.Windows(COARSENING)
    everything = {"vertices": top.AllVertices(SAMPLING), "known": x[0, :, 0] > 0}
    yield top.NeighbourAttention(3, 2, 1).forward, {"x": x, "neighbours": neighbours}
    yield top.WindowAttention(3, 2, 1).forward, {"x": x, "windows": windows}
    yield top.GlobalAttention(3, 2, 1).forward, {"x": x, **everything}
    yield top.MeanPool().forward, {"x": x, "operator": pooling}
    yield top.MaxPool().forward, {"x": x, "operator": pooling}
    yield top.Unpool().forward, {"x": torch.ones(12, 3), "operator": unpooling}
    children = top.child_pooling_operator(COARSENING)
    yield top.LearnedPool(3, 2, 4).forward, {"x": x, "operator": children}
    children = top.child_unpooling_operator(COARSENING)
    coarse = torch.ones(12, 3)
    yield top.LearnedUnpool(3, 2, 4).forward, {"x": coarse, "operator": children}
    yield top.GlobalMeanPool().forward, {"x": x, "area": torch.ones(48)}
    yield top.Standardize(3).forward, {"x": x}
    yield top.Standardize(3).fit_, {"mean": torch.zeros(3), "std": torch.ones(3)}
    yield h.SHT(SAMPLING, 3).forward, {"x": x}
    yield h.ISHT(SAMPLING, 3).forward, {"c": COEFFICIENTS}
    yield h.SpinSHT(SAMPLING, 3, 2).forward, {"x": torch.ones(48, 2, 1)}
    yield h.SpinISHT(SAMPLING, 3, 2).forward, {"c": PAIRS}
    yield h.VectorSHT(SAMPLING, 3).forward, {"x": torch.ones(48, 2, 1)}
    yield h.VectorISHT(SAMPLING, 3).forward, {"c": PAIRS}
    turn = h.FieldRotation(SAMPLING, 3, 1).forward
    yield turn, {"x": torch.ones(48, 2, 1), "rotation": TURN}
    yield h.HarmonicRotation(3).forward, {**fine, "rotation": TURN}
    yield top.ZonalConv(3, 2, 3).forward, fine
    fields = {0: torch.ones(2, 9, 3), 1: PAIRS}
    yield top.SpinConv({0: 3, 1: 3}, {0: 1}, 3).forward, {"coefficients": fields}
    yield top.SpinNorm({0: 3, 1: 3}, 3).forward, {"coefficients": fields}
    yield top.SpinActivation({0: 3, 1: 3}).forward, {"fields": fields}
    yield h.FieldsISHT(SAMPLING, 3, (0, 1)).forward, {"fields": fields}
    yield top.FieldsToFragments(3, (0, 1)).forward, {"coefficients": fields}
    yield top.FragmentsToFields(3, [0]).forward, fine
    yield top.SpectralPool(3, 2).forward, fine
    yield top.PowerSpectrumReadout(3).forward, fine
    yield top.GauntProduct(3).forward, {**fine, "other": COEFFICIENTS}
    yield top.FragmentNorm(3, LAYOUT).forward, generalized
    yield top.NormActivation(3, LAYOUT).forward, generalized
    yield top.FragmentDropout(LAYOUT).forward, generalized
    yield top.GeneralizedConv(3, 2, LAYOUT, 2).forward, generalized
    yield top.TensorProductActivation(LAYOUT).forward, generalized


def listed(generator):
    """Go through all that a generator yields."""

    @functools.wraps(generator)
    def collect(**given):
        return list(generator(**given))

    return collect


def alone(constructor):
    """Construct what processes share in a group of this process alone."""

    @functools.wraps(constructor)
    def construct(**given):
        store = distributed.HashStore()
        distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
        try:
            return constructor(**given)
        finally:
            distributed.destroy_process_group()

    return construct


@functools.wraps(models.partition_model)
def partitioned_copy(**given):
    """Partition a copy of a network, which is changed in place."""
    return models.partition_model(**{**given, "model": copy.deepcopy(given["model"])})


def functions():
    """Layouts, transforms and functions of harmonics."""
    features = h.to_e3nn(COEFFICIENTS, 3)
    healpy, others = h.to_healpy(COEFFICIENTS), h.to_torch_harmonics(COEFFICIENTS)
    triples = [(1, 1, 0), (1, 1, 1)]
    yield HarmonicLayout, {"L": 3, "tau": [1, 2, 3]}
    yield h.SpinLayout, {"L": 3, "spins": (0, 1)}
    yield (
        h.SHT,
        {
            "sampling": SAMPLING,
            "L": 3,
            "method": "auto",
            "iterations": 2,
            "ridge": 0.0,
            "dtype": torch.float64,
        },
    )
    yield h.ISHT, {"sampling": SAMPLING, "L": 3, "method": "auto"}
    shared = {"sampling": SAMPLING, "L": 3, "group": None, "dtype": torch.float64}
    yield alone(h.PartitionedSHT), {**shared, "iterations": 2}
    yield alone(h.PartitionedISHT), shared
    yield alone(h.PartitionedSpinSHT), {**shared, "spin": 2, "iterations": 2}
    yield alone(h.PartitionedSpinISHT), {**shared, "spin": 2}
    spin = {"sampling": SAMPLING, "L": 3, "spin": 2, "method": "auto"}
    yield h.SpinSHT, {**spin, "iterations": 2, "ridge": 0.0}
    yield h.SpinISHT, spin
    yield h.VectorSHT, {"sampling": SAMPLING, "L": 3, "radius": 2.0}
    yield h.VectorISHT, {"sampling": SAMPLING, "L": 3, "radius": 2.0}
    yield h.FieldRotation, spin
    several = {"sampling": SAMPLING, "L": 3, "spins": (0, 1), "method": "auto"}
    yield h.FieldsSHT, several
    yield h.FieldsISHT, several
    yield h.SO3Transform, {"grid": SO3Grid(3), "L": 3, "N": 2}
    yield h.ISO3Transform, {"grid": SO3Grid(3), "L": 3, "N": 2}
    yield h.HarmonicRotation, {"layout": LAYOUT, "dtype": torch.float64}
    yield h.Rotation, {"angles": torch.ones(3, dtype=torch.float64)}
    yield h.rotate, {"coefficients": COEFFICIENTS, "rotation": TURN, "layout": 3}
    yield h.checked_coefficients, {"coefficients": COEFFICIENTS, "layout": 3}
    yield (
        h.power_spectrum,
        {"coefficients": COEFFICIENTS, "layout": 3, "other": COEFFICIENTS},
    )
    yield h.clebsch_gordan, {"l1": 1, "l2": 1, "l": 2}
    yield h.clebsch_gordan_set, {"triples": triples}
    yield listed(h.clebsch_gordan_blocks), {"triples": triples, "entries": 10}
    yield h.DegreeMixing, {"L": 3, "triples": triples}
    yield h.degree_mixing, {"L": 3, "mixing": "mst", "even_self_pairs": False}
    yield h.so3_layout, {"L": 3, "N": 2}
    yield listed(h.associated_legendre), {"theta": [0.1], "L": 3, "orders": [0, 2]}
    yield h.spherical_harmonics, {"theta": [0.1], "phi": [0.2], "L": 3}
    yield h.spin_harmonics, {"theta": [0.1], "phi": [0.2], "L": 3, "spin": 2}
    yield h.rotate_spin, {"coefficients": PAIRS, "rotation": TURN, "L": 3}
    yield h.raise_spin, {"coefficients": PAIRS, "L": 3, "spin": 1}
    yield h.lower_spin, {"coefficients": PAIRS, "L": 3, "spin": 1}
    yield h.spin_power_spectrum, {"coefficients": PAIRS, "L": 3, "other": PAIRS}
    yield h.helmholtz_parts, {"coefficients": PAIRS, "L": 3}
    for operator in (h.gradient_coefficients, h.curl_coefficients):
        yield operator, {"coefficients": COEFFICIENTS, "L": 3, "radius": 2.0}
    for operator in (
        h.divergence_coefficients,
        h.vorticity_coefficients,
        h.velocity_potential,
        h.stream_function,
    ):
        yield operator, {"coefficients": PAIRS, "L": 3, "radius": 2.0}
    yield h.wind_components, {"u": COEFFICIENTS, "v": COEFFICIENTS}
    yield h.wind_of_components, {"x": PAIRS}
    yield h.iau_to_cosmo, {"x": PAIRS}
    yield h.solid_harmonics, {"xyz": torch.eye(3), "L": 3}
    yield listed(h.wigner_d), {"beta": [0.1], "L": 3, "N": 2}
    yield listed(h.real_wigner_d), {"beta": [0.1], "L": 3, "N": 2}
    yield h.wigner_matrices, {"rotation": TURN, "L": 3, "N": 2}
    yield h.wigner_matrix, {"rotation": TURN, "L": 3}
    yield h.e3nn_irreps, {"layout": 3, "channels": 2}
    yield h.to_e3nn, {"coefficients": COEFFICIENTS, "layout": 3}
    yield h.from_e3nn, {"features": features, "layout": 3, "channels": 3}
    yield h.to_healpy, {"coefficients": COEFFICIENTS}
    yield h.from_healpy, {"alm": healpy}
    yield h.to_torch_harmonics, {"coefficients": COEFFICIENTS, "csphase": True}
    yield h.from_torch_harmonics, {"coefficients": others, "csphase": True}
    yield h.exact_bandlimit, {"sampling": GaussLegendre(4)}


def networks_of_forecasts():
    """Networks from fields to fields."""
    widths = {"widths": ((3, 4), (4, 4)), "decoder": ((4, 3),), "K": 2}
    tiny = models.ResidualUNetConfiguration("tiny", **widths)
    yield (
        models.ResidualUNetConfiguration,
        {
            **widths,
            "name": "tiny",
            "k": 4,
            "pooling": "max-area",
            "width": 0.5,
            "convolution": "disco",
        },
    )
    place = {"sampling": PYRAMID, "configuration": tiny}
    yield models.ResidualUNet, {**TWO, **place}
    yield (
        models.RecurrentUNet,
        {
            "in_channels": 7,
            "out_channels": 3,
            **place,
            "history": 2,
            "cell": "lstm",
            "levels": "all",
            "cell_K": 1,
        },
    )
    yield (
        models.SphericalFourierOperator,
        {
            **TWO,
            "sampling": GaussLegendre(4),
            "L": 3,
            "channels": 4,
            "blocks": 1,
            "expansion": 2,
            "normalization": "layer",
            "oversampling": 1.5,
            "position": 2,
        },
    )
    yield (
        models.VorticityNetwork,
        {
            "in_channels": 2,
            "sampling": GaussLegendre(4),
            "L": 3,
            "products": 4,
            "substeps": 1,
            "degree": 2.0,
            "conserve": False,
            "method": "auto",
        },
    )
    processor = models.SphericalFourierOperator(3, 3, GaussLegendre(3), channels=2)
    yield (
        models.MeshNetwork,
        {
            **TWO,
            "sampling": SAMPLING,
            "processor": processor,
            "transfer": "bilinear",
            "hidden": 4,
        },
    )


def networks():
    """Models, and what is said of them."""
    small = {"bandlimits": (3, 2), "channels": (2, 2)}
    grid = GaussLegendre(4)
    yield models.PixelNetwork, {**TWO, "sampling": PYRAMID, "widths": (4, 4)}
    yield (
        models.VertexNetwork,
        {
            **TWO,
            "sampling": PYRAMID,
            "widths": (4, 4),
            "K": 2,
            "normalization": "layer",
            "laplacian": "combinatorial",
            "head": "mean",
        },
    )
    yield (
        models.SphericalClassifier,
        {
            **TWO,
            "sampling": PYRAMID,
            "widths": (4, 4),
            "K": 3,
            "pooling": "max",
            "head": "convolution",
            "convolution": "disco",
        },
    )
    yield (
        models.DiscoLayers,
        {"basis": BASIS, "cutoff": 1.5, "normalization": "contrast"},
    )
    yield models.AttentionLayers, {"heads": 2, "degree": 2, "isotropic": True}
    yield (
        models.UNetConfiguration,
        {
            "name": "tiny",
            "stem": 4,
            "widths": (4, 4),
            "K": 3,
            "pooling": "max",
            "convolution": "attention",
        },
    )
    yield (
        models.SphericalUNet,
        {
            **TWO,
            "sampling": PYRAMID,
            "configuration": models.UNetConfiguration("tiny", 4, (4, 4)),
        },
    )
    yield (
        models.ScalarVectorUNet,
        {
            "in_scalars": 2,
            "in_vectors": 1,
            "out_scalars": 3,
            "out_vectors": 1,
            "sampling": PYRAMID,
            "widths": [(4, 2), (4, 2)],
            "K": 2,
            "parity": True,
        },
    )
    sizes = {"poolings": 0, "convolutions": 1, "blocks": 1, "K": 2}
    yield (
        models.ResNetConfiguration,
        {
            **sizes,
            "name": "tiny",
            "base": 4,
            "pooling": "learned",
            "head": "mean",
            "dropout": 0.1,
            "scale": 0.0,
        },
    )
    yield (
        models.SphericalResNet,
        {
            **TWO,
            "sampling": PYRAMID,
            "configuration": models.ResNetConfiguration("tiny", 4, **sizes),
        },
    )
    yield from networks_of_forecasts()
    yield (
        models.SO3Classifier,
        {
            **TWO,
            "sampling": GaussLegendre(4),
            "channels": (2, 2),
            "bandlimits": (3, 2),
        },
    )
    yield (
        models.GeneralizedSphericalCNN,
        {
            **TWO,
            **small,
            "tau_max": 3,
            "mixing": "mst",
            "convolution": "constrained",
            "hidden": (4,),
            "dropout": 0.1,
        },
    )
    yield (
        models.GeneralizedClassifier,
        {
            **TWO,
            **small,
            "sampling": grid,
            "lift_bandlimits": (4, 3),
            "lift_channels": (2, 2),
            "N": 2,
            "activation": "square",
            "hidden": (4,),
        },
    )
    yield (
        models.HybridClassifier,
        {
            **TWO,
            **small,
            "sampling": PYRAMID,
            "widths": (2,),
            "K": 2,
            "pooling": "learned",
            "hidden": (4,),
        },
    )
    yield (
        models.ZonalClassifier,
        {"sampling": GaussLegendre(6), **TWO, **small, "anchors": 2},
    )
    yield (
        models.PlanarClassifier,
        {"sampling": GaussLegendre(8), **TWO, "channels": (2, 2)},
    )
    patch = HEALPix(4, nest=True)[range(16)]
    yield (
        models.PlanarPatchClassifier,
        {"sampling": patch, **TWO, "channels": (2, 2), "head": "mean"},
    )
    yield models.falling_type, {"L": 3, "tau_max": 3.0}
    network = models.PixelNetwork(2, 3, SAMPLING, widths=(4,))
    yield network.with_sampling, {"sampling": grid}
    shared = models.VertexNetwork(2, 3, PYRAMID, widths=(4,), K=2)
    partition = Partition(PYRAMID, 1)
    yield (
        alone(partitioned_copy),
        {"model": shared, "partition": partition, "group": None},
    )
    yield models.checkpoint_header, {"model": network, "prefix": "network."}
    yield models.load_pretrained, {"name": "climate-events-small"}
    yield models.pretrained_path, {"name": "climate-events-small"}


def entries():
    """All of them."""
    yield from operators()
    yield from layers()
    yield from calls()
    yield from functions()
    yield from networks()
