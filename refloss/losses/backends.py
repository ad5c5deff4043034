"""What runs a loss: NumPy, or its compiled program; and what that computes with."""

from __future__ import annotations

from dataclasses import dataclass

from refloss.losses.checks import choice

__all__ = ["Backend", "backend_of"]

_BACKENDS = {"numpy": False, "c": True}
_COMPUTE = {"float32": 32, "float64": 64}
_BITS = {"float16": 16, "bfloat16": 16, "float32": 32, "float64": 64}


@dataclass(frozen=True)
class Backend:
    """A choice that has been checked.

    Attributes
    ----------
    compiled : bool
        Whether the program compiled for this machine runs.
    real : {'float32', 'float64'}
        What is computed with.
    """

    compiled: bool
    real: str

    @property
    def bits(self) -> int:
        """Width of a number that is computed with."""
        return _COMPUTE[self.real]


def backend_of(backend: str, compute: str | None, held: str, *, default: str = "") -> Backend:
    """Return the choice of a call.

    Parameters
    ----------
    backend : {'numpy', 'c'}
    compute : {'float32', 'float64'} or None
    held : str
        Format of the inputs.
    default : str
        What a compiled program computes with where nothing is asked for; the narrowest that holds
        the inputs if empty.

    Raises
    ------
    ValueError
        If a name is unknown, NumPy is to compute in float32, or float64 inputs are.
    """
    compiled = choice("backend", backend, _BACKENDS)
    if compute is not None:
        choice("compute", compute, _COMPUTE)
    if not compiled:
        if compute == "float32":
            raise ValueError(
                "compute: expected 'float64', in which backend 'numpy' computes; got 'float32'"
            )
        return Backend(False, "float64")
    narrowest = "float32" if _BITS[held] <= 32 else "float64"
    real = compute or default or narrowest
    if _COMPUTE[real] < _BITS[held]:
        raise ValueError(f"compute: expected 'float64' for inputs of float64; got {real!r}")
    return Backend(True, real)
