"""Fit the rule t = (offset + slope / k) <d^2> to the published kernel widths.

python benchmarks/fit_kernel_width.py --nside 32 64 128
"""

from __future__ import annotations

import argparse

import numpy as np

from samplings import HEALPix
from samplings.graphs.kernel_width import HALF_WIDTHS, published_width
from samplings.points.neighbours import nearest_neighbours


def fit(nsides: list[int]) -> tuple[float, float, np.ndarray]:
    """Return offset, slope, and the relative errors of the rule on the table."""
    rows, ks = [], []
    for nside in nsides:
        sampling = HEALPix(nside)
        for k in HALF_WIDTHS:
            width = published_width(sampling, k)
            if width is None:
                raise ValueError(
                    f"no published width for nside {nside}; use 32 to 1024"
                )
            chords = nearest_neighbours(sampling.xyz, k).data
            rows.append(np.mean(chords**2) / width)
            ks.append(k)
    # Relative errors are what counts: each row is divided by its own width.
    design = np.array(rows)[:, None] * np.stack([np.ones(len(ks)), 1 / np.array(ks)], 1)
    (offset, slope), *_ = np.linalg.lstsq(design, np.ones(len(ks)), rcond=None)
    return float(offset), float(slope), design @ [offset, slope] - 1


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nside", type=int, nargs="+", default=[32, 64, 128])
    offset, slope, errors = fit(parser.parse_args().nside)
    print(f"offset {offset:.5f}  slope {slope:.4f}")
    print(
        f"error: rms {np.sqrt(np.mean(errors**2)):.3f}, max {np.abs(errors).max():.3f}"
    )


if __name__ == "__main__":
    main()
