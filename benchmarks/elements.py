"""The other losses of single numbers and of rows beside PyTorch: most are bound by memory.

``eager`` is PyTorch's own function where it has one, else the shortest formula, with autograd.
Every variant returns the loss of each element or row, and the gradient of their weighted sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import refloss
from benchmarks import clock
from benchmarks.correctness import AGREES
from benchmarks.tables import Table

GROUP = "elements"
SIZE = 1_000_000
CLASSES = 1_000
CHECKED = 4_000
OURS = {"refloss": {}, "c": {"backend": "c"}}
DTYPES = ("float32", "float64")

Array = NDArray[Any]
Call = Callable[[], object]


@dataclass(frozen=True)
class Peer:
    """What a loss is compared with.

    Attributes
    ----------
    inputs : callable
        Makes both inputs of so many elements.
    wrt : str
        Name of the first of them.
    eager : callable
        ``eager(torch, first, second)`` returns the losses.
    options : dict
        The convention that it follows.
    """

    inputs: Callable[[int], tuple[Array, Array]]
    wrt: str
    eager: Callable[[Any, Any, Any], Any]
    options: dict[str, Any]


@dataclass(frozen=True)
class ElementTiming:
    """Median times of a loss by variant, and the largest spread of ours."""

    loss: str
    dtype: str
    seconds: dict[str, float]
    spread: float

    def ratio(self, ours: str) -> float:
        """Return how many times longer PyTorch takes than one of ours."""
        return self.seconds["eager"] / self.seconds[ours]


def _numbers(size: int) -> tuple[Array, Array]:
    random = np.random.default_rng(size)
    return 3 * random.standard_normal(size), 3 * random.standard_normal(size)


def _logits(size: int) -> tuple[Array, Array]:
    scores, other = _numbers(size)
    return scores, (other > 0).astype(np.float64)


def _scores(size: int) -> tuple[Array, Array]:
    scores, wanted = _logits(size)
    return scores, 2 * wanted - 1


def _probabilities(size: int) -> tuple[Array, Array]:
    logits, wanted = _logits(size)
    return 1 / (1 + np.exp(-logits)), wanted


def _rows(size: int) -> tuple[Array, Array]:
    count = max(1, size // CLASSES)
    random = np.random.default_rng(size)
    return 3 * random.standard_normal((count, CLASSES)), random.integers(0, CLASSES, count)


def _distributions(size: int) -> tuple[Array, Array]:
    logits, _ = _rows(size)
    other = np.exp(np.random.default_rng(size + 1).standard_normal(logits.shape))
    return logits, other / other.sum(axis=1, keepdims=True)


def _named(name: str) -> Callable[[Any, Any, Any], Any]:
    """Return PyTorch's own function of a name."""
    return lambda torch, a, b: getattr(torch.nn.functional, name)(a, b, reduction="none")


PEERS = {
    "l1": Peer(_numbers, "pred", _named("l1_loss"), {}),
    "l2": Peer(_numbers, "pred", _named("mse_loss"), {"preset": "torch"}),
    "smooth_l1": Peer(_numbers, "pred", _named("smooth_l1_loss"), {}),
    "huber": Peer(_numbers, "pred", _named("huber_loss"), {}),
    "log_cosh": Peer(
        _numbers, "pred", lambda t, a, b: t.logaddexp(a - b, b - a) - float(np.log(2.0)), {}
    ),
    "bce": Peer(_logits, "logits", _named("binary_cross_entropy_with_logits"), {}),
    "bce_probs": Peer(_probabilities, "probs", _named("binary_cross_entropy"), {}),
    "hinge": Peer(_scores, "scores", lambda t, a, b: t.relu(1 - a * b), {}),
    "squared_hinge": Peer(_scores, "scores", lambda t, a, b: t.relu(1 - a * b) ** 2, {}),
    "multi_margin": Peer(_rows, "logits", _named("multi_margin_loss"), {"preset": "torch"}),
    "softmax_kl": Peer(
        _distributions,
        "logits",
        lambda t, a, b: t.nn.functional.kl_div(t.log_softmax(a, 1), b, reduction="none").sum(1),
        {},
    ),
    "softmax_focal": Peer(
        _rows,
        "logits",
        lambda t, a, b: _focal(t.nn.functional.cross_entropy(a, b, reduction="none")),
        {"gamma": 2.0, "alpha": 1.0},
    ),
}
"""Loss to what it is compared with."""


def _focal(entropy: Any) -> Any:
    return (1 - (-entropy).exp()) ** 2 * entropy


def variant(name: str, loss: str, dtype: str, size: int, grid: str = "") -> Call:
    """Return a call without arguments that computes losses and gradient.

    Inputs are numbers of the format `grid`, that of the call by default.
    """
    peer = PEERS[loss]
    first, second = peer.inputs(size)
    made = first, second, np.linspace(0.5, 2.0, len(first))
    first, second, upstream = (
        array if array.dtype.kind == "i" else array.astype(grid or dtype).astype(dtype)
        for array in made
    )
    if name in OURS:
        function = getattr(refloss, loss)
        options = {"upstream": upstream, "wrt": peer.wrt, "reduction": "none"}
        options |= {**peer.options, **OURS[name]}
        return lambda: function.value_and_grad(first, second, **options)
    import torch

    leaf, wanted = torch.from_numpy(first).requires_grad_(), torch.from_numpy(second)
    bars = torch.from_numpy(upstream)

    def call() -> tuple:
        losses = peer.eager(torch, leaf, wanted)
        return (losses, *torch.autograd.grad(losses, (leaf,), bars))

    return call


def check(name: str, loss: str, dtype: str) -> float:
    """Return the distance from refloss in float64, in roundoffs of the largest number.

    Raises
    ------
    ValueError
        Where it shows that the variant computes something else.
    """
    wide = _outputs(variant("refloss", loss, "float64", CHECKED, grid=dtype)())
    found = _outputs(variant(name, loss, dtype, CHECKED)())
    worst = max(
        float(np.abs(got - true).max() / max(1.0, np.abs(true).max()))
        for got, true in zip(found, wide, strict=True)
    )
    error = worst / (float(np.finfo(dtype).eps) / 2)
    if not error <= AGREES:
        raise ValueError(
            f"{name} {loss} in {dtype}: expected agreement within {AGREES:g} roundoffs of the "
            f"largest number, found {error:.3g}"
        )
    return error


def _outputs(result: object) -> list[Array]:
    match result:
        case (value, dict() as slopes):
            found = [value, *slopes.values()]
        case (value, slopes):
            found = [value.detach().numpy(), slopes.numpy()]
        case _:
            raise TypeError(f"expected a value and a gradient, got {type(result).__name__}")
    return [np.asarray(each, np.float64) for each in found]


def measure(loss: str, dtype: str, rounds: int, threads: int) -> ElementTiming:
    """Time refloss and PyTorch on one loss."""
    calls = {name: variant(name, loss, dtype, SIZE) for name in [*OURS, "eager"]}
    timings = clock.compare(calls, rounds=rounds, least=0.05, threads=threads)
    medians = {name: timing.median for name, timing in timings.items()}
    return ElementTiming(loss, dtype, medians, max(timings[name].spread for name in OURS))


def speed_table(timings: list[ElementTiming]) -> Table:
    """Return how many times longer PyTorch takes than either of ours."""
    head = ("loss", "dtype", "NumPy", "C", "spread", "eager NumPy", "eager C")
    note = (
        f"Nanoseconds a number, of {SIZE:,}, of refloss on NumPy and of backend='c', and how many "
        "times longer than either PyTorch's eager form takes, where it has a function with that. "
        f"Rows have {CLASSES:,} classes."
    )
    from benchmarks.report import times

    body = tuple(
        (
            each.loss,
            each.dtype,
            *(f"{1e9 * each.seconds[name] / SIZE:.2f}" for name in OURS),
            f"{each.spread:.0%}",
            *(times(each.ratio(name)) for name in OURS),
        )
        for each in timings
    )
    return Table("Other losses: value and gradient", head, body, words=2, note=note)
