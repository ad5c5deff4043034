"""Which convention does an implementation follow? Asked of its results, not of its name."""

from crossval.identification.answer import Identification
from crossval.identification.driver import identify

__all__ = ["Identification", "identify"]
