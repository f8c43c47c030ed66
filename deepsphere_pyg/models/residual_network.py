"""Residual network on a pyramid, for a few numbers of each map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, SupportsIndex

from torch import Tensor, nn

from deepsphere_pyg.layers import GlobalMeanPool, ResidualBlock
from deepsphere_pyg.models.base import SphericalModel
from deepsphere_pyg.models.blocks import ConvBlock, rectified
from deepsphere_pyg.models.configurations import COSMOLOGY, ResNetConfiguration
from deepsphere_pyg.models.level_pooling import learned_pools, refuse_other_terms
from deepsphere_pyg.models.local_layers import ChebyshevLayers
from samplings import Pyramid, Sampling
from samplings.arguments import instance_argument


class SphericalResNet(SphericalModel):
    r"""Map signals on a sphere or a part of it to a few numbers, such as parameters.

    The finest levels are pooled by learned maps of the children of each vertex alone,
    so that graphs are needed, and convolved on, at the coarse levels only. These are
    convolved (with layer normalisation and ReLU) and pooled likewise. At the coarsest
    level follow residual blocks of two convolutions, and a head that sees all vertices
    or their mean. Every convolution is a :class:`~deepsphere_pyg.layers.ChebConv`, and
    a ReLU follows each :class:`~deepsphere_pyg.layers.LearnedPool`.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input, and numbers to predict of each signal.
    sampling
        Sampling of the inputs; or a pyramid with the levels of the configuration, whose
        finest ``poolings`` levels need no graphs.
    configuration
        Sizes and options.

    Shapes
    ------
    ``x : (*batch, vertex, in_channels) -> (*batch, out_channels)``

    Raises
    ------
    TypeError, ValueError
        If the sampling cannot be coarsened that often, or the pyramid has another
        number of levels or lacks a graph; in ``forward``, if ``x`` does not fit.

    Notes
    -----
    On a part of the sphere, pad it by :func:`samplings.pad_to_parents` with
    ``levels=configuration.levels - 1``, so that each vertex of the coarsest level has
    all its children: children that a sampling lacks count as zero. Noise and beams of
    maps go into :class:`~deepsphere_pyg.layers.GaussianSmoothing` before.

    The weights of a dense head belong to the vertices of the coarsest level in their
    order. A network on a patch takes maps of other patches of its shape as they are.

    Residual blocks normalise before they convolve, so that sums are not clipped and
    ``scale=0`` makes a new block the identity; the networks below normalise after it.

    Source: Fluri et al. 2022, arXiv:2201.07771, and the Dark Energy Survey's
    arXiv:2511.04681, for the sequence of layers.

    Equivariance: none with ``head="dense"``. With ``head="mean"``, invariant under the
    rotations that :class:`~deepsphere_pyg.layers.LearnedPool` commutes with, on HEALPix
    quarter turns about the axis; with ``pooling="learned-distance"`` under all that map
    every level onto itself, and approximately under others.

    Examples
    --------
    >>> import torch
    >>> from deepsphere_pyg.models import ResNetConfiguration
    >>> from samplings import HEALPix, pad_to_parents
    >>> tiny = ResNetConfiguration("tiny", base=4, poolings=1, convolutions=1, blocks=2)
    >>> cap = HEALPix(16)[HEALPix(16).lat > 40]
    >>> sky = pad_to_parents(cap, tiny.levels - 1).sampling
    >>> model = SphericalResNet(2, 3, sky, configuration=tiny)
    >>> model(torch.zeros(5, len(sky), 2)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        sampling: Sampling | Pyramid,
        *,
        configuration: ResNetConfiguration = COSMOLOGY,
    ) -> None:
        remedy = "make one, or take COSMOLOGY of deepsphere_pyg.models"
        instance_argument("configuration", configuration, ResNetConfiguration, remedy)
        sizes = configuration
        widths, first = sizes.widths, sizes.poolings
        levels = (sizes.levels,)
        super().__init__(in_channels, out_channels, sampling, widths, levels, first)
        self.configuration = configuration
        self._config = {
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "configuration": configuration.config,
        }
        graphs = self.pyramid.graphs[first - self.pyramid.first_graph :]
        layers = ChebyshevLayers(sizes.K, sizes.laplacian)
        self.laplacians = layers.operators(graphs)
        self.convolutions = nn.ModuleList()
        channels, pooled = self.in_channels, []
        for level, width in enumerate(widths):
            if level >= first:
                convolution = ConvBlock(channels, width, layers, "layer")
                self.convolutions.append(convolution)
                channels = width
            pooled.append((channels, width))
            channels = width
        coarsenings = self.pyramid.coarsenings
        learned = learned_pools(sizes.pooling, coarsenings, pooled)
        self.pools, self.pooling_operators = learned
        options: Any = {"normalization": "layer", "scale": sizes.scale}
        self.blocks = nn.ModuleList(
            ResidualBlock(channels, channels, sizes.K, **options)
            for _ in range(sizes.blocks)
        )
        coarsest = graphs[-1].sampling
        self.mean = GlobalMeanPool(coarsest) if sizes.head == "mean" else None
        features = channels * (len(coarsest) if self.mean is None else 1)
        self.head = nn.Sequential(
            nn.LayerNorm(features),
            nn.Dropout(sizes.dropout),
            nn.Linear(features, self.out_channels),
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any], geometry: Any) -> Self:
        """Build an untrained model from :attr:`config` and a sampling or pyramid."""
        configuration = ResNetConfiguration.from_config(config["configuration"])
        return super().from_config({**config, "configuration": configuration}, geometry)

    def geometry_on(self, sampling: Any) -> Any:
        """Return a pyramid on another sampling, if the weights fit it."""
        pyramid = super().geometry_on(sampling)
        if len(pyramid) == len(self.pyramid):
            name = self.configuration.pooling
            refuse_other_terms(name, pyramid.coarsenings, self.pools)
            self._refuse_other_vertices(pyramid)
        return pyramid

    def _refuse_other_vertices(self, pyramid: Pyramid) -> None:
        """Refuse a coarsest level that the weights of a dense head do not fit."""
        mine, theirs = (p.graphs[-1].sampling for p in (self.pyramid, pyramid))
        if self.mean is None and len(theirs) != len(mine):
            raise ValueError(
                f"weights of head='dense' must move to a sampling with {len(mine)} "
                f"vertices at the coarsest level, got {len(theirs)} of {theirs.name}; "
                "train with head='mean', whose weights fit all samplings"
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return predictions ``(*batch, out_channels)``."""
        x = self.checked_input(x)
        first = self.configuration.poolings
        for level, pool in enumerate(self.pools):
            if level >= first:
                convolution = self.convolutions[level - first]
                x = convolution(x, self.laplacians[level - first])
            x = rectified(pool(x, self.pooling_operators[level]))
        for block in self.blocks:
            x = block(x, self.laplacians[-1])
        y: Tensor = self.head(x.flatten(-2) if self.mean is None else self.mean(x))
        return y
