"""Probes of the row losses: several numbers of classes, confident and mistaken rows, batches.

Logits are small dyadic numbers, the same in every format. Smoothing over K and over K - 1 classes
differ by a factor that depends on K, so one number of classes would not tell them apart. What a
mean divides by is told by batches that hold ignored rows and classes of other weights, as far as
the target takes such arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.oracles.formats import Format, format_of
from crossval.oracles.texts import load
from crossval.points.probes import (
    Arrays,
    Definition,
    Prediction,
    Probe,
    Prober,
    counts,
)
from crossval.points.row_readings import READINGS, SCALINGS, SOFT_READINGS, SOFT_SCALINGS

Drawn = Callable[[int, int], tuple[np.ndarray, np.ndarray]]

_ROWS = {"smoke": 8, "standard": 16, "full": 64}
_CLASSES = (2, 3, 5, 8)
_LEADS = (12.0, -12.0)
_EXTREME = (20.0, 45.0, 90.0, 1e4, -20.0, -45.0, -90.0, -1e4)
"""Leads at which a softmax is 0 or 1 but for its last digits, or overflows if taken naively."""
_BATCHES = ((1, 5), (2, 3), (3, 5), (5, 4), (8, 5))
"""Rows and classes."""
_IGNORED = 1
_CERTAIN = 8
"""One row of so many has a target of 0 and 1: some targets look for those alone."""
ALL_WEIGHTS = "the sum of all class weights"
_WEIGHTS = (0.5, 2.0, 4.0, 1.0, 3.0)


def rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Rows with classes, one probe for each number of classes."""
    number = format_of(dtype)
    made = [probe_of(number, *_drawn(classes, _ROWS[level])) for classes in _CLASSES]
    return [replace(probe, extreme=_last(len(probe), len(_EXTREME))) for probe in made]


def _last(rows: int, count: int) -> np.ndarray:
    return np.arange(rows) >= rows - count


def soft_rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Rows with probabilities."""
    return [_soft(probe, format_of(dtype)) for probe in rows(dtype, level, accepted)]


def batches(
    dtype: str, accepted: tuple[str, ...] = (), drawn: Drawn | None = None, name: str = "logits"
) -> list[Probe]:
    """Batches of several sizes; with ignored rows and weights where the target takes them.

    Parameters
    ----------
    dtype : str
        Format under test.
    accepted : tuple of str
        Arguments that the target takes.
    drawn : callable, optional
        ``drawn(classes, count)`` gives rows and their classes; of logits by default.
    name : str
        What the rows are called.
    """
    number, made, start = format_of(dtype), [], 0
    for size, classes in _BATCHES:
        count = sum(size for size, _ in _BATCHES)
        logits, target = drawn(classes, count) if drawn else _drawn(classes, count, seed=8)
        here = slice(start, start + size)
        labels = target[here].copy()
        labels[0] = 2  # never a batch of ignored rows only
        options = _options(number, classes, accepted)
        made.append(probe_of(number, logits[here], labels, options, name))
        start += size
    return made


def _options(number: Format, classes: int, accepted: tuple[str, ...]) -> dict[str, Any]:
    """Ignored rows and class weights, as far as the target takes them."""
    options: dict[str, Any] = {}
    if "ignore_index" in accepted:
        options["ignore_index"] = _IGNORED
    if "class_weight" in accepted:
        options["class_weight"] = number.round(np.array(_WEIGHTS[:classes]))
    return options


def soft_batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Batches of rows with probabilities, with weights where the target takes them."""
    kept = tuple(name for name in accepted if name != "ignore_index")
    return [_soft(probe, format_of(dtype)) for probe in batches(dtype, kept)]


def nothing(
    dtype: str, accepted: tuple[str, ...], drawn: Drawn | None = None, name: str = "logits"
) -> Probe | None:
    """Rows that are all ignored, if the target can ignore rows; see `batches`."""
    if "ignore_index" not in accepted:
        return None
    logits, target = (drawn or _drawn)(len(_WEIGHTS), 3)
    ignored = np.full_like(target, _IGNORED)
    return probe_of(format_of(dtype), logits, ignored, {"ignore_index": _IGNORED}, name)


def predict(
    definition: Definition, inputs: Arrays, upstream: np.ndarray, options: Mapping[str, Any]
) -> Prediction:
    """Evaluate the float64 kernel; ignored rows give 0."""
    spec, name, target = definition.spec, next(iter(inputs)), inputs["target"]
    logits = inputs[name]
    weight = options.get("class_weight")
    weight = np.ones(logits.shape[1]) if weight is None else np.asarray(weight, float)
    kept = _kept(target, options)
    labels = np.where(kept, target, 0) if target.ndim == 1 else target
    with np.errstate(all="ignore"):
        value, *bars = _grad(spec.program)(logits, labels, weight, upstream, **spec.constants)
    names = (name, "target")[: len(bars)]
    gradients = {
        name: np.where(kept[:, None], np.broadcast_to(bar, logits.shape), 0.0)
        for name, bar in zip(names, bars, strict=True)
    }
    return np.where(kept, value, 0.0), gradients


def denominators(probe: Probe) -> dict[str, float]:
    """Return what a sum over a batch may be divided by.

    Without class weights all weights are 1, and so is that of an ignored row's class.
    """
    target, weight = probe.inputs["target"], probe.options.get("class_weight")
    kept, known = _kept(target, probe.options), counts(probe)
    rows, classes = len(probe), float(next(iter(probe.inputs.values())).shape[1])
    weights = np.ones(int(classes)) if weight is None else np.asarray(weight, float)
    own = weights[target] if target.ndim == 1 else target @ weights
    count = float(kept.sum())
    total = float(own[kept].sum()) if target.ndim == 1 else count
    return {
        "N (items)": known.pop("N (mean)"),
        "the rows kept": count,
        "the sum of weights": total,
        "N * C": rows * classes,
        **known,
        "the sum of the rows' weights, ignored rows included": float(own.sum()),
        "the rows kept * C": count * classes,
        "the sum of weights * C": total * classes,
        "C, the number of classes": classes,
        ALL_WEIGHTS: float(weights.sum()),
        f"N * {ALL_WEIGHTS}": rows * float(weights.sum()),
        f"the rows kept * {ALL_WEIGHTS}": count * float(weights.sum()),
        "the rows kept + 1": count + 1,
        "N * N": float(rows * rows),
        "N * the rows kept": rows * count,
    }


def scale(inputs: Arrays) -> np.ndarray:
    """Return the largest logit: a confident row's loss is what is left of the log-sum-exp."""
    logits = inputs["logits"]
    return np.abs(np.where(np.isfinite(logits), logits, 0.0)).max(axis=1)


def _kept(target: np.ndarray, options: Mapping[str, Any]) -> np.ndarray:
    if target.ndim > 1:
        return np.ones(len(target), bool)
    return target != options.get("ignore_index", -100)


@lru_cache(maxsize=64)
def _grad(program: str) -> Callable[..., Any]:
    return load(program, "numpy").grad


def _drawn(classes: int, count: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Logits in eighths within (-4, 4) with distinct entries, then rows with a lead or a lag.

    All are off by a 16th, and the target's by a 32nd more: no margin of a few eighths is just
    reached, where a loss may have any of several gradients.
    """
    random = np.random.Generator(np.random.PCG64(seed + classes))
    leads = np.array((*_LEADS, *_EXTREME))
    total = count + len(leads)
    logits = (
        random.permuted(np.tile(np.arange(-32, 32), (total, 1)), axis=1)[:, :classes] / 8 + 1 / 16
    )
    target = random.integers(0, classes, size=total)
    target[:2] = 0, classes - 1  # the first and the last class, always
    logits[np.arange(total), target] += 1 / 32
    late = np.arange(count, total)
    others = np.where(np.arange(classes) == target[late, None], -np.inf, logits[late])
    logits[late, target[late]] = others.max(axis=1) + leads
    if seed != 5:  # batches hold ordinary rows only
        return logits[:count], target[:count]
    return logits, target


def probe_of(
    number: Format,
    logits: np.ndarray,
    target: np.ndarray,
    options: Mapping[str, Any] | None = None,
    name: str = "logits",
) -> Probe:
    """Return rows, rounded, with upstream gradients of both signs."""
    random = np.random.Generator(np.random.PCG64(6))
    sign = 1 - 2.0 * random.integers(0, 2, size=len(target))
    upstream = number.round(sign * random.integers(2, 16, size=len(target)) / 8)
    return Probe({name: number.round(logits), "target": target}, upstream, options or {})


def _soft(probe: Probe, number: Format) -> Probe:
    """Replace classes by probabilities in sixteenths that mostly favour them."""
    target, classes = probe.inputs["target"], probe.inputs["logits"].shape[1]
    random = np.random.Generator(np.random.PCG64(7))
    shares = random.multinomial(8, np.full(classes, 1 / classes), size=len(target)) / 16
    shares[np.arange(len(target)), target] += 0.5
    certain = np.arange(len(target)) % _CERTAIN == 3
    shares[certain] = np.eye(classes)[target[certain]]
    inputs = {**probe.inputs, "target": number.round(shares)}
    return replace(probe, inputs=inputs)


MEANS = {
    "N (items)": "items",
    "the rows kept": "kept",
    "the sum of weights": "weights",
    "N * C": "logits",
}

CLASSES = Prober(
    "rows",
    rows,
    batches,
    predict,
    denominators,
    scale,
    READINGS,
    SCALINGS,
    fixed={"targets": "index"},
    axis="denominator",
    means=MEANS,
    nothing=nothing,
)
PROBABILITIES = Prober(
    "rows",
    soft_rows,
    soft_batches,
    predict,
    denominators,
    scale,
    SOFT_READINGS,
    SOFT_SCALINGS,
    fixed={"targets": "probabilities"},
    axis="denominator",
    means=MEANS,
)
