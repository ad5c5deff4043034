"""Arrays of any library in, arrays of the same library out.

A library is recognised by the type of its object: nothing is imported that the caller has not
imported. NumPy arrays are taken as they are. A torch tensor is detached and read in place.
Everything else must speak DLPack or NumPy's ``__array__`` protocol; results return through the
object's ``__array_namespace__`` where it has one (JAX, array-api-strict, ...), else as NumPy
arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from refloss.run.rounding import format_of

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import DeviceArray

Array: TypeAlias = "np.ndarray | DeviceArray"

__all__ = ["Adopted", "Array", "adopt", "held_format", "on_device"]

_HOST_DEVICES = frozenset({1, 3, 11})  # DLPack: CPU memory, and CPU memory pinned for CUDA or ROCm
_CUDA_DEVICES = frozenset({2, 13})  # DLPack: a device's memory, and memory that CUDA manages


@dataclass(frozen=True)
class Adopted:
    """An argument as NumPy array, with the way back.

    Attributes
    ----------
    array : numpy.ndarray
        The caller's memory where that is possible; never written to.
    give_back : callable
        Turns a new NumPy array into an array of the caller's library.
    """

    array: np.ndarray
    give_back: Callable[[np.ndarray], Any]


def adopt(name: str, value: object) -> Adopted:
    """Read an argument as a NumPy array.

    Parameters
    ----------
    name : str
        The argument's name, for errors.
    value : array of any library
        NumPy array or scalar, torch tensor, or an object with ``__dlpack__`` or ``__array__``.

    Returns
    -------
    Adopted

    Raises
    ------
    TypeError
        If ``value`` is no array, has a mask, or lies on another device than the CPU.
    ImportError
        If a bfloat16 tensor needs ml_dtypes, and that is not installed.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: expected an array without a mask, got {type(value).__name__}; pass "
            f"{name}.data, and leave masked items out by weight 0 or, in rows of classes, by "
            f"ignore_index"
        )
    if isinstance(value, np.ndarray | np.generic):
        return Adopted(np.asarray(value), _keep)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return _from_torch(name, value, torch)
    _require_host(name, value)
    if hasattr(value, "__array__"):
        return Adopted(np.asarray(value), _namespace(value))
    if hasattr(value, "__dlpack__"):
        return Adopted(np.from_dlpack(value), _namespace(value))  # type: ignore[arg-type]
    raise TypeError(
        f"{name}: expected an array (NumPy, torch, or any with __dlpack__ or __array__), "
        f"got {type(value).__name__}"
    )


def held_format(array: Array) -> str:
    """Return the name of the format of an array, on the CPU or on a device."""
    return format_of(array.dtype) if isinstance(array, np.ndarray) else array.format


def on_device(value: Any) -> bool:
    """Return whether a value is an array on a CUDA device."""
    if type(value) is np.ndarray:  # the usual case
        return False
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return value.is_cuda
    if hasattr(value, "__cuda_array_interface__"):
        return True
    return (
        hasattr(value, "__dlpack_device__") and int(value.__dlpack_device__()[0]) in _CUDA_DEVICES
    )


def _keep(result: np.ndarray) -> np.ndarray | np.generic:
    return result if result.ndim else result[()]


def _from_torch(name: str, tensor: Any, torch: Any) -> Adopted:
    if tensor.device.type != "cpu":
        raise TypeError(
            f"{name}: the CPU kernels take CPU arrays, got a tensor on {tensor.device}; "
            f"pass {name}.cpu()"
        )
    plain = tensor.detach().resolve_conj().resolve_neg()
    if plain.layout != torch.strided:
        raise TypeError(f"{name}: expected a dense tensor, got layout {plain.layout}")
    if plain.dtype == torch.bfloat16:
        array = plain.view(torch.int16).numpy().view(_bfloat16())
    else:
        array = plain.numpy()
    return Adopted(array, lambda result: _to_torch(result, torch))


def _to_torch(result: np.ndarray, torch: Any) -> Any:
    if format_of(result.dtype) == "bfloat16":
        return torch.from_numpy(result.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(result)


def _bfloat16() -> np.dtype:
    try:
        import ml_dtypes
    except ImportError:
        raise ImportError("bfloat16 needs ml_dtypes: pip install 'refloss[certify]'") from None
    return np.dtype(ml_dtypes.bfloat16)


def _require_host(name: str, value: Any) -> None:
    device = value.__dlpack_device__()[0] if hasattr(value, "__dlpack_device__") else 1
    if int(device) not in _HOST_DEVICES:
        raise TypeError(
            f"{name}: the CPU kernels take CPU arrays, got {type(value).__name__} "
            f"on DLPack device type {int(device)}; pass a copy on the CPU"
        )


def _namespace(value: Any) -> Callable[[np.ndarray], Any]:
    namespace = getattr(value, "__array_namespace__", None)
    return _keep if namespace is None else namespace().asarray
