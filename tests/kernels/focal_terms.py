"""Σ|terms| of focal losses: how large the parts are of which a value or a derivative is made.

Of a target between 0 and 1 every focal loss has zeros in its derivatives, and quality focal loss in
its value: bars are in ulp of what is added there, as it is written in the papers.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from derivations import sigmoid_focal

from .element_subject import ElementSubject
from .product_terms import parts_of

__all__ = ["FOCAL", "product_sizes", "sizes"]

FOCAL = tuple(definition.name for definition in sigmoid_focal.DEFINITIONS)


def sizes(subject: ElementSubject, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return Σ|terms| of value (n,) and gradient (n, 2), but for the upstream gradient."""
    with np.errstate(all="ignore"):
        return {
            "sigmoid_focal": _mixed,
            "sigmoid_focal_chance": _of_chance,
            "sigmoid_focal_two": _of_two,
            "quality_focal": _apart,
            "focal_star": _star,
            "focal_probs": _of_probabilities,
        }[subject.spec.program](SimpleNamespace(**subject.spec.constants), *columns.T)


def product_sizes(subject: ElementSubject, columns, direction, upstream) -> np.ndarray:
    """Return Σ|terms| of a Hessian-vector product, down to the direction's entries."""
    spec = subject.spec
    rows = [*columns.T, *subject.weights(len(columns)), upstream, *direction.T]
    with np.errstate(all="ignore"):
        parts = parts_of(spec.program)(*rows, **spec.constants)
        if spec.program == "quality_focal":
            constants = SimpleNamespace(**spec.constants)
            parts = [part * (1 + _gaps(_split(constants, *columns.T))[0]) for part in parts]
    return np.stack([np.broadcast_to(p, len(columns)) for p in parts], axis=1)


def _factors(c: SimpleNamespace, share) -> tuple[np.ndarray, float]:
    """Return alpha by the target, and how fast it changes."""
    upper = c.alpha if c.on_positives else 1 - c.alpha
    lower = c.alpha if c.on_negatives else 1 - c.alpha
    return upper * share + lower * (1 - share), abs(upper - lower)


def _split(c: SimpleNamespace, x, t) -> SimpleNamespace:
    """Return the target's shares of the logit's own side and the other, and what follows."""
    tail, lacks = np.exp(-np.abs(x)), np.where(x >= 0, 1 - t, t)
    soft = (1 - c.smoothing) * lacks + c.smoothing / 2
    bce = _times(soft, np.abs(x)) + np.log1p(tail)
    mass = lacks + (1 - lacks) * tail
    deep = np.where(lacks == 0, np.abs(x), -np.log(mass))
    lean = soft + ((1 - c.smoothing) * (1 - lacks) + c.smoothing / 2) * tail
    return SimpleNamespace(
        tail=tail, lacks=lacks, soft=soft, bce=bce, mass=mass, lean=lean, major=1 / (1 + tail),
        depth=deep + np.log1p(tail), deep=deep,
    )  # fmt: skip


def _times(share, number):
    return np.where(share == 0, 0.0, share * number)


def _over(number, mass, at0=1.0):
    return np.where(mass == 0, at0, number / np.where(mass == 0, 1.0, mass))


def _mixed(c, x, t):
    s, (balance, drift) = _split(c, x, t), _factors(c, t)
    factor = np.exp(-_times(c.gamma, s.depth))
    pull = c.gamma * np.abs(1 - 2 * s.lacks) * _times(_over(s.tail, s.mass), s.bce)
    moved = _times(s.soft, np.exp((1 - c.gamma) * s.deep - c.gamma * np.log1p(s.tail)) * np.abs(x))
    steep = factor * _over(np.log1p(s.tail), s.mass) + moved
    by_target = c.gamma * -np.expm1(-np.abs(x)) * steep + (1 - c.smoothing) * np.abs(x) * factor
    value = balance * factor * s.bce
    by_logit = balance * factor * s.major * (pull + s.lean)
    by_target = balance * by_target + drift * factor * s.bce
    poly, *slopes = _polynomial(c, s, factor, balance, drift)
    by_logit, by_target = by_logit + slopes[0], by_target + slopes[1]
    return value + poly, np.stack([by_logit, by_target], axis=1)


def _polynomial(c, s, factor, balance, drift):
    """Return the term of epsilon, (1 - p_t)^(gamma + 1), and its slopes."""
    if not c.poly_balanced:
        balance, drift = 1.0, 0.0
    gain, size = 1 + c.gamma * c.attached, abs(c.epsilon)
    poly, tilt = factor * s.mass * s.major, np.abs(1 - 2 * s.lacks)
    by_logit = size * balance * gain * tilt * factor * s.major * s.major * s.tail
    by_target = size * (balance * gain * factor * (1 - s.tail) * s.major + drift * poly)
    return size * balance * poly, by_logit, by_target


def _of_chance(c, x, t):
    s, (balance, drift) = _split(c, x, t), _factors(c, t)
    miss = -np.expm1(-s.bce)
    factor = miss**c.gamma
    pull = factor * (1 + c.gamma * np.exp(-s.bce) * _over(s.bce, miss))
    by_target = balance * pull * np.abs(x) + drift * factor * s.bce
    by_logit = balance * pull * s.major * s.lean
    return balance * factor * s.bce, np.stack([by_logit, by_target], axis=1)


def _of_two(c, x, t):
    s, near = _split(c, x, t), np.log1p(np.exp(-np.abs(x)))
    upper, lower = _factors(c, 1.0)[0], _factors(c, 0.0)[0]
    own, other = np.where(x >= 0, upper, lower), np.where(x >= 0, lower, upper)
    far, minor = np.abs(x) + near, s.tail * s.major
    faint, strong = np.exp(-_times(c.gamma, far)), np.exp(-c.gamma * near)
    right, wrong = own * (1 - s.soft), other * s.soft
    by_logit = right * faint * (c.gamma * s.major * near + minor)
    by_logit += _times(wrong, strong * (c.gamma * _times(minor, far) + s.major))
    value = right * faint * near + _times(wrong, strong * far)
    return value, np.stack([by_logit, own * faint * near + other * strong * far], axis=1)


def _apart(c, x, t):
    """Relative errors of |p - t| are those of its terms, times the power."""
    s, (balance, drift) = _split(c, x, t), _factors(c, t)
    lost, gap = _gaps(s)
    factor = gap**c.beta
    slope = c.beta * gap ** (c.beta - 1) * c.attached
    width = s.major * s.major * s.tail
    value = balance * factor * s.bce
    by_logit = balance * (slope * width * s.bce + factor * s.lean * s.major)
    by_target = balance * (slope * s.bce + factor * np.abs(x)) + drift * factor * s.bce
    more = (1 + (c.beta + 1) * lost)[:, None]
    return value * more[:, 0], np.stack([by_logit, by_target], axis=1) * more


def _gaps(s):
    """Return what a relative error of |p - t| multiplies, and |p - t| with its rounding error."""
    gap = np.abs(s.lacks - (1 - s.lacks) * s.tail) * s.major
    gap = np.maximum(gap + 2.0**-52 * s.lean * s.major, 1e-300)
    return s.lean * s.major / gap, gap


def _star(c, x, t):
    balance, drift = _factors(c, t)
    level = c.gamma * (2 * t - 1) * x + c.beta
    loss = np.logaddexp(0, -level) / c.gamma
    miss = np.exp(-np.logaddexp(0, level))
    by_target = balance * miss * 2 * np.abs(x) + drift * loss
    return balance * loss, np.stack([balance * miss * np.abs(2 * t - 1), by_target], axis=1)


def _of_probabilities(c, p, t):
    goal = (1 - c.smoothing) * t + c.smoothing / 2
    balance, drift = _factors(c, goal)
    kept = np.clip(p, c.clip, 1 - c.clip)
    hit, missed = -np.log(kept), -np.log1p(-kept)
    bce = _times(goal, hit) + _times(1 - goal, missed)
    miss = p * (1 - goal) + (1 - p) * goal
    factor = np.where(miss == 0, float(c.gamma == 0), miss**c.gamma)
    slope = np.where(miss == 0, 0.0, c.gamma * miss ** (c.gamma - 1)) * c.attached
    slopes = _over(goal, kept, 0.0) + _over(1 - goal, 1 - kept, 0.0)
    by_probs = balance * (slope * np.abs(1 - 2 * goal) * bce + factor * slopes)
    by_target = balance * (slope * np.abs(1 - 2 * p) * bce + factor * (hit + missed))
    by_target += drift * factor * bce
    return balance * factor * bce, np.stack([by_probs, by_target], axis=1)
