"""The ArcFace head beside PyTorch: two matrices, and one of their products that may not fit.

``one-hot`` is the form that is copied most: cosines of all classes, the margin on all of them, and
a one-hot matrix that mixes both. ``gather`` touches the target's cosine alone, ``compiled`` is
``torch.compile`` of the first. ``products`` are three bare matrix products, which no form does
without. Every variant returns the mean loss and the gradients of embeddings and classes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

import refloss
from benchmarks import clock, memory
from benchmarks.correctness import AGREES
from benchmarks.tables import Table

LOSS = "arcface"
PARTS = 512
SHAPES = ((512, 10_000), (512, 100_000))
PEERS = ("one-hot", "gather", "compiled")
LEAN = 32 << 20
OURS = {"refloss": {}, "lean": {"memory": LEAN}}
DTYPES = {"float32": 4, "float64": 8}
CHECKED = (16, 300)
SCALE, MARGIN = 64.0, 0.5

Call = Callable[[], object]


@dataclass(frozen=True)
class HeadTiming:
    """Median times of one shape and dtype by variant; ``"products"`` is the ceiling."""

    dtype: str
    shape: tuple[int, int]
    seconds: dict[str, float]
    spread: dict[str, float]

    def ratio(self, other: str, ours: str = "refloss") -> float | None:
        """Return how many times longer another takes than one of ours."""
        return self.seconds[other] / self.seconds[ours] if other in self.seconds else None


def matrices(
    shape: tuple[int, int], dtype: str
) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.int64]]:
    """Return embeddings near their classes, classes, and labels."""
    random = np.random.default_rng(shape[1])
    weight = random.standard_normal((shape[1], PARTS), dtype=np.float32)
    target = random.integers(0, shape[1], shape[0])
    x = weight[target] + random.standard_normal((shape[0], PARTS), dtype=np.float32)
    return x.astype(dtype), weight.astype(dtype), target


def variant(name: str, dtype: str, shape: tuple[int, int]) -> Call:
    """Return a call without arguments that computes mean loss and gradients."""
    x, weight, target = matrices(shape, dtype)
    if name in OURS:
        options = {"scale": SCALE, "margin": MARGIN, "reduction": "mean", **OURS[name]}
        options["policy"] = "cos_fallback"
        return lambda: refloss.arcface.value_and_grad(x, weight, target, **options)
    if name == "products":
        return lambda: _products(x, weight)
    import torch

    leaves = torch.from_numpy(x).requires_grad_(), torch.from_numpy(weight).requires_grad_()
    labels, function = torch.from_numpy(target), _form(name)

    def call() -> tuple:
        loss = function(*leaves, labels)
        return (loss, *torch.autograd.grad(loss, leaves))

    return call


def _products(x: NDArray, weight: NDArray) -> tuple[NDArray, NDArray]:
    """Return what three matrix products take: forward, and back to both matrices."""
    product = x @ weight.T
    return product @ weight, product.T @ x


@cache
def _form(name: str) -> Callable:
    import torch
    from torch.nn import functional as F

    cos, sin = math.cos(MARGIN), math.sin(MARGIN)
    border, step = math.cos(math.pi - MARGIN), math.sin(MARGIN) * MARGIN

    def turned(cosine: torch.Tensor) -> torch.Tensor:
        sine = torch.sqrt((1.0 - cosine * cosine).clamp(1e-12, 1.0))
        return torch.where(cosine > border, cosine * cos - sine * sin, cosine - step)

    def one_hot(x: torch.Tensor, weight: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        cosine = F.linear(F.normalize(x), F.normalize(weight))
        mask = torch.zeros_like(cosine).scatter_(1, target[:, None], 1.0)
        logits = mask * turned(cosine) + (1.0 - mask) * cosine
        return F.cross_entropy(SCALE * logits, target)

    def gather(x: torch.Tensor, weight: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        cosine = F.linear(F.normalize(x), F.normalize(weight))
        own = cosine.gather(1, target[:, None])
        return F.cross_entropy(SCALE * cosine.scatter(1, target[:, None], turned(own)), target)

    forms = {"one-hot": one_hot, "gather": gather}
    return forms.get(name) or torch.compile(one_hot, dynamic=False, fullgraph=True)


def check(name: str, dtype: str) -> float:
    """Return the worst error of a variant in roundoffs of the largest gradient, times the scale.

    The judge is the float64 head, whose bars tests hold against the certified truth.

    Raises
    ------
    ValueError
        Where the error shows that the variant computes something else.
    """
    x, weight, target = (a.astype(np.float64) for a in matrices(CHECKED, dtype))
    _, exact = refloss.arcface.value_and_grad(
        x, weight, target.astype(np.int64), reduction="mean", policy="cos_fallback"
    )
    _, *found = _outputs(variant(name, dtype, CHECKED)())
    worst = max(
        float(np.abs(got - exact[of]).max() / np.abs(exact[of]).max())
        for of, got in zip(("x", "weight"), found, strict=True)
    )
    error = float(worst / SCALE / (np.finfo(dtype).eps / 2))
    if not error <= AGREES:
        raise ValueError(
            f"{name} {LOSS} in {dtype}: expected agreement within {AGREES:g} roundoffs of the "
            f"largest gradient, found {error:.3g}"
        )
    return error


def _outputs(result: object) -> tuple[np.ndarray, ...]:
    match result:
        case (value, {"x": by_x, "weight": by_weight}):
            return tuple(np.asarray(a, np.float64) for a in (value, by_x, by_weight))
        case (value, by_x, by_weight):
            return tuple(a.detach().double().numpy() for a in (value, by_x, by_weight))
    raise TypeError(f"expected a value and two gradients, got {type(result).__name__}")


def measure(
    dtype: str, shape: tuple[int, int], peers: list[str], rounds: int, threads: int
) -> HeadTiming:
    """Time refloss and its peers on one shape."""
    calls = {name: variant(name, dtype, shape) for name in [*OURS, "products", *peers]}
    timings = clock.compare(calls, rounds=rounds, least=0.05, threads=threads)
    medians = {name: timing.median for name, timing in timings.items()}
    return HeadTiming(dtype, shape, medians, {name: timings[name].spread for name in OURS})


def speed_table(timings: list[HeadTiming], peers: list[str]) -> Table:
    """Return times, the share of three products, and how many times longer each peer takes."""
    head = ("dtype", "rows × classes", "form", "ms", "spread", "3 products", *peers)
    body = tuple(_speeds(t, ours, peers) for t in timings for ours in OURS)
    note = (
        f"Embeddings of {PARTS} numbers. 3 products: the time of three bare matrix products over "
        f"that of the head. lean: with {LEAN >> 20} MiB beside inputs and results, in which "
        "products are computed twice. one-hot, gather, compiled: PyTorch, how many times longer."
    )
    return Table("ArcFace head: value and both gradients", head, body, words=3, note=note)


def _speeds(timing: HeadTiming, ours: str, peers: list[str]) -> tuple[str, ...]:
    from benchmarks.report import times

    return (
        timing.dtype,
        f"{timing.shape[0]:,} × {timing.shape[1]:,}",
        ours,
        f"{1e3 * timing.seconds[ours]:,.0f}",
        f"{timing.spread[ours]:.0%}",
        f"{timing.seconds['products'] / timing.seconds[ours]:.0%}",
        *(times(timing.ratio(peer, ours)) for peer in peers),
    )


def temporaries(name: str, dtype: str, shape: tuple[int, int]) -> float:
    """Return the peak memory of a call beyond its results in MiB, in a fresh process."""
    results = DTYPES[dtype] * PARTS * (shape[0] + shape[1])
    found = memory.peak(name, LOSS, dtype, f"{shape[0]}x{shape[1]}")
    return max(found - results, 0) / 2**20


def memory_table(dtypes: list[str], shape: tuple[int, int], peers: list[str]) -> Table:
    """Return what every variant takes beside inputs and results."""
    names = (*OURS, *peers)
    body = tuple(
        (
            dtype,
            f"{shape[0]:,} × {shape[1]:,}",
            *(f"{temporaries(n, dtype, shape):,.0f}" for n in names),
        )
        for dtype in dtypes
    )
    head = ("dtype", "rows × classes", *names)
    note = "MiB beside inputs and results; a matrix of all logits alone is rows × classes numbers."
    return Table("ArcFace head: temporaries", head, body, words=2, note=note)
