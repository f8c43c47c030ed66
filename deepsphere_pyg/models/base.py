"""Base of models: a description that rebuilds them, and copies on other samplings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import chain
from typing import Any, ClassVar, Self, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import Standardize
from deepsphere_pyg.signals import checked_signal
from samplings import Pyramid, Sampling, build_pyramid
from samplings.arguments import instance_argument, integer_argument

# Neighbours in the graphs of a model that is given a sampling without graphs.
DEFAULT_K = 8


class SavedModel(nn.Module):
    """A network that can be saved to a file and rebuilt from it.

    A subclass takes the sampling it is built on, if it is built on one, as
    ``sampling``, and sets :attr:`geometry` to it. It gives the other arguments of its
    constructor in :attr:`config`, by setting ``_config`` or overriding the property.
    :func:`deepsphere_pyg.models.load_model` knows it by the name of its class.

    Attributes
    ----------
    geometry
        The sampling or pyramid that the network is built on; None if it works on
        coefficients.
    """

    registry: ClassVar[dict[str, type[SavedModel]]] = {}
    geometry: Pyramid | Sampling | None = None
    _config: Mapping[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        SavedModel.registry[cls.__name__] = cls

    @property
    def config(self) -> dict[str, Any]:
        """Arguments of the constructor except the sampling, JSON-serialisable."""
        return {**self._config}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Any) -> Self:
        """Build an untrained model from :attr:`config` and :attr:`geometry`."""
        place = {} if geometry is None else {"sampling": geometry}
        return cls(**config, **place)

    def geometry_on(self, sampling: Any) -> Any:
        """Return the geometry of a copy of the model on another sampling."""
        return sampling

    def with_sampling(self, sampling: Sampling | Pyramid) -> Self:
        """Return a copy of the model, with the same weights, on another sampling.

        Parameters
        ----------
        sampling
            The new sampling. A model that is built on a pyramid builds another one
            with the same options, or takes a pyramid with the same number of levels.

        Returns
        -------
        SavedModel
            Has the same dtype, device and mode; frozen parameters stay frozen.

        Raises
        ------
        TypeError
            If the model works on coefficients, or ``sampling`` is not a sampling.
        ValueError
            If the sampling does not fit the model; if weightings or coarser levels
            of the pyramid were chosen by hand, which belong to one sampling.
        """
        if self.geometry is None:
            raise TypeError(
                f"{type(self).__name__} works on coefficients and has no sampling; use "
                "it as it is, with coefficients of signals on any sampling"
            )
        remedy = "pass one such as HEALPix(32)"
        instance_argument("sampling", sampling, (Sampling, Pyramid), remedy)
        moved = type(self).from_config(self.config, self.geometry_on(sampling))
        state = chain(self.parameters(), self.buffers())
        like = next(tensor for tensor in state if tensor.is_floating_point())
        moved.to(like.device, like.dtype).load_state_dict(self.state_dict())
        for mine, theirs in zip(moved.parameters(), self.parameters(), strict=True):
            mine.requires_grad_(theirs.requires_grad)
        return moved.train(self.training)


class SphericalModel(SavedModel):
    """A network on a pyramid of samplings.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and of the output.
    sampling
        Sampling of the inputs, or a pyramid for other graphs than those of 8 nearest
        neighbours.
    widths
        Channels of the levels, for the error message.
    depths
        Numbers of levels that the network can have, of which a sampling gets the
        first; if empty, a pyramid may have any number and a sampling gets one.
    first_graph
        Finest level that the network needs a graph of.

    Attributes
    ----------
    pyramid
        Graphs and coarsenings.
    standardize
        The first layer, which brings channels to mean zero and spread one, once fitted.

    Raises
    ------
    TypeError
        If ``sampling`` is neither a sampling nor a pyramid, or a number is not an
        integer.
    ValueError
        If a number is less than 1, or the pyramid has another number of levels or lacks
        a graph.
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        widths: Sequence[int] = (),
        depths: Sequence[int] = (),
        first_graph: int = 0,
    ) -> None:
        super().__init__()
        self.in_channels = integer_argument("in_channels", in_channels, 1)
        self.out_channels = integer_argument("out_channels", out_channels, 1)
        if isinstance(sampling, Sampling):
            depth, points = depths[0] if depths else 1, sampling.name
            try:
                sampling = build_pyramid(
                    sampling, depth, DEFAULT_K, first_graph=first_graph
                )
            except ValueError as error:
                if not depths:
                    raise
                raise ValueError(
                    f"{type(self).__name__} with {len(widths)} widths needs a pyramid "
                    f"of {depth} levels, which {points} does not give (take a "
                    f"finer sampling, or fewer widths): {error}"
                ) from error
        remedy = (
            "pass one such as HEALPix(32) or build_pyramid(sampling, depth, k), or the "
            "attribute sampling of a Footprint"
        )
        instance_argument("sampling", sampling, (Sampling, Pyramid), remedy)
        if depths and len(sampling) not in depths:
            raise ValueError(
                f"{type(self).__name__} with {len(widths)} widths needs a pyramid of "
                f"{' or '.join(map(str, depths))} levels, got {len(sampling)}; use "
                f"build_pyramid(sampling, depth={depths[0]}, k=...), or pass the "
                "sampling itself"
            )
        if sampling.first_graph > first_graph:
            raise ValueError(
                f"{type(self).__name__} needs a pyramid with graphs from level "
                f"{first_graph} on, got one from level {sampling.first_graph} on; use "
                f"build_pyramid with first_graph={first_graph}"
            )
        self.geometry = self.pyramid = sampling
        # Those of one process, if several share them.
        self.n_vertices = len(self.sampling)
        self.standardize = Standardize(self.in_channels)
        # Made here, where compilers do not look.
        self._name = f"{type(self).__name__} on {self.sampling.name}"

    @property
    def sampling(self) -> Sampling:
        """The finest sampling, on which inputs live."""
        return self.pyramid.sampling

    def geometry_on(self, sampling: Any) -> Any:
        """Return a pyramid, built with the options of the present one if need be."""
        if isinstance(sampling, Sampling):
            return self.pyramid.with_sampling(sampling)
        return sampling

    def checked_input(self, x: Tensor) -> Tensor:
        """Standardise a signal on :attr:`sampling`.

        Raises
        ------
        TypeError
            If ``x`` is not a tensor of the model's dtype.
        ValueError
            If it is not of shape ``(*batch, vertex, channel)`` with the right numbers.
        """
        like = self.standardize.mean
        x = checked_signal(x, self.n_vertices, like, cast=False, taker=self._name)
        y: Tensor = self.standardize(x)
        return y


def model_named(name: str, path: str | os.PathLike[str]) -> type[SavedModel]:
    """Return the class of a model by its name.

    Parameters
    ----------
    name
        Name of a class of this package, or of one whose module is loaded.
    path
        File that has the name, for messages.

    Raises
    ------
    ValueError
        If no class of this name is known.
    """
    if name not in SavedModel.registry:
        # Those of this package are registered when their modules are loaded.
        package = import_module("deepsphere_pyg.models")
        for one in [name] if name in package.__all__ else package.__all__:
            getattr(package, one)
    if name not in SavedModel.registry:
        raise ValueError(
            f"{path} holds a model {name!r}, but only "
            f"{', '.join(SavedModel.registry)} are known; import the module that "
            "defines it"
        )
    return SavedModel.registry[name]
