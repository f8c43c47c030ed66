"""HEALPix maps in FITS files and arrays as signals, and back."""

from deepsphere_pyg.convert.healpix.maps import HEALPixMap
from deepsphere_pyg.convert.healpix.reading import read_healpix
from deepsphere_pyg.convert.healpix.writing import write_healpix

__all__ = ["HEALPixMap", "read_healpix", "write_healpix"]
