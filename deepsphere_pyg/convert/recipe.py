"""How a graph was made, as text that other libraries carry along."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings import Irregular, SphericalGraph, from_config

FloatArray = npt.NDArray[np.float64]

# Attribute of Data and PyGSP graphs that holds the parameters of a graph as JSON.
RECIPE = "spherical_graph"


def recipe_of(graph: SphericalGraph) -> str:
    """Write down how a graph was made; JSON keeps floats to the last bit."""
    fields = ("k", "t", "distance", "symmetrize")
    content: dict[str, Any] = {name: getattr(graph, name) for name in fields}
    return json.dumps({"sampling": graph.sampling.config, **content})


def graph_of_recipe(
    adjacency: sp.csr_array,
    xyz: FloatArray,
    area: FloatArray | None,
    recipe: str | None,
) -> SphericalGraph:
    """Rebuild a graph from its recipe, or make one of what is known without."""
    if recipe is None:
        k = int(np.diff(adjacency.indptr).min())
        return SphericalGraph(Irregular.from_xyz(xyz, area), adjacency, k, float("nan"))
    fields = json.loads(recipe)
    sampling = from_config(fields.pop("sampling"))
    # Positions may have gone through float32.
    if xyz.shape != sampling.xyz.shape or np.abs(xyz - sampling.xyz).max() > 1e-6:
        raise ValueError(
            f"the positions of {len(xyz)} vertices are not those of the recorded "
            f"sampling {sampling.name} with {len(sampling)}; if they were changed on "
            f"purpose, delete the attribute {RECIPE!r} to take them as they are"
        )
    return SphericalGraph(sampling, adjacency, **fields)
