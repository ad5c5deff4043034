"""Probes of the row losses: several numbers of classes, confident and mistaken rows, batches.

Logits are small dyadic numbers, the same in every format. Smoothing over K and over K - 1 classes
differ by a factor that depends on K, so one number of classes would not tell them apart. What a
mean divides by is told by batches that hold ignored rows and classes of other weights, as far as
the target takes such arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    Reading,
    Scaling,
    counts,
)

_ROWS = {"smoke": 8, "standard": 16, "full": 64}
_CLASSES = (2, 3, 5, 8)
_LEADS = (12.0, 20.0, 45.0, 90.0, -12.0, -20.0, -45.0, -90.0)
_BATCHES = (1, 2, 3, 5, 8)
_IGNORED = 1
_WEIGHTS = (0.5, 2.0, 4.0, 1.0, 3.0)


def rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Rows with classes, one probe for each number of classes."""
    number = format_of(dtype)
    return [_probe(number, *_drawn(classes, _ROWS[level])) for classes in _CLASSES]


def soft_rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Rows with probabilities."""
    return [_soft(probe, format_of(dtype)) for probe in rows(dtype, level, accepted)]


def batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Batches of several sizes; with ignored rows and weights where the target takes them."""
    number, classes = format_of(dtype), len(_WEIGHTS)
    logits, target = _drawn(classes, sum(_BATCHES), seed=8)
    options: dict[str, Any] = {}
    if "ignore_index" in accepted:
        options["ignore_index"] = _IGNORED
    if "class_weight" in accepted:
        options["class_weight"] = number.round(np.array(_WEIGHTS))
    made, start = [], 0
    for size in _BATCHES:
        here = slice(start, start + size)
        labels = target[here].copy()
        labels[0] = 2  # never a batch of ignored rows only
        made.append(_probe(number, logits[here], labels, options))
        start += size
    return made


def soft_batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    """Batches of rows with probabilities, with weights where the target takes them."""
    kept = tuple(name for name in accepted if name != "ignore_index")
    return [_soft(probe, format_of(dtype)) for probe in batches(dtype, kept)]


def nothing(dtype: str, accepted: tuple[str, ...]) -> Probe | None:
    """Rows that are all ignored, if the target can ignore rows."""
    if "ignore_index" not in accepted:
        return None
    logits, target = _drawn(len(_WEIGHTS), 3)
    ignored = np.full_like(target, _IGNORED)
    return _probe(format_of(dtype), logits, ignored, {"ignore_index": _IGNORED})


def predict(
    definition: Definition, inputs: Arrays, upstream: np.ndarray, options: Mapping[str, Any]
) -> Prediction:
    """Evaluate the float64 kernel; ignored rows give 0."""
    spec, logits, target = definition.spec, inputs["logits"], inputs["target"]
    weight = options.get("class_weight")
    weight = np.ones(logits.shape[1]) if weight is None else np.asarray(weight, float)
    kept = _kept(target, options)
    labels = np.where(kept, target, 0) if target.ndim == 1 else target
    with np.errstate(all="ignore"):
        value, *bars = _grad(spec.program)(logits, labels, weight, upstream, **spec.constants)
    names = ("logits", "target")[: len(bars)]
    gradients = {
        name: np.where(kept[:, None], np.broadcast_to(bar, logits.shape), 0.0)
        for name, bar in zip(names, bars, strict=True)
    }
    return np.where(kept, value, 0.0), gradients


def denominators(probe: Probe) -> dict[str, float]:
    """Return what a sum over a batch may be divided by."""
    target, weight = probe.inputs["target"], probe.options.get("class_weight")
    kept = _kept(target, probe.options)
    known = counts(probe)
    total = float(kept.sum())
    if target.ndim == 1 and weight is not None:
        total = float(np.asarray(weight)[np.where(kept, target, 0)][kept].sum())
    classes = float(probe.inputs["logits"].shape[1])
    return {
        "N (items)": known.pop("N (mean)"),
        "the rows kept": float(kept.sum()),
        "the sum of weights": total,
        "N * C": len(probe) * classes,
        **known,
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
    """Logits in eighths within (-4, 4) with distinct entries, then rows with a lead or a lag."""
    random = np.random.Generator(np.random.PCG64(seed + classes))
    total = count + len(_LEADS)
    logits = random.permuted(np.tile(np.arange(-32, 32), (total, 1)), axis=1)[:, :classes] / 8
    target = random.integers(0, classes, size=total)
    target[:2] = 0, classes - 1  # the first and the last class, always
    late = np.arange(count, total)
    others = np.where(np.arange(classes) == target[late, None], -np.inf, logits[late])
    logits[late, target[late]] = others.max(axis=1) + np.array(_LEADS)
    if seed != 5:  # batches hold ordinary rows only
        return logits[:count], target[:count]
    return logits, target


def _probe(
    number: Format, logits: np.ndarray, target: np.ndarray, options: Mapping[str, Any] | None = None
) -> Probe:
    random = np.random.Generator(np.random.PCG64(6))
    sign = 1 - 2.0 * random.integers(0, 2, size=len(target))
    upstream = number.round(sign * random.integers(2, 16, size=len(target)) / 8)
    return Probe({"logits": number.round(logits), "target": target}, upstream, options or {})


def _soft(probe: Probe, number: Format) -> Probe:
    """Replace classes by probabilities in sixteenths that mostly favour them."""
    target, classes = probe.inputs["target"], probe.inputs["logits"].shape[1]
    random = np.random.Generator(np.random.PCG64(7))
    shares = random.multinomial(8, np.full(classes, 1 / classes), size=len(target)) / 16
    shares[np.arange(len(target)), target] += 0.5
    inputs = {**probe.inputs, "target": number.round(shares)}
    return Probe(inputs, probe.upstream, probe.options)


def _tempered(factor: float) -> Reading:
    return Reading(
        f"logits * {factor!r}",
        f"logits are multiplied by {factor:.10g}",
        lambda inputs: {**inputs, "logits": factor * inputs["logits"]},
        lambda gradients: {**gradients, "logits": factor * gradients["logits"]},
    )


def _clamped(floor: float) -> Reading:
    """Probabilities that are kept above a floor, so that the loss has a ceiling and goes flat."""

    def after(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        value, gradients = found
        with np.errstate(divide="ignore"):
            most = -np.log(floor)
        flat = (value > most)[:, None]
        kept = {name: np.where(flat, 0.0, gradient) for name, gradient in gradients.items()}
        return np.minimum(value, most), kept

    return Reading(f"p >= {floor!r}", f"probabilities are at least {floor:.10g}", after=after)


def _clipped(floor: float) -> Reading:
    """Probabilities that are kept away from 0 and from 1."""
    below = _clamped(floor)

    def after(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
        value, gradients = below.after(inputs, upstream, found)
        least = -np.log1p(-floor) if floor < 1 else np.inf
        flat = (value < least)[:, None]
        kept = {name: np.where(flat, 0.0, gradient) for name, gradient in gradients.items()}
        return np.maximum(value, least), kept

    words = f"probabilities are between {floor:.10g} and 1 minus that"
    return Reading(f"{floor!r} <= p <= 1 - {floor!r}", words, after=after)


def _without_last(inputs: Arrays) -> Arrays:
    logits, target = inputs["logits"].copy(), inputs["target"]
    last = logits.shape[1] - 1
    logits[:, last] = -np.inf
    return {**inputs, "logits": logits, "target": np.where(target == last, 0, target)}


def _last_target(inputs: Arrays, upstream: np.ndarray, found: Prediction) -> Prediction:
    """Let a row whose target is the last class read that logit, though no sum does."""
    (value, gradients), logits, target = found, inputs["logits"], inputs["target"]
    here = target == logits.shape[1] - 1
    gradient = np.nan_to_num(gradients["logits"])
    gradient[here, 0] += upstream[here]
    gradient[here, -1] -= upstream[here]
    return value + np.where(here, logits[:, 0] - logits[:, -1], 0.0), {
        **gradients,
        "logits": gradient,
    }


_FLOORS = (1e-7, 1e-8, 1e-6, 1e-10, 1e-12, 1e-15, 1e-20, 1e-30, 2.0**-52, 2.0**-126)
_MISSED = Reading(
    "without the last class",
    "the sum over classes misses the last one",
    _without_last,
    after=_last_target,
)
_SCALINGS = (
    Scaling("floor of p", _clamped, _FLOORS),
    Scaling("floor of p and 1 - p", _clipped, _FLOORS),
    Scaling("scale of logits", _tempered, (0.5, 2.0)),
)
_MEANS = {"N (items)": "items", "the rows kept": "kept", "the sum of weights": "weights"}

CLASSES = Prober(
    "rows",
    rows,
    batches,
    predict,
    denominators,
    scale,
    (_MISSED,),
    _SCALINGS,
    fixed={"targets": "index"},
    axis="denominator",
    means=_MEANS,
    nothing=nothing,
)
PROBABILITIES = Prober(
    "rows",
    soft_rows,
    soft_batches,
    predict,
    denominators,
    scale,
    (),
    (Scaling("scale of logits", _tempered, (0.5, 2.0)),),
    fixed={"targets": "probabilities"},
    axis="denominator",
    means=_MEANS,
)
