"""A program's committed CUDA text, and the kernels that calls make of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from refloss.run.arrays import held_format
from refloss.run.derived import narrowed
from refloss.run.native.host import HostKernel, Input, Output
from refloss.run.native.launches import Shape, shape
from refloss.run.native.unit import ABSENT, CONSTANTS_LEAST, SAME, Unit

if TYPE_CHECKING:  # what runs on devices is loaded with the first array on one
    from refloss.run.device_arrays import DeviceArray, Home
    from refloss.run.native.device import DeviceKernel
    from refloss.run.native.driver import Driver

__all__ = ["COMPUTE", "NativeProgram"]

COMPUTE = ("float32", "float64")
"""What kernels may compute with."""

_ELEMENTARY = Path(__file__).parents[2] / "kernels" / "cuda" / "elementary.cuh"
_KEPT = 256


class NativeProgram:
    """One program's CUDA text.

    Parameters
    ----------
    path : path
        The file ``<program>.cu``.
    entry : mapping
        What the index says of the program: ``arrays`` and ``constants``, and ``derived`` ones.
    """

    def __init__(self, path: Path, entry: Mapping[str, Any]):
        self.name = path.stem
        self.text = path.read_text(encoding="utf-8")
        self.entry, self.arrays = entry, entry["arrays"]
        self.defaults = {name: float(value) for name, value in entry["constants"].items()}
        self._narrow = self._held(self.defaults, "float32")
        self._kernel = lru_cache(_KEPT)(self._host)
        self._device_kernel = lru_cache(_KEPT)(self._device)

    def run(
        self,
        function: str,
        sizes: Sequence[int],
        inputs: Mapping[str, Input],
        outputs: Mapping[str, Output],
        constants: Mapping[str, float],
        *,
        real: str,
        kinds: Mapping[str, str] | None = None,
    ) -> None:
        """Run one function over all rows on the host.

        Parameters
        ----------
        function : {'value', 'grad', 'hvp'}
        sizes : sequence of int
            Items, and classes where there are any.
        inputs : mapping of str to array or float
            Every input; a number for what is the same everywhere.
        outputs : mapping of str to array or Sink
            Those that are wanted.
        constants : mapping of str to float
            Every constant of the program.
        real : {'float32', 'float64'}
            What is computed with.
        kinds : mapping of str to str, optional
            What arrays hold where it is not what the index says: a layout of boxes.

        Raises
        ------
        CompilerError
            If the text cannot be compiled.
        """
        given, wanted = self._arrays(function, inputs, outputs, kinds)
        constants = self._held(constants, real)
        kernel = self._kernel(function, real, given, wanted, self._fixed(constants))
        every = {name: outputs.get(name) for name, _, _ in wanted}
        kernel.run(sizes, inputs, every, constants)

    def launch(
        self,
        home: Home,
        function: str,
        sizes: Sequence[int],
        inputs: Mapping[str, DeviceArray | float],
        outputs: Mapping[str, DeviceArray],
        constants: Mapping[str, float],
        *,
        real: str,
        kinds: Mapping[str, str] | None = None,
        ignore: int = -1,
    ) -> None:
        """Launch one function over all rows on a device; nothing waits for it.

        Parameters
        ----------
        home : Home
            Where the arrays are.
        function, sizes, inputs, outputs, constants, real, kinds
            As for `run`.
        ignore : int
            The label of rows to ignore.

        Raises
        ------
        CompilerError, DeviceError
            If the text cannot be compiled, or the device cannot be used.
        """
        if not sizes[0]:
            return
        constants = self._held(constants, real)
        fixed, chosen = self._fixed(constants), shape(sizes, real)
        given, wanted = self._arrays(function, inputs, outputs, kinds)
        kernel = self._device_kernel(
            home.driver, function, real, given, wanted, fixed, len(sizes), chosen
        )
        arrays = [*(inputs[name] for name, _, _ in given), *(outputs.get(n) for n, _, _ in wanted)]
        free = [constants[name] for name, value in fixed if value is None]
        numbers = free + [0.0] * (CONSTANTS_LEAST - len(free))
        kernel.launch(home, sizes, arrays, numbers, ignore=ignore)

    def _arrays(
        self,
        function: str,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        kinds: Mapping[str, str] | None,
    ) -> tuple[tuple[tuple[str, str, str], ...], tuple[tuple[str, str, str], ...]]:
        """Return name, kind and format of the inputs and of the outputs."""
        arrays, other = self.arrays[function], kinds or {}
        given = tuple((n, other.get(n) or k, _held(inputs[n])) for n, k in arrays["inputs"])
        wanted = tuple((n, other.get(n) or k, _taken(outputs.get(n))) for n, k in arrays["outputs"])
        return given, wanted

    def _held(self, constants: Mapping[str, float], real: str) -> Mapping[str, float]:
        """Return the constants with those that are two floats each in the format of `real`."""
        if real == "float64" or "derived" not in self.entry:
            return constants
        return narrowed(self.entry, constants)

    def _fixed(self, constants: Mapping[str, float]) -> tuple[tuple[str, float | None], ...]:
        """Return the constants, None for those whose value is left to the call.

        Values that texts compare with, and defaults, become numbers of the text, which the compiler
        folds; any other number, such as a schedule's, changes no text.
        """
        usual = (0.0, 1.0, math.inf, -math.inf)
        known = {
            name: (*usual, default, self._narrow[name]) for name, default in self.defaults.items()
        }
        return tuple((n, constants[n] if constants[n] in known[n] else None) for n in known)

    def _host(self, function: str, real: str, given: tuple, wanted: tuple, constants: tuple):
        unit = Unit(self.name, function, real, given, wanted, constants)
        return HostKernel(unit, self.text, _ELEMENTARY.read_text(encoding="utf-8"))

    def _device(
        self,
        driver: Driver,
        function: str,
        real: str,
        given: tuple,
        wanted: tuple,
        constants: tuple,
        sizes: int,
        shape: Shape,
    ) -> DeviceKernel:
        from refloss.run.native.device import program_kernel

        unit = Unit(self.name, function, real, given, wanted, constants)
        elementary = _ELEMENTARY.read_text(encoding="utf-8")
        return program_kernel(driver, unit, self.text, elementary, sizes, shape)


def _held(array: Any) -> str:
    return SAME if isinstance(array, float) else held_format(array)


def _taken(output: Any) -> str:
    if output is None:
        return ABSENT
    array = isinstance(output, np.ndarray) or hasattr(output, "format")
    return held_format(output) if array else "float64"  # in which a sink takes columns
