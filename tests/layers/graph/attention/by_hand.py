"""Attention vertex by vertex in NumPy, from spherical trigonometry."""

import numpy as np
import torch
from scipy.special import eval_legendre, softmax


def bearing(a, b):
    """Angle from a to b, and its direction at a, counted from east to north."""
    lat = [np.arcsin(np.clip(p[..., 2], -1, 1)) for p in (a, b)]
    turn = np.arctan2(b[..., 1], b[..., 0]) - np.arctan2(a[..., 1], a[..., 0])
    east = np.cos(lat[1]) * np.sin(turn)
    north = np.cos(lat[0]) * np.sin(lat[1])
    north = north - np.sin(lat[0]) * np.cos(lat[1]) * np.cos(turn)
    along = np.sin(lat[0]) * np.sin(lat[1])
    along = along + np.cos(lat[0]) * np.cos(lat[1]) * np.cos(turn)
    return np.arctan2(np.hypot(east, north), along), np.arctan2(north, east)


def biases(layer, viewer, seen, radius):
    """Bias of every head for points seen from one, shape ``(n, heads)``."""
    if layer.position is None:
        return np.zeros((len(seen), layer.heads))
    angle, direction = bearing(np.broadcast_to(viewer, seen.shape), seen)
    r = np.sin(angle / 2) / np.sin(radius / 2)
    degree = layer.position.degree
    radial = [eval_legendre(j, 2 * r**2 - 1) for j in range(degree // 2 + 1)]
    values = radial[1:]
    for m in range(1, 1 if layer.position.isotropic else degree + 1):
        for j in range((degree - m) // 2 + 1):
            values += [radial[j] * r**m * f(m * direction) for f in (np.cos, np.sin)]
    return np.stack(values, axis=-1) @ layer.position.weight.detach().numpy()


def applied(linear, x):
    bias = 0.0 if linear.bias is None else linear.bias.detach().numpy()
    return x @ linear.weight.detach().numpy().T + bias


def attention_by_hand(layer, viewer, x_viewer, seen, area, x_seen, radius):
    """Result at one point that attends to others, shape ``(out_channels,)``."""
    query = applied(layer.query, x_viewer).reshape(layer.heads, -1)
    key = applied(layer.key, x_seen).reshape(len(seen), layer.heads, -1)
    value = applied(layer.value, x_seen).reshape(len(seen), layer.heads, -1)
    scores = np.einsum("hd,nhd->nh", query, key) / np.sqrt(query.shape[1])
    scores = scores + biases(layer, viewer, seen, radius)
    share = softmax(scores + np.log(area)[:, None], axis=0)
    return applied(layer.output, np.einsum("nh,nhd->hd", share, value).ravel())


def stirred(layer):
    """The layer in float64, with weights that matter."""
    generator = torch.Generator().manual_seed(3)
    layer = layer.double()
    with torch.no_grad():
        for weight in layer.parameters():
            noise = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
            weight += 0.5 * noise
    return layer


def smooth(xyz):
    """Signals of three channels at points."""
    x, y, z = np.asarray(xyz).T
    return np.stack([x * y + z, np.sin(2 * x) - y, np.exp(-z) * x], axis=-1)
