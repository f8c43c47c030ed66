"""Generated shapes: pieces of closed surfaces, families made of them, and a source."""

from deepsphere_pyg.datasets.shapes.generated.generated_shapes import GeneratedShapes

__all__ = ["GeneratedShapes"]
