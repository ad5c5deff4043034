"""What a wrong loss of vectors and centres may be instead, and known reasons for infinity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from crossval.catalog import losses, programs
from crossval.checks.angular_hypotheses import DECLARE, Changed
from crossval.checks.causes import Pattern, Situation
from crossval.checks.hypotheses import Cancellation, Prediction, Slip
from crossval.oracles.center_columns import PARTS, CenterColumns, Layout
from crossval.oracles.elementwise import Oracle
from crossval.oracles.texts import Definition

__all__ = ["CENTER_PATTERNS", "center_slips"]

_ROUNDOFF = 2.0**-53


def center_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Slip]:
    """Yield what known slips would give at vectors and centres, the likeliest first."""
    assert isinstance(oracle, CenterColumns)
    problem = _Problem(oracle, spec, columns, upstream)
    for words, constants in _otherwise(spec):
        if any(spec.constants[name] != value for name, value in constants.items()):
            yield problem.prediction(words, DECLARE, Changed(spec, constants))
    yield from _of_means(problem)
    yield from _updates(problem)
    yield from _labels(problem)
    yield _expanded_form(problem)


@dataclass(frozen=True)
class _Problem:
    """Where slips are tried."""

    oracle: CenterColumns
    spec: Definition
    columns: np.ndarray
    upstream: np.ndarray

    @property
    def layout(self) -> Layout:
        """Of the columns."""
        return Layout.of(self.columns.shape[1], self.oracle.parts)

    def prediction(self, words: str, fix: str, spec: Definition) -> Prediction:
        """Return the results of a definition, and how far rounding moves them in either form."""
        with np.errstate(all="ignore"):
            given = (spec, self.columns, self.upstream)
            bounds = self.oracle.rounding_bound(*given, dtype="float64")
            moves = [np.where(np.isfinite(b), b, 0.0) / _ROUNDOFF for b in bounds]
            pairs = zip(moves, self.expanded(spec.constants["factor"]), strict=True)
            value, grad = (np.maximum(*pair) for pair in pairs)
            return Prediction(words, fix, *self.oracle.kernel(*given), moves=(value, grad))

    def expanded(self, factor: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the sizes of what cancels in |x|^2 + |c|^2 - 2 x c and in its slopes."""
        layout, columns = self.layout, self.columns
        own = layout.own(columns[:, layout.label].astype(np.int64))
        x, center = columns[:, : layout.parts], np.take_along_axis(columns, own, axis=1)
        with np.errstate(over="ignore"):
            squares = (x * x).sum(axis=1) + (center * center).sum(axis=1)
            slopes = 2 * factor * np.abs(self.upstream)[:, None] * (np.abs(x) + np.abs(center))
        gradient = np.zeros_like(columns)
        gradient[:, : layout.parts] = slopes
        np.put_along_axis(gradient, own, slopes, axis=1)
        return 2 * layout.parts * factor * squares, gradient


def _otherwise(spec: Definition) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield other values of the constants, in words: those of every axis that sets any."""
    axes = losses()[programs()[spec.program]["loss"]]["axes"]
    for name, axis in axes.items():
        for value, about in axis["values"].items():
            sets = {k: float(v) for k, v in about.get("set", {}).items() if k in spec.constants}
            if sets:
                yield f"{name} is {value!r}: {about['doc']}", sets


def _of_means(problem: _Problem) -> Iterator[Prediction]:
    """Take the mean over the coordinates, or over the classes, of which all but one count 0."""
    plain = problem.prediction("", "", problem.spec)
    assert plain.moves is not None
    for count, words, fix in (
        (problem.layout.parts, "the mean of the squared differences is taken", "coordinates"),
        (problem.layout.classes, "the mean over all classes is taken", "classes"),
    ):
        yield replace(
            plain,
            words=f"{words}, not their sum",
            fix=f"add up over the {fix}, or declare the denominator",
            value=plain.value / count,
            gradient=plain.gradient / count,
            moves=(plain.moves[0] / count, plain.moves[1] / count),
        )


def _updates(problem: _Problem) -> Iterator[Prediction]:
    """Take for the gradient by a centre the paper's update, which divides by 1 + n."""
    plain = problem.prediction("", "", problem.spec)
    gradient = plain.gradient.copy()
    gradient[:, problem.layout.inputs["centers"]] /= 2  # n = 1: rows are calls of their own
    yield replace(
        plain,
        words="the gradient by a centre is divided by 1 + n, as the paper's update is, and is none",
        fix="leave the gradient as it is, and update the centres in a step of their own",
        value=np.full_like(plain.value, np.nan),
        gradient=gradient,
    )


def _labels(problem: _Problem) -> Iterator[Prediction]:
    """Read labels as if they began at 1, or one class further on."""
    for way, words in ((-1, "the class target - 1"), (1, "the class target + 1")):
        columns = problem.columns.copy()
        label = problem.layout.label
        columns[:, label] = (columns[:, label] + way) % problem.layout.classes
        other = replace(problem, columns=columns)
        yield other.prediction(f"{words} is read", "use target as it is", problem.spec)


def _expanded_form(problem: _Problem) -> Cancellation:
    """Take |x|^2 + |c|^2 - 2 x c for the squared distance."""
    return Cancellation(
        "errors have the size of the squares in |x|^2 + |c|^2 - 2 x c, which cancel where a vector "
        "is near its centre",
        "gather centers[target], subtract, and square then",
        problem.oracle.kernel(problem.spec, problem.columns, problem.upstream)[0],
        problem.expanded(problem.spec.constants["factor"]),
    )


def _squared(s: Situation) -> float:
    layout = Layout.of(len(s.row), PARTS)
    own = layout.own(np.array([int(s.row[layout.label])]))[0]
    with np.errstate(over="ignore"):
        return float(((s.row[: layout.parts] - s.row[own]) ** 2).sum())


def _expanded(s: Situation) -> float:
    """Return the largest square of the expanded form: of a vector, or of any centre."""
    layout = Layout.of(len(s.row), PARTS)
    with np.errstate(over="ignore"):
        return float((s.row[: layout.label].reshape(-1, layout.parts) ** 2).sum(axis=1).max())


CENTER_PATTERNS = (
    Pattern(
        "square-overflow",
        lambda s: _squared(s) > s.number.largest,
        "the squares of the differences exceed the format's range",
        "multiply by the factor before squaring, or compute in a wider format",
    ),
    Pattern(
        "expanded-overflow",
        lambda s: _expanded(s) > s.number.largest / 4,
        "the squares of vectors and centres, of which |x|^2 + |c|^2 - 2 x c is the difference, "
        "exceed the format's range",
        "gather centers[target], subtract, and square then",
    ),
)
