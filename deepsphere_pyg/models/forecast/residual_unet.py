"""U-Net of residual blocks, which steps fields in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, SupportsIndex

from torch import Tensor

from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.forecast.configurations import (
    WEATHER,
    ResidualUNetConfiguration,
)
from deepsphere_pyg.models.forecast.residual_body import ResidualBody
from deepsphere_pyg.models.level_pooling import refuse_other_terms
from samplings import Pyramid, Sampling, build_pyramid
from samplings.arguments import instance_argument


class ResidualUNet(SphericalModel):
    r"""Map fields to fields, with the whole sphere as context, by residual blocks.

    Each block adds two convolutions with a ReLU between them, times a learned number
    :math:`s` that starts at zero, to its input,

    .. math:: y = S x + s\, C_2(\mathrm{ReLU}(C_1 x)),

    where S is the identity, or a linear map where the number of channels changes. The
    encoder has a block at each level, with pooling between; the decoder unpools, joins
    the encoder's output of the level, and has a block; a last block makes the outputs.
    There is no normalisation beside that of the inputs.

    Several past states, forcing and static fields are channels of the input, as
    :class:`~deepsphere_pyg.training.ForecastTask` gives them.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input and the output.
    sampling
        Sampling of the inputs, for graphs of ``configuration.k`` neighbours; or a
        pyramid with the levels of the configuration.
    configuration
        Sizes and options.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, vertex, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If the pyramid has another number of levels; in ``forward``, if ``x`` does not
        fit.

    Notes
    -----
    Source: Ghiggi et al. 2021, the public deepsphere-weather, for the sizes of
    :data:`WEATHER`; Bachlechner et al. 2020, arXiv:2003.04887, for the scale.

    Equivariance: exact for the rotations that map every level onto itself, approximate
    for others. Layers that are oriented to north leave those about the axis.

    Examples
    --------
    >>> import torch
    >>> from dataclasses import replace
    >>> from samplings import HEALPix
    >>> small = replace(WEATHER, width=0.125, k=8)
    >>> model = ResidualUNet(6, 2, HEALPix(4), configuration=small)
    >>> model(torch.zeros(5, 192, 6)).shape
    torch.Size([5, 192, 2])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        configuration: ResidualUNetConfiguration = WEATHER,
    ) -> None:
        pyramid = pyramid_for(configuration, sampling)
        sizes = configuration
        outer = [pair[1] for pair in sizes.channels]
        super().__init__(in_channels, out_channels, pyramid, outer, (sizes.levels,))
        self.configuration = sizes
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "configuration": sizes.config,
        }
        self.body = ResidualBody(
            self.encoded_channels, self.out_channels, self.pyramid, sizes
        )

    @property
    def encoded_channels(self) -> int:
        """Channels that the encoder sees."""
        return self.in_channels

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Any) -> Self:
        """Build an untrained model from :attr:`config` and a sampling or pyramid."""
        configuration = ResidualUNetConfiguration.from_config(config["configuration"])
        return super().from_config({**config, "configuration": configuration}, geometry)

    def geometry_on(self, sampling: Any) -> Any:
        """Return a pyramid on another sampling, if the weights fit it."""
        pyramid = super().geometry_on(sampling)
        if len(pyramid) == len(self.pyramid):
            name = self.configuration.pooling
            refuse_other_terms(name, pyramid.coarsenings, self.body.pool)
        return pyramid

    def forward(self, x: Tensor) -> Tensor:
        """Return fields ``(*batch, vertex, out_channels)``."""
        x = self.checked_input(x)
        skips = []
        for level in range(self.configuration.levels - 1):
            x = self.body.encoded(level, x)
            skips.append(x)
            x = self.body.pooled(level, x)
        x = self.body.encoded(self.configuration.levels - 1, x)
        return self.body.decoded(x, skips)


def pyramid_for(
    configuration: ResidualUNetConfiguration, sampling: Sampling | Pyramid
) -> Sampling | Pyramid:
    """Return the pyramid that a configuration asks for, unless one is given.

    Raises
    ------
    TypeError
        If it is not a configuration of residual U-Nets.
    """
    remedy = "make one, or take WEATHER of deepsphere_pyg.models"
    instance_argument("configuration", configuration, ResidualUNetConfiguration, remedy)
    if not isinstance(sampling, Sampling):
        return sampling
    return build_pyramid(sampling, configuration.levels, configuration.k)
