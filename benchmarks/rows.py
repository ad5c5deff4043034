"""Softmax cross-entropy beside PyTorch: wide rows, where a pass over memory is what costs.

``eager`` is ``torch.nn.functional.cross_entropy`` with autograd, ``compiled`` is ``torch.compile``
of the same call. Every variant returns the loss of each row and the gradient of their sum.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

import refloss
from benchmarks import clock, memory
from benchmarks.correctness import AGREES
from benchmarks.tables import Table

LOSS = "cross_entropy"
SHAPES = ((4096, 1000), (512, 100_000), (100_000, 10))
PEERS = ("eager", "compiled")
OURS = {"refloss": {}, "c": {"backend": "c"}}
DTYPES = {"float32": 4, "float64": 8}
CHECKED = (8, 1000)

Call = Callable[[], object]


@dataclass(frozen=True)
class RowTiming:
    """Median times of one shape and dtype by variant; ``"copy"`` is the roofline.

    Attributes
    ----------
    operations : int
        Array operations of the shipped kernel for value and gradient.
    spread : float
        Interquartile distance over the median, of each of ours.
    """

    dtype: str
    shape: tuple[int, int]
    operations: int
    seconds: dict[str, float]
    spread: dict[str, float]

    def ratio(self, peer: str, ours: str = "refloss") -> float | None:
        """Return how many times longer `peer` takes than one of ours."""
        return self.seconds[peer] / self.seconds[ours] if peer in self.seconds else None

    def nanoseconds(self, ours: str = "refloss") -> float:
        """Return the time of one of ours for one logit."""
        return 1e9 * self.seconds[ours] / (self.shape[0] * self.shape[1])


def logits(shape: tuple[int, int], dtype: str) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Return logits as of a half-trained classifier, and their classes."""
    random = np.random.default_rng(shape[1])
    table = random.standard_normal(shape, dtype=np.float32) * np.float32(3)
    return table.astype(dtype), random.integers(0, shape[1], shape[0])


def variant(name: str, dtype: str, shape: tuple[int, int]) -> Call:
    """Return a call without arguments that computes losses and gradient."""
    table, target = logits(shape, dtype)
    if name in OURS:
        return lambda: refloss.cross_entropy.value_and_grad(table, target, **OURS[name])
    import torch

    leaf, labels = torch.from_numpy(table).requires_grad_(), torch.from_numpy(target)
    ones, function = torch.ones(shape[0], dtype=leaf.dtype), _form(name)

    def call() -> tuple:
        loss = function(leaf, labels)
        return (loss, *torch.autograd.grad(loss, (leaf,), ones))

    return call


@cache
def _form(name: str) -> Callable:
    import torch

    def eager(table: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(table, target, reduction="none")

    return eager if name == "eager" else torch.compile(eager, dynamic=False, fullgraph=True)


def check(name: str, dtype: str) -> float:
    """Return the worst error of a variant, see `worst_error`.

    Raises
    ------
    ValueError
        Where the error shows that the variant computes something else.
    """
    value, slopes = _outputs(variant(name, dtype, CHECKED)())
    return agreed(name, dtype, worst_error(dtype, CHECKED, value, slopes))


def agreed(name: str, dtype: str, error: float) -> float:
    """Return the error, or raise a ValueError if it shows that something else was computed."""
    if error > AGREES:
        raise ValueError(
            f"{name} {LOSS} in {dtype}: expected agreement within {AGREES:g} roundoffs of the "
            f"largest gradient, found {error:.3g}"
        )
    return error


def worst_error(dtype: str, shape: tuple[int, int], value: np.ndarray, slopes: np.ndarray) -> float:
    """Return the worst error in roundoffs of the row's largest gradient, against the truth.

    Parameters
    ----------
    dtype, shape
        What `logits` was given.
    value, slopes : float64 array of shape (N,) and (N, C)
        Losses and gradients. A number that is not finite counts as infinitely wrong.
    """
    from crossval.oracles.row_columns import RowColumns

    table, target = logits(shape, dtype)
    columns = np.column_stack([table.astype(np.float64), target])
    exact = RowColumns().truth(refloss.resolve(LOSS), columns, dtype=dtype)
    assert exact.grad_hi is not None
    steepest = np.abs(exact.grad_hi[:, :-1]).max(axis=1, keepdims=True)
    errors = np.column_stack(
        [
            np.abs(value - exact.value_hi) / np.maximum(1, np.abs(exact.value_hi)),
            np.abs(slopes - exact.grad_hi[:, :-1]) / steepest,
        ]
    )
    worst = np.where(np.isfinite(errors), errors, np.inf).max()
    return float(worst / (np.finfo(dtype).eps / 2))


def _outputs(result: object) -> tuple[np.ndarray, np.ndarray]:
    match result:
        case (value, {"logits": slopes}):
            return value.astype(np.float64), slopes.astype(np.float64)
        case (value, slopes):
            return value.detach().double().numpy(), slopes.double().numpy()
    raise TypeError(f"expected a value and a gradient, got {type(result).__name__}")


def measure(
    dtype: str, shape: tuple[int, int], peers: list[str], rounds: int, threads: int
) -> RowTiming:
    """Time refloss and its peers on one shape."""
    calls = {name: variant(name, dtype, shape) for name in [*OURS, *peers]}
    calls["copy"] = clock.copier(2 * DTYPES[dtype] * shape[0] * shape[1])
    timings = clock.compare(calls, rounds=rounds, least=0.05, threads=threads)
    medians = {name: timing.median for name, timing in timings.items()}
    spread = {name: timings[name].spread for name in OURS}
    return RowTiming(dtype, shape, operations(), medians, spread)


def operations() -> int:
    """Return how many operations a logit takes for value and gradient, all options included."""
    index = json.loads((files("refloss.kernels") / "index.json").read_text())
    return index["programs"][LOSS]["operations"]["grad"]


def speed_table(timings: list[RowTiming], peers: list[str]) -> Table:
    """Return how many times longer each peer takes than NumPy's path."""
    head = ("dtype", "rows × classes", "ns/logit", "spread", "ops", *peers, "roofline")
    body = tuple(_speeds(t, "refloss", [str(t.operations)], peers) for t in timings)
    note = (
        "Times of refloss, and how many times longer the others take. eager: "
        "torch.nn.functional.cross_entropy with autograd; compiled: torch.compile of it. ops: "
        "operations of the kernel with all its options, of which most fold away in a plain call."
    )
    return Table("Softmax cross-entropy: value and gradient", head, body, words=2, note=note)


def native_table(timings: list[RowTiming], peers: list[str]) -> Table:
    """Return the same for the compiled program."""
    head = ("dtype", "rows × classes", "ns/logit", "spread", "NumPy", *peers, "roofline")
    body = tuple(_speeds(t, "c", [], ["refloss", *peers]) for t in timings)
    note = "backend='c', which computes in the format of the logits; NumPy is refloss without it."
    return Table("Cross-entropy, the compiled program", head, body, words=2, note=note)


def _speeds(timing: RowTiming, ours: str, more: list[str], others: list[str]) -> tuple[str, ...]:
    from benchmarks.report import times

    return (
        timing.dtype,
        f"{timing.shape[0]:,} × {timing.shape[1]:,}",
        f"{timing.nanoseconds(ours):.2f}",
        f"{timing.spread[ours]:.0%}",
        *more,
        *(times(timing.ratio(other, ours)) for other in others),
        f"{timing.seconds['copy'] / timing.seconds[ours]:.1%}",
    )


def peak(name: str, dtype: str, shape: tuple[int, int]) -> float:
    """Return the peak memory of a call over the size of its outputs, in a fresh process."""
    size = f"{shape[0]}x{shape[1]}"
    outputs = DTYPES[dtype] * shape[0] * (shape[1] + 1)
    return memory.peak(name, LOSS, dtype, size) / outputs


def memory_table(dtypes: list[str], shape: tuple[int, int]) -> Table:
    """Return the peak memory of refloss and of eager PyTorch over their outputs."""
    names = ("refloss", "c", "eager")
    body = tuple(
        (dtype, f"{shape[0]:,} × {shape[1]:,}", *(f"{peak(n, dtype, shape):.2f}" for n in names))
        for dtype in dtypes
    )
    head = ("dtype", "rows × classes", *names)
    note = "1 is the size of the outputs themselves."
    return Table("Cross-entropy: peak memory over its outputs", head, body, words=2, note=note)
