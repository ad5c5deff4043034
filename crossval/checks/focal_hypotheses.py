"""What a wrong softmax focal loss may be instead: modulator, alpha, weights, polynomial term."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.row_terms import Pair, Rows, log_softmax
from crossval.checks.row_transforms import saying

__all__ = ["FOCAL", "focal_slips"]

FOCAL = frozenset(
    {"gamma", "alpha", "alpha_on_first", "alpha_on_others", "attached", "weight_inside", "epsilon"}
)
"""Constants of a definition of which this module speaks."""

_POWERS = (0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
_ALPHAS = (0.1, 0.25, 0.5, 0.75, 0.9, 2.0)
_EPSILONS = (-1.0, -0.5, 0.5, 1.0, 2.0, 5.0)
_INSIDE = (1e-8, 1e-7, 1e-6, 1e-12, 1e-16, 1e-10, 1e-5, 1e-4, float(np.finfo(np.float32).eps))
_ROUNDED = 2.0**-53
_FLOORS = (1e-7, 1e-8, 1e-6, 1e-12, float(np.finfo(np.float32).tiny))


def _alpha_missing(rows: Rows) -> Iterator[Prediction]:
    """Leave alpha out, or mistake whom it multiplies."""
    constants = rows.spec.constants
    here = constants["alpha_on_first"], constants["alpha_on_others"]
    if constants["alpha"] == 1 and here == (1.0, 1.0):
        return
    words = "alpha has no effect"
    fix = "multiply the loss of every row by the alpha of its class"
    yield Prediction(words, fix, *rows.kernel(alpha=1.0, alpha_on_first=1.0, alpha_on_others=1.0))
    sides = {
        (1.0, 1.0): "every class",
        (0.0, 1.0): "every class but 0, and 1 - alpha class 0",
        (1.0, 0.0): "class 0, and 1 - alpha every other",
        (0.0, 0.0): "no class, and 1 - alpha every class",
    }
    for (first, others), who in sides.items():
        if (first, others) != here:
            words = f"alpha multiplies {who}"
            fix = f"let alpha multiply {sides[here]}"
            swapped = rows.kernel(alpha_on_first=first, alpha_on_others=others)
            yield Prediction(words, fix, *swapped)


def _modulator(rows: Rows) -> Iterator[Prediction]:
    """Detach the modulator, or differentiate one that is to be detached."""
    attached = rows.spec.constants["attached"]
    words = "the modulator (1 - p)^gamma is held constant in the gradient"
    fix = "differentiate it too, or declare modulator='detached'"
    if not attached:
        words = "the modulator (1 - p)^gamma is differentiated"
        fix = "detach it, or declare modulator='attached'"
    yield Prediction(words, fix, *rows.kernel(attached=1.0 - attached))


def _weight_inside(rows: Rows) -> Iterator[Prediction]:
    """Weigh the logarithm before the power is taken, or the loss after it: p^w stands for p."""
    if rows.oracle.weights is None:
        return
    inside = rows.spec.constants["weight_inside"]
    words = "the class weight is inside the power: the modulator is (1 - p^w)^gamma"
    fix = "take the power of 1 - p, and multiply by the weight afterwards"
    if inside:
        words = "the class weight is outside the power: the modulator is (1 - p)^gamma"
        fix = "multiply -log p by the weight before its power is taken"
    yield Prediction(words, fix, *rows.kernel(weight_inside=1.0 - inside))


def _clamped(rows: Rows) -> Iterator[Prediction]:
    """Keep p away from 0 where its logarithm is taken; the gradient goes on, or stops there."""
    value, gradient = rows.kernel()
    log_p = log_softmax(rows.logits)[np.arange(len(value)), rows.target]
    for floor in _FLOORS:
        below = log_p < np.log(floor)
        with np.errstate(invalid="ignore", divide="ignore"):
            capped = np.where(below, value * np.log(floor) / log_p, value)
        for words, slopes in (
            (f"p is at least {floor:.3g} in the logarithm", gradient),
            (f"p is at least {floor:.3g}", np.where(below[:, None], 0.0, gradient)),
        ):
            yield Prediction(words, "take log_softmax, which needs no clamp", capped, slopes)


def _raised(rows: Rows) -> Iterator[Estimate]:
    """Add to p before its logarithm: what multiplies the logarithm stays."""
    constants = rows.spec.constants
    if not rows.labelled or constants["epsilon"] or constants["weight_inside"]:
        return
    value, gradient = rows.kernel()
    here = np.arange(len(value)), rows.target
    log_p, hot = log_softmax(rows.logits), rows.goal
    way = rows.by_logits(hot - np.exp(log_p)) * rows.upstream[:, None]

    def predict(amount: float) -> Pair:
        with np.errstate(all="ignore"):
            raised = np.logaddexp(log_p[here], np.log(amount))
            ratio, kept = raised / log_p[here], np.exp(log_p[here] - raised)
            times = value / -log_p[here]
            slopes = ratio[:, None] * gradient + (times * (ratio - kept))[:, None] * way
        return ratio * value, slopes

    def moves(amount: float) -> Pair:
        """Let p and 1 - p be off by a rounding of 1."""
        gamma, attached = constants["gamma"], constants["attached"]
        with np.errstate(all="ignore"):
            scale = rows.kernel(gamma=0.0)[0] / -log_p[here]
            log = np.abs(np.logaddexp(log_p[here], np.log(amount)))
            rest = -np.expm1(log_p[here]) + _ROUNDED
            steep = gamma * rest ** (gamma - 1)
            slope = scale * (rest**gamma + steep + attached * steep * (1 + 1 / rest) * (log + 1))
        found = scale * (rest**gamma * (log + 1) + steep * log)
        return found, (slope * np.abs(rows.upstream))[:, None] * np.ones_like(way)

    words = saying("{} is added to the probability before the logarithm")
    fix = "take log_softmax, which needs no eps"
    yield Estimate(words, fix, predict, _INSIDE, moves=moves)


def _other_amounts(rows: Rows) -> Iterator[Estimate]:
    """Take another power, another alpha, or add a polynomial term."""
    amounts: dict[str, tuple[Callable[[float], Pair], tuple[float, ...]]] = {
        "gamma": (lambda amount: rows.kernel(gamma=amount), _POWERS),
        "alpha": (lambda amount: rows.kernel(alpha=amount), _ALPHAS),
        "epsilon": (lambda amount: rows.kernel(epsilon=amount), _EPSILONS),
    }
    for name, (predict, usual) in amounts.items():
        words = saying(f"{name} is {{}}, not {rows.spec.constants[name]:g}")
        fix = f"pass the declared {name}, or declare this one with --set {name}=..."
        yield Estimate(words, fix, predict, usual)


focal_slips = (_alpha_missing, _modulator, _weight_inside, _clamped, _raised, _other_amounts)
"""What is known to go wrong, the likeliest first."""
