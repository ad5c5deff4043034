"""What a wrong focal loss of two classes may be instead: its modulator, alpha, their amounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from crossval.checks.hypotheses import Estimate, Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["FOCAL", "logit_focal_slips"]

Pair = tuple[np.ndarray, np.ndarray]

FOCAL = frozenset({"alpha", "on_positives", "on_negatives"})
"""Constants of a definition of which this module speaks."""

_POWERS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
_ALPHAS = (0.1, 0.25, 0.5, 0.75, 0.9, 2.0)
_EPSILONS = (-1.0, -0.5, 0.5, 1.0, 2.0, 5.0)
_SIDES = {
    (1.0, 0.0): "positives, and 1 - alpha negatives",
    (0.0, 1.0): "negatives, and 1 - alpha positives",
    (1.0, 1.0): "every element",
}


@dataclass(frozen=True)
class _Constants:
    """A definition with other constants."""

    program: str
    constants: dict[str, float]


@dataclass(frozen=True)
class _Rows:
    oracle: Oracle
    spec: Definition
    columns: np.ndarray
    upstream: np.ndarray

    def kernel(self, **changes: float) -> Pair:
        """Return loss and gradient under other constants."""
        other = _Constants(self.spec.program, {**self.spec.constants, **changes})
        return self.oracle.kernel(other, self.columns, self.upstream)


def logit_focal_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of columns, the likeliest first."""
    rows = _Rows(oracle, spec, columns, upstream)
    with np.errstate(all="ignore"):
        yield from _alpha(rows)
        yield from _modulator(rows)
        yield from _other_amounts(rows)


def _alpha(rows: _Rows) -> Iterator[Prediction]:
    """Leave alpha out, or mistake whom it multiplies."""
    constants = rows.spec.constants
    here = constants["on_positives"], constants["on_negatives"]
    if constants["alpha"] == 1 and here == (1.0, 1.0):
        return
    plain = rows.kernel(alpha=1.0, on_positives=1.0, on_negatives=1.0)
    yield Prediction("alpha has no effect", f"let alpha multiply {_SIDES[here]}", *plain)
    for (positives, negatives), who in _SIDES.items():
        if (positives, negatives) != here:
            turned = rows.kernel(on_positives=positives, on_negatives=negatives)
            fix = f"let alpha multiply {_SIDES[here]}"
            yield Prediction(f"alpha multiplies {who}", fix, *turned)


def _modulator(rows: _Rows) -> Iterator[Prediction]:
    """Detach the modulator, or differentiate one that is to be detached."""
    attached = rows.spec.constants.get("attached")
    if attached is None:
        return
    words = "the modulator is held constant in the gradient"
    fix = "differentiate it too, or declare modulator='detached'"
    if not attached:
        words, fix = "the modulator is differentiated", "detach it, or declare modulator='attached'"
    yield Prediction(words, fix, *rows.kernel(attached=1.0 - attached))


def _other_amounts(rows: _Rows) -> Iterator[Estimate]:
    """Take another power or another alpha, or add a polynomial term."""
    power = "gamma" if "gamma" in rows.spec.constants else "beta"
    for name, usual in ((power, _POWERS), ("alpha", _ALPHAS), ("epsilon", _EPSILONS)):
        if name not in rows.spec.constants:
            continue
        words = _saying(name, rows.spec.constants[name])
        fix = f"pass the declared {name}, or declare this one with --set {name}=..."
        yield Estimate(words, fix, _with(rows, name), usual)


def _with(rows: _Rows, name: str) -> Callable[[float], Pair]:
    return lambda amount: rows.kernel(**{name: amount})


def _saying(name: str, declared: float) -> Callable[[float], str]:
    return lambda amount: f"{name} is {amount:.6g}, not {declared:g}"
