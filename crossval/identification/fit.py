"""How well a prediction explains results: a factor and an offset, and which rows they leave over.

Nothing here is tuned to a loss. A row is met if the difference is within a fixed number of
roundings of everything that was added up to get there: the result, the prediction, and the
prediction's condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

ROUNDINGS = 64.0
_PLAIN = ((1.0, 0.0), (-1.0, 1.0), (-1.0, 0.0), (1.0, -1.0))
_LEAST_PAIRS = 4
_COARSE = 1e-3
_VACUOUS = 1e-3
_LEAST, _MOST = 1e-6, 1e6
"""Beyond these no factor or offset is a convention: with such numbers anything can be fitted."""
_PLAIN_WORTH, _WORTH = 0.25, 1.0  # digits that a plain, or an odd, relation must gain


@dataclass(frozen=True)
class Values:
    """Numbers, one a row, with how far rounding may move each.

    Attributes
    ----------
    number : (n,) array
        Results or predictions; may hold NaN and infinity.
    condition : (n,) array
        ``sum |x_i df/dx_i|``.
    """

    number: np.ndarray
    condition: np.ndarray


@dataclass(frozen=True)
class Fit:
    """``got = factor * predicted + offset``, and how well.

    Attributes
    ----------
    factor, offset : float
        The relation.
    met : (n,) bool array
        Rows that agree to within rounding.
    telling : (n,) bool array
        Rows whose rounding is small beside the result, so that being met means something.
    judged : (n,) bool array
        Rows that can be judged: not NaN where the prediction is a number.
    digits : float
        Decimal digits to which a typical row agrees; rows that tell nothing count as they are.
    shown : float
        The same over the rows that tell, or are not met.
    worst : float
        Largest relative difference among those rows.
    """

    factor: float
    offset: float
    met: np.ndarray
    telling: np.ndarray
    judged: np.ndarray
    digits: float
    shown: float
    worst: float

    @property
    def exact(self) -> bool:
        """Whether every row that can be judged is met, and most rows can be, and tell."""
        usable = self.judged & self.telling
        return bool(2 * usable.sum() > len(usable) and self.met[self.judged].all())

    @property
    def share(self) -> float:
        """Share of the judged rows that are met, and tell."""
        right = self.met & self.telling
        return float(right[self.judged].mean()) if self.judged.any() else 0.0

    def apply(self, predicted: np.ndarray) -> np.ndarray:
        """Return the results that the relation gives."""
        with np.errstate(all="ignore"):
            return self.factor * predicted + self.offset


def fit(
    got: np.ndarray,
    predicted: Values,
    roundoff: float,
    relation: tuple[float, float] | None = None,
) -> Fit:
    """Find the factor and offset under which a prediction explains most.

    Parameters
    ----------
    got : (n,) array
        Results.
    predicted : Values
        Predictions.
    roundoff : float
        Unit roundoff of the format that the target computes in.
    relation : (float, float), optional
        Factor and offset of a near prediction; only this one and its own refinement are tried.

    Notes
    -----
    The plain relations come first (the loss, 1 minus it, its negative), then factors and offsets
    from robust ratios, rounded to fractions if that is no worse. A simpler relation wins unless
    another one explains more.
    """
    best = measure(got, predicted, roundoff, *(relation or (1.0, 0.0)))
    if best.exact:
        return best
    estimated = relation is not None and relation not in _PLAIN
    for factor, offset in _relations(got, predicted.number, relation):
        found = measure(got, predicted, roundoff, factor, offset)
        if found.exact:
            return found
        worth = _PLAIN_WORTH if (factor, offset) in _PLAIN else 0.0 if estimated else _WORTH
        if found.digits > best.digits + worth:
            best = found
    return best


def plainly(got: np.ndarray, predicted: Values, roundoff: float) -> Fit:
    """Return the best fit by a relation without a number of its own: the loss, 1 minus it, ..."""
    best, *others = (measure(got, predicted, roundoff, *relation) for relation in _PLAIN)
    for found in others:
        if found.digits > best.digits + _PLAIN_WORTH:
            best = found
    return best


def simplified(got: np.ndarray, predicted: Values, roundoff: float, found: Fit) -> Fit:
    """Write an exact relation with the fewest digits that stay exact, the factor first."""
    for factor in _shorter(found.factor):
        offset = found.offset
        if offset:
            with np.errstate(all="ignore"):
                offset = _median(got - factor * predicted.number)
        for added in _shorter(offset):
            short = measure(got, predicted, roundoff, factor, added)
            if short.exact:
                return short
    return found


def _shorter(number: float) -> Iterator[float]:
    if number == 0:
        yield 0.0
        return
    if (near := plain(number, 1e-9)) != number:
        yield near
    for places in range(1, 15):
        yield float(f"{number:.{places}e}")
    yield number


def measure(
    got: np.ndarray, predicted: Values, roundoff: float, factor: float, offset: float
) -> Fit:
    """Judge one relation."""
    with np.errstate(all="ignore"):
        expected = factor * predicted.number + offset
        error = np.abs(got - expected)
        size = np.abs(got) + np.abs(factor * predicted.number) + abs(offset)
        slack = ROUNDINGS * roundoff * (size + abs(factor) * predicted.condition)
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        met = same | ((error <= slack) & np.isfinite(error))
        telling = same | (slack <= _VACUOUS * np.abs(got))
        relative = np.where(met & telling, 0.0, error / np.abs(got))
    judged = ~np.isnan(got) | np.isnan(expected)
    lost = np.where(np.isfinite(relative), relative, 1.0)
    digits = -np.log10(np.clip(lost, roundoff, 1.0))
    heard = judged & (telling | ~met)
    return Fit(
        float(factor),
        float(offset),
        met,
        telling,
        judged,
        float(digits[judged].mean()) if judged.any() else 0.0,
        float(digits[heard].mean()) if heard.any() else 0.0,
        float(lost[heard].max(initial=0.0)),
    )


def _relations(
    got: np.ndarray, predicted: np.ndarray, near: tuple[float, float] | None
) -> Iterator[tuple[float, float]]:
    yield from _PLAIN[1:] if near is None else _PLAIN[:2]
    usable = np.isfinite(got) & np.isfinite(predicted)
    got, predicted = got[usable], predicted[usable]
    if len(got) < _LEAST_PAIRS or np.ptp(got) == 0 or np.ptp(predicted) == 0:
        return
    estimates = [_ratio] if near is None or near[1] == 0 else []
    estimates += [_line] if near is None or near[1] != 0 else []
    for estimate in estimates:
        factor, offset = estimate(got, predicted)
        if not _plausible(factor, offset):
            continue
        if near is None:
            yield plain(factor, _COARSE), plain(offset, _COARSE)
        yield factor, offset


def _plausible(factor: float, offset: float) -> bool:
    return _LEAST <= abs(factor) <= _MOST and abs(offset) <= _MOST


def _ratio(got: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    nonzero = predicted != 0
    with np.errstate(all="ignore"):
        return _median(got[nonzero] / predicted[nonzero]), 0.0


def _line(got: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    order = np.argsort(predicted, kind="stable")
    half = len(order) // 2
    low, high = order[:half], order[-half:]
    with np.errstate(all="ignore"):
        slope = _median((got[high] - got[low]) / (predicted[high] - predicted[low]))
        return slope, _median(got - slope * predicted)


def _median(numbers: np.ndarray) -> float:
    finite = numbers[np.isfinite(numbers)]
    return float(np.median(finite)) if len(finite) else np.nan


def plain(number: float, within: float) -> float:
    """Return the plainest fraction near a number, or the number itself."""
    for most in (1, 2, 4, 12):
        near = Fraction(number).limit_denominator(most)
        if abs(float(near) - number) <= within * max(abs(number), float(near == 0)):
            return float(near)
    return number


_CONSTANTS = {
    "pi": np.pi,
    "pi^2": np.pi**2,
    "1/pi": 1 / np.pi,
    "1/pi^2": np.pi**-2,
    "ln 2": np.log(2.0),
    "1/ln 2": 1 / np.log(2.0),
    "ln 10": np.log(10.0),
    "1/ln 10": 1 / np.log(10.0),
}


def named(number: float) -> str:
    """Write a factor as a reader would: ``2``, ``1/3``, ``4/pi^2``, else in decimal."""
    for name, unit in {"": 1.0, **_CONSTANTS}.items():
        fraction = Fraction(number / unit).limit_denominator(12)
        if fraction == 0 or abs(float(fraction) * unit / number - 1) > 1e-11:
            continue
        if abs(fraction) > 1000:
            continue
        return _written(fraction, name)
    return f"{number:.12g}"


def _written(fraction: Fraction, name: str) -> str:
    if not name:
        decimal = f"{float(fraction):g}"
        short = len(decimal) <= len(str(fraction)) + 1 and float(decimal) == float(fraction)
        return decimal if short else str(fraction)
    if name.startswith("1/"):
        return f"{fraction}/{name[2:]}" if fraction.denominator == 1 else f"({fraction})/{name[2:]}"
    return name if fraction == 1 else f"{fraction}*{name}"
