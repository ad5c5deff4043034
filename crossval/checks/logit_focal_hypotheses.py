"""What a wrong focal loss of two classes may be instead: its modulator, alpha, their amounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

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
_INSIDE = (1e-8, 1e-7, 1e-6, 1e-12, 1e-16, 1e-10, 1e-5, 1e-4, float(np.finfo(np.float32).eps))
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
        yield from _eps_inside(rows)


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


@dataclass(frozen=True)
class _Term:
    """``weight * power^gamma * -log(inside + eps)``, with what its parts may be off by.

    Errors, of power, inside and slopes, are in roundoffs: a number itself where it is computed to
    its last digits, 1 where it is a difference from 1.
    """

    weight: np.ndarray
    power: np.ndarray
    inside: np.ndarray
    slopes: Pair
    errors: tuple[np.ndarray, np.ndarray, np.ndarray]

    def pair(self, eps: float, gamma: float, attached: float) -> Pair:
        """Return the value, and the derivative by the logit."""
        power, log = self.power**gamma, -np.log(self.inside + eps)
        slope = -power * self.slopes[1] / (self.inside + eps)
        pull = attached * gamma * self.power ** (gamma - 1) * self.slopes[0] * log if gamma else 0.0
        return self._weighed(power * log), self._weighed(slope + pull)

    def moves(self, eps: float, gamma: float, attached: float) -> Pair:
        """Return how far roundings move both, for a roundoff of 1."""
        power, log = self.power**gamma, np.abs(np.log(self.inside + eps))
        off_log = 1 + self.errors[1] / (self.inside + eps)
        off_power = gamma * self.power ** (gamma - 1) * self.errors[0]
        steep = (np.abs(self.slopes[1]) + self.errors[2]) / (self.inside + eps)
        size = np.abs(self.slopes[0]) + self.errors[2]
        pull = attached * gamma * self.power ** (gamma - 1) * size
        relative = 1 + np.abs(gamma - 1) * self.errors[0] / self.power
        value = power * (log + off_log) + off_power * log
        slope = steep * (power * (1 + off_log) + off_power) + pull * (log * relative + off_log)
        return self._weighed(value), self._weighed(slope)

    def _weighed(self, part: np.ndarray) -> np.ndarray:
        return np.where(self.weight == 0, 0.0, self.weight * part)


@dataclass(frozen=True)
class _Sides:
    """Both probabilities of rows, p and 1 - p, with what differences are off by; targets, alpha."""

    p: np.ndarray
    rest: np.ndarray
    off: np.ndarray
    width: np.ndarray
    target: np.ndarray
    share: np.ndarray
    upper: float
    lower: float


def _sides(rows: _Rows, exact: bool) -> _Sides:
    """Read 1 - p as it is, or with the digits that the difference has left."""
    x, target = rows.columns.T
    constants, p, other = rows.spec.constants, 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))
    alpha, smoothing = constants["alpha"], constants["smoothing"]
    rest, off = (other, np.zeros_like(p)) if exact else (1 - p, np.ones_like(p))
    return _Sides(
        p,
        rest,
        off,
        p * rest,
        target,
        (1 - smoothing) * target + smoothing / 2,
        alpha if constants["on_positives"] else 1 - alpha,
        alpha if constants["on_negatives"] else 1 - alpha,
    )


def _two_powers(s: _Sides) -> list[_Term]:
    """Give each class a power of its own."""
    return [
        _term(s, s.upper * s.share, s.rest, s.p, (-s.width, s.width)),
        _term(s, s.lower * (1 - s.share), s.p, s.rest, (s.width, -s.width)),
    ]


def _one_power(s: _Sides) -> list[_Term]:
    """Let a power of 1 - p_t multiply both logarithms."""
    alpha = s.upper * s.target + s.lower * (1 - s.target)
    power, turn = _mixed(s, s.rest, s.p), (1 - 2 * s.target) * s.width
    return [
        _term(s, alpha * s.share, power, s.p, (turn, s.width)),
        _term(s, alpha * (1 - s.share), power, s.rest, (turn, -s.width)),
    ]


def _one_logarithm(s: _Sides) -> list[_Term]:
    """Take a power of 1 - p_t, and the logarithm of p_t."""
    alpha = s.upper * s.target + s.lower * (1 - s.target)
    power, inside = _mixed(s, s.rest, s.p), _mixed(s, s.p, s.rest)
    turn = (1 - 2 * s.target) * s.width
    return [_term(s, alpha, power, inside, (turn, -turn))]


def _term(
    s: _Sides, weight: np.ndarray, power: np.ndarray, inside: np.ndarray, slopes: Pair
) -> _Term:
    """Return a term whose parts are differences from 1, p alone excepted."""
    off = [number if number is s.p else np.maximum(number, s.off) for number in (power, inside)]
    return _Term(weight, power, inside, slopes, (off[0], off[1], np.maximum(s.width, s.p * s.off)))


def _mixed(s: _Sides, hit: np.ndarray, missed: np.ndarray) -> np.ndarray:
    return s.target * hit + (1 - s.target) * missed


_FORMS = {
    "sigmoid_focal": ("one power of 1 - p_t multiplies both logarithms", _one_power),
    "sigmoid_focal_two": (
        "each class has a power of its own, as soft_target=separate",
        _two_powers,
    ),
    "": ("one logarithm is taken, of p_t", _one_logarithm),
}
"""How targets between 0 and 1 are read, by the program that does so; of 0 and 1 all are one."""


def _total(
    parts: list[Callable[[float, float, float], Pair]],
    powers: tuple[float, float],
    upstream: np.ndarray,
    eps: float,
) -> Pair:
    """Return the sum of pairs, with the gradient by both columns: nothing is said of targets."""
    values, slopes = zip(*(part(eps, *powers) for part in parts), strict=True)
    slope = np.sum(slopes, axis=0) * upstream
    return np.sum(values, axis=0), np.stack([slope, np.full_like(slope, np.nan)], axis=1)


def _eps_inside(rows: _Rows) -> Iterator[Estimate]:
    """Add to what a logarithm is taken of: to both probabilities, or to that of the target."""
    constants = rows.spec.constants
    if not rows.spec.program.startswith("sigmoid_focal") or constants.get("epsilon"):
        return
    fix = "take the logarithm of the sigmoid from the logits: no eps is needed"
    powers = constants["gamma"], constants["attached"]
    given, size = rows.upstream, np.abs(rows.upstream)
    for program, (reading, form) in _FORMS.items():
        also = "" if program == rows.spec.program else f"; {reading}"
        for exact in (False, True):
            terms = form(_sides(rows, exact))
            yield Estimate(
                partial("eps is added inside the logarithm: {1:.3g}{0}".format, also),
                fix,
                partial(_total, [term.pair for term in terms], powers, given),
                _INSIDE,
                moves=partial(_total, [term.moves for term in terms], powers, size),
            )
