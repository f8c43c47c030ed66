"""Transfer of signals between samplings by the areas that cells share."""

from samplings.transfer.transfer import Transfer

__all__ = ["Transfer"]
