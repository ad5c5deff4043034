"""A program's committed CUDA text, and the kernels that calls make of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from refloss.run.native.host import HostKernel, Input, Output
from refloss.run.native.unit import ABSENT, SAME, Unit
from refloss.run.rounding import format_of

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
        What the index says of the program: ``arrays`` and ``constants``.
    """

    def __init__(self, path: Path, entry: Mapping[str, Any]):
        self.name = path.stem
        self.text = path.read_text(encoding="utf-8")
        self.arrays = entry["arrays"]
        self.defaults = {name: float(value) for name, value in entry["constants"].items()}
        self._kernel = lru_cache(_KEPT)(self._host)

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
        arrays, other = self.arrays[function], kinds or {}
        given = tuple((n, other.get(n, k), _held(inputs[n])) for n, k in arrays["inputs"])
        wanted = tuple((n, other.get(n, k), _taken(outputs.get(n))) for n, k in arrays["outputs"])
        kernel = self._kernel(function, real, given, wanted, self._fixed(constants))
        every = {name: outputs.get(name) for name, _, _ in wanted}
        kernel.run(sizes, inputs, every, constants)

    def _fixed(self, constants: Mapping[str, float]) -> tuple[tuple[str, float | None], ...]:
        """Return the constants, None for those whose value is left to the call.

        Values that texts compare with, and defaults, become numbers of the text, which the compiler
        folds; any other number, such as a schedule's, changes no text.
        """
        usual = (0.0, 1.0, math.inf, -math.inf)
        return tuple(
            (name, constants[name] if constants[name] in (*usual, default) else None)
            for name, default in self.defaults.items()
        )

    def _host(self, function: str, real: str, given: tuple, wanted: tuple, constants: tuple):
        unit = Unit(self.name, function, real, given, wanted, constants)
        return HostKernel(unit, self.text, _ELEMENTARY.read_text(encoding="utf-8"))


def _held(array: Input) -> str:
    return format_of(array.dtype) if isinstance(array, np.ndarray) else SAME


def _taken(output: Output) -> str:
    if output is None:
        return ABSENT
    return format_of(output.dtype) if isinstance(output, np.ndarray) else "float64"
