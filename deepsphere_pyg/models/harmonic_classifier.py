"""A class for a whole sphere, by what a network makes of its coefficients."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from torch import Tensor

from deepsphere_pyg.harmonics import SHT
from deepsphere_pyg.models.base import SavedModel
from deepsphere_pyg.signals import known_signal
from samplings import Sampling
from samplings.arguments import integer_argument


class HarmonicClassifier(SavedModel):
    """A network that begins with a transform, which has nothing to be learned.

    The coefficients of all training data can be computed once, and the rest of the
    network be trained on them:
    ``model(x) == model.of_coefficients(model.coefficients(x))``.

    A subclass gives its constructor's arguments but the sampling in :attr:`config`, and
    takes the sampling first.

    Parameters
    ----------
    sampling
        Where inputs live.
    L
        Bandlimit of the transform.

    Attributes
    ----------
    sampling
        As given.
    transform
        The :class:`~deepsphere_pyg.harmonics.SHT`.
    """

    def __init__(self, sampling: Sampling, L: int) -> None:
        super().__init__()
        self.sampling = sampling
        self.transform = SHT(sampling, integer_argument("L", L, 1))

    @property
    def geometry(self) -> Sampling:
        """The sampling."""
        return self.sampling

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Sampling) -> Self:
        """Build an untrained model from :attr:`config` and a sampling."""
        return cls(geometry, **config)

    def with_sampling(self, sampling: Sampling) -> Self:
        """Return a model with the same weights for signals on another sampling.

        Parameters
        ----------
        sampling
            One that determines the degrees which the network reads.

        Returns
        -------
        HarmonicClassifier
            A copy, of the same dtype, device and mode; what was frozen stays so.
        """
        moved = type(self).from_config(self.config, sampling)
        like = next(self.parameters())
        moved.to(like.device, like.dtype)
        moved.load_state_dict(self.state_dict())
        for mine, theirs in zip(moved.parameters(), self.parameters(), strict=True):
            mine.requires_grad_(theirs.requires_grad)
        return moved.train(self.training)

    def coefficients(self, x: Tensor) -> Tensor:
        """Transform signals ``(*batch, vertex, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, L * L, channel)``; NaN of maps in which a value is.

        Raises
        ------
        ValueError
            If values are missing by a code, such as healpy's ``UNSEEN``.
        """
        c: Tensor = self.transform.analyze(known_signal(x, nan=True))
        return c

    @abstractmethod
    def of_coefficients(self, coefficients: Tensor) -> Tensor:
        """Return logits of signals given by coefficients, ``(*batch, classes)``."""

    def forward(self, x: Tensor) -> Tensor:
        """Return logits ``(*batch, classes)``."""
        return self.of_coefficients(self.coefficients(x))
