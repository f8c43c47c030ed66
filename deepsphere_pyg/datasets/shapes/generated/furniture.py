"""Furniture and aeroplanes, of boxes and tubes."""

from __future__ import annotations

import numpy as np

from deepsphere_pyg.datasets.shapes.generated.lofts import (
    Piece,
    box,
    circle,
    extruded,
    polygon,
    together,
)
from deepsphere_pyg.datasets.shapes.generated.superquadrics import superquadric


def _legs(
    rng: np.random.Generator, width: float, depth: float, height: float, thick: float
) -> list[Piece]:
    """Return four legs at the corners of a rectangle, round or square, splayed."""
    inset, splay = rng.uniform((0.8, -0.1), (0.95, 0.15))
    corners = circle(20) if rng.random() < 0.5 else polygon(4, 5, turn=np.pi / 4)
    pieces = []
    for x in (-1, 1):
        for y in (-1, 1):
            leg = extruded(corners).moved((thick, thick, height / 2))
            aside = splay * (height / 2 - leg.vertices[:, 2:]) / height
            shear = aside * np.array([[x, y, 0]])
            at = (x * inset * width / 2, y * inset * depth / 2, height / 2)
            pieces.append(Piece(leg.vertices + shear, leg.faces).moved(1, at))
    return pieces


def table(rng: np.random.Generator) -> Piece:
    """Return a table: a board, round or not, on four legs or one."""
    width, depth, height = rng.uniform((1.2, 0.8, 0.6), (2, 1.3, 1.3))
    board, thick = rng.uniform((0.05, 0.04), (0.15, 0.1))
    round_top = rng.random() < 0.4
    size = (width, depth, board)
    if round_top:
        top = extruded(circle(40)).moved(np.array(size) / 2, (0, 0, height))
    else:
        top = box(size, (0, 0, height))
    if rng.random() < 0.3:
        post = extruded(circle(24)).moved(
            (thick, thick, height / 2), (0, 0, height / 2)
        )
        wide = rng.uniform(0.3, 0.6)
        foot = extruded(circle(32)).moved((wide, wide, 0.04), (0, 0, 0.03))
        return together([top, post, foot])
    # Legs of a round board stand on its inscribed rectangle.
    share = 0.72 if round_top else 1.0
    return together([top, *_legs(rng, share * width, share * depth, height, thick)])


def chair(rng: np.random.Generator) -> Piece:
    """Return a chair: a seat, a back that leans, four legs, and partly arms."""
    width, depth, height = rng.uniform((0.7, 0.7, 0.6), (1, 1, 1))
    board, thick, tall, lean = rng.uniform((0.06, 0.04, 0.7, 0), (0.2, 0.08, 1.3, 0.35))
    seat = box((width, depth, board), (0, 0, height))
    pieces = [seat, *_legs(rng, width, depth, height, thick)]
    slab = board * rng.uniform(0.5, 1)
    if rng.random() < 0.5:
        back = [box((width, slab, tall), (0, 0, tall / 2))]
    else:
        bars = int(rng.integers(2, 6))
        at = np.linspace(-0.45, 0.45, bars) * width
        back = [box((0.1, slab, tall), (x, 0, tall / 2)) for x in at]
        back.append(box((width, slab, 0.15), (0, 0, tall)))
    place = (0, depth / 2 - slab / 2, height)
    pieces += [piece.turned(0, -lean).moved(1, place) for piece in back]
    if rng.random() < 0.4:
        rise = rng.uniform(0.25, 0.45)
        for side in (-1, 1):
            x = side * (width / 2 - 0.04)
            pieces.append(box((0.09, depth, 0.07), (x, 0, height + rise)))
            y = -depth / 2 + 0.06
            pieces.append(box((0.07, 0.08, rise), (x, y, height + rise / 2)))
    return together(pieces)


def shelf(rng: np.random.Generator) -> Piece:
    """Return a shelf: two sides, three to six boards, and partly a back."""
    width, depth, height = rng.uniform((0.7, 0.3, 1.2), (1.4, 0.6, 2.2))
    board, side = rng.uniform(0.04, 0.09, 2)
    n = int(rng.integers(3, 7))
    levels = np.linspace(board / 2, height - board / 2, n)
    levels[1:-1] += rng.uniform(-0.06, 0.06, n - 2)
    pieces = [box((width, depth, board), (0, 0, z)) for z in levels]
    x = width / 2
    pieces += [box((side, depth, height), (s * x, 0, height / 2)) for s in (-1, 1)]
    if rng.random() < 0.5:
        pieces.append(box((width, 0.04, height), (0, depth / 2, height / 2)))
    return together(pieces)


def aeroplane(rng: np.random.Generator) -> Piece:
    """Return an aeroplane: a fuselage, swept wings, a tail, and partly engines."""
    thick, span, chord = rng.uniform((0.1, 0.8, 0.25), (0.18, 1.4, 0.5))
    sweep, taper = rng.uniform((0, 0.3), (0.6, 0.9))
    fuselage = superquadric((1, thick, thick), 1, rng.uniform(0.6, 1)).moved(
        1, (0, 0, 0)
    )
    at = rng.uniform(-0.1, 0.25)
    height, bent = rng.uniform((-0.06, -0.05), (0.06, 0.25))
    pieces = [fuselage]
    tail = rng.uniform(0.3, 0.45)
    for side in (-1, 1):
        wing = _fin(span, chord, sweep, taper, 0.06, bent)
        back = _fin(span * tail, chord * 0.6, sweep, taper, 0.05, 0)
        for fin, place in ((wing, (at, 0, height)), (back, (-0.85, 0, 0.03))):
            flip = Piece(fin.vertices * (1, side, 1), fin.faces[:, ::side])
            pieces.append(flip.moved(1, place))
    upright = _fin(rng.uniform(0.25, 0.5), chord * 0.7, 0.6, 0.6, 0.05, 0)
    pieces.append(upright.turned(0, np.pi / 2).moved(1, (-0.82, 0, 0)))
    for y in np.array([0.3, 0.55])[: int(rng.integers(0, 3))] * span:
        wide = 0.5 * thick
        for side in (-1, 1):
            x = at - sweep * y + 0.3 * chord
            z = height + bent * y - wide
            engine = superquadric((2.2 * wide, wide, wide), 0.4, 1, 11, 20)
            pieces.append(engine.moved(1, (x, side * y, z)))
    return together(pieces)


def _fin(
    span: float, chord: float, sweep: float, taper: float, thick: float, rise: float
) -> Piece:
    """Return a wing along y from the origin: swept back, narrower outwards, bent up."""
    piece = box((chord, span, thick), (0, span / 2, 0))
    x, y, z = piece.vertices.T
    size = 1 - (1 - taper) * y / span
    vertices = [size * x - sweep * y, y, size * z + rise * y]
    return Piece(np.stack(vertices, axis=1), piece.faces)
