"""What runs a loss: NumPy, or its compiled program, on the CPU or on a device; in which format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refloss.losses.checks import choice
from refloss.run.arrays import on_device

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import Home

__all__ = ["Backend", "backend_of", "checked", "home_of"]

_BACKENDS = {"numpy": False, "c": True, "cuda": True}
_CHECKS = {"values": True, "none": False}
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


def home_of(backend: str | None, name: str, value: Any) -> Home | None:
    """Return where a call runs by its first array: a device, or None for the CPU.

    Parameters
    ----------
    backend : {None, 'numpy', 'c', 'cuda'}
        None stands for what fits the array: ``"cuda"`` on a device, else ``"numpy"``.
    name : str
        The argument's name.
    value : object
        The argument.

    Raises
    ------
    ValueError
        If the name is unknown.
    DeviceError
        If CUDA is asked for and cannot be used.
    TypeError
        If it is asked for with an array on the CPU.
    """
    if backend is not None:
        choice("backend", backend, _BACKENDS)
    if backend not in (None, "cuda") or (backend is None and not on_device(value)):
        return None
    if not on_device(value):
        from refloss.run import cuda

        cuda.cupy()
        raise TypeError(
            f"{name}: backend 'cuda' takes arrays on a device, got {type(value).__name__} on the "
            f"CPU; pass cupy.asarray({name}), or {name}.cuda() of a torch tensor"
        )
    from refloss.run import device_arrays

    return device_arrays.home_of(name, value)


def checked(check: str | None, *, device: bool) -> bool:
    """Return whether values are checked: by default on the CPU, where nothing waits for it."""
    return not device if check is None else choice("check", check, _CHECKS)


def backend_of(backend: str | None, compute: str | None, held: str) -> Backend:
    """Return the choice of a call.

    Parameters
    ----------
    backend : {None, 'numpy', 'c', 'cuda'}
        None stands for NumPy.
    compute : {'float32', 'float64'} or None
        None stands, in a compiled program, for the narrower one that holds the inputs.
    held : str
        Format of the inputs.

    Raises
    ------
    ValueError
        If a name is unknown, NumPy is to compute in float32, or float64 inputs are.
    """
    compiled = choice("backend", backend or "numpy", _BACKENDS)
    if compute is not None:
        choice("compute", compute, _COMPUTE)
    if not compiled:
        if compute == "float32":
            raise ValueError(
                "compute: expected 'float64', in which backend 'numpy' computes; got 'float32'"
            )
        return Backend(False, "float64")
    narrowest = "float32" if _BITS[held] <= 32 else "float64"
    real = compute or narrowest
    if _COMPUTE[real] < _BITS[held]:
        raise ValueError(f"compute: expected 'float64' for inputs of float64; got {real!r}")
    return Backend(True, real)
