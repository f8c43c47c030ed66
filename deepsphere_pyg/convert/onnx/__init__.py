"""Export of models to ONNX."""

from deepsphere_pyg.convert.onnx.export import export_onnx

__all__ = [
    "export_onnx",
]
