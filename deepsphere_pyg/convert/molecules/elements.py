"""Symbols of the elements, and formulas of molecules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

#: Symbols of the elements, in the order of their nuclear charges from 1 on.
SYMBOLS = tuple(
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn "
    "Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce "
    "Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At "
    "Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn "
    "Nh Fl Mc Lv Ts Og".split()
)
#: Nuclear charges by symbol.
CHARGES = {symbol: z for z, symbol in enumerate(SYMBOLS, 1)}


def symbol_of(charge: int) -> str:
    """Return the symbol of a nuclear charge, or ``Z=...`` beyond the known elements.

    Examples
    --------
    >>> symbol_of(6), symbol_of(119)
    ('C', 'Z=119')
    """
    return SYMBOLS[charge - 1] if 1 <= charge <= len(SYMBOLS) else f"Z={charge}"


def formula_of(charges: Iterable[int]) -> str:
    """Return the formula of a molecule in the order of Hill.

    Carbon comes first, then hydrogen, then the others by their symbols; without carbon
    all are ordered by their symbols.

    Examples
    --------
    >>> formula_of([1, 6, 1, 8, 1, 1]), formula_of([8, 1, 1])
    ('CH4O', 'H2O')
    """
    counts = Counter(symbol_of(int(z)) for z in charges if z)
    first = ("C", "H") if "C" in counts else ()
    order = [s for s in first if s in counts]
    order += sorted(s for s in counts if s not in first)
    return "".join(s + (str(counts[s]) if counts[s] > 1 else "") for s in order)
