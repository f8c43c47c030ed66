"""Picture of spherical MNIST: digits as they are, on the sphere, and turned.

    python benchmarks/spherical_mnist_picture.py --root DIR --out digits.png

where DIR holds ``mnist.npz`` or the idx files. Rows: the pictures; the sphere seen from
below, where they lie; the whole sphere (Mollweide) with each digit turned at random;
and the turned digits as networks of the plane get them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.spatial import cKDTree

from deepsphere_pyg.atomic_files import atomic_path
from deepsphere_pyg.datasets import SphericalMNIST, read_mnist
from deepsphere_pyg.plot import mollweide_image
from samplings import Equiangular, Sampling

ROWS = ("picture", "NR, south pole", "R, whole sphere", "R, rings × longitudes")


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Options, checked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--root", type=Path, required=True, help="mnist.npz, or the folder of it")
    add("--out", type=Path, default=Path("digits.png"), help="the picture")
    add("--count", type=int, default=6, help="digits")
    add("--n-theta", type=int, default=120, help="rings of the equiangular grid")
    args = parser.parse_args(words)
    if args.count < 1:
        parser.error(f"--count must be at least 1, got {args.count}")
    return args


def seen_from_below(sampling: Sampling, values: np.ndarray, width: int = 200):
    """Lower half of the sphere seen from below, x downwards and y to the right."""
    x = np.linspace(-1, 1, width)[:, None]
    y = np.linspace(-1, 1, width)[None, :]
    squared = x**2 + y**2
    z = -np.sqrt(np.clip(1 - squared, 0, None))
    xyz = np.stack(np.broadcast_arrays(x, y, z), axis=-1)
    image = values[cKDTree(sampling.xyz).query(xyz)[1]].astype(float)
    return np.ma.masked_where(squared > 1, image)


def picture(root: Path, count: int, n_theta: int) -> Figure:
    """Draw the first digits of the test split."""
    sampling = Equiangular(n_theta, n_theta, scheme="driscoll-healy")
    images = read_mnist(root, "test").images[:count]
    still, turned = (
        SphericalMNIST(root, sampling, split="test", rotate=rotate, n_images=count)
        for rotate in (False, True)
    )
    figure = Figure(figsize=(1.6 * count, 5.6), layout="constrained")
    axes = figure.subplots(4, count, squeeze=False)
    for i, column in enumerate(axes.T):
        shown = (
            images[i],
            seen_from_below(sampling, still.signals[i]),
            mollweide_image(sampling, turned.signals[i], 400),
            turned.planar([i])[0, 0].numpy(),
        )
        for axis, image in zip(column, shown, strict=True):
            axis.imshow(image, cmap="Greys", aspect="equal")
            axis.set_xticks([])
            axis.set_yticks([])
    for axis, title in zip(axes[:, 0], ROWS, strict=True):
        axis.set_ylabel(title, fontsize=8)
    return figure


def main(words: Sequence[str] | None = None) -> None:
    """Write the picture."""
    args = arguments(words)
    figure = picture(args.root, args.count, args.n_theta)
    with atomic_path(args.out) as path:
        figure.savefig(path, dpi=120)
    print(args.out)


if __name__ == "__main__":
    main()
