"""What results are instead, whatever the loss: a factor, an offset, a function of the truth.

Hypotheses about the numbers alone; what the losses of a family are known for is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from crossval.checks.evidence import Diagnosis, Evidence
from crossval.checks.rows import classes_of
from crossval.oracles.formats import Format, format_of
from crossval.session import Session

__all__ = [
    "clipped",
    "narrow_errors",
    "offset",
    "on_narrow_grid",
    "scaled",
    "swapped",
    "transformed",
    "upstream",
    "zero",
]

_FEW = 3

Pair = tuple[np.ndarray, np.ndarray]


def zero(_: Session, evidence: Evidence) -> Diagnosis | None:
    """Find a gradient that is 0 wherever it is wrong."""
    if evidence.generic != "RL403":
        return None
    return Diagnosis("RL403", cause="every result beyond tolerance is exactly 0")


def swapped(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find the gradient by another input."""
    if evidence.is_value:
        return None
    kernel, inputs = session.family.oracle.kernel, session.family.inputs
    _, gradient = kernel(session.spec, evidence.points.columns, evidence.points.upstream)
    for name, part in inputs.items():
        wide = gradient[:, part].shape == evidence.got.shape
        if wide and f"grad[{name}]" != evidence.name and evidence.supports(gradient[:, part]):
            return Diagnosis("RL407", f"this is the gradient by {name}")
    return None


_CONSTANTS = {
    "pi": np.pi,
    "1/pi": 1 / np.pi,
    "pi^2": np.pi**2,
    "ln 2": np.log(2.0),
    "1/ln 2": 1 / np.log(2.0),
    "1/ln 10": 1 / np.log(10.0),
}
_BASES = {"1/ln 2": "2", "1/ln 10": "10"}


def scaled(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find one factor between results and truth, and say what it is."""
    factor = _constant(evidence, evidence.truth)
    if factor is None:
        return None
    if factor == -1:
        return _negated(evidence)
    sizes = _sizes(session, evidence.points.dtype)
    divided, constant = _named(factor, sizes), _named(factor, _CONSTANTS)
    few = int((evidence.failed & (evidence.truth != 0)).sum()) < _FEW
    if few and not divided and not constant and not float(2 * factor).is_integer():
        return None  # some factor fits any two numbers
    digits = 7 if float(f"{factor:.7g}") != 1 else 17  # a factor is never shown as 1
    words = f"got / reference = {factor:.{digits}g} at all points"
    if divided and not constant:
        return Diagnosis("RL807", f"{words} = {divided}")
    base = _BASES.get(constant)
    if base and not evidence.is_value:
        return Diagnosis("RL802", f"{words} = {constant}")
    cause = f"the logarithm is taken to base {base}, not e" if base else ""
    return Diagnosis("RL802", f"{words} = {constant}" if constant else words, cause)


def _negated(evidence: Evidence) -> Diagnosis:
    words = "got / reference = -1 everywhere"
    if not evidence.is_value:
        return Diagnosis("RL404", words)
    fix = "Negate it: a loss falls where the prediction gets better."
    return Diagnosis("RL802", words, "the sign is missing: this is the loss's negative", fix)


def _sizes(session: Session, dtype: str) -> dict[str, float]:
    """Factors that a reduction leaves, by name: over the rows, over the classes."""
    factors = session.factors(dtype)
    rows = "class_weight" in session.family.options
    classes = classes_of(session.family) if rows else 0
    if classes > 2:  # of two classes 1/2 says nothing
        factors |= {"1/C, a mean over the classes": 1 / classes, "C, the classes": classes}
    return factors


def _named(factor: float, names: Mapping[str, float]) -> str:
    return next((name for name, value in names.items() if abs(factor / value - 1) < 1e-3), "")


def upstream(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find one upstream gradient used for all rows, or each used twice."""
    if evidence.is_value:
        return None
    own = evidence.points.upstream[:, None]
    if evidence.supports(evidence.truth * own):
        return Diagnosis("RL406", "upstream is multiplied in twice")
    factor = _constant(evidence, evidence.truth / own)
    if factor is None:
        return None
    whole = session.points(evidence.points.dtype).upstream  # of which these rows may be a part
    return Diagnosis("RL406", _upstream_words(factor, whole, evidence.number))


def _upstream_words(factor: float, upstream: np.ndarray, number: Format) -> str:
    close = 64 * number.roundoff
    named = {
        "upstream is ignored: this is the gradient of the plain sum": 1.0,
        "upstream of row 0 is used for all rows": float(upstream[0]),
        "the mean of upstream is used for all rows": float(upstream.mean()),
        "the sum of upstream is used for all rows": float(upstream.sum()),
    }
    for words, value in named.items():
        if abs(factor - value) <= close * abs(value):
            return words
    return f"one upstream gradient, {factor:.7g}, is used for all rows"


_FUNCTIONS: dict[str, tuple[str, Callable[[np.ndarray], Pair]]] = {
    "the similarity 1 - loss is returned in the place of the loss": (
        "return 1 - similarity",
        lambda v: (1 - v, -np.ones_like(v)),
    ),
    "the negated similarity, loss - 1, is returned in the place of the loss": (
        "return 1 - similarity",
        lambda v: (v - 1, np.ones_like(v)),
    ),
    "the loss is squared": ("return it as it is", lambda v: (v * v, 2 * v)),
    "the square root of the loss is taken": (
        "return it as it is",
        lambda v: (np.sqrt(v), 0.5 / np.sqrt(v)),
    ),
}
"""Words to the remedy, and to value and slope of a function of the loss."""


def transformed(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find a function of the loss in its place."""
    points = evidence.points
    value, gradient = session.family.oracle.kernel(session.spec, points.columns, points.upstream)
    for words, (fix, function) in _FUNCTIONS.items():
        with np.errstate(all="ignore"):
            changed, slope = function(value)
            predicted = changed[:, None]
            if not evidence.is_value:
                part = session.family.inputs[evidence.input]
                predicted = slope[:, None] * gradient[:, part]
            room = np.abs(slope)[:, None] * evidence.tolerance
        if evidence.supports(predicted, room=room):
            return Diagnosis(evidence.generic, cause=words, fix=fix)
    return None


def offset(_: Session, evidence: Evidence) -> Diagnosis | None:
    """Find one number that is added to every value."""
    if not evidence.is_value or int(evidence.failed.sum()) < _FEW:
        return None
    amount = float(np.median((evidence.got - evidence.truth)[evidence.failed]))
    short = float(f"{amount:.6g}")
    for number in (short, amount):
        if number and evidence.supports(evidence.truth + number):
            return Diagnosis("RL301", cause=f"{number:.7g} is added to every loss")
    return None


def clipped(_: Session, evidence: Evidence) -> Diagnosis | None:
    """Find gradients cut at a bound that several of them lie on."""
    if evidence.is_value:
        return None
    sizes = np.abs(evidence.got[np.isfinite(evidence.got)])
    bound = float(sizes.max(initial=0.0))
    if bound == 0 or int((sizes == bound).sum()) < _FEW:
        return None
    if not evidence.supports(np.clip(evidence.truth, -bound, bound)):
        return None
    words = f"every component is cut to [{-bound:.6g}, {bound:.6g}]"
    return Diagnosis("RL402", cause=words, fix="Clip after the backward, not in it.")


def on_narrow_grid(_: Session, evidence: Evidence) -> Diagnosis | None:
    """Find float32 hidden in float64 code by results that lie on its grid."""
    if not evidence.mostly_narrow:
        return None
    words = "every result lies on the float32 grid: computed in float32"
    return Diagnosis("RL301" if evidence.is_value else "RL402", cause=words)


def narrow_errors(_: Session, evidence: Evidence) -> Diagnosis | None:
    """Suspect float32 inside float64 code by the size of the errors; the last guess of all."""
    if evidence.number.name != "float64":
        return None
    narrow = format_of("float32")
    code = "RL301" if evidence.is_value else "RL402"
    with np.errstate(all="ignore"):
        relative = np.abs(evidence.got - evidence.truth) / np.abs(evidence.truth)
    middle = float(np.median(relative[evidence.failed]))
    if 2**-4 <= middle / narrow.roundoff <= 2**6:
        words = "relative errors have the size of float32's roundoff: an intermediate is float32"
        return Diagnosis(code, cause=words)
    return None


def _constant(evidence: Evidence, base: np.ndarray) -> float | None:
    """Return the one factor that carries ``base`` into the results, if there is one."""
    usable = evidence.failed & (base != 0) & np.isfinite(base)
    if not usable.any():
        return None
    with np.errstate(all="ignore"):
        factor = float(np.median(evidence.got[usable] / base[usable]))
    whole = round(factor * 2) / 2
    if abs(factor - whole) <= 64 * evidence.number.roundoff * abs(factor):
        factor = whole
    if not np.isfinite(factor) or factor == 0:
        return None
    return factor if evidence.supports(factor * base, factor) else None
