"""Networks built from the layers; they own the operators of their sampling."""

from deepsphere_pyg.models.base import SavedModel, SphericalModel
from deepsphere_pyg.models.checkpoint import (
    checkpoint_header,
    load_model,
    read_header,
    save_model,
)
from deepsphere_pyg.models.classifier import SphericalClassifier
from deepsphere_pyg.models.configurations import (
    COSMOLOGY,
    DEEPSPHERE,
    JIANG,
    SMALL,
    UNET_CONFIGURATIONS,
    WIDER,
    ResNetConfiguration,
    UNetConfiguration,
)
from deepsphere_pyg.models.forecast import (
    WEATHER,
    MeshNetwork,
    RecurrentUNet,
    ResidualUNet,
    ResidualUNetConfiguration,
    SphericalFourierOperator,
    VorticityNetwork,
)
from deepsphere_pyg.models.generalized_classifier import GeneralizedClassifier
from deepsphere_pyg.models.generalized_cnn import (
    PUBLISHED_SIZES,
    GeneralizedSphericalCNN,
    falling_type,
)
from deepsphere_pyg.models.harmonic_classifier import HarmonicClassifier
from deepsphere_pyg.models.hybrid_classifier import HybridClassifier
from deepsphere_pyg.models.local_layers import AttentionLayers, DiscoLayers
from deepsphere_pyg.models.molecule_network import MoleculeNetwork
from deepsphere_pyg.models.partitioned import partition_model, reunite_model
from deepsphere_pyg.models.pixel_network import PixelNetwork
from deepsphere_pyg.models.planar import PlanarClassifier, PlanarPatchClassifier
from deepsphere_pyg.models.pretrained import (
    load_pretrained,
    pretrained_names,
    pretrained_path,
)
from deepsphere_pyg.models.residual_network import SphericalResNet
from deepsphere_pyg.models.scalar_vector_unet import ScalarVectorUNet
from deepsphere_pyg.models.so3_classifier import SO3Classifier
from deepsphere_pyg.models.unet import SphericalUNet
from deepsphere_pyg.models.vertex_network import VertexNetwork
from deepsphere_pyg.models.zonal_classifier import ZonalClassifier

__all__ = [
    "COSMOLOGY",
    "DEEPSPHERE",
    "JIANG",
    "PUBLISHED_SIZES",
    "SMALL",
    "UNET_CONFIGURATIONS",
    "WEATHER",
    "WIDER",
    "AttentionLayers",
    "DiscoLayers",
    "GeneralizedClassifier",
    "GeneralizedSphericalCNN",
    "HarmonicClassifier",
    "HybridClassifier",
    "MeshNetwork",
    "MoleculeNetwork",
    "PixelNetwork",
    "PlanarClassifier",
    "PlanarPatchClassifier",
    "RecurrentUNet",
    "ResNetConfiguration",
    "ResidualUNet",
    "ResidualUNetConfiguration",
    "SO3Classifier",
    "SavedModel",
    "ScalarVectorUNet",
    "SphericalClassifier",
    "SphericalFourierOperator",
    "SphericalModel",
    "SphericalResNet",
    "SphericalUNet",
    "UNetConfiguration",
    "VertexNetwork",
    "VorticityNetwork",
    "ZonalClassifier",
    "checkpoint_header",
    "falling_type",
    "load_model",
    "load_pretrained",
    "partition_model",
    "pretrained_names",
    "pretrained_path",
    "read_header",
    "reunite_model",
    "save_model",
]
