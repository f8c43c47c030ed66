"""Classifiers of whole spheres by their coefficients."""

from __future__ import annotations

from abc import abstractmethod
from typing import SupportsIndex

from torch import Tensor

from deepsphere_pyg.harmonics import SHT
from deepsphere_pyg.models.base import SavedModel
from deepsphere_pyg.signals import known_signal
from samplings import Sampling
from samplings.arguments import integer_argument, sampling_argument


class HarmonicClassifier(SavedModel):
    """Base class of networks that begin with a transform, which has no weights.

    Use a subclass, such as :class:`ZonalClassifier` or :class:`GeneralizedClassifier`,
    or write one that defines :meth:`of_coefficients`.

    The coefficients of all training data can be computed once, and the rest of the
    network can be trained on them:
    ``model(x) == model.of_coefficients(model.coefficients(x))``.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and classes.
    sampling
        Sampling of the inputs.
    L
        Bandlimit of the transform.

    Attributes
    ----------
    sampling
        As given.
    transform
        The :class:`~deepsphere_pyg.harmonics.SHT`.

    Raises
    ------
    TypeError
        If it is made itself, or of a subclass that does not define
        :meth:`of_coefficients`.
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling,
        L: int,
    ) -> None:
        super().__init__()
        if type(self).of_coefficients is HarmonicClassifier.of_coefficients:
            raise TypeError(
                "a harmonic classifier must define of_coefficients, got "
                f"{type(self).__name__}, which does not; make a ZonalClassifier, a "
                "GeneralizedClassifier or a subclass that defines it"
            )
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        self.geometry = self.sampling = sampling_argument("sampling", sampling)
        self.transform = SHT(sampling, integer_argument("L", L, 1))

    def coefficients(self, x: Tensor) -> Tensor:
        """Transform signals ``(*batch, vertex, channel)``.

        Returns
        -------
        Tensor
            Shape ``(*batch, L * L, channel)``; NaN for maps that contain NaN.

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
