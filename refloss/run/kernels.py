"""Finding, loading and lowering the committed kernels.

A directory of kernels holds ``index.json`` and ``numpy/<program>.py``, or for a program over
embeddings and class vectors ``heads/<program>.py``. The package has one; whoever derives losses of
their own has another, and passes its path.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from refloss.run.lowering import lower
from refloss.run.pruned import pruned
from refloss.run.row_lowering import CLASS, ROW, lower_rows
from refloss.run.row_plan import plan
from refloss.run.rows import RowProgram
from refloss.run.tape import Tape, assemble

if TYPE_CHECKING:
    from refloss.run.native.programs import NativeProgram

__all__ = ["Kernel", "Library", "MissingKernelError", "library"]

_PACKAGED = str(Path(__file__).resolve().parents[1] / "kernels")
_TAPES_KEPT = 256


class MissingKernelError(FileNotFoundError):
    """A directory lacks kernels that its index names, or the index itself."""

    def __init__(self, directory: str, missing: list[str]):
        super().__init__(
            f"no {', '.join(missing)} in {directory}; run `refloss derive` to write the kernels"
        )


class Kernel:
    """One program's NumPy text.

    Parameters
    ----------
    path : str
        The module ``<program>.py``.

    Attributes
    ----------
    module : module
        The imported text, whose functions run as they stand on whole arrays.
    source : str
        The text itself.
    constants : tuple of str
        Names of the run-time constants, in the order in which every function takes them.
    """

    def __init__(self, path: str):
        self.path = path
        self.source = Path(path).read_text(encoding="utf-8")
        self.module = _execute(self.source, path)
        self.constants: tuple[str, ...] = tuple(self.module.CONSTANTS)
        self._tape = lru_cache(_TAPES_KEPT)(self._lower)
        self._rows = lru_cache(_TAPES_KEPT)(self._plan)
        self._parts = lru_cache(_TAPES_KEPT)(partial(pruned, self.source, vars(self.module)))

    def tape(
        self,
        function: str,
        constants: Mapping[str, float],
        *,
        outputs: tuple[int, ...] | None = None,
        uniform: tuple[str, ...] = (),
        fixed: tuple[tuple[str, float], ...] = (),
        errors: bool = True,
    ) -> Tape:
        """Return the tape of one function; a repeated request costs a look-up.

        Parameters
        ----------
        function : str
            ``"value"``, ``"grad"`` or ``"hvp"``.
        constants : mapping of str to float
            Every run-time constant of the program.
        outputs : tuple of int, optional
            Positions of the wanted results; what only the others need is left out. Default all.
        uniform : tuple of str
            Inputs that are one number for all rows.
        fixed : tuple of (str, float)
            Inputs that are known beforehand, folded like constants.
        errors : bool
            Whether error-free transforms are carried out; narrow results do not need them.
        """
        ordered = tuple(float(constants[name]) for name in self.constants)
        return self._tape(function, ordered, outputs, uniform, fixed, errors)

    def rows(
        self,
        function: str,
        shapes: Mapping[str, Sequence[str]],
        constants: Mapping[str, float],
        *,
        outputs: tuple[int, ...] | None = None,
        fixed: tuple[tuple[str, float], ...] = (),
        errors: bool = True,
    ) -> RowProgram:
        """Return one function of a row kernel, ready to run; a repeated request costs a look-up.

        Parameters
        ----------
        function, constants, outputs, fixed
            As for `tape`.
        shapes : mapping of str to sequence of str
            Axes of the program's inputs, as in the index.
        errors : bool
            Whether error-free transforms are carried out; narrow results do not need them.
        """
        ordered = tuple(float(constants[name]) for name in self.constants)
        axes = tuple((name, "".join(map(_axis, letters))) for name, letters in shapes.items())
        return self._rows(function, axes, ordered, outputs, fixed, errors)

    def _plan(
        self,
        function: str,
        axes: tuple[tuple[str, str], ...],
        constants: tuple[float, ...],
        outputs: tuple[int, ...] | None,
        fixed: tuple[tuple[str, float], ...],
        errors: bool,
    ) -> RowProgram:
        known = dict(zip(self.constants, constants, strict=True)) | dict(fixed)
        shapes = dict(axes) | {f"{name}_dot": letters for name, letters in axes}
        shapes["loss_bar"] = "b"
        graph, results = lower_rows(
            self.source, vars(self.module), function, known, shapes, errors=errors
        )
        wanted = results if outputs is None else [results[k] for k in outputs]
        return RowProgram(plan(graph, wanted))

    def _lower(
        self,
        function: str,
        constants: tuple[float, ...],
        outputs: tuple[int, ...] | None,
        uniform: tuple[str, ...],
        fixed: tuple[tuple[str, float], ...],
        errors: bool,
    ) -> Tape:
        known = dict(zip(self.constants, constants, strict=True)) | dict(fixed)
        graph, results = lower(self.source, vars(self.module), function, known, errors=errors)
        wanted = results if outputs is None else [results[k] for k in outputs]
        return assemble(graph, wanted, uniform)

    def some(self, function: str, wanted: frozenset[str]) -> Callable[..., dict[str, Any]]:
        """Return a function of a head that computes the `wanted` results alone, by name."""
        return self._parts(function, wanted)

    def trace(self, *columns: np.ndarray, **constants: float) -> dict[str, np.ndarray]:
        """Run the plain program on whole float64 columns and return every named quantity."""
        with np.errstate(all="ignore"):
            named = self.module.trace(*columns, *(constants[name] for name in self.constants))
        shape = columns[0].shape
        return {name: np.array(np.broadcast_to(value, shape)) for name, value in named.items()}

    def trace_rows(
        self, inputs: Mapping[str, np.ndarray], constants: Mapping[str, float]
    ) -> dict[str, np.ndarray]:
        """Run the plain program on whole arrays by name and return every named quantity."""
        with np.errstate(all="ignore"):
            named = self.module.trace(**inputs, **{n: constants[n] for n in self.constants})
        return {name: np.array(value) for name, value in named.items()}


class Library:
    """A directory of kernels.

    Parameters
    ----------
    directory : str
        Holds ``index.json`` and ``numpy/``.
    """

    def __init__(self, directory: str):
        self.directory = directory
        self._natives: dict[tuple, NativeProgram] = {}

    @cached_property
    def index(self) -> dict[str, Any]:
        """The parsed ``index.json``: losses, their axes and presets, and programs."""
        return json.loads(Path(self.directory, "index.json").read_text(encoding="utf-8"))

    def kernel(self, program: str) -> Kernel:
        """Return a program's kernel.

        Raises
        ------
        MissingKernelError
            If the program's text is not there; the error names every text that is missing.
        """
        path = self._path(program)
        stamp = _stamp(path)
        if stamp is None:
            programs = sorted({program, *self.index["programs"]})
            missing = [f"numpy/{p}.py" for p in programs if _stamp(self._path(p)) is None]
            raise MissingKernelError(self.directory, missing)
        return _kernel(path, stamp)

    def head(self, program: str) -> Kernel:
        """Return the kernel of a program over embeddings and class vectors.

        Raises
        ------
        MissingKernelError
            If the program's text is not there.
        """
        path = os.path.join(self.directory, "heads", f"{program}.py")
        stamp = _stamp(path)
        if stamp is None:
            raise MissingKernelError(self.directory, [f"heads/{program}.py"])
        return _kernel(path, stamp)

    def native(self, program: str) -> NativeProgram:
        """Return a program's text for compilers.

        Raises
        ------
        MissingKernelError
            If it is not there.
        """
        from refloss.run.native.programs import NativeProgram  # costs time that NumPy's path spares

        path = os.path.join(self.directory, "cuda", f"{program}.cu")
        stamp = _stamp(path)
        if stamp is None:
            raise MissingKernelError(self.directory, [f"cuda/{program}.cu"])
        if (program, stamp) not in self._natives:
            entry = self.index["programs"][program]
            self._natives[program, stamp] = NativeProgram(Path(path), entry)
        return self._natives[program, stamp]

    def _path(self, program: str) -> str:
        return os.path.join(self.directory, "numpy", f"{program}.py")


def library(directory: str | Path | None = None) -> Library:
    """Return the kernels of a directory, read anew only after they have been derived anew.

    Parameters
    ----------
    directory : path, optional
        Default: the kernels that come with the package.

    Raises
    ------
    MissingKernelError
        If the directory has no ``index.json``.
    """
    path = _PACKAGED if directory is None else os.path.abspath(directory)
    stamp = _stamp(f"{path}/index.json")
    if stamp is None:
        raise MissingKernelError(path, ["index.json"])
    return _library(path, stamp)


def _axis(letter: str) -> str:
    """Return what the scheduler of rows calls an axis: items, or what a row is made of."""
    return letter if letter == ROW else CLASS


def _stamp(path: str) -> tuple[int, int] | None:
    """Return what changes when a file is written anew, None if there is no file."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size


@lru_cache(32)
def _library(directory: str, stamp: tuple[int, int]) -> Library:
    return Library(directory)


@lru_cache(256)
def _kernel(path: str, stamp: tuple[int, int]) -> Kernel:
    return Kernel(path)


def _execute(source: str, path: str) -> ModuleType:
    """Run a kernel's text as a module: the text itself, never the cached bytecode of an older."""
    module = ModuleType(f"refloss_kernel_{Path(path).stem}")
    module.__file__ = path
    exec(compile(source, path, "exec"), vars(module))
    return module
