"""What a wrong multi-class margin loss may be instead: its division, its power, what it sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from types import SimpleNamespace
from typing import Any

import numpy as np

from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.row_terms import Pair, Rows
from crossval.checks.row_transforms import saying

__all__ = ["MARGIN", "margin_slips"]

MARGIN = frozenset({"margin", "squared", "divided", "over_others"})
"""Constants of a definition of which this module speaks."""

_FORMS = {
    "crammer_singer": "the largest other score alone has to stay behind (Crammer-Singer)",
    "weston_watkins": "the hinges of all other scores are added up (Weston-Watkins)",
    "one_vs_all": "every score has a margin of its own (one against all)",
    "categorical_hinge": "a 0 stands in the target's place of the maximum (categorical hinge)",
}
_DIVISIONS = {
    (0.0, 0.0): "nothing",
    (1.0, 0.0): "K, the number of classes",
    (1.0, 1.0): "K - 1, the number of other classes",
}
_NEAR = 2.0**-6
_MARGINS = (0.0, 0.1, 0.2, 0.25, 0.5, 0.75, 1.5, 2.0, 10.0)

Slip = Callable[[Rows], Iterator[Prediction]]


def _off_the_kinks(slip: Slip) -> Slip:
    """Let a slip say nothing near a kink, where rounding of its own decides the side it is on."""

    @wraps(slip)
    def told(rows: Rows) -> Iterator[Prediction]:
        near, size = _near(rows, rows.spec.constants["margin"])
        for found in slip(rows):
            slopes = np.abs(found.gradient[:, : rows.classes] / rows.upstream[:, None]).sum(axis=1)
            twice = 2 * (found.gradient != 0) * (np.abs(rows.upstream) * size)[:, None]
            weight = rows.weights.max() * rows.classes
            yield replace(
                found,
                value=np.where(near, np.nan, found.value),
                gradient=np.where(near[:, None], np.nan, found.gradient),
                moves=(slopes * size, weight * twice),
            )

    return told


def _near(rows: Rows, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows have a margin nearly reached, and the size of what is added up in each."""
    scores = np.where(np.isfinite(rows.logits), rows.logits, 0.0)
    size = margin + np.abs(scores).max(axis=1)
    own = scores[np.arange(len(scores)), rows.target][:, None]
    missed = np.stack(
        [margin + scores - own, margin - scores, margin + scores, margin - own + 0 * scores]
    )
    return (np.abs(missed) <= _NEAR * size[:, None]).any(axis=(0, 2)), size


@_off_the_kinks
def _divided(rows: Rows) -> Iterator[Prediction]:
    """Divide by another number of classes, or by none."""
    constants = rows.spec.constants
    here = constants["divided"], constants["over_others"] * constants["divided"]
    for (divided, others), words in _DIVISIONS.items():
        if (divided, others) != here:
            found = rows.kernel(divided=divided, over_others=others)
            fix = f"divide it by {_DIVISIONS[here]}, or declare another division"
            yield Prediction(f"the loss of a row is divided by {words}", fix, *found)


@_off_the_kinks
def _other_power(rows: Rows) -> Iterator[Prediction]:
    """Square what is missed, or do not."""
    squared = rows.spec.constants["squared"]
    words = "what is missed is not squared" if squared else "what is missed is squared"
    fix = f"take power={'squared' if squared else 'linear'!r} as declared, or declare the other"
    yield Prediction(words, fix, *rows.kernel(squared=1 - squared))


@_off_the_kinks
def _own_term(rows: Rows) -> Iterator[Prediction]:
    """Let the sum over classes hold the target's own: the margin, a constant."""
    if rows.spec.program != "weston_watkins":
        return
    value, gradient = rows.kernel()
    constants = rows.spec.constants
    own = constants["margin"] ** (1 + constants["squared"])
    parts = rows.classes - constants["over_others"] if constants["divided"] else 1.0
    yield Prediction(
        "the sum over the classes holds the target's own term too, which is the margin",
        "leave the target's class out of the sum",
        value + rows.weights[rows.target] * own / parts,
        gradient,
    )


@_off_the_kinks
def _other_form(rows: Rows) -> Iterator[Prediction]:
    """Compare the target's score with others than those that the form names."""
    for form, words in _FORMS.items():
        if form != rows.spec.program:
            fix = f"compute form={rows.spec.program!r} as declared, or declare form={form!r}"
            yield Prediction(words, fix, *_as(rows, form))


def _as(rows: Rows, form: str) -> Pair:
    other: Any = SimpleNamespace(program=form, constants=rows.spec.constants)
    return rows.oracle.kernel(other, rows.columns, rows.upstream)


@_off_the_kinks
def _weight_inside(rows: Rows) -> Iterator[Prediction]:
    """Weigh what is missed before it is squared."""
    if rows.oracle.weights is None or not rows.spec.constants["squared"]:
        return
    value, gradient = rows.kernel()
    own = rows.weights[rows.target]
    yield Prediction(
        "the class weight is inside the power, and squared with it",
        "take the power first, and multiply by the weight afterwards",
        own * value,
        own[:, None] * gradient,
    )


@_off_the_kinks
def _unhinged(rows: Rows) -> Iterator[Prediction]:
    """Forget to stop at 0 where the largest other score stays far enough behind."""
    constants = rows.spec.constants
    if rows.spec.program != "crammer_singer" or constants["squared"] or constants["divided"]:
        return
    here = np.arange(len(rows.logits)), rows.target
    others = rows.logits.copy()
    others[here] = -np.inf
    largest = others.max(axis=1, keepdims=True)
    tops = others >= largest
    slopes = tops / tops.sum(axis=1, keepdims=True) - rows.goal
    weight = rows.weights[rows.target]
    yield Prediction(
        "the hinge is missing: a margin that is more than kept counts negative",
        "take max(0, ...)",
        weight * (constants["margin"] + largest[:, 0] - rows.logits[here]),
        rows.by_logits(slopes * (weight * rows.upstream)[:, None]),
    )


def _other_margin(rows: Rows) -> Iterator[Estimate]:
    """Ask for another lead."""
    yield Estimate(
        saying(f"the margin is {{}}, not {rows.spec.constants['margin']:g}"),
        "pass the declared margin, or declare this one with --set margin=...",
        lambda amount: rows.kernel(margin=amount),
        _MARGINS,
    )


margin_slips = (
    _divided,
    _other_power,
    _own_term,
    _weight_inside,
    _other_form,
    _unhinged,
    _other_margin,
)
"""What is known to go wrong, the likeliest first."""
