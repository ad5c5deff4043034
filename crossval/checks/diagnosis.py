"""What a wrong result is instead: hypotheses tried in turn, each with evidence from all rows.

A hypothesis predicts every result. It is accepted if it explains the results that failed *and* the
rows on which it can be told from the truth; an accidental match on a few rows is not enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crossval.catalog import neighbours, spec_of
from crossval.checks.quantities import Quantity, ordinary, value_at
from crossval.checks.statistics import WRONG
from crossval.checks.verdict import Verdicts
from crossval.oracles.formats import Format, format_of
from crossval.oracles.texts import Definition
from crossval.points.boxes import PointSet
from crossval.session import Session

_MOST, _ALL = 0.95, 0.98
_FEW = 3


@dataclass(frozen=True)
class Diagnosis:
    """A named deviation.

    Attributes
    ----------
    code : str
        Of the finding.
    message, cause, fix : str
        Empty where the finding's own words are better.
    """

    code: str
    message: str = ""
    cause: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Evidence:
    """Results under suspicion, as (n, k) arrays (k = 1 for a value).

    Attributes
    ----------
    name : str
        ``value`` or ``grad[<input>]``.
    points : PointSet
        Rows.
    got, truth, tolerance : array
        Results, truth, and the granted tolerance.
    failed : bool array
        Finite results beyond every tolerance.
    """

    name: str
    points: PointSet
    got: np.ndarray
    truth: np.ndarray
    tolerance: np.ndarray
    failed: np.ndarray

    @classmethod
    def of(cls, quantity: Quantity, verdicts: Verdicts) -> Evidence:
        """Evidence from a graded quantity."""
        tall = (len(quantity.points), -1)
        failed = (verdicts.grade == WRONG) & np.isfinite(quantity.got)
        return cls(
            quantity.name,
            quantity.points,
            quantity.got.reshape(tall),
            quantity.truth.hi.reshape(tall),
            verdicts.tolerance.reshape(tall),
            failed.reshape(tall),
        )

    @property
    def number(self) -> Format:
        """Format under test."""
        return format_of(self.points.dtype)

    @property
    def input(self) -> str:
        """Input that the gradient under suspicion is by."""
        return self.name.removeprefix("grad[").removesuffix("]")

    @property
    def is_value(self) -> bool:
        """Whether values are under suspicion, not gradients."""
        return self.name == "value"

    def supports(self, predicted: np.ndarray, factor: float = 1.0) -> bool:
        """Whether ``predicted`` explains the failures and all rows where it differs from truth."""
        usable = np.isfinite(self.got) & np.isfinite(predicted) & np.isfinite(self.tolerance)
        with np.errstate(invalid="ignore", over="ignore"):
            slack = self.tolerance * max(1.0, abs(factor)) + 16 * self.number.ulp(predicted)
            near = np.abs(self.got - predicted) <= slack
            telling = usable & (np.abs(predicted - self.truth) > 4 * slack)
        failed = usable & self.failed
        if not telling.any() or not failed.any():
            return False
        return near[failed].mean() >= _MOST and near[telling].mean() >= _ALL


def explain(session: Session, evidence: Evidence) -> Diagnosis:
    """Return the first hypothesis that the evidence supports, else the generic code."""
    for hypothesis in _HYPOTHESES:
        found = hypothesis(session, evidence)
        if found is not None:
            return found
    return Diagnosis(_generic(evidence))


def _generic(evidence: Evidence) -> str:
    """Return the code that says no more than what kind of number is wrong."""
    if evidence.is_value:
        return "RL301"
    return "RL402" if np.any(evidence.got[evidence.failed]) else "RL403"


def _zero(_: Session, evidence: Evidence) -> Diagnosis | None:
    if _generic(evidence) != "RL403":
        return None
    return Diagnosis("RL403", cause="every result beyond tolerance is exactly 0")


def _swapped(session: Session, evidence: Evidence) -> Diagnosis | None:
    if evidence.is_value:
        return None
    kernel, inputs = session.family.oracle.kernel, session.family.inputs
    _, gradient = kernel(session.spec, evidence.points.columns, evidence.points.upstream)
    for name, part in inputs.items():
        wide = gradient[:, part].shape == evidence.got.shape
        if wide and f"grad[{name}]" != evidence.name and evidence.supports(gradient[:, part]):
            return Diagnosis("RL407", f"this is the gradient by {name}")
    return None


def _scaled(session: Session, evidence: Evidence) -> Diagnosis | None:
    factor = _constant(evidence, evidence.truth)
    if factor is None:
        return None
    if factor == -1 and not evidence.is_value:
        return Diagnosis("RL404", "got / reference = -1 everywhere")
    name = _named(factor, session.factors(evidence.points.dtype))
    few = int((evidence.failed & (evidence.truth != 0)).sum()) < _FEW
    if few and not name and not float(2 * factor).is_integer():
        return None  # some factor fits any two numbers
    return Diagnosis("RL802", f"got / reference = {factor:.7g} at all points{name}")


def _upstream(session: Session, evidence: Evidence) -> Diagnosis | None:
    if evidence.is_value:
        return None
    upstream = evidence.points.upstream
    factor = _constant(evidence, evidence.truth / upstream[:, None])
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


def _variant(session: Session, evidence: Evidence) -> Diagnosis | None:
    target = session.target
    from crossval.families import family_of  # which takes its patterns from this package

    declared = target.declared
    for label, loss, preset, axes in neighbours(target.loss, target.preset, target.axes):
        spec = spec_of(loss, preset, axes)
        if family_of(loss, spec.program).name != session.family.name:
            continue
        if dict(spec.constants) == dict(session.spec.constants) and (
            spec.program == session.spec.program
        ):
            continue
        if not evidence.supports(_predicted(session, evidence, spec)):
            continue
        if evidence.is_value or not _value_is_right(session, evidence.points.dtype):
            words = f"you said {declared}, this behaves like {label}"
            return Diagnosis("RL801", words, fix=f"declare {label}, or change the implementation")
        words = f"the value matches {declared}, the gradient matches {label}"
        return Diagnosis("RL804", words, fix=f"declare {label}, or remove (or add) a detach")
    return None


def _slip(session: Session, evidence: Evidence) -> Diagnosis | None:
    """Find a slip that the family's losses are known for."""
    family, points = session.family, evidence.points
    part = slice(None) if evidence.is_value else family.inputs[evidence.input]
    for slip in family.slips(family.oracle, session.spec, points.columns, points.upstream):
        predicted = slip.value[:, None] if evidence.is_value else slip.gradient[:, part]
        if not evidence.supports(predicted):
            continue
        if slip.code:
            return Diagnosis(slip.code, slip.words, fix=slip.fix)
        return Diagnosis(_generic(evidence), cause=slip.words, fix=slip.fix)
    return None


def _on_narrow_grid(_: Session, evidence: Evidence) -> Diagnosis | None:
    """Find float32 hidden in float64 code by results that lie on its grid."""
    if evidence.number.name != "float64":
        return None
    with np.errstate(all="ignore"):
        on_grid = format_of("float32").round(evidence.got) == evidence.got
    if on_grid[evidence.failed].mean() < _MOST:
        return None
    code = "RL301" if evidence.is_value else "RL402"
    return Diagnosis(code, cause="every result lies on the float32 grid: computed in float32")


def _narrow_errors(_: Session, evidence: Evidence) -> Diagnosis | None:
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


_HYPOTHESES: tuple[Callable[[Session, Evidence], Diagnosis | None], ...] = (
    _slip,
    _zero,
    _on_narrow_grid,
    _scaled,
    _upstream,
    _swapped,
    _variant,
    _narrow_errors,
)

_FACTORS = {
    "pi": np.pi,
    "1/pi": 1 / np.pi,
    "pi^2": np.pi**2,
    "ln 2": np.log(2.0),
    "1/ln 2": 1 / np.log(2.0),
}


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


def _named(factor: float, more: Mapping[str, float]) -> str:
    """Name a factor; the numbers of the list first, then what a reduction leaves."""
    named = _FACTORS | dict(more)
    names = [name for name, value in named.items() if abs(factor / value - 1) < 1e-3]
    return f" = {names[0]}" if names else ""


def _predicted(session: Session, evidence: Evidence, spec: Definition) -> np.ndarray:
    points = evidence.points
    value, gradient = session.family.oracle.kernel(spec, points.columns, points.upstream)
    if evidence.is_value:
        return value[:, None]
    return gradient[:, session.family.inputs[evidence.input]]


def _value_is_right(session: Session, dtype: str) -> bool:
    evaluation, points = session.measured(dtype), session.points(dtype)
    rows = ordinary(session, dtype, evaluation)
    quantity = value_at(session, evaluation, points, session.standard(dtype), rows)
    return bool((quantity.verdicts().grade != WRONG).all())
