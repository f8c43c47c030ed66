"""Networks for forecasts, of stations and of vectors compute the same in ONNX."""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg.convert import export_onnx
from deepsphere_pyg.convert.onnx import transforms
from deepsphere_pyg.models import ScalarVectorUNet, VertexNetwork
from samplings import HEALPix, Irregular, build_pyramid
from tests.helpers import random
from tests.models.forecast.networks import IN, NETWORKS, built
from tests.round_off import round_off

runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


class Channels(nn.Module):
    """A U-Net of scalars and vectors on one signal, whose vectors are channels."""

    def __init__(self):
        super().__init__()
        pyramid = build_pyramid(HEALPix(4), 2, 8, weighting="heat")
        widths = [(6, 3), (8, 4)]
        self.network = ScalarVectorUNet(2, 1, 3, 2, pyramid, widths=widths, K=3)

    def forward(self, x):
        scalars, vectors = self.network(x[..., :2], x[..., 2:].unsqueeze(-1))
        return torch.cat([scalars, vectors.flatten(-2)], dim=-1)


def stations(head):
    draw = np.random.default_rng(0).normal(size=(40, 3))
    sphere = Irregular(draw / np.linalg.norm(draw, axis=1, keepdims=True))
    places = build_pyramid(sphere, 1, 5, weighting="self-tuned")
    return VertexNetwork(2, 3, places, widths=(4, 6), K=3, head=head)


OTHERS = {
    "scalars and vectors": (Channels, 192, 4),
    "stations": (lambda: stations("convolution"), 40, 2),
    "mean of stations": (lambda: stations("mean"), 40, 2),
}


def case(name, dtype=torch.float64):
    """A network, and the shape of a signal."""
    if name in NETWORKS:
        return built(name, dtype), (192, IN)
    torch.manual_seed(0)
    build, *shape = OTHERS[name]
    return build().to(dtype).eval(), tuple(shape)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*NETWORKS, *OTHERS])
def test_onnx_files_compute_the_same(name, tmp_path):
    # In float32, since runtimes have no GELU in float64, and PyTorch's exporter writes
    # constants such as the eps of norms in single precision anyway.
    model, shape = case(name, torch.float32)
    export_onnx(model, random(2, *shape).float(), tmp_path / "network.onnx")
    run = runtime.InferenceSession(
        tmp_path / "network.onnx", providers=["CPUExecutionProvider"]
    )
    for batch in (1, 5):
        x = random(batch, *shape).float()
        (got,) = run.run(["y"], {"x": x.numpy()})
        with torch.no_grad():
            y = model(x)
        # Sums of a thousand products in some twenty layers.
        bound = round_off(torch.float32, 20 * 1000, y)
        torch.testing.assert_close(torch.from_numpy(got), y, rtol=0, atol=bound)


def test_transforms_beyond_the_limit_of_files_are_refused(tmp_path, monkeypatch):
    """Before any matrix is made."""
    monkeypatch.setattr(transforms, "LARGEST", 10_000)
    model, shape = case("sfno", torch.float32)
    with pytest.raises(
        ValueError, match=r"matrices of \d+\.\d GB in ONNX, whose files"
    ):
        export_onnx(model, random(2, *shape).float(), tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_a_training_step_compiles_without_graph_breaks(name):
    model, shape = case(name)
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    x, parameters = random(2, *shape), list(model.parameters())
    wanted = torch.autograd.grad(model(x).square().mean(), parameters)
    found = torch.autograd.grad(compiled(x).square().mean(), parameters)
    for one, other in zip(found, wanted, strict=True):
        bound = round_off(torch.float64, 20 * 1000, other) + 1e-14
        torch.testing.assert_close(one, other, rtol=0, atol=bound)
