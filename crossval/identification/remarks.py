"""What is unusual about a target's answers, whatever it computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from crossval.identification.answer import Note
from crossval.identification.evidence import COLUMN, ROWS, Evidence, Witness
from crossval.oracles.formats import FORMATS, format_of
from crossval.runner import TargetRaised
from crossval.session import Session

__all__ = [
    "added",
    "changed",
    "demanded",
    "nowhere",
    "order",
    "precision",
    "rounded",
    "together",
    "untested",
    "useless",
]

_NARROW = "float32"


def precision(evidence: Evidence) -> tuple[float, tuple[Note, ...]]:
    """Return the unit roundoff to expect, and a note where it is not that of the inputs."""
    number, narrow = evidence.number, format_of(_NARROW)
    came = [format_of(name) for name in evidence.formats if name in FORMATS]
    widest = max([number, *came], key=lambda each: each.roundoff)
    if widest is not number:
        words = f"returns {widest.name} for {number.name} inputs"
        return widest.roundoff, (Note(words, "RL204"),)
    finite = evidence.value[np.isfinite(evidence.value)]
    fine = number.roundoff < narrow.roundoff and _long(finite)
    if fine and np.array_equal(narrow.round(finite), finite):
        words = "every value lies on the float32 grid: it computes in float32"
        return narrow.roundoff, (Note(words, "RL301"),)
    return number.roundoff, ()


def rounded(wide: str, narrow: str, worst: float) -> Note:
    """Say that a target follows a definition in a narrow format, and not quite in a wide one."""
    words = (
        f"in {wide} values leave the definition by up to {worst:.2g} of the result, in {narrow} "
        f"they do not: a part is computed in {narrow}, or approximated"
    )
    return Note(words, "RL301")


def _long(values: np.ndarray) -> bool:
    """Whether most values need more than 16 bits: short ones lie on every grid."""
    mantissa = np.ldexp(np.frexp(values)[0], 16)
    return bool(np.mean(mantissa != np.rint(mantissa)) > 0.5) if len(values) else False


def untested(session: Session) -> tuple[str, ...]:
    """Return the arguments that keep their defaults in every call."""
    asked = {*session.arguments, *session.family.options}
    return tuple(name for name in session.runner.keywords if name not in asked)


def demanded(session: Session) -> tuple[Note, ...]:
    """Say which arguments have no default, and what was passed for them."""
    required = set(session.runner.required) - set(session.family.options)
    given = {
        name: value
        for name, value in session.arguments.items()
        if name in required and name not in session.target.axes
    }
    if not given:
        return ()
    words = ", ".join(f"{name}={value}" for name, value in given.items())
    return (Note(f"has no default for what was passed as {words}; --set passes another"),)


def changed(evidence: Evidence) -> tuple[Note, ...]:
    """Say which inputs are changed in place."""
    if not evidence.changed:
        return ()
    return (Note(f"changes {' and '.join(evidence.changed)} in place", "RL205"),)


def added(witness: Witness) -> tuple[Note, ...]:
    """Say what of the results of a head is not its own, as the cross-entropy of its logits."""
    return tuple(Note(words) for words in witness.remarks) if witness.wholes else ()


def nowhere(evidence: Evidence) -> bool:
    """Whether most results are NaN, or none is finite."""
    lost, finite = np.isnan(evidence.value).sum(), np.isfinite(evidence.value).any()
    return bool(2 * lost >= len(evidence.value) or not finite)


def useless(evidence: Evidence) -> Note:
    """Say why results tell nothing."""
    if evidence.constant:
        first = evidence.value[np.isfinite(evidence.value)][0]
        return Note(f"returns {first:.17g} for every input", "RL602")
    count = int((~np.isfinite(evidence.value)).sum())
    return Note(f"{count} of {len(evidence.value)} results are not finite", "RL302")


def order(
    witness: Witness, evidence: Evidence, roundoff: float, probes: list[Any]
) -> tuple[Note, ...]:
    """Ask for the rows in reverse order: results must follow them."""
    if evidence.form != ROWS or evidence.raised or witness.wholes:
        return ()
    reverse = witness.ask([probe.take(slice(None, None, -1)) for probe in probes])
    turned, start = [], 0
    for probe in probes:
        turned.append(reverse.value[start : start + len(probe)][::-1])
        start += len(probe)
    again = np.concatenate(turned)
    with np.errstate(all="ignore"):
        apart = np.abs(again - evidence.value) > 2.0**10 * roundoff * (1 + np.abs(evidence.value))
    if not apart.any():
        return ()
    words = (
        f"{int(apart.sum())} of {len(apart)} values change when the rows come in reverse order: "
        "results are kept from an earlier call, or rows influence each other"
    )
    return (Note(words, "RL603"),)


def together(witness: Witness, roundoff: float, batches: list[Any]) -> tuple[Note, ...]:
    """Ask for batches in one call: rows must be what they are alone."""
    if not witness.wholes or witness.form not in (ROWS, COLUMN):
        return ()
    try:
        found = np.concatenate([witness.together(batch) for batch in batches])
        alone = witness.ask(batches).value
    except TargetRaised as error:
        return (Note(f"raises with several rows: {error.words}", "RL105"),)
    with np.errstate(all="ignore"):
        apart = np.abs(found - alone) > 2.0**20 * roundoff * (1 + np.abs(alone))
    if not apart.any():
        return ()
    words = f"{int(apart.sum())} of {len(apart)} rows are not in a batch what they are alone"
    return (Note(f"{words}: rows influence each other", "RL603"),)
