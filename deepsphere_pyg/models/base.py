"""What models share: a description that rebuilds them, and a way to other samplings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from deepsphere_pyg.layers import Standardize
from samplings import Pyramid, Sampling
from samplings.arguments import instance_argument


class SavedModel(nn.Module, ABC):
    """A network that a file can be made of, and that can be rebuilt from it.

    A subclass gives its constructor's arguments in :attr:`config`, but for what it is
    built on, its :attr:`geometry`; it is known to
    :func:`deepsphere_pyg.models.load_model` by its name from then on.
    """

    registry: ClassVar[dict[str, type[SavedModel]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        SavedModel.registry[cls.__name__] = cls

    @property
    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor but the geometry, JSON-serialisable."""

    @property
    def geometry(self) -> Pyramid | Sampling | None:
        """What the network is built on; None where it works on coefficients."""
        return None

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Any) -> Self:
        """Build an untrained model from :attr:`config` and :attr:`geometry`."""
        parts = () if geometry is None else (geometry,)
        return cls(*parts, **config)


class SphericalModel(SavedModel):
    """A network on a pyramid of samplings.

    A subclass calls ``super().__init__(in_channels, pyramid)`` and gives its
    constructor's other arguments in :attr:`config`.

    Parameters
    ----------
    in_channels
        Channels of the input.
    pyramid
        Graphs and coarsenings of the samplings it works on.

    Attributes
    ----------
    standardize
        The first layer: brings channels to mean zero and spread one, once fitted.
    pyramid
        As given.
    """

    def __init__(self, in_channels: int, pyramid: Pyramid) -> None:
        super().__init__()
        self.pyramid = pyramid_argument(pyramid)
        self.standardize = Standardize(in_channels)

    @property
    def geometry(self) -> Pyramid:
        """The pyramid."""
        return self.pyramid

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Pyramid) -> Self:
        """Build an untrained model from :attr:`config` and a pyramid."""
        return cls(**config, pyramid=geometry)

    @property
    def sampling(self) -> Sampling:
        """The finest sampling, on which inputs live."""
        return self.pyramid.sampling

    def with_sampling(self, pyramid: Pyramid) -> Self:
        """Return a model with the same weights on other samplings.

        Parameters
        ----------
        pyramid
            Of the same number of levels.

        Returns
        -------
        SphericalModel
            A copy, of the same dtype, device and mode; what was frozen stays so.
        """
        moved = type(self).from_config(self.config, pyramid)
        moved.to(self.standardize.mean.device, self.standardize.mean.dtype)
        moved.load_state_dict(self.state_dict())
        for mine, theirs in zip(moved.parameters(), self.parameters(), strict=True):
            mine.requires_grad_(theirs.requires_grad)
        return moved.train(self.training)

    def with_sampling_of(self, sampling: Sampling) -> Self:
        """Return a model with the same weights on a pyramid built like its own.

        Parameters
        ----------
        sampling
            The new finest sampling.

        Raises
        ------
        ValueError
            If kernel widths or coarser levels were chosen by hand, since they belong to
            a sampling.
        """
        return self.with_sampling(self.pyramid.with_sampling(sampling))

    def checked_input(self, x: Tensor) -> Tensor:
        """Refuse what is not a signal on :attr:`sampling`, and standardise the rest.

        Raises
        ------
        TypeError
            If ``x`` is not a tensor of the model's dtype.
        ValueError
            If it is not of shape ``(*batch, vertex, channel)`` with the right numbers.
        """
        if not isinstance(x, Tensor):
            raise TypeError(
                f"x must be a tensor (*batch, vertex, channel), got {type(x).__name__};"
                " convert it with torch.as_tensor"
            )
        if x.ndim < 2 or x.shape[-2] != len(self.sampling):
            raise ValueError(
                f"x has shape {tuple(x.shape)}, this model takes (*batch, "
                f"{len(self.sampling)}, {self.standardize.channels}) on "
                f"{self.sampling.name}; sample x there, or move the model with "
                "with_sampling"
            )
        dtype = self.standardize.mean.dtype
        if x.dtype != dtype and not torch.is_autocast_enabled(x.device.type):
            raise TypeError(
                f"x must be {dtype} like the model, got {x.dtype}; convert it with "
                f".to({dtype})"
            )
        return self.standardize(x)  # type: ignore[no-any-return]


def pyramid_argument(pyramid: object) -> Pyramid:
    """Return ``pyramid`` if it is one.

    Raises
    ------
    TypeError
        If it is not.
    """
    remedy = "build one with build_pyramid(sampling, depth=..., k=...)"
    return instance_argument("pyramid", pyramid, Pyramid, remedy)


def check_depth(pyramid: Pyramid, levels: int, name: str) -> None:
    """Refuse a pyramid whose number of levels is not the network's.

    Raises
    ------
    ValueError
        If it is another.
    """
    if len(pyramid_argument(pyramid)) != levels:
        raise ValueError(
            f"{name} works on {levels} levels, got a pyramid of {len(pyramid)}; "
            f"use build_pyramid(sampling, depth={levels}, k=...)"
        )
