"""The classification of power spectra, as a task that compares graphs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import healpy
import numpy as np
import torch
from network_tasks import Graph, Score, Task
from torch import Tensor
from torch.nn import functional as F

from deepsphere_pyg.commands.segment.data_options import TEST_SEED
from deepsphere_pyg.datasets import GaussianFields, high_frequency_spectra
from deepsphere_pyg.models import SphericalClassifier
from deepsphere_pyg.training.scheduled import rate_at
from samplings import HEALPix, Pyramid, laplacian


@dataclass(frozen=True)
class Classification(Task):
    """Gaussian maps of two spectra that differ between degrees nside and 2 nside.

    With ``differentiate`` the network is shown the graph's Laplacian of the field, as
    models of the weather look at vorticity and not at pressure. It flattens a steep
    spectrum, which networks do not learn to look through on their own.

    A turned test map is the same field turned exactly, each by a rotation of its own.
    The logits should stay as they are: their change is told in standard deviations.
    """

    name: str = "flat spectra"
    title: str = "flat power spectra"
    nside: int = 32
    contrast: float = 0.07
    periods: int = 1
    slope: float = 0.0
    differentiate: bool = False
    n_train: int = 800
    n_test: int = 1000
    epochs: int = 10
    batch_size: int = 16
    lr: float = 4e-3
    widths: tuple[int, ...] = (8, 16, 32)
    K: int = 5

    scores = (
        Score("accuracy", "accuracy"),
        Score("accuracy_turned", "accuracy on turned maps"),
        Score("logit_change", "change of logits over their spread"),
        Score("flipped", "decisions flipped by turning"),
        Score("best", "best possible accuracy"),
    )
    drawn = (("accuracy", "best"), ("logit_change", None))

    def run(self, graph: Graph, seed: int, folder: Path) -> dict[str, float]:
        """Train and score; nothing is written."""
        torch.manual_seed(seed)
        pyramid = graph.pyramid(self.nside, len(self.widths) + 1)
        network = SphericalClassifier(
            1, 2, pyramid, widths=self.widths, K=self.K, laplacian=graph.laplacian
        )
        train, classes = _training_maps(self, seed)
        plain, turned, y, best = _test_maps(self)
        x, test, test_turned = self._inputs(pyramid, graph, train, plain, turned)
        self._train(network, x, classes, seed)
        margin, margin_turned = (_margins(network, x) for x in (test, test_turned))
        change = (margin_turned - margin).square().mean().sqrt() / margin.std()
        return {
            "accuracy": _share((margin > 0) == y),
            "accuracy_turned": _share((margin_turned > 0) == y),
            "logit_change": float(change),
            "flipped": _share((margin > 0) != (margin_turned > 0)),
            "best": best,
        }

    def fields(self, n_maps: int, seed: int, rotate: bool = False) -> GaussianFields:
        """Maps of the two spectra."""
        spectra = high_frequency_spectra(
            self.nside, self.contrast, self.periods, self.slope
        )
        return GaussianFields(HEALPix(self.nside), spectra, n_maps, seed, rotate=rotate)

    def _inputs(self, pyramid: Pyramid, graph: Graph, *sets: Tensor) -> list[Tensor]:
        """What the network is shown of some sets of maps; the first has spread one."""
        shown = list(sets)
        if self.differentiate:
            matrix = laplacian(pyramid.graphs[0], graph.laplacian).matrix
            # In double precision: low degrees are a thousand times as large.
            differentiated = (matrix @ maps[..., 0].double().numpy().T for maps in sets)
            shown = [torch.from_numpy(x.T[..., None].copy()) for x in differentiated]
        spread = shown[0].std()
        return [(x / spread).float() for x in shown]

    def _train(
        self, network: SphericalClassifier, x: Tensor, y: Tensor, seed: int
    ) -> None:
        """Adam on cross-entropy, at the rates of the command line's trainings."""
        optimizer = torch.optim.Adam(network.parameters(), lr=self.lr)
        generator = torch.Generator().manual_seed(seed)
        steps, step = self.epochs * -(-len(x) // self.batch_size), 0
        network.train()
        for epoch in range(self.epochs):
            losses = []
            order = torch.randperm(len(x), generator=generator)
            for batch in order.split(self.batch_size):
                for group in optimizer.param_groups:
                    group["lr"] = self.lr * rate_at(step, steps)
                loss = F.cross_entropy(network(x[batch]), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                step += 1
            print(f"epoch {epoch + 1:>3}/{self.epochs}  loss {np.mean(losses):.4f}")


@lru_cache(maxsize=1)
def _training_maps(task: Classification, seed: int) -> tuple[Tensor, Tensor]:
    """Maps and classes of a seed, kept for the next graph."""
    return _stacked(task.fields(task.n_train, seed))


@lru_cache(maxsize=1)
def _test_maps(task: Classification) -> tuple[Tensor, Tensor, Tensor, float]:
    """Test maps, the same turned, whether they are of class 1, the best accuracy."""
    maps = task.fields(task.n_test, TEST_SEED)
    x, y = _stacked(maps)
    turned, _ = _stacked(task.fields(task.n_test, TEST_SEED, rotate=True))
    return x, turned, y.bool(), likelihood_accuracy(maps)


def _stacked(maps: GaussianFields) -> tuple[Tensor, Tensor]:
    """All maps ``(maps, V, 1)`` and their classes."""
    samples = list(maps)
    y = torch.tensor([sample.y for sample in samples])
    return torch.stack([sample.x for sample in samples]), y


def likelihood_accuracy(maps: GaussianFields) -> float:
    r"""Accuracy of choosing the likelier spectrum, which none can beat on average.

    .. math:: \log p(a | C) = -\sum_l \frac{2l+1}{2}
              \left(\frac{\hat C_l}{C_l} + \log C_l\right) + \text{const}
    """
    held = (maps.spectra > 0).all(axis=0)
    degrees = np.flatnonzero(held)
    spectra = maps.spectra[:, held]
    right = 0
    for i in range(len(maps)):
        power = healpy.alm2cl(maps.coefficients(i))[held]
        evidence = (2 * degrees + 1) @ (power / spectra + np.log(spectra)).T
        right += int(evidence.argmin() == i % len(spectra))
    return right / len(maps)


@torch.no_grad()
def _margins(network: SphericalClassifier, x: Tensor) -> Tensor:
    """Logit of class 1 less that of class 0, shape ``(maps,)``."""
    network.eval()
    return torch.cat(
        [network(part) @ torch.tensor([-1.0, 1.0]) for part in x.split(50)]
    )


def _share(true: Tensor) -> float:
    return float(true.double().mean())
