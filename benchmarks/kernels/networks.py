"""Networks whose convolutions are a peer's, with the same weights."""

from __future__ import annotations

import pickle

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.kernels.cases import FORWARD, TRAINING, NetworkCase
from benchmarks.kernels.peers import conv_of, graph_of, precision_of
from benchmarks.measuring.contestant import Contestant
from benchmarks.measuring.timing import Run
from deepsphere_pyg import ChebConv, EdgeOperator

#: Peers that are this package with all sums over edges by one execution.
EXECUTED = {"ours_csr": "csr", "ours_triton": "triton"}
#: Instances of a batch whose outputs are compared: float64 is slow.
CHECKED = 2


def with_convolutions_of(network: nn.Module, peer: str) -> nn.Module:
    """Replace every ChebConv of a network, and its Laplacians, by those of a peer.

    Pooling and all other layers stay as they are. Changes the network and returns it.
    """
    if peer in EXECUTED:
        for part in network.modules():
            if isinstance(part, EdgeOperator):
                part.execution = EXECUTED[peer]
    if peer in ("ours", "ours_bf16", *EXECUTED):
        return network
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, ChebConv):
                theirs = conv_of(peer, child.weight.detach(), _detached(child.bias))
                setattr(parent, name, theirs)
    network.operators = nn.ModuleList(
        graph_of(peer, operator.to_scipy()) for operator in network.operators
    )
    return network


def _detached(bias: Tensor | None) -> Tensor | None:
    return None if bias is None else bias.detach()


class NetworkContest:
    """A network on inputs from a seed: inference, and steps of Adam."""

    def __init__(self, case: NetworkCase, pickled: bytes, device: torch.device) -> None:
        self.case, self.pickled, self.device = case, pickled, device
        network = pickle.loads(pickled)
        self.batch = case.cuda_batch if device.type == "cuda" else case.batch
        generator = torch.Generator().manual_seed(0)
        channels = network.standardize.channels
        shape = (self.batch, len(network.sampling), channels)
        self.x = torch.randn(shape, generator=generator)
        with torch.no_grad():
            *places, classes = network.eval()(self.x[:1]).shape
        self.labels = torch.randint(
            classes, (self.batch, *places[1:]), generator=generator
        )
        self._reference: np.ndarray | None = None

    def expected(self, mode: str) -> list[np.ndarray]:
        """Outputs of the network on sparse COO in float64, of the first instances."""
        if self._reference is None:
            torch.set_default_dtype(torch.float64)
            try:
                network = pickle.loads(self.pickled).double().eval()
                network = with_convolutions_of(network, "coo")
                with torch.no_grad():
                    self._reference = network(self.x[:CHECKED].double()).numpy()
            finally:
                torch.set_default_dtype(torch.float32)
        return [self._reference]

    def contestant(self, peer: str) -> Contestant:
        """Build the network of a peer."""
        network = with_convolutions_of(pickle.loads(self.pickled), peer)
        network.to(self.device)
        x, labels = self.x.to(self.device), self.labels.to(self.device)
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)

        def forward() -> list[Tensor]:
            network.eval()
            with torch.no_grad(), precision_of(peer, self.device):
                return [network(x)[:CHECKED]]

        def train() -> None:
            network.train()
            optimizer.zero_grad()
            with precision_of(peer, self.device):
                logits = network(x)
            logits = logits.float().flatten(0, -2)
            F.cross_entropy(logits, labels.flatten()).backward()
            optimizer.step()

        runs: dict[str, Run] = {FORWARD: forward, TRAINING: train}
        wanted = {mode: runs[mode] for mode in self.case.modes}
        return Contestant(peer, wanted, self.expected)
