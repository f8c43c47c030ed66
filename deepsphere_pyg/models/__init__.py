"""Networks built from the layers; they own the operators of their sampling.

Names are imported on first use, since networks load layers that others do without.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.models.base import SavedModel as SavedModel
    from deepsphere_pyg.models.base import SphericalModel as SphericalModel
    from deepsphere_pyg.models.checkpoint import checkpoint_header as checkpoint_header
    from deepsphere_pyg.models.checkpoint import load_model as load_model
    from deepsphere_pyg.models.checkpoint import read_header as read_header
    from deepsphere_pyg.models.checkpoint import save_model as save_model
    from deepsphere_pyg.models.classifier import (
        SphericalClassifier as SphericalClassifier,
    )
    from deepsphere_pyg.models.configurations import COSMOLOGY as COSMOLOGY
    from deepsphere_pyg.models.configurations import DEEPSPHERE as DEEPSPHERE
    from deepsphere_pyg.models.configurations import JIANG as JIANG
    from deepsphere_pyg.models.configurations import SMALL as SMALL
    from deepsphere_pyg.models.configurations import (
        UNET_CONFIGURATIONS as UNET_CONFIGURATIONS,
    )
    from deepsphere_pyg.models.configurations import WIDER as WIDER
    from deepsphere_pyg.models.configurations import (
        ResNetConfiguration as ResNetConfiguration,
    )
    from deepsphere_pyg.models.configurations import (
        UNetConfiguration as UNetConfiguration,
    )
    from deepsphere_pyg.models.forecast import WEATHER as WEATHER
    from deepsphere_pyg.models.forecast import MeshNetwork as MeshNetwork
    from deepsphere_pyg.models.forecast import RecurrentUNet as RecurrentUNet
    from deepsphere_pyg.models.forecast import ResidualUNet as ResidualUNet
    from deepsphere_pyg.models.forecast import (
        ResidualUNetConfiguration as ResidualUNetConfiguration,
    )
    from deepsphere_pyg.models.forecast import (
        SphericalFourierOperator as SphericalFourierOperator,
    )
    from deepsphere_pyg.models.forecast import VorticityNetwork as VorticityNetwork
    from deepsphere_pyg.models.generalized_classifier import (
        GeneralizedClassifier as GeneralizedClassifier,
    )
    from deepsphere_pyg.models.generalized_cnn import PUBLISHED_SIZES as PUBLISHED_SIZES
    from deepsphere_pyg.models.generalized_cnn import (
        GeneralizedSphericalCNN as GeneralizedSphericalCNN,
    )
    from deepsphere_pyg.models.generalized_cnn import falling_type as falling_type
    from deepsphere_pyg.models.harmonic_classifier import (
        HarmonicClassifier as HarmonicClassifier,
    )
    from deepsphere_pyg.models.hybrid_classifier import (
        HybridClassifier as HybridClassifier,
    )
    from deepsphere_pyg.models.local_layers import AttentionLayers as AttentionLayers
    from deepsphere_pyg.models.local_layers import DiscoLayers as DiscoLayers
    from deepsphere_pyg.models.molecule_network import (
        MoleculeNetwork as MoleculeNetwork,
    )
    from deepsphere_pyg.models.partitioned import partition_model as partition_model
    from deepsphere_pyg.models.partitioned import reunite_model as reunite_model
    from deepsphere_pyg.models.pixel_network import PixelNetwork as PixelNetwork
    from deepsphere_pyg.models.planar import PlanarClassifier as PlanarClassifier
    from deepsphere_pyg.models.planar import (
        PlanarPatchClassifier as PlanarPatchClassifier,
    )
    from deepsphere_pyg.models.pretrained import load_pretrained as load_pretrained
    from deepsphere_pyg.models.pretrained import pretrained_names as pretrained_names
    from deepsphere_pyg.models.pretrained import pretrained_path as pretrained_path
    from deepsphere_pyg.models.residual_network import (
        SphericalResNet as SphericalResNet,
    )
    from deepsphere_pyg.models.scalar_vector_unet import (
        ScalarVectorUNet as ScalarVectorUNet,
    )
    from deepsphere_pyg.models.so3_classifier import SO3Classifier as SO3Classifier
    from deepsphere_pyg.models.unet import SphericalUNet as SphericalUNet
    from deepsphere_pyg.models.vertex_network import VertexNetwork as VertexNetwork
    from deepsphere_pyg.models.zonal_classifier import (
        ZonalClassifier as ZonalClassifier,
    )
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            ".base": ["SavedModel", "SphericalModel"],
            ".checkpoint": [
                "checkpoint_header",
                "load_model",
                "read_header",
                "save_model",
            ],
            ".classifier": ["SphericalClassifier"],
            ".configurations": [
                "COSMOLOGY",
                "DEEPSPHERE",
                "JIANG",
                "SMALL",
                "UNET_CONFIGURATIONS",
                "WIDER",
                "ResNetConfiguration",
                "UNetConfiguration",
            ],
            ".forecast": None,
            ".generalized_classifier": ["GeneralizedClassifier"],
            ".generalized_cnn": [
                "PUBLISHED_SIZES",
                "GeneralizedSphericalCNN",
                "falling_type",
            ],
            ".harmonic_classifier": ["HarmonicClassifier"],
            ".hybrid_classifier": ["HybridClassifier"],
            ".local_layers": ["AttentionLayers", "DiscoLayers"],
            ".molecule_network": ["MoleculeNetwork"],
            ".partitioned": ["partition_model", "reunite_model"],
            ".pixel_network": ["PixelNetwork"],
            ".planar": ["PlanarClassifier", "PlanarPatchClassifier"],
            ".pretrained": ["load_pretrained", "pretrained_names", "pretrained_path"],
            ".residual_network": ["SphericalResNet"],
            ".scalar_vector_unet": ["ScalarVectorUNet"],
            ".so3_classifier": ["SO3Classifier"],
            ".unet": ["SphericalUNet"],
            ".vertex_network": ["VertexNetwork"],
            ".zonal_classifier": ["ZonalClassifier"],
        },
    )
