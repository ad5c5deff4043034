"""Arrays on a CUDA device: recognised, described by address and strides, and made.

Nothing is copied and nothing waits. A kernel is given the addresses of the caller's arrays; results
are allocated by the caller's own library, so that they are its arrays, come from its pool of memory
and belong to its current stream. Libraries other than CuPy and torch pass through DLPack or
``__cuda_array_interface__``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from math import prod
from typing import Any

from refloss.run import cuda
from refloss.run.arrays import Adopted, on_device
from refloss.run.native.driver import Driver, driver

__all__ = ["DeviceArray", "Home", "home_of"]

_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8}


@dataclass(frozen=True)
class DeviceArray:
    """Where an array lies on a device.

    Attributes
    ----------
    at : int
        Address of the first element.
    shape, strides : tuple of int
        Strides are counted in elements.
    format : str
        Name of the dtype: ``"float32"``, ``"bfloat16"``, ``"int64"``, ...
    owner : object
        The array itself, which keeps the memory.
    """

    at: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    format: str
    owner: Any = field(repr=False)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def repeated(self, count: int) -> DeviceArray:
        """Return its only element `count` times."""
        return replace(self, shape=(count,), strides=(0,))


def home_of(name: str, value: Any) -> Home:
    """Return the library and the device of an array that is on one.

    Parameters
    ----------
    name : str
        The argument's name, for errors.
    value : array on a device

    Raises
    ------
    DeviceError
        If the device cannot be used.
    """
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return _torch_home(value.device)
    return _cupy_home(value)


class Home:
    """A library and a device: where arrays come from and where results go.

    Attributes
    ----------
    name : str
        ``"cuda:0"``.
    driver : Driver
        What launches kernels there.
    """

    def __init__(self, index: int, driver: Driver) -> None:
        self.name = f"cuda:{index}"
        self.index = index
        self.driver = driver

    def adopt(self, name: str, value: Any) -> Adopted:
        """Return an argument as `DeviceArray`, with the way back.

        Raises
        ------
        TypeError
            If it is no array of this library on this device.
        """
        raise NotImplementedError

    def empty(self, shape: tuple[int, ...], held: str) -> DeviceArray:
        """Return a new dense array.

        Raises
        ------
        DeviceMemoryError
            If there is no room for it.
        """
        try:
            return self._empty(shape, held)
        except Exception as error:
            if not self._out_of_memory(error):
                raise
            raise cuda.DeviceMemoryError(
                f"{self.name} has no room for {prod(shape) * _BYTES[held]:,} bytes, an array of "
                f"shape {shape} in {held}: {cuda.first_line(error)}"
            ) from error

    def stream(self) -> int | None:
        """Return the handle of the library's current stream, None for CuPy's."""
        raise NotImplementedError

    def int64(self, array: DeviceArray) -> DeviceArray:
        """Return integers of any format as int64."""
        raise NotImplementedError

    def numbers(self, array: DeviceArray, held: str) -> DeviceArray:
        """Return an array in a floating-point format."""
        return array if array.format == held else self._numbers(array, held)

    def _numbers(self, array: DeviceArray, held: str) -> DeviceArray:
        raise NotImplementedError

    def on_host(self, array: DeviceArray) -> Any:
        """Return a copy on the CPU; this waits for the device."""
        raise NotImplementedError

    def _empty(self, shape: tuple[int, ...], held: str) -> DeviceArray:
        raise NotImplementedError

    def _out_of_memory(self, error: Exception) -> bool:
        raise NotImplementedError

    def _refuse(self, name: str, value: Any) -> None:
        raise TypeError(
            f"{name}: expected {self.wanted} on {self.name}, as the other arrays; "
            f"got {_described(value)}"
        )

    wanted = "an array"


class TorchHome(Home):
    """Tensors on a device."""

    wanted = "a tensor"

    def __init__(self, torch: Any, device: Any, driver: Driver) -> None:
        super().__init__(device.index or 0, driver)
        self._torch, self._device = torch, device

    def adopt(self, name: str, value: Any) -> Adopted:
        """Return a tensor's address; no graph is recorded."""
        if not isinstance(value, self._torch.Tensor) or value.device != self._device:
            self._refuse(name, value)
        if value.layout != self._torch.strided:
            raise TypeError(f"{name}: expected a dense tensor, got layout {value.layout}")
        return Adopted(self._described(value.detach().resolve_neg()), _owner)  # type: ignore[arg-type]

    def stream(self) -> int:
        """Return torch's current stream."""
        return self._torch.cuda.current_stream(self._device).cuda_stream

    def int64(self, array: DeviceArray) -> DeviceArray:
        """Return integers of any format as int64."""
        return self._described(array.owner.to(self._torch.int64))

    def _numbers(self, array: DeviceArray, held: str) -> DeviceArray:
        return self._described(array.owner.to(getattr(self._torch, held)))

    def on_host(self, array: DeviceArray) -> Any:
        """Return a tensor on the CPU."""
        return array.owner.cpu()

    def _empty(self, shape: tuple[int, ...], held: str) -> DeviceArray:
        dtype = getattr(self._torch, held)
        return self._described(self._torch.empty(shape, dtype=dtype, device=self._device))

    def _described(self, tensor: Any) -> DeviceArray:
        held = str(tensor.dtype).removeprefix("torch.")
        return DeviceArray(tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), held, tensor)

    def _out_of_memory(self, error: Exception) -> bool:
        return isinstance(error, self._torch.cuda.OutOfMemoryError)


class CupyHome(Home):
    """CuPy arrays on a device, and what passes for them.

    Parameters
    ----------
    cupy : module
    index : int
    driver : Driver
    give_back : callable
        Turns a CuPy array into one of the caller's library.
    """

    def __init__(
        self, cupy: Any, index: int, driver: Driver, give_back: Callable[[Any], Any]
    ) -> None:
        super().__init__(index, driver)
        self._cupy, self._give_back = cupy, give_back

    def adopt(self, name: str, value: Any) -> Adopted:
        """Return an array's address."""
        if not on_device(value):
            self._refuse(name, value)
        array = _as_cupy(self._cupy, value)
        if array.device.id != self.index:
            self._refuse(name, value)
        item = array.dtype.itemsize
        if array.data.ptr % item or any(stride % item for stride in array.strides):
            raise ValueError(
                f"{name}: expected elements of {item} bytes at multiples of {item}, got address "
                f"{array.data.ptr:#x} and strides {array.strides}"
            )
        return Adopted(self._described(array), lambda result: self._give_back(result.owner))  # type: ignore[arg-type]

    def stream(self) -> None:
        """Return None: CuPy launches on its current stream."""
        return None

    def int64(self, array: DeviceArray) -> DeviceArray:
        """Return integers of any format as int64."""
        with self._cupy.cuda.Device(self.index):
            return self._described(array.owner.astype("i8", copy=False))

    def _numbers(self, array: DeviceArray, held: str) -> DeviceArray:
        with self._cupy.cuda.Device(self.index):
            return self._described(array.owner.astype(_dtype(held)))

    def on_host(self, array: DeviceArray) -> Any:
        """Return a NumPy array."""
        return self._cupy.asnumpy(array.owner)

    def _empty(self, shape: tuple[int, ...], held: str) -> DeviceArray:
        with self._cupy.cuda.Device(self.index):
            return self._described(self._cupy.empty(shape, _dtype(held)))

    def _described(self, array: Any) -> DeviceArray:
        item, held = array.dtype.itemsize, array.dtype.type.__name__
        strides = tuple(stride // item for stride in array.strides)
        return DeviceArray(array.data.ptr, array.shape, strides, held, array)

    def _out_of_memory(self, error: Exception) -> bool:
        return isinstance(error, self._cupy.cuda.memory.OutOfMemoryError)


@cache
def _torch_home(device: Any) -> TorchHome:
    return TorchHome(sys.modules["torch"], device, driver(device.index or 0))


def _cupy_home(value: Any) -> CupyHome:
    cupy = cuda.cupy()
    index = _as_cupy(cupy, value).device.id
    return CupyHome(cupy, index, driver(index), _way_back(cupy, value))


def _as_cupy(cupy: Any, value: Any) -> Any:
    if isinstance(value, cupy.ndarray):
        return value
    # DLPack lets streams wait for each other; behind the other protocol the host would wait.
    return cupy.from_dlpack(value) if hasattr(value, "__dlpack__") else cupy.asarray(value)


def _way_back(cupy: Any, value: Any) -> Callable[[Any], Any]:
    namespace = getattr(value, "__array_namespace__", None)
    if isinstance(value, cupy.ndarray) or namespace is None:
        return lambda array: array
    return namespace().from_dlpack


def _owner(result: Any) -> Any:
    return result.owner


def _dtype(held: str) -> Any:
    if held != "bfloat16":
        return held
    from ml_dtypes import bfloat16  # the caller's array has this dtype

    return bfloat16


def _described(value: Any) -> str:
    device = getattr(value, "device", None)
    return f"{type(value).__name__}" + (f" on {device}" if device is not None else "")
