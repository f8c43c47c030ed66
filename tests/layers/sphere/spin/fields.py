"""Random fields of several spins, their rotations and reflections."""

import torch

from deepsphere_pyg.harmonics import FieldRotation, rotate, rotate_spin
from tests.helpers import random


def coefficients(channels, L, batch=(), seed=1, dtype=torch.float64):
    """Independent normal numbers, zero at degrees below the spin."""
    fields = {}
    for spin, number in channels.items():
        parts = (2,) if spin else ()
        shape = (*batch, L * L, *parts, number)
        c = random(*shape, seed=seed + spin, dtype=dtype)
        start = -3 if spin else -2
        c.narrow(start, 0, spin * spin).zero_()
        fields[spin] = c
    return fields


def rotated(c, rotation, L):
    return {s: (rotate_spin if s else rotate)(x, rotation, L) for s, x in c.items()}


def rotated_fields(fields, rotation, sampling, L):
    """Rotate fields on vertices, scalars as both components of spin 0."""
    turned = {}
    for spin, x in fields.items():
        turn = FieldRotation(sampling, L, spin, dtype=x.dtype)
        pair = x if spin else torch.stack([x, x], -2)
        y = turn(pair, rotation)
        turned[spin] = y if spin else y[..., 0, :]
    return turned


def mirrored(fields, sampling):
    """Fields on rings, after the longitude has changed its sign."""
    result = {}
    for spin, x in fields.items():
        where = 0 if spin == 0 else 1
        rings = x.movedim(-2 - where, 0).unflatten(0, (sampling.n_theta, -1))
        # From 0, 1, 2 ... to 0, -1, -2 ... times the spacing.
        y = rings.flip(1).roll(1, 1).flatten(0, 1).movedim(0, -2 - where)
        if spin:
            y = y * torch.tensor([1.0, -1.0], dtype=y.dtype)[:, None]
        result[spin] = y
    return result
