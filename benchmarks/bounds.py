"""What bounds a compiled program: each part is taken away in turn, and the rest is timed.

The texts that lack a part compute something else, of course; only their time is looked at. What a
part's absence saves is what it costs where it overlaps with nothing else, so the parts need not
add up to the whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

import refloss
from benchmarks import clock, rows, variants
from benchmarks.tables import Table
from refloss.run.kernels import library
from refloss.run.native.programs import NativeProgram

REALS = {False: ("float64", "float32"), True: ("float32",)}
"""What is computed with for float32 inputs: of boxes, and of rows."""

PAIRS, SHAPE = 1_000_000, (512, 100_000)
"""Boxes, and rows and classes, of a workload."""

_ELEMENTARY = re.compile(r"\b(exp|log|log1p|atan|atan2)_\(")
_ERRORS = re.compile(r"\btwo_(sum|diff|prod)_error\(")
_DIVISION = re.compile(r"(?<!/)/(?!/)")

ABSENT: dict[str, Callable[[str], str]] = {
    "": lambda line: line,
    "division": lambda line: _DIVISION.sub("*", line),
    "elementary functions": lambda line: _ELEMENTARY.sub("(", line),
    "error terms": lambda line: _ERRORS.sub("(", line),
}
"""Rewrites of a text by the part that they take away: of a call the last argument stays."""


@dataclass(frozen=True)
class Bounds:
    """Seconds a number of one workload, whole and without each part."""

    what: str
    dtype: str
    real: str
    seconds: dict[str, float]


def measure(loss: str, dtype: str, real: str, rounds: int) -> Bounds:
    """Time a loss's value and gradient on the host, whole and without each part."""
    work, count, numbers = (
        (_rows, SHAPE[0] * SHAPE[1], 2) if loss == rows.LOSS else (_boxes, PAIRS, 17)
    )
    calls = {part: work(loss, dtype, real, part) for part in ABSENT}
    calls["memory"] = clock.copier(numbers * count * np.dtype(dtype).itemsize)
    timings = clock.compare(calls, rounds=rounds, least=0.05, threads=1)
    seconds = {part: timing.median / count for part, timing in timings.items()}
    return Bounds(loss, dtype, real, seconds)


def table(found: list[Bounds]) -> Table:
    """Return what the absence of each part saves."""
    parts = [part for part in ABSENT if part]
    head = ("loss", "dtype", "computes", "ns", *parts, "memory")
    body = tuple(
        (
            bounds.what,
            bounds.dtype,
            bounds.real,
            f"{1e9 * bounds.seconds['']:.2f}",
            *(f"{1 - bounds.seconds[part] / bounds.seconds['']:.0%}" for part in parts),
            f"{bounds.seconds['memory'] / bounds.seconds['']:.0%}",
        )
        for bounds in found
    )
    note = (
        "ns: for a pair of boxes (1,000,000 of them) or a logit (512 × 100,000). memory: the share "
        "of that time in which the inputs are read and the outputs written at the copy speed. The "
        "rest: how much less time the program takes without that part."
    )
    return Table("What bounds the compiled program", head, body, words=3, note=note)


def _program(name: str, part: str) -> NativeProgram:
    path = Path(str(files("refloss.kernels") / "cuda" / f"{name}.cu"))
    program = NativeProgram(path, library().index["programs"][name])
    program.text = ABSENT[part](program.text)
    return program


def _boxes(loss: str, dtype: str, real: str, part: str) -> Callable[[], object]:
    size = PAIRS
    pred, target = variants.boxes(size, dtype)
    spec = variants.spec(loss)
    program = _program(spec.program, part)
    inputs = {"pred": pred, "target": target, "loss_bar": 1.0}
    outputs = {"loss": np.empty(size, dtype)}
    outputs |= {f"{name}_bar": np.empty((size, 4), dtype) for name in ("pred", "target")}

    def call() -> None:
        program.run("grad", (size,), inputs, outputs, spec.constants, real=real)

    return call


def _rows(loss: str, dtype: str, real: str, part: str) -> Callable[[], object]:
    shape = SHAPE
    logits, target = rows.logits(shape, dtype)
    spec = refloss.resolve(loss)
    program = _program(spec.program, part)
    inputs = {"logits": logits, "target": target, "class_weight": 1.0, "loss_bar": 1.0}
    outputs = {"loss": np.empty(shape[0], dtype), "logits_bar": np.empty(shape, dtype)}

    def call() -> None:
        program.run("grad", shape, inputs, outputs, spec.constants, real=real)

    return call
