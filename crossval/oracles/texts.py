"""Kernel texts by program name, from the package or from a directory of a user's own."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import refloss

__all__ = ["Definition", "constants_of", "load"]


class Definition(Protocol):
    """What the oracles need to know of a resolved loss; `refloss.losses.Spec` is one."""

    @property
    def program(self) -> str:
        """Name of the kernel texts."""
        ...

    @property
    def constants(self) -> Mapping[str, float]:
        """Run-time constants by name."""
        ...


def load(program: str, dialect: str, kernels: Path | str | None = None) -> Any:
    """Import one generated text.

    Parameters
    ----------
    program : str
        Name of the program, for instance ``"ciou"``, or of one that is put together of others, see
        `crossval.oracles.composed`.
    dialect : str
        ``"arb"``, ``"balls"`` or ``"numpy"``.
    kernels : path, optional
        Directory that holds ``<dialect>/<program>.py``; the package's own kernels by default.

    Raises
    ------
    FileNotFoundError
        If there is no such text.
    """
    if "(" in program:
        from crossval.oracles.composed import composed

        return composed(program, dialect, kernels)
    root = Path(kernels) if kernels else Path(next(iter(refloss.__path__))) / "kernels"
    path = (root / dialect / f"{program}.py").resolve()
    if not path.is_file():
        raise FileNotFoundError(f"program {program!r} has no {dialect} text in {root}")
    return _import(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _import(path: Path, _changed: int) -> ModuleType:
    # Keyed by the time of change too: a notebook may derive a kernel anew in one process.
    spec = importlib.util.spec_from_file_location(f"_refloss_{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def constants_of(text: ModuleType, spec: Definition, inputs: int) -> dict[str, float]:
    """Constants of `spec` in the order of a text's ``value``, checked for completeness.

    Parameters
    ----------
    text : module
        An arb or balls text.
    spec : Definition
        The resolved loss.
    inputs : int
        Number of input columns, which precede the constants.

    Raises
    ------
    ValueError
        If `spec` lacks a constant that the text takes, or brings one that it does not.
    """
    names = list(inspect.signature(text.value).parameters)[1 + inputs :]
    if set(names) != set(spec.constants):
        raise ValueError(
            f"constants of {spec.program!r} must be {sorted(names)}; got {sorted(spec.constants)}"
        )
    return {name: float(spec.constants[name]) for name in names}
