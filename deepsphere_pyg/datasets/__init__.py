"""Data sets of maps on a sampling: generated ones and loaders of files."""

from deepsphere_pyg.convert.latlon_grid import LatLonGrid as LatLonGrid
from deepsphere_pyg.datasets.base import SegmentationDataset as SegmentationDataset
from deepsphere_pyg.datasets.base import SegmentationSample as SegmentationSample
from deepsphere_pyg.datasets.base import class_shares as class_shares
from deepsphere_pyg.datasets.base import input_statistics as input_statistics
from deepsphere_pyg.datasets.base import segmentation_sample as segmentation_sample
from deepsphere_pyg.datasets.cached import CachedMaps as CachedMaps
from deepsphere_pyg.datasets.cam5 import CAM5 as CAM5
from deepsphere_pyg.datasets.cam5 import CAM5_CHANNELS as CAM5_CHANNELS
from deepsphere_pyg.datasets.classification import (
    ClassificationDataset as ClassificationDataset,
)
from deepsphere_pyg.datasets.classification import (
    ClassificationSample as ClassificationSample,
)
from deepsphere_pyg.datasets.climate_events import ClimateEvents as ClimateEvents
from deepsphere_pyg.datasets.climate_events import WeatherState as WeatherState
from deepsphere_pyg.datasets.climate_sphere_l5 import ClimateSphereL5 as ClimateSphereL5
from deepsphere_pyg.datasets.climatenet import ClimateNet as ClimateNet
from deepsphere_pyg.datasets.extreme_weather import ExtremeWeather as ExtremeWeather
from deepsphere_pyg.datasets.gaussian_fields import GaussianFields as GaussianFields
from deepsphere_pyg.datasets.power_spectra import cosmology_spectra as cosmology_spectra
from deepsphere_pyg.datasets.power_spectra import (
    high_frequency_spectra as high_frequency_spectra,
)
from deepsphere_pyg.datasets.qm7 import QM7 as QM7
from deepsphere_pyg.datasets.qm7_coulomb import coulomb_matrices as coulomb_matrices
from deepsphere_pyg.datasets.qm7_coulomb import (
    sorted_coulomb_matrices as sorted_coulomb_matrices,
)
from deepsphere_pyg.datasets.qm7_energies import molecule_energies as molecule_energies
from deepsphere_pyg.datasets.qm7_file import download_qm7 as download_qm7
from deepsphere_pyg.datasets.qm7_molecules import QM7_ELEMENTS as QM7_ELEMENTS
from deepsphere_pyg.datasets.qm7_molecules import Molecules as Molecules
from deepsphere_pyg.datasets.qm7_spheres import AtomSpheres as AtomSpheres
from deepsphere_pyg.datasets.qm7_spheres import qm7_coefficients as qm7_coefficients
from deepsphere_pyg.datasets.qm7_spheres import qm7_potentials as qm7_potentials
from deepsphere_pyg.datasets.regrid import Regridder as Regridder
from deepsphere_pyg.datasets.spherical_mnist import SphericalMNIST as SphericalMNIST
from deepsphere_pyg.datasets.spherical_mnist_files import Digits as Digits
from deepsphere_pyg.datasets.spherical_mnist_files import (
    download_mnist as download_mnist,
)
from deepsphere_pyg.datasets.spherical_mnist_files import read_mnist as read_mnist
from deepsphere_pyg.datasets.splits import MaskedMaps as MaskedMaps
from deepsphere_pyg.datasets.splits import SelectedMaps as SelectedMaps
from deepsphere_pyg.datasets.splits import hold_out_pixels as hold_out_pixels
from deepsphere_pyg.datasets.xarray_dataset import XarrayDataset as XarrayDataset
from deepsphere_pyg.datasets.xarray_fields import XarrayFields as XarrayFields
