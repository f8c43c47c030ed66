"""Published scores of shapes, which the command prints beside its own.

Sources: Defferrard et al. 2020 (arXiv:2012.15000), table 1, and the records of its
code; Esteves et al. 2018 (arXiv:1711.06721); Cohen et al. 2018 (arXiv:1801.10130); Cobb
et al. 2021 (arXiv:2010.11661); Savva et al. 2017.
"""

from __future__ import annotations

from typing import NamedTuple


class PublishedRow(NamedTuple):
    """A row of a table, fractions of one but for the classification.

    Attributes
    ----------
    name
        Method.
    retrieval
        Micro averages P@N, R@N, F1@N, mAP and NDCG; None where not published.
    accuracy, f1
        Of the classification, in percent.
    parameters
        Number of parameters, as published.
    """

    name: str
    retrieval: tuple[float | None, ...]
    accuracy: float | None = None
    f1: float | None = None
    parameters: str = ""


#: Perturbed test set of SHREC'17; NR/NR is of the normal one.
SHREC17 = (
    PublishedRow("DLAN (Furuya)", (0.814, 0.683, 0.706, 0.656, None)),
    PublishedRow("ReVGG (Tatsuma)", (0.705, 0.769, 0.719, 0.696, None)),
    PublishedRow(
        "Cohen 2018, b = 128", (0.701, 0.711, 0.699, 0.676, 0.756), parameters="1.4M"
    ),
    PublishedRow(
        "Esteves 2018, b = 64",
        (0.717, 0.737, None, 0.685, None),
        79.2,
        79.4,
        "500k",
    ),
    PublishedRow(
        "DeepSphere, equiangular",
        (0.709, 0.700, 0.698, 0.665, 0.748),
        79.3,
        79.4,
        "190k",
    ),
    PublishedRow(
        "DeepSphere, HEALPix",
        (0.725, 0.717, 0.715, 0.686, 0.764),
        80.4,
        80.7,
        "190k",
    ),
    PublishedRow(
        "DeepSphere, HEALPix, NR/R",
        (0.715, 0.707, 0.705, 0.675, 0.755),
        parameters="190k",
    ),
    PublishedRow(
        "DeepSphere, HEALPix, NR/NR",
        (0.709, 0.704, 0.700, 0.671, 0.751),
        parameters="190k",
    ),
    PublishedRow("Cobb 2021", (0.719, 0.710, 0.708, 0.679, 0.758), parameters="250k"),
)
#: ModelNet40, in the record of DeepSphere's code, under the names that it has there:
#: trained/tested on shapes as they are (x, here NR), turned about the vertical axis
#: (z), or rotated at random (SO3, here R).
MODELNET40 = (
    PublishedRow("DeepSphere, x/x", (), 87.8),
    PublishedRow("DeepSphere, z/z", (), 86.8),
    PublishedRow("DeepSphere, SO3/SO3", (), 86.7),
    PublishedRow("DeepSphere, z/SO3", (), 76.9),
    PublishedRow("Esteves 2018, z/z", (), 88.9),
    PublishedRow("Esteves 2018, SO3/SO3", (), 86.9),
    PublishedRow("Esteves 2018, z/SO3", (), 78.6),
)
PUBLISHED = {"shrec17": SHREC17, "modelnet40": MODELNET40}
