"""Options of the command ``deepsphere-pyg shapes``, and its named recipes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deepsphere_pyg.commands.options.machine import MachineOptions, OutputOptions
from deepsphere_pyg.commands.options.parsing import Options
from deepsphere_pyg.training.options import TrainingOptions

# The command clips gradients to a norm of 1; none of the publications does.
_UNCLIPPED = " --trainer.gradient_clip_val 0"
#: Recipes of publications; ``--recipe NAME`` stands for these options.
STANDS_FOR = {
    # Defferrard et al. 2020, section 4.1, and the optimizer of their code.
    "--recipe paper": "--nside 32 --miss 0 --translations 3 --rotations 0 --triplet 1 "
    "--epochs 30 --batch-size 32 --lr 5e-2 --epsilon 0.1 --schedule constant"
    + _UNCLIPPED,
    # The run whose scores are the row of the table of Defferrard et al. 2020.
    "--recipe published-row": "--nside 32 --miss 0 --translations 3 --rotations 3 "
    "--triplet 0 --epochs 50 --batch-size 32 --lr 2e-2 --epsilon 0.1 "
    "--schedule constant" + _UNCLIPPED,
    # The code of Cohen et al. 2018.
    "--recipe s2cnn": "--networks so3 --nside 32 --miss 1 --translations 0 "
    "--rotations 5 --test-copies 5 --one-copy --epochs 300 --batch-size 32 "
    "--optimizer sgd --momentum 0.9 --lr 0.5 --schedule steps --milestones 100 200"
    + _UNCLIPPED,
}
#: Data sets of which each shape belongs to a published part.
PUBLISHED_PARTS = ("shrec17", "modelnet10", "modelnet40")
#: Number of folds of the others.
FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class ShapeOptions(Options):
    """Shapes and networks.

    Parameters
    ----------
    dataset
        generated: shapes of 20 classes, for which nothing is downloaded; lpsb: the
        labelled Princeton benchmark; shrec17, modelnet10, modelnet40: the published
        parts; folder: meshes in a folder for each class, or in those of train and
        test.
    root
        Folder of the meshes, or lpsb190.npz.
    n_shapes
        Number of generated shapes.
    networks
        Networks to train, one after the other: chebyshev, chebyshev-equiangular,
        generalized, hybrid, so3, zonal, planar; spectrum is the nearest neighbour of
        power spectra.
    train
        Train on shapes as they are (NR), or rotated at random (R); both are tested. Of
        shrec17, these are its normal and its perturbed meshes; only one is tested if
        the folder of the other one is missing.
    folds
        Parts of five to test on, each with a training of its own. shrec17, modelnet10,
        modelnet40 and folders of train and test have one given part, 0.
    nside
        Resolution of the maps: 12 nside^2 pixels, or 4 nside by 4 nside points of a
        grid; published are 32.
    """

    dataset: Literal[
        "generated", "lpsb", "shrec17", "modelnet10", "modelnet40", "folder"
    ] = "generated"
    root: Path | None = None
    n_shapes: int = 2000
    networks: tuple[str, ...] = ("chebyshev",)
    train: tuple[str, ...] = ("R",)
    folds: tuple[int, ...] = (0,)
    nside: int = 16


@dataclass(frozen=True, kw_only=True)
class RenderingOptions(Options):
    """Maps of the shapes, and their copies.

    Parameters
    ----------
    translations
        Shifted copies of each training shape.
    rotations
        Shifted copies that are also rotated at random, whether or not the data are.
    test_copies
        Shifted copies of each shape to test; the logits of all are added.
    one_copy
        Each epoch takes one copy of each shape at random, not all of them.
    shift
        Largest shift, in units of the shape's radius.
    miss
        Distance where a ray hits nothing.
    cache
        Folder in which maps are kept between runs (default: maps, in --out).
    processes
        Processes that render.
    """

    translations: int = 4
    rotations: int = 0
    test_copies: int = 3
    one_copy: bool = False
    shift: float = 0.1
    miss: float = 1.0
    cache: Path | None = None
    processes: int = 1


@dataclass(frozen=True, kw_only=True)
class RetrievalOptions(Options):
    """Loss and retrieval.

    Parameters
    ----------
    triplet
        Weight of the semi-hard triplet loss, with a margin of 1, beside cross-entropy;
        for chebyshev networks only.
    retrieve
        class: all shapes of the predicted class, by its probability; distance: the
        nearest shapes by their logits.
    evaluate
        Test the networks in --out once more, without training.
    """

    triplet: float = 0.0
    retrieve: Literal["class", "distance"] = "class"
    evaluate: bool = False


@dataclass(frozen=True, kw_only=True)
class ShapesOptions(
    ShapeOptions,
    RenderingOptions,
    RetrievalOptions,
    OutputOptions,
    MachineOptions,
    TrainingOptions,
):
    """Options of the command."""

    epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 3e-3

    @property
    def default_out(self) -> Path:
        """Folder of the results if ``--out`` is not given."""
        return Path(f"runs/shapes-{self.dataset}")

    @property
    def maps(self) -> Path:
        """Folder of the kept maps."""
        return self.folder / "maps" if self.cache is None else self.cache

    @property
    def published_parts(self) -> bool:
        """Whether the data set has given parts in place of folds."""
        if self.dataset == "folder" and self.root is not None:
            # Data sets load PyTorch, which takes seconds.
            from deepsphere_pyg.datasets.shapes.mesh_folder import is_split

            return is_split(self.root)
        return self.dataset in PUBLISHED_PARTS


OPTIONS = ShapesOptions
