"""Trained networks that are part of the package, by name.

``python -m benchmarks.studies.pack_pretrained`` makes their files, and states how.
"""

from deepsphere_pyg.models.pretrained.registry import (
    load_pretrained,
    pretrained_names,
    pretrained_path,
)

__all__ = ["load_pretrained", "pretrained_names", "pretrained_path"]
