"""What was found, in words: relations, readings, denominators, and what stays open."""

from __future__ import annotations

from collections.abc import Mapping

from crossval.identification.answer import UNEXPLAINED, Note
from crossval.identification.candidates import Candidate
from crossval.identification.fit import Fit, named
from crossval.identification.gradients import Explained
from crossval.identification.reductions import Reduced
from crossval.identification.separation import Separator

__all__ = [
    "EITHER",
    "gradient_notes",
    "meaning",
    "reduction_notes",
    "reduction_words",
    "relation_words",
    "unsettled",
]

EITHER = " or "
"""Between values of an axis that fit as well as each other."""


def meaning(of: Candidate, relation: Fit) -> tuple[Note, ...]:
    """Say what a reading, a factor and an offset make of the loss."""
    notes = []
    if of.reading.name:
        notes.append(Note(of.reading.words, "RL807" if of.reading.divisor else "RL801"))
    if relation.factor < 0:
        words = f"this is no loss: it grows where the loss falls, {relation_words(relation)}"
        notes.append(Note(words, "RL801"))
    elif named(relation.factor) != "1":
        notes.append(Note(f"constant factor: {named(relation.factor)} times the loss", "RL802"))
    if relation.offset and relation.factor > 0:
        notes.append(Note(f"constant offset: {named(relation.offset)} is added", "RL802"))
    return tuple(notes)


def unsettled(axis: str, settled: Mapping[str, str], *, mean: bool) -> tuple[str, ...]:
    """Say that what a mean divides by stays open, or is no choice of the axis."""
    if not axis or EITHER not in settled.get(axis, EITHER):
        return ()
    if axis not in settled:
        return (f"{axis}: {'none of its values' if mean else 'no mean was seen'}",)
    return (f"{axis}: {settled[axis]}, as far as its arguments can tell",)


def gradient_notes(best: Explained, separator: Separator) -> tuple[Note, ...]:
    """Say what became of the gradients, inputs of the same fate together."""
    notes, fates = [], {}
    for input_, relation in best.relations.items():
        if relation is None:
            words = f"the gradient by {input_} follows no convention known here"
            at = separator.unexplained(best.scored, input_)
            notes.append(Note(f"{words}: {at}" if at else words, UNEXPLAINED))
        elif not relation.exact:
            fates.setdefault((relation.words, relation.code), []).append(input_)
    for (words, code), inputs in fates.items():
        notes.append(Note(f"the gradient by {' and '.join(inputs)} {words}", code))
    return tuple(notes)


def relation_words(fit: Fit) -> str:
    """Return a factor and an offset as a term in the loss; empty for the loss itself."""
    if fit.factor == 1 and fit.offset == 0:
        return ""
    times = {1.0: "loss", -1.0: "-loss"}.get(fit.factor, f"{named(fit.factor)} * loss")
    if fit.offset == 0:
        return times
    if fit.factor == -1:
        return f"{named(fit.offset)} - loss"
    sign = "+" if fit.offset > 0 else "-"
    return f"{times} {sign} {named(abs(fit.offset))}"


def reduction_words(found: Reduced) -> str:
    """Say what a sum is divided by, or that this is nothing known."""
    sizes = ", ".join(map(str, found.sizes))
    if found.axes:
        return f"{found.denominator}, on batches of {sizes}"
    if found.per_row:
        over = f" / {found.denominator}" if found.divides else ""
        return f"one number a row, the sum of its losses{over}"
    if found.unweighted:
        return (
            f"sum over the rows without their class weights / {found.unweighted}, "
            f"on batches of {sizes}"
        )
    if found.joined:
        return f"loss of all rows as one row / {found.joined}, on batches of {sizes}"
    if not found.denominator:
        ratios = ", ".join(f"{ratio:.6g}" for ratio in found.ratios)
        return f"not recognised: batches of {sizes} rows divide their sum by {ratios}"
    return f"sum over the rows / {found.denominator}, on batches of {sizes}"


def reduction_notes(found: Reduced, axis: str, means: Mapping[str, str]) -> tuple[Note, ...]:
    """Say where a denominator is nothing known, or no choice of the axis, or not the gradient's."""
    notes = []
    if found.unweighted:
        notes.append(Note("class weights do not reach the losses that are summed", "RL805"))
    elif found.joined:
        words = "what a row counts is counted over the whole batch: a row's loss depends on others"
        notes.append(Note(words, "RL807"))
    elif not found.denominator:
        notes.append(Note("what the sum is divided by is nothing known here", "RL807"))
    elif found.axes:
        pass
    elif axis and found.divides and found.denominator not in means:
        words = f"the sum is divided by {found.denominator}: no choice of {axis}"
        notes.append(Note(words, "RL807"))
    if found.gradient:
        words = "the gradient of a batch is not that of its value"
        if not found.axes:
            words += f": it is divided by {found.gradient}, the value by {found.denominator}"
        notes.append(Note(words, UNEXPLAINED))
    return tuple(notes)
