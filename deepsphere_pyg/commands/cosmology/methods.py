"""The classifiers that ``deepsphere-pyg cosmology`` compares, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from samplings import Heat, Masked, Pyramid, Sampling, Weighting, build_pyramid
from samplings.base import whole_sampling
from samplings.points.neighbours import nearest_neighbours

if TYPE_CHECKING:
    from deepsphere_pyg.models import SavedModel

#: Channels of the networks of Perraudin et al. 2019.
WIDTHS = (16, 32, 64, 64, 64)
PLANAR_WIDTHS = (8, 16, 32, 32, 16)
#: Chebyshev terms.
K = 5
#: Linear classifiers, and their features.
LINEAR = {"histogram": "histogram of pixels", "spectrum": "power spectrum"}
_WEIGHTS = {"earlier": "weights of 2019"}
_GRAPH = re.compile(r"(fcn|cnn)-(earlier|heat|fitted)-([1-9]\d*)(-mean)?")
_PLANAR = re.compile(r"planar-(fcn|cnn)(-big)?")


@dataclass(frozen=True)
class Method:
    """A classifier.

    Attributes
    ----------
    name
        Name in tables and on the command line.
    head
        ``"fcn"`` or ``"cnn"``; empty for linear classifiers.
    weighting, k
        Edge weights and neighbours; empty and 0 for networks without a graph.
    pooling
        Of networks on a graph: ``"max"``, as published, or ``"mean"``.
    """

    name: str
    head: str = ""
    weighting: str = ""
    k: int = 0
    pooling: str = "max"

    @property
    def linear(self) -> bool:
        """Whether it is a linear classifier."""
        return self.name in LINEAR

    @property
    def title(self) -> str:
        """The name for readers, without the number of neighbours."""
        if self.linear:
            return LINEAR[self.name]
        graph = _WEIGHTS.get(self.weighting, f"{self.weighting} weights")
        words = [graph if self.weighting else "flat 2-D"]
        if self.name.endswith("-big"):
            words.append("wide")
        if self.pooling == "mean":
            words.append("mean pooling")
        if self.head == "cnn":
            words.append("dense head")
        return ", ".join(words)

    @property
    def _head(self) -> str:
        # Without normalisation, networks learn little in the first thousand steps.
        return "normalized" if self.head == "fcn" else "normalized-dense"

    def network(self, sampling: Sampling) -> SavedModel:
        """Return a new network for patches on a sampling.

        Raises
        ------
        ValueError
            If the patch is too small for the network.
        """
        # Late, as options name methods before PyTorch is loaded.
        from deepsphere_pyg.models import PlanarPatchClassifier, SphericalClassifier

        if not self.weighting:
            return PlanarPatchClassifier(
                1,
                2,
                sampling,
                channels=WIDTHS if self.name.endswith("-big") else PLANAR_WIDTHS,
                head=self._head,
            )
        return SphericalClassifier(
            1,
            2,
            self.pyramid(sampling),
            widths=WIDTHS,
            K=K,
            pooling=self.pooling,
            head=self._head,
        )

    def pyramid(self, sampling: Sampling, depth: int = len(WIDTHS) + 1) -> Pyramid:
        """Return the graphs of a patch, cut out of those of the whole sphere."""
        kinds: str | list[Weighting] = self.weighting
        if self.weighting == "earlier":
            kinds = _earlier_weights(sampling, self.k, depth)
        return build_pyramid(sampling, depth, self.k, weighting=kinds, cut=True)


def method_named(name: str) -> Method:
    """Return the method of a name.

    Raises
    ------
    ValueError
        If no method has this name.
    """
    if name in LINEAR:
        return Method(name)
    if found := _GRAPH.fullmatch(name):
        pooling = "mean" if found[4] else "max"
        return Method(name, found[1], found[2], int(found[3]), pooling)
    if found := _PLANAR.fullmatch(name):
        return Method(name, found[1])
    raise ValueError(
        f"--methods has no classifier {name!r}; write fcn-fitted-8, or cnn in place of "
        "fcn, earlier or heat in place of fitted, another number of neighbours, -mean "
        "after it for mean pooling; "
        f"planar-fcn, planar-cnn; {' or '.join(LINEAR)}"
    )


def _earlier_weights(sampling: Sampling, k: int, depth: int) -> list[Weighting]:
    r"""Heat kernels :math:`e^{-d^2 / 2 \bar{d^2}}`, of the mean squared distance.

    Source: Perraudin et al. 2019, arXiv:1810.12186.
    """
    found: list[Weighting] = []
    level = sampling
    for step in range(depth):
        whole = whole_sampling(level)[0] if isinstance(level, Masked) else level
        chords = nearest_neighbours(whole.xyz, min(k, len(level) - 1)).data
        found.append(Heat(t=float(np.mean(chords**2)) / 2))
        if step < depth - 1:
            level = level.coarsen().coarse
    return found
