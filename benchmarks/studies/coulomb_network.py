"""A network on sorted Coulomb matrices, after Montavon et al. 2012 (NIPS 25).

As in the paper, rows are sorted by their norms with noise, which is drawn anew each
epoch; each entry x of the upper triangle is expanded to tanh((x - t) / s) for
thresholds t a step s apart; hidden layers have 400 and 100 units; predictions are means
over ten noisy orders. The choice of thresholds (those near a value of the training
set), tanh for the sigmoid, Adam with a rate that falls to zero along a cosine, and far
fewer steps are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import trange

from deepsphere_pyg.datasets import sorted_coulomb_matrices

# tanh is within 0.5 % of +-1 farther than this many steps from the threshold.
REACH = 3.0
REALISATIONS = 10


@dataclass(frozen=True)
class Settings:
    """How the network is trained."""

    epochs: int = 300
    batch_size: int = 50
    rate: float = 1e-3
    noise: float = 1.0
    step: float = 1.0
    seed: int = 0
    device: str = "cpu"


class Expansion(nn.Module):
    """Entries of a matrix to soft indicators of how large they are, standardised."""

    def __init__(self, entries: Tensor, step: float) -> None:
        super().__init__()
        which, thresholds = [], []
        for i, values in enumerate(entries.unbind(1)):
            grid = torch.arange(0.0, float(values.max()) + step, step)
            nearest = (grid[:, None] - values.unique()).abs().amin(dim=1)
            kept = grid[nearest < REACH * step]
            which.append(torch.full((len(kept),), i))
            thresholds.append(kept)
        self.step = step
        self.register_buffer("which", torch.cat(which))
        self.register_buffer("thresholds", torch.cat(thresholds))
        expanded = self._expanded(entries)
        self.register_buffer("mean", expanded.mean(dim=0))
        # One scale for all, because entries that hardly vary must not be amplified.
        self.register_buffer("scale", expanded.std(dim=0).mean())

    def _expanded(self, entries: Tensor) -> Tensor:
        return torch.tanh((entries[:, self.which] - self.thresholds) / self.step)

    def forward(self, entries: Tensor) -> Tensor:
        """Return indicators ``(n, threshold)`` of entries ``(n, entry)``."""
        return (self._expanded(entries) - self.mean) / self.scale


class CoulombNetwork:
    """Energies from Coulomb matrices: fit, then predict.

    Parameters
    ----------
    settings
        How to train.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.rng = np.random.default_rng(settings.seed)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases."""
        return sum(p.numel() for p in self.network.parameters())

    def fit(self, matrices: np.ndarray, energies: np.ndarray) -> None:
        """Train on matrices ``(n, A, A)``, with a progress bar."""
        settings = self.settings
        generator = torch.Generator().manual_seed(settings.seed)
        torch.manual_seed(settings.seed)
        self.mean, self.scale = float(energies.mean()), float(energies.std())
        y = torch.tensor((energies - self.mean) / self.scale, dtype=torch.float32)
        y = y.to(settings.device)
        expansion = Expansion(self._entries(matrices).cpu(), settings.step)
        width = len(expansion.thresholds)
        layers = [nn.Linear(width, 400), nn.Tanh(), nn.Linear(400, 100), nn.Tanh()]
        self.network = nn.Sequential(expansion, *layers, nn.Linear(100, 1))
        self.network.to(settings.device)
        steps = settings.epochs * math.ceil(len(y) / settings.batch_size)
        optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in (bar := trange(settings.epochs, disable=None)):
            entries = self._entries(matrices)
            order = torch.randperm(len(y), generator=generator)
            squares = 0.0
            for at in order.to(settings.device).split(settings.batch_size):
                error = self.network(entries[at])[:, 0] - y[at]
                loss = (error**2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                squares += float(loss.detach()) * len(at)
            rmse = self.scale * math.sqrt(squares / len(y))
            bar.set_postfix(train_rmse=f"{rmse:.2f}")

    @torch.no_grad()
    def predict(self, matrices: np.ndarray) -> np.ndarray:
        """Energies in the unit of those it was trained on, ``(n,)``."""
        total = np.zeros(len(matrices))
        for _ in range(REALISATIONS):
            values = self.network(self._entries(matrices))[:, 0]
            total += values.cpu().double().numpy()
        return self.mean + self.scale * total / REALISATIONS

    def _entries(self, matrices: np.ndarray) -> Tensor:
        """Upper triangles of the matrices in a noisy order, ``(n, A (A + 1) / 2)``."""
        ordered = sorted_coulomb_matrices(matrices, self.settings.noise, self.rng)
        row, column = np.triu_indices(matrices.shape[1])
        entries = torch.tensor(ordered[:, row, column], dtype=torch.float32)
        return entries.to(self.settings.device)
