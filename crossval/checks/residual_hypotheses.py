"""What a wrong loss of a difference may be instead, and known reasons for NaN and infinity."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crossval.checks.causes import Pattern, Situation
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["RESIDUAL_PATTERNS", "residual_slips"]


def residual_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction | Estimate]:
    """Yield what known slips would give at rows of columns, the likeliest first."""
    d = columns[:, 0] - columns[:, 1]
    by_both = np.stack([upstream, -upstream], axis=1)
    for words, fix, (value, slope) in _instead(d, spec):
        yield Prediction(words, fix, value, slope[:, None] * by_both)


def _instead(
    d: np.ndarray, spec: Definition
) -> Iterator[tuple[str, str, tuple[np.ndarray, np.ndarray]]]:
    """Yield words, remedy, and value and slope of a function of the difference."""
    size, sign = np.abs(d), np.sign(d)
    with np.errstate(all="ignore"):
        masked = size * (size != 0)
        yield (
            "the difference itself is returned, not its size",
            "take its absolute value",
            (
                d,
                np.ones_like(d),
            ),
        )
        yield "the square root of the square is taken", "take the square", (masked, sign)
        for name in ("beta", "delta"):
            knee = spec.constants.get(name, 0.0)
            if not knee:
                continue
            outer = size - 0.5 * knee if name == "beta" else knee * (size - 0.5 * knee)
            steep = 1.0 if name == "beta" else knee
            whole = 0.5 * d * d
            inside = size < knee
            scale = 1 / knee if name == "beta" else 1.0
            yield (
                "the square in the quadratic arm lacks its factor 1/2: the arms do not meet",
                "halve the square",
                (
                    np.where(inside, 2 * whole * scale, outer),
                    np.where(inside, 2 * d * scale, steep * sign),
                ),
            )
            yield (
                f"the quadratic arm is not divided by {name}: the arms do not meet",
                f"divide the square by {name}",
                (np.where(inside, whole, outer), np.where(inside, d, steep * sign)),
            )
            late = whole / knee if name == "beta" else whole
            lean = d / knee if name == "beta" else d
            bare = size if name == "beta" else knee * size
            yield (
                f"the linear arm lacks -{name}/2: the arms do not meet",
                f"subtract half of {name} from the size of the difference",
                (np.where(inside, late, bare), np.where(inside, lean, steep * sign)),
            )


def _apart(s: Situation) -> float:
    return abs(float(s.row[0] - s.row[1]))


RESIDUAL_PATTERNS = (
    Pattern(
        "cosh-overflow",
        lambda s: s.loss == "log_cosh" and np.exp(min(_apart(s), 700.0)) >= s.number.overflow,
        "cosh of this difference exceeds the format's range before its logarithm is taken",
        "use |d| + log1p(exp(-2|d|)) - log 2",
    ),
    Pattern(
        "square-overflow",
        lambda s: _apart(s) ** 2 >= s.number.overflow,
        "the square of this difference exceeds the format's range",
        "square in the quadratic arm alone, or in a wider format",
    ),
    Pattern(
        "beta-0",
        lambda s: s.constants.get("beta", 1.0) == 0 and not s.constants.get("sigma"),
        "0 is divided by beta, which is 0",
        "return L1 where beta is 0",
    ),
    Pattern(
        "square-root-at-0",
        lambda s: _apart(s) == 0,
        "pred and target are equal, where a square root or a quotient has no derivative",
        "take the absolute value, whose slope at 0 is stated",
    ),
)
