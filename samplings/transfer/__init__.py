"""Carrying signals between samplings: areas that cells have in common."""

from samplings.transfer.transfer import Transfer

__all__ = [
    "Transfer",
]
