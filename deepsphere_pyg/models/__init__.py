"""Networks built from the layers; they own the operators of their sampling."""

from deepsphere_pyg.models.base import SavedModel as SavedModel
from deepsphere_pyg.models.base import SphericalModel as SphericalModel
from deepsphere_pyg.models.checkpoint import checkpoint_header as checkpoint_header
from deepsphere_pyg.models.checkpoint import load_model as load_model
from deepsphere_pyg.models.checkpoint import read_header as read_header
from deepsphere_pyg.models.checkpoint import save_model as save_model
from deepsphere_pyg.models.classifier import SphericalClassifier as SphericalClassifier
from deepsphere_pyg.models.configurations import DEEPSPHERE as DEEPSPHERE
from deepsphere_pyg.models.configurations import JIANG as JIANG
from deepsphere_pyg.models.configurations import SMALL as SMALL
from deepsphere_pyg.models.configurations import (
    UNET_CONFIGURATIONS as UNET_CONFIGURATIONS,
)
from deepsphere_pyg.models.configurations import WIDER as WIDER
from deepsphere_pyg.models.configurations import UNetConfiguration as UNetConfiguration
from deepsphere_pyg.models.generalized_classifier import (
    GeneralizedClassifier as GeneralizedClassifier,
)
from deepsphere_pyg.models.generalized_cnn import (
    GeneralizedSphericalCNN as GeneralizedSphericalCNN,
)
from deepsphere_pyg.models.generalized_cnn import falling_type as falling_type
from deepsphere_pyg.models.generalized_sizes import (
    PUBLISHED_SIZES as PUBLISHED_SIZES,
)
from deepsphere_pyg.models.harmonic_classifier import (
    HarmonicClassifier as HarmonicClassifier,
)
from deepsphere_pyg.models.hybrid_classifier import HybridClassifier as HybridClassifier
from deepsphere_pyg.models.molecule_network import MoleculeNetwork as MoleculeNetwork
from deepsphere_pyg.models.pixel_network import PixelNetwork as PixelNetwork
from deepsphere_pyg.models.planar_classifier import PlanarClassifier as PlanarClassifier
from deepsphere_pyg.models.so3_classifier import SO3Classifier as SO3Classifier
from deepsphere_pyg.models.unet import SphericalUNet as SphericalUNet
from deepsphere_pyg.models.zonal_classifier import ZonalClassifier as ZonalClassifier
