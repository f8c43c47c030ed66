"""How a graph was made, as text that other libraries carry along."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from samplings import Irregular, SphericalGraph, from_config
from samplings.encoding import decode_array, encode_array

FloatArray = npt.NDArray[np.float64]

# Attribute of Data and PyGSP graphs that holds the parameters of a graph as JSON.
RECIPE = "spherical_graph"
_FIELDS = ("k", "t", "distance", "symmetrize", "weighting", "n_joined", "note")


def recipe_of(graph: SphericalGraph) -> str:
    """Write down how a graph was made; JSON keeps floats to the last bit."""
    content: dict[str, Any] = {name: getattr(graph, name) for name in _FIELDS}
    if graph.mass is not None:
        content["mass"] = encode_array(graph.mass)
    return json.dumps({"sampling": graph.sampling.config, **content})


def note_of(recipe: str | None) -> str:
    """What the maker of the graph noted, such as why it is in pieces."""
    return "" if recipe is None else str(json.loads(recipe).get("note", ""))


def graph_of_recipe(
    adjacency: sp.csr_array,
    xyz: FloatArray,
    area: FloatArray | None,
    recipe: str | None,
    mass: FloatArray | None = None,
) -> SphericalGraph:
    """Rebuild a graph from its recipe, or make one of what is known without."""
    if recipe is None:
        k = int(np.diff(adjacency.indptr).min())
        points = Irregular(xyz, area)
        return SphericalGraph(
            points, adjacency, k, math.nan, weighting="unknown", mass=mass
        )
    fields = json.loads(recipe)
    sampling = from_config(fields.pop("sampling"))
    if "mass" in fields:
        fields["mass"] = decode_array(fields["mass"], np.float64, (len(sampling),))
    # Positions may have gone through float32.
    if xyz.shape != sampling.xyz.shape or np.abs(xyz - sampling.xyz).max() > 1e-6:
        raise ValueError(
            f"the positions of {len(xyz)} vertices are not those of the recorded "
            f"sampling {sampling.name} with {len(sampling)}; if they were changed on "
            f"purpose, delete the attribute {RECIPE!r} to take them as they are"
        )
    return SphericalGraph(sampling, adjacency, **fields)
