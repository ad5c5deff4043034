"""What a wrong head may be instead: a norm held constant, a margin elsewhere, another layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from crossval.checks.hypotheses import Prediction
from crossval.oracles.elementwise import Oracle
from crossval.oracles.head_columns import HeadColumns
from crossval.oracles.texts import Definition

__all__ = ["head_slips"]


def head_slips(
    oracle: Oracle, spec: Definition, columns: np.ndarray, upstream: np.ndarray
) -> Iterator[Prediction]:
    """Yield what known slips would give at problems of columns, the likeliest first."""
    assert isinstance(oracle, HeadColumns)
    problem = _Problem(oracle, spec, columns, upstream)
    slips = (_margins, _scales, _lengths_kept, _norms_constant, _layouts, _labels)
    with np.errstate(all="ignore"):
        for slip in slips[:2] if oracle.centers else slips:
            yield from slip(problem)


class _Problem:
    """Points of a head under a definition, and what other definitions give there."""

    def __init__(
        self, oracle: HeadColumns, spec: Definition, columns: np.ndarray, upstream: np.ndarray
    ) -> None:
        self.oracle, self.spec = oracle, spec
        self.columns, self.upstream = columns, upstream
        self.layout = oracle.layout(columns.shape[1])

    @property
    def constants(self) -> Mapping[str, float]:
        """Of the definition."""
        return self.spec.constants

    def under(self, **changes: float) -> tuple[np.ndarray, np.ndarray]:
        """Return value and gradient with other constants."""
        return self.oracle.kernel(
            self.with_constants({**self.constants, **changes}), self.columns, self.upstream
        )

    def with_constants(self, constants: Mapping[str, float]) -> Any:
        """Return the definition with these constants."""
        return SimpleNamespace(program=self.spec.program, constants=constants)

    def at(self, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return value and gradient at other points."""
        return self.oracle.kernel(self.spec, columns, self.upstream)

    def divided(self, name: str) -> bool:
        """Whether embeddings, or classes, are divided by their lengths."""
        return self.constants.get(f"keeps_{name}", 1.0) == 0.0


def _margins(problem: _Problem) -> Iterator[Prediction]:
    """Take the margin from no logit, or from all; add it; or take it behind the scale."""
    margin = problem.constants.get("margin", 0.0)
    if not margin:
        return
    fix = "take the margin from the cosine of the target's class, and multiply by the scale then"
    words = "the margin has no effect: it is taken from no class, or from all of them alike"
    yield Prediction(words, fix, *problem.under(margin=0.0), "RL805")
    words = "the margin is added to the target's cosine"
    yield Prediction(words, fix, *problem.under(margin=-margin))
    words = "the margin is taken behind the scale, and not multiplied by it"
    scale = problem.constants["scale"]
    yield Prediction(words, fix, *problem.under(margin=margin / scale))


def _scales(problem: _Problem) -> Iterator[Prediction]:
    """Leave the scale out, or divide by it."""
    scale = problem.constants["scale"]
    if scale == 1.0:
        return
    fix = "multiply the logits by the scale"
    yield Prediction("the scale is left out", fix, *problem.under(scale=1.0), "RL805")
    words = "the logits are divided by the scale"
    yield Prediction(words, fix, *problem.under(scale=1.0 / scale))


_PLURAL = {"x": "embeddings", "weight": "classes"}


def _lengths_kept(problem: _Problem) -> Iterator[Prediction]:
    """Leave a division by lengths out; the margin is taken from the product."""
    away = -problem.constants.get("margin", 0.0) * problem.constants["scale"]
    for name, plural in _PLURAL.items():
        if problem.divided(name):
            yield Prediction(
                f"{plural} are not divided by their lengths",
                f"normalise {plural} in every call; rebinding a local name changes nothing",
                *_shifted(problem, {f"keeps_{name}": 1.0}, away),
            )


def _shifted(
    problem: _Problem, kept: Mapping[str, float], amount: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return loss and gradient of logits without a margin, `amount` added to the target's."""
    layout, columns, count = problem.layout, problem.columns, len(problem.columns)
    constants = {**problem.constants, **kept}
    parts = layout.inputs
    x = columns[:, parts["x"]]
    weight = columns[:, parts["weight"]].reshape(count, layout.classes, layout.parts)
    label = columns[:, layout.label].astype(int)
    u, by_x = _divided(x, constants, "x")
    w, by_weight = _divided(weight, constants, "weight")
    logits = constants["scale"] * np.einsum("nd,ncd->nc", u, w)
    if layout.biased:
        logits = logits + columns[:, parts["bias"]]
    rows = np.arange(count)
    logits[rows, label] += amount
    top = logits.max(axis=1, keepdims=True)
    mass = np.exp(logits - top)
    value = np.log(mass.sum(axis=1)) + top[:, 0] - logits[rows, label]
    slopes = mass / mass.sum(axis=1, keepdims=True)
    slopes[rows, label] -= 1
    slopes *= problem.upstream[:, None]
    gradient = np.zeros_like(columns)
    if layout.biased:
        gradient[:, parts["bias"]] = slopes
    slopes = slopes * constants["scale"]
    gradient[:, parts["x"]] = by_x(np.einsum("nc,ncd->nd", slopes, w))
    gradient[:, parts["weight"]] = by_weight(slopes[:, :, None] * u[:, None]).reshape(count, -1)
    return value, gradient


def _divided(
    vectors: np.ndarray, constants: Mapping[str, float], name: str
) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Return vectors as they enter a product, and the way of gradients back to them."""
    if constants[f"keeps_{name}"]:
        return vectors, lambda slopes: slopes
    size = np.sqrt((vectors**2).sum(axis=-1, keepdims=True) + constants[f"eps_{name}_inside"])
    length = np.maximum(size, constants[f"least_{name}"]) + constants[f"eps_{name}_added"]
    unit = vectors / length

    def back(slopes: np.ndarray) -> np.ndarray:
        moves = (size > constants[f"least_{name}"]) * vectors / size
        return (slopes - moves * (slopes * unit).sum(axis=-1, keepdims=True)) / length

    return unit, back


def _norms_constant(problem: _Problem) -> Iterator[Prediction]:
    """Differentiate as if lengths were constants."""
    value, gradient = problem.at(problem.columns)
    for name, plural in _PLURAL.items():
        if not problem.divided(name):
            continue
        other = gradient.copy()
        part = problem.layout.inputs[name]
        other[:, part] = _without_projection(problem, name)
        yield Prediction(
            f"the lengths of {plural} are constants of the gradient, which keeps a part along them",
            "let the gradient run through the norm",
            np.full_like(value, np.nan),
            other,
        )


def _without_projection(problem: _Problem, name: str) -> np.ndarray:
    """Return the gradient by vectors of products that are divided by a constant."""
    count, layout = len(problem.columns), problem.layout
    part = layout.inputs[name]
    vectors = problem.columns[:, part].reshape(count, -1, layout.parts)
    size = np.sqrt((vectors**2).sum(axis=2, keepdims=True))
    # what vectors of length 1 would get if they kept it, then divided
    units = problem.columns.copy()
    units[:, part] = (vectors / size).reshape(count, -1)
    constants = {**problem.constants, f"keeps_{name}": 1.0}
    away = -constants.get("margin", 0.0) * constants["scale"]
    other = _Problem(
        problem.oracle,
        problem.with_constants(constants),
        units,
        problem.upstream,
    )
    _, gradient = _shifted(other, {}, away)
    return (gradient[:, part].reshape(count, -1, layout.parts) / size).reshape(count, -1)


def _layouts(problem: _Problem) -> Iterator[Prediction]:
    """Read the matrix of classes in the other layout."""
    layout, part = problem.layout, problem.layout.inputs["weight"]
    places = np.arange(part.stop - part.start).reshape(layout.parts, layout.classes).T.ravel()
    columns = problem.columns.copy()
    columns[:, part] = columns[:, part][:, places]
    value, gradient = problem.at(columns)
    back = gradient.copy()
    back[:, part.start + places] = gradient[:, part]
    yield Prediction(
        "the matrix of classes is read as (D, C): its numbers are those of other classes",
        "transpose it, do not reshape it",
        value,
        back,
    )


def _labels(problem: _Problem) -> Iterator[Prediction]:
    """Read labels as if they began at 1, or one class further on."""
    for way, words in ((-1, "the class target - 1"), (1, "the class target + 1")):
        columns = problem.columns.copy()
        label = problem.layout.label
        columns[:, label] = (columns[:, label] + way) % problem.layout.classes
        yield Prediction(f"{words} is read", "use target as it is", *problem.at(columns))
