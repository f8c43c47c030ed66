"""Maps and FITS tables that the tests of HEALPix files share."""

import healpy
import numpy as np
from astropy.io import fits

UNSEEN = healpy.UNSEEN


def iqu(nside, dtype=np.float32):
    """Three random maps, shape (3, V)."""
    values = np.random.default_rng(nside).normal(size=(3, 12 * nside**2))
    return values.astype(dtype)


def write_columns(path, columns, **cards):
    """Write a binary table with these header cards, and return the path."""
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update(cards)
    table.writeto(path, overwrite=True)
    return path
