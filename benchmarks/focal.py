"""Sigmoid focal loss beside PyTorch: single numbers, where elementary functions are what costs.

``eager`` is the formula as torchvision writes it, with autograd, ``compiled`` is ``torch.compile``
of it. Every variant returns the loss of each element and the gradient of their sum.
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
from benchmarks import clock
from benchmarks.correctness import AGREES
from benchmarks.tables import Table

LOSS = "sigmoid_focal"
SIZES = (1_000, 100_000, 1_000_000)
PEERS = ("eager", "compiled")
OURS = {"refloss": {}, "c": {"backend": "c"}}
DTYPES = {"float32": 4, "float64": 8}
CHECKED = 4_000
POSITIVES = 0.05
NUMBERS = 4  # of an element that are read or written: logit, target, loss, slope

Call = Callable[[], object]


@dataclass(frozen=True)
class FocalTiming:
    """Median times of one size and dtype by variant; ``"copy"`` is the roofline.

    Attributes
    ----------
    operations : int
        Operations of the kernel for value and gradient.
    spread : float
        Interquartile distance over the median, of each of ours.
    """

    dtype: str
    size: int
    operations: int
    seconds: dict[str, float]
    spread: dict[str, float]

    def ratio(self, peer: str, ours: str = "refloss") -> float | None:
        """Return how many times longer `peer` takes than one of ours."""
        return self.seconds[peer] / self.seconds[ours] if peer in self.seconds else None


def elements(size: int, dtype: str) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return logits as of a half-trained detector, and its few positives."""
    random = np.random.default_rng(size)
    logits = random.standard_normal(size, dtype=np.float32) * np.float32(3) - np.float32(2)
    return logits.astype(dtype), (random.random(size) < POSITIVES).astype(dtype)


def variant(name: str, dtype: str, size: int) -> Call:
    """Return a call without arguments that computes losses and gradient."""
    logits, target = elements(size, dtype)
    if name in OURS:
        return lambda: refloss.sigmoid_focal.value_and_grad(logits, target, **OURS[name])
    import torch

    leaf, wanted = torch.from_numpy(logits).requires_grad_(), torch.from_numpy(target)
    ones, function = torch.ones(size, dtype=leaf.dtype), form(name)

    def call() -> tuple:
        loss = function(leaf, wanted)
        return (loss, *torch.autograd.grad(loss, (leaf,), ones))

    return call


@cache
def form(name: str) -> Callable:
    """Return torchvision's formula, as it is or compiled."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    def eager(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        p = torch.sigmoid(logits)
        loss = entropy(logits, target, reduction="none")
        p_t = p * target + (1 - p) * (1 - target)
        return (0.25 * target + (1 - 0.25) * (1 - target)) * (loss * ((1 - p_t) ** 2.0))

    return eager if name == "eager" else torch.compile(eager, dynamic=False, fullgraph=True)


def check(name: str, dtype: str) -> float:
    """Return the worst error of a variant in roundoffs of 1 and the largest gradient.

    Raises
    ------
    ValueError
        Where the error shows that the variant computes something else.
    """
    return agreed(name, dtype, worst_error(dtype, *_outputs(variant(name, dtype, CHECKED)())))


def worst_error(dtype: str, value: np.ndarray, slopes: np.ndarray) -> float:
    """Return the largest distance of results for ``elements(CHECKED, dtype)`` from the truth."""
    from crossval.oracles.elementwise import Elementwise

    columns = np.column_stack([a.astype(np.float64) for a in elements(CHECKED, dtype)])
    exact = Elementwise().truth(refloss.resolve(LOSS), columns, dtype=dtype)
    assert exact.grad_hi is not None
    errors = np.concatenate(
        [
            np.abs(value - exact.value_hi) / np.maximum(1, np.abs(exact.value_hi)),
            np.abs(slopes - exact.grad_hi[:, 0]) / np.abs(exact.grad_hi[:, 0]).max(),
        ]
    )
    worst = float(np.where(np.isfinite(errors), errors, np.inf).max())
    return worst / (float(np.finfo(dtype).eps) / 2)


def agreed(name: str, dtype: str, error: float) -> float:
    """Return an error that rounding explains, or raise a ValueError."""
    if error > AGREES:
        raise ValueError(
            f"{name} {LOSS} in {dtype}: expected agreement within {AGREES:g} roundoffs of the "
            f"largest gradient, found {error:.3g}"
        )
    return error


def _outputs(result: object) -> tuple[np.ndarray, np.ndarray]:
    match result:
        case (value, {"logits": slopes}):
            return value.astype(np.float64), slopes.astype(np.float64)
        case (value, slopes):
            return value.detach().double().numpy(), slopes.double().numpy()
    raise TypeError(f"expected a value and a gradient, got {type(result).__name__}")


def measure(dtype: str, size: int, peers: list[str], rounds: int, threads: int) -> FocalTiming:
    """Time refloss and its peers on one size."""
    calls = {name: variant(name, dtype, size) for name in [*OURS, *peers]}
    calls["copy"] = clock.copier(NUMBERS * DTYPES[dtype] * size)
    timings = clock.compare(calls, rounds=rounds, least=0.05, threads=threads)
    medians = {name: timing.median for name, timing in timings.items()}
    spread = {name: timings[name].spread for name in OURS}
    return FocalTiming(dtype, size, operations(), medians, spread)


def operations() -> int:
    """Return how many operations an element takes for value and gradient, all options included."""
    index = json.loads((files("refloss.kernels") / "index.json").read_text())
    return index["programs"][LOSS]["operations"]["grad"]


def speed_table(timings: list[FocalTiming], peers: list[str]) -> Table:
    """Return how many times longer each peer takes than either of ours."""
    pairs = [f"{short} {ours}" for ours in ("NumPy", "C") for short in peers]
    head = ("dtype", "elements", "NumPy", "C", "spread", *pairs, "roofline")
    note = (
        "Nanoseconds an element of refloss on NumPy and of backend='c', and how many times longer "
        "than either the others take. eager: torchvision's formula with autograd; compiled: "
        "torch.compile of it. The roofline is what a copy of all that is read and written takes of "
        "the compiled program's time."
    )
    body = tuple(_speeds(timing, peers) for timing in timings)
    title = "Sigmoid focal loss: value and gradient"
    return Table(title, head, body, words=2, note=note)


def _speeds(timing: FocalTiming, peers: list[str]) -> tuple[str, ...]:
    from benchmarks.report import times

    return (
        timing.dtype,
        f"{timing.size:,}",
        *(f"{1e9 * timing.seconds[name] / timing.size:.2f}" for name in OURS),
        f"{max(timing.spread.values()):.0%}",
        *(times(timing.ratio(peer, ours)) for ours in OURS for peer in peers),
        f"{timing.seconds['copy'] / timing.seconds['c']:.1%}",
    )
