"""Operators without a sparse matrix are measured as functions of signals."""

import numpy as np
import torch

from deepsphere_pyg.metrics import equivariance_error
from samplings import HEALPix, finite_elements


def test_consistent_mass_is_measured_like_its_dense_matrix():
    sphere = HEALPix(4)
    elements = finite_elements(sphere)
    operator = elements.operator()

    def apply(signals):
        batch, vertices, channels = signals.shape
        columns = signals.numpy().transpose(1, 0, 2).reshape(vertices, -1)
        out = (operator @ columns).reshape(vertices, batch, channels)
        return torch.from_numpy(out.transpose(1, 0, 2).copy())

    dense = np.linalg.solve(
        elements.mass_matrix.toarray(), elements.stiffness.toarray()
    )
    found, expected, cells = (
        equivariance_error(op, sphere, [2, 4], n_samples=6)
        for op in (apply, dense, elements.matrix())
    )
    for one, other, better in zip(found, expected, cells, strict=True):
        np.testing.assert_allclose(one.mean, other.mean, rtol=1e-9)
        assert better.mean < one.mean / 2
