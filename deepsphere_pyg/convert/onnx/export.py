"""Networks and layers as ONNX files, for other runtimes and languages."""

from __future__ import annotations

import copy
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from deepsphere_pyg.convert.onnx.operations import Translator, onnx_module
from deepsphere_pyg.convert.onnx.transforms import LARGEST, refuse_large_transforms
from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.fixed_tensors import FixedTensors
from samplings.arguments import path_argument
from samplings.atomic_files import atomic_path

OPSET = 18
DTYPES = (torch.float32, torch.float64)


def export_onnx(
    model: nn.Module,
    x: Tensor,
    path: str | os.PathLike[str],
    operator: FixedTensors | None = None,
) -> None:
    """Write a model, with its graph operators, to an ONNX file.

    The file is self-contained, uses only standard operators (version 18), and takes any
    number of signals. Its input is named ``x``, its output ``y``.

    Parameters
    ----------
    model
        A network, or a layer, in evaluation mode. It is not changed; the file describes
        its inference on the CPU, whatever device and execution it has.
    x
        Example of its input, shape ``(*batch, vertex, channel)``, with any values. The
        sizes of batch axes may differ later, their number may not.
    path
        Where to write; a missing folder is made, and no partial file is left.
    operator
        The operator of a layer that takes one beside the signal; of attention, its
        neighbourhoods, windows or vertices.

    Raises
    ------
    ImportError
        If the packages of the ``onnx`` extra are not installed.
    TypeError
        If the model is not a module, ``operator`` is not made of fixed tensors, ``x``
        not a tensor of float32 or float64, or the model does not return one tensor.
    ValueError
        If a part of the model is in training mode, ``x`` does not fit it, it cannot be
        traced, or it is larger than the 2 GB limit of ONNX files.
    OSError
        If the file cannot be written.

    Notes
    -----
    Sums over edges become a Gather of each vertex's neighbours and a MatMul with their
    weights, since runtimes have no sparse matrices; they take several times as long as
    this package. Transforms on the sphere become dense matrices.

    Examples
    --------
    >>> import tempfile
    >>> from deepsphere_pyg import ChebConv, laplacian_operator
    >>> from samplings import HEALPix, knn_graph, laplacian
    >>> operator = laplacian_operator(HEALPix(1), k=4)
    >>> x, layer = torch.zeros(2, 12, 3), ChebConv(3, 5, K=4).eval()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_onnx(layer, x, f"{folder}/layer.onnx", operator)
    """
    for name in ("onnx", "onnxscript"):
        onnx_module(name)
    path = path_argument("path", path)
    module, x = _checked(model, x, operator)
    axes = x.ndim - 2
    names = ["batch"] if axes == 1 else [f"batch_{axis}" for axis in range(axes)]
    program = _traced(module, x, names, type(model).__name__)
    refuse_large_transforms(program, type(model).__name__)
    onnx_program = _translated(program, names)
    size = sum(
        value.const_value.nbytes
        for value in onnx_program.model.graph.initializers.values()
    )
    if size > LARGEST:
        raise ValueError(
            "an ONNX file must be at most 2 GB, got a "
            f"{type(model).__name__} with {size / 1e9:.1f} GB of weights and edges; "
            "use a coarser sampling, or torch.export"
        )
    with atomic_path(path) as temporary:
        onnx_program.save(temporary, external_data=False)


class _WithOperator(nn.Module):
    """A layer and its operator, as a function of the signal alone."""

    def __init__(self, layer: nn.Module, operator: FixedTensors) -> None:
        super().__init__()
        self.layer = layer
        self.operator = operator

    def forward(self, x: Tensor) -> Any:
        return self.layer(x, self.operator)


def _checked(
    model: Any, x: Any, operator: FixedTensors | None
) -> tuple[nn.Module, Tensor]:
    """Return a copy of the model, ready to be traced, and an example that fits it."""
    if not isinstance(model, nn.Module):
        raise TypeError(
            "model must be a network or a layer, a torch.nn.Module, got "
            f"{type(model).__name__}"
        )
    name = type(model).__name__
    if any(part.training for part in model.modules()):
        raise ValueError(
            f"{name} is in training mode, where layers such as batch normalisation "
            "act differently; call .eval() first"
        )
    if not isinstance(x, Tensor) or x.dtype not in DTYPES:
        got = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise TypeError(
            f"x must be a tensor of float32 or float64, got {got}; convert the model "
            "and x with .float()"
        )
    module = copy.deepcopy(model)
    if operator is not None:
        if not isinstance(operator, FixedTensors):
            raise TypeError(
                "operator must be what the layer is called with: an EdgeOperator, or "
                "Neighbourhoods, Windows or AllVertices for attention, got "
                f"{type(operator).__name__}; convert a Laplacian with "
                "deepsphere_pyg.laplacian_operator"
            )
        module = _WithOperator(module, copy.deepcopy(operator))
    module.cpu().requires_grad_(False)
    for part in module.modules():
        if isinstance(part, EdgeOperator):
            part.execution = "auto"
    # Tracing would fix a batch axis of size 0 or 1 to that size.
    x = x.detach().cpu()
    x = x.new_zeros([max(2, size) for size in x.shape[:-2]] + list(x.shape[-2:]))
    y = module(x)
    if not isinstance(y, Tensor):
        raise TypeError(
            f"{name} must return one tensor, got {type(y).__name__}; wrap it in a "
            "module that does"
        )
    return module, x


def _traced(
    module: nn.Module, x: Tensor, names: list[str], model_name: str
) -> torch.export.ExportedProgram:
    """Trace a module for batches of any size, with the given names of axes."""
    batch = {axis: torch.export.Dim(axis_name) for axis, axis_name in enumerate(names)}
    try:
        with torch.no_grad():
            return torch.export.export(module, (x,), dynamic_shapes=(batch,))
    except Exception as error:  # networks can fail to be traced in any way
        raise ValueError(
            f"{model_name} cannot be traced by torch.export: {error}\n"
            "The layers of this package can, if they are given operators and not "
            "edge_index"
        ) from error


def _translated(program: torch.export.ExportedProgram, names: list[str]) -> Any:
    """Translate a program to ONNX, as PyTorch's ``ONNXProgram``."""
    signature = program.graph_signature
    tensors = {**program.state_dict, **program.constants}
    places = {
        **signature.inputs_to_buffers,
        **signature.inputs_to_lifted_tensor_constants,
    }
    constants = {name: tensors[place] for name, place in places.items()}
    translator = Translator(constants, OPSET)
    with _quiet():
        onnx_program: Any = torch.onnx.export(
            program,
            input_names=["x"],
            output_names=["y"],
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            custom_translation_table=translator.table(),
            optimize=False,
        )
        graph = onnx_program.model.graph
        for value in translator.initializers.values():
            graph.register_initializer(value)
        onnx_program.optimize()
    axes = graph.inputs[0].shape[:-2]
    onnx_program.rename_axes(
        {str(axis.value): name for axis, name in zip(axes, names, strict=True)}
    )
    _forget_origin(onnx_program.model)
    return onnx_program


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide messages of the exporter that users can do nothing about."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    with warnings.catch_warnings():
        # It uses features that newer Python and PyTorch call deprecated, ...
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        # ... and misses torchvision, which nothing here needs.
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _forget_origin(model: Any) -> None:
    """Drop the exporter's notes on the source files of each node."""
    graph = model.graph
    for part in (model, graph, *graph, *graph.initializers.values()):
        part.metadata_props.clear()
    for node in graph:
        for value in node.outputs:
            value.metadata_props.clear()
    for value in graph.inputs:
        value.metadata_props.clear()
