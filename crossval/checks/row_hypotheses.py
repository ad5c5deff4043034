"""What a wrong loss of rows may be instead: clamped, of other classes, otherwise weighted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from crossval.checks import row_transforms as transforms
from crossval.checks.focal_hypotheses import FOCAL, focal_slips
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.margin_hypotheses import MARGIN, margin_slips
from crossval.checks.row_temperatures import (
    at_the_temperature_of,
    cooled,
    has_none,
    temperatures,
)
from crossval.checks.row_terms import CROSS_ENTROPY, Rows, log_softmax, of_logarithms
from crossval.oracles.elementwise import Oracle
from crossval.oracles.row_columns import RowColumns
from crossval.oracles.texts import Definition

__all__ = ["row_slips"]

_FLOORS = {
    "1e-7": 1e-7,
    "1e-8": 1e-8,
    "1e-12": 1e-12,
    "1e-6": 1e-6,
    "1e-10": 1e-10,
    "1e-16": 1e-16,
    "1e-30": 1e-30,
    "the smallest normal float32": float(np.finfo(np.float32).tiny),
    "the roundoff of float32": float(np.finfo(np.float32).eps),
}


def row_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of columns, the likeliest first."""
    assert isinstance(oracle, RowColumns)
    rows = Rows(oracle, spec, columns, upstream)
    known = next(slips for constants, slips in _SLIPS if rows.has(constants))
    with np.errstate(all="ignore"):
        yield from temperatures(rows)
        for slip in known:
            if slip is transforms.tempered and not has_none(rows):
                continue
            for found in slip(cooled(rows)):
                yield at_the_temperature_of(rows, found)


def _clamped(rows: Rows) -> Iterator[Prediction]:
    """Keep probabilities away from 0, and from 1 too, before their logarithm is taken."""
    if rows.spec.constants["z_loss"] != 0:
        return
    log_p = log_softmax(rows.logits)
    p = np.exp(log_p)
    for name, eps in _FLOORS.items():
        low, high = np.log(eps), np.log1p(-eps)
        for most, words in ((high, f"[{name}, 1 - {name}]"), (0.0, f"at least {name}")):
            inside = (log_p >= low) & (log_p <= most)
            yield Prediction(
                f"probabilities are clamped to {words} before the logarithm",
                "take log_softmax, which needs no clamp",
                *of_logarithms(rows, log_p, np.clip(log_p, low, most), inside),
            )
        yield Prediction(
            f"{name} is added to the probability before the logarithm",
            "take log_softmax, which needs no eps",
            *of_logarithms(rows, log_p, np.log(p + eps), p / (p + eps)),
        )


def _weightless(rows: Rows) -> Iterator[Prediction]:
    """Leave class weights out."""
    if rows.oracle.weights is not None:
        fix = "weigh the target's term by the weight of its class"
        yield Prediction("class weights have no effect", fix, *rows.kernel(plain=True), "RL805")


def _other_weights(rows: Rows) -> Iterator[Prediction]:
    """Leave class weights out, or let them scale other terms than their own."""
    if rows.oracle.weights is None:
        return
    fix = "weigh each class's term of the sum by that class's weight, those of smoothing included"
    value, gradient = rows.kernel(plain=True)
    yield Prediction("class weights have no effect", fix, value, gradient, "RL805")
    own = (rows.goal * rows.weights).sum(axis=1)
    words = "the weight of the target's class scales the smoothing term too"
    yield Prediction(words, fix, own * value, _known(rows, own[:, None] * gradient))
    if rows.labelled:
        sharp, slopes = rows.kernel(plain=True, sharp=True)
        more = (own - 1) * (1 - rows.taken)
        words = "class weights act on the target's term only, not on the smoothing term"
        yield Prediction(words, fix, value + more * sharp, gradient + more[:, None] * slopes)


def _known(rows: Rows, gradient: np.ndarray) -> np.ndarray:
    """Return a gradient of which only the part by the logits holds."""
    return rows.by_logits(gradient[:, : rows.classes])


def _one_assumed(rows: Rows) -> Iterator[Prediction]:
    """Differentiate as if what is asked of the classes added up to 1."""
    slopes = np.exp(log_softmax(rows.logits)) - rows.asked
    yield Prediction(
        "the gradient by the logits assumes that weights times probabilities add up to 1",
        "multiply the softmax by their sum",
        rows.kernel()[0],
        rows.by_logits(slopes * rows.upstream[:, None]),
    )


def _class_missed(rows: Rows) -> Iterator[Prediction]:
    """Leave the first or the last class out of the sum of exponentials."""
    if not rows.labelled:
        return
    asked = rows.asked
    for missed, name in ((rows.classes - 1, "last"), (0, "first")):
        there = rows.logits.copy()
        there[:, missed] = -np.inf
        largest = there.max(axis=1, keepdims=True)
        log_sum = largest + np.log(np.exp(there - largest).sum(axis=1, keepdims=True))
        gradient = np.exp(there - log_sum) * asked.sum(axis=1, keepdims=True) - asked
        gone = rows.target == missed
        value = (asked * (log_sum - rows.logits)).sum(axis=1)
        gradient = rows.by_logits(gradient * rows.upstream[:, None])
        yield Prediction(
            f"the {name} class is missing from the sum of exponentials",
            "let the loop run over all classes",
            np.where(gone, np.nan, value),
            np.where(gone[:, None], np.nan, gradient),
        )


def _class_shifted(rows: Rows) -> Iterator[Prediction]:
    """Read labels as if they began at 1, or one class further on."""
    if not rows.labelled:
        return
    if rows.classes == 2:
        steps = {1: "the other class"}
    else:
        steps = {-1: "the class target - 1", 1: "the class target + 1"}
    for step, words in steps.items():
        for ends, more in (("wrap", ""), ("clip", ", and the class itself at the end")):
            columns = rows.columns.copy()
            shifted = columns[:, -1] + step
            last = rows.classes - 1
            columns[:, -1] = shifted % (last + 1) if ends == "wrap" else shifted.clip(0, last)
            prediction = rows.kernel(columns)
            yield Prediction(f"{words} is read{more}", "use target as it is", *prediction)


_ANY = (
    _weightless,
    _class_shifted,
    transforms.softmax_twice,
    transforms.tempered,
    transforms.with_a_margin,
)
_SLIPS: tuple[tuple[frozenset[str], tuple[Callable[[Rows], Iterator], ...]], ...] = (
    (
        CROSS_ENTROPY,
        (
            _clamped,
            _other_weights,
            _one_assumed,
            _class_missed,
            _class_shifted,
            transforms.softmax_twice,
            transforms.logarithm_missing,
            transforms.softmax_missing,
            transforms.detached,
            transforms.other_amounts,
            transforms.tempered,
            transforms.focal,
            transforms.with_a_margin,
        ),
    ),
    (FOCAL, (*focal_slips, *_ANY)),
    (MARGIN, (*margin_slips, _weightless, _class_shifted, transforms.tempered)),
    (frozenset(), _ANY),
)
"""Constants of a definition, and what is known to go wrong with one that has them."""
