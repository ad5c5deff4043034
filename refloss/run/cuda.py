"""CUDA through CuPy: imported, and a device probed, when somebody asks for it and not before."""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["INSTALL", "DeviceError", "DeviceMemoryError", "cupy", "first_line"]

INSTALL = "pip install 'refloss[cuda]' (for drivers of CUDA 12: pip install cupy-cuda12x)"
"""How to install what a device needs."""


class DeviceError(RuntimeError):
    """There is no device, or it cannot be used."""


class DeviceMemoryError(MemoryError):
    """A device has no room for a result."""


@cache
def cupy() -> Any:
    """Return CuPy, once a device has given one element of memory.

    CuPy can be imported without a driver, so an import proves nothing.

    Raises
    ------
    DeviceError
        If CuPy is not installed or finds no device that can be used; one line says why.
    """
    try:
        import cupy as found  # type: ignore[import-not-found]
    except ImportError as error:
        raise DeviceError(f"CUDA needs CuPy ({first_line(error)}): {INSTALL}") from None
    try:
        found.empty(1, "f4")
    except Exception as error:
        raise DeviceError(
            f"CuPy {found.__version__} finds no CUDA device that it can use "
            f"({first_line(error)}): it needs an NVIDIA GPU and its driver"
        ) from None
    return found


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its name."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
