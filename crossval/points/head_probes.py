"""Probes of heads: angles to the own class over the half circle, lengths from 1 down to an eps.

Every row is a problem of its own: an embedding, the classes and a label. Beside the own class there
is a rival near the embedding, so that even a large scale leaves a loss that tells the target's
logit. Rows at the ends of the angle, and of vectors about as short as an eps, decide what the
others leave open, and refute nothing: sound formulations part there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.oracles.formats import Format, format_of
from crossval.oracles.head_columns import HeadColumns, Layout
from crossval.points.head_hints import hints
from crossval.points.heads import CENTERED, LAYOUTS
from crossval.points.probes import Arrays, Definition, Prediction, Probe, Prober, counts
from refloss.run.class_blocks import ClassBlocks
from refloss.run.kernels import library

__all__ = ["CENTERS", "HEADS", "OwnClasses"]

_ROWS = {"smoke": 24, "standard": 40, "full": 160}
_ENDS = (0.05, 0.05)
"""How far the angles of ordinary rows stay away from 0 and pi."""
_NEAR = (2.0**-6, 2.0**-10, 2.0**-14)
"""Angles from an end at which a cosine is cut by conventions that cut it."""
_SHORT = (-4, -10, -20, -27, -33, -40, -45)
"""Powers of two: the shortest vectors are below 1e-12, as a length and as a square."""
_BATCHES = (1, 2, 3, 5, 8)
_RIVAL = (0.3, 0.7)
"""Angles between an embedding and the rival of its class."""
_AWAY = 0.1
"""Angle between the opposite of an embedding and the centres of all classes that do not count."""
_PAIRS = (1.2, 1.6, 2.0, 2.5)
"""Angles at which rows come in pairs."""
_LEAST_SINE = 2.0**-26

Draw = np.random.Generator
Problem = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Embeddings (n, D), classes (n, C, D) and labels (n,); with K centres classes are (n, C, K, D)."""


def _draw(seed: int) -> Draw:
    return np.random.Generator(np.random.PCG64(seed))


def _vectors(draw: Draw, shape: tuple[int, ...]) -> np.ndarray:
    """Draw vectors of odd eighths: no part is 0, and no two vectors have one direction."""
    return (2 * draw.integers(-12, 12, shape) + 1) / 8.0


def _turned(own: np.ndarray, other: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return unit vectors at angles to some vectors, towards others."""
    along = own / np.linalg.norm(own, axis=1, keepdims=True)
    across = other - (other * along).sum(axis=1, keepdims=True) * along
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    return np.cos(angle)[:, None] * along + np.sin(angle)[:, None] * across


def _problems(layout: Layout, seed: int, angle: np.ndarray, *, grid: float = 2.0**-6) -> Problem:
    """Draw problems in which the embedding has given angles to its class, a vector for each."""
    draw, count, classes, parts = _draw(seed), len(angle), layout.classes, layout.parts
    weight = _vectors(draw, (count, classes, parts))
    target, at = draw.integers(0, classes, count), np.arange(count)
    size = 2.0 ** draw.integers(0, 3, count)[:, None]
    x = size * _turned(weight[at, target], _vectors(draw, (count, parts)), angle)
    x = np.rint(x / grid) * grid
    rival = (target + draw.integers(1, classes, count)) % classes
    low, high = _RIVAL
    near = _turned(x, _vectors(draw, (count, parts)), draw.uniform(low, high, count))
    weight[at, rival] = np.rint(16 * near) / 8
    return x, weight, target


def _ordinary(layout: Layout, seed: int, count: int) -> Problem:
    low, high = _ENDS
    return _problems(layout, seed, np.linspace(low, np.pi - high, count))


def _pairs(layout: Layout) -> Problem:
    """Rows that differ from their neighbour in the rival alone, which is turned away in one."""
    x, weight, target = _problems(layout, 11, np.repeat(_PAIRS, 2))
    at = np.arange(1, len(x), 2)
    x[at], target[at], weight[at] = x[at - 1], target[at - 1], weight[at - 1]
    cosine = np.einsum("nd,ncd->nc", x, weight) / np.linalg.norm(weight, axis=2)
    cosine[np.arange(len(x)), target] = -np.inf
    rival = cosine[at].argmax(axis=1)
    weight[at, rival] = -weight[at, rival]
    return x, weight, target


def _at_the_ends(layout: Layout) -> Problem:
    """Embeddings along or against their class, to within small angles."""
    angle = np.concatenate([_NEAR, np.pi - np.array(_NEAR)])
    return _problems(layout, 6, angle, grid=2.0**-20)


def _short(layout: Layout) -> list[Problem]:
    """Embeddings, classes, or both shortened; the two lengths need not have one eps."""
    made = []
    for seed, powers in enumerate(((1, 0), (0, 1), (1, 1)), 7):
        count = len(_SHORT)
        x, weight, target = _problems(layout, seed, np.linspace(0.4, 2.4, count))
        factor = np.ldexp(1.0, _SHORT)
        made.append((x * factor[:, None] ** powers[0], weight * factor[:, None, None] ** powers[1]))
        made[-1] = (*made[-1], target)
    return made


def _joined(problems: list[Problem]) -> Problem:
    x, weight, target = (np.concatenate(each) for each in zip(*problems, strict=True))
    return x, weight, target


def _with_centers(layout: Layout, problem: Problem) -> Problem:
    """Give every class centres in any order, all but one turned away from the embedding."""
    x, weight, target = problem
    if not layout.centers:
        return problem
    draw, (count, classes, parts) = _draw(12), weight.shape
    size = count * classes * layout.centers
    opposite = -np.repeat(x, classes * layout.centers, axis=0)
    away = _turned(opposite, _vectors(draw, (size, parts)), np.full(size, _AWAY))
    step = 2.0 ** np.floor(np.log2(np.abs(weight).max(axis=(1, 2)))) / 16
    scale = np.repeat(step, classes * layout.centers)[:, None]
    several = (np.rint(16 * away) * scale).reshape(count, classes, layout.centers, parts)
    place = draw.integers(0, layout.centers, (count, classes))
    np.put_along_axis(several, place[:, :, None, None], weight[:, :, None], axis=2)
    return x, several, target


def _probe(layout: Layout, problem: Problem, number: Format, extreme: int = 0) -> Probe:
    """Return a probe whose last rows are extreme; all rows have biases if there are any."""
    x, weight, target = _with_centers(layout, problem)
    draw, count = _draw(4), len(x)
    sign = 1 - 2.0 * draw.integers(0, 2, count)
    upstream = number.round(sign * draw.integers(2, 16, count) / 8)
    inputs = {"x": number.round(x), "weight": number.round(weight), "target": target}
    if layout.biased:
        inputs["bias"] = number.round(_vectors(draw, (count, layout.classes)))
    last = np.arange(count) >= count - extreme
    return Probe(inputs, upstream, extreme=last)


def _rows(layout: Layout) -> Callable[[str, str, tuple[str, ...]], list[Probe]]:
    def rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
        """Rows with classes of their own; the last of them are extreme."""
        beyond = _joined([_at_the_ends(layout), *_short(layout)])
        problem = _joined([_ordinary(layout, 5, _ROWS[level]), _pairs(layout), beyond])
        return [_probe(layout, problem, format_of(dtype), extreme=len(beyond[0]))]

    return rows


def _batches(layout: Layout) -> Callable[[str, tuple[str, ...]], list[Probe]]:
    def batches(dtype: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
        """Batches of several sizes, the rows of each with the classes of its first."""
        x, weight, target = _ordinary(layout, 10, sum(_BATCHES))
        made, start = [], 0
        for size in _BATCHES:
            here = slice(start, start + size)
            shared = np.repeat(weight[start : start + 1], size, axis=0)
            probe = _probe(layout, (x[here], shared, target[here]), format_of(dtype))
            made.append(_one_call(probe))
            start += size
        return made

    return batches


def _one_call(probe: Probe) -> Probe:
    """Give all rows the classes and biases of the first."""
    for name in {"weight", "bias"} & set(probe.inputs):
        probe.inputs[name] = np.repeat(probe.inputs[name][:1], len(probe), axis=0)
    return probe


class OwnClasses(ClassBlocks):
    """Array operations of a text of a head for rows that have each classes of their own.

    All classes come at once, and to a row the classes of the others do not count.

    Parameters
    ----------
    rows, classes : int
        How many rows there are, and how many classes each has.
    """

    def __init__(self, rows: int, classes: int):
        super().__init__(np.float64, rows * classes, keeps=True)
        self._foreign = np.repeat(np.arange(rows), classes) != np.arange(rows)[:, None]

    def pinned(self, elsewhere: Any, columns: Any, there: Any) -> Any:
        """Return a matrix with every item's own column replaced, and others' where it is -inf."""
        found = super().pinned(elsewhere, columns, there)
        if np.ndim(there) == 0 and there == -np.inf:
            found[self._foreign] = -np.inf
        return found


def predict(
    definition: Definition, inputs: Arrays, upstream: np.ndarray, options: Mapping[str, Any]
) -> Prediction:
    """Evaluate the float64 kernel once for all rows."""
    spec, (count, classes, *vectors) = definition.spec, inputs["weight"].shape
    labels = inputs["target"] + classes * np.arange(count)
    given = {"x": inputs["x"], "weight": inputs["weight"].reshape(-1, *vectors), "target": labels}
    if "bias" in inputs:
        given["bias"] = inputs["bias"].reshape(-1)
    names = [name for name in given if name != "target"]
    run = _grad(spec.program, tuple(names))
    with np.errstate(all="ignore"):
        found = run(OwnClasses(count, classes), **given, loss_bar=upstream, **spec.constants)
    return found["loss"], {n: found[f"{n}_bar"].reshape(inputs[n].shape) for n in names}


@lru_cache(maxsize=64)
def _grad(program: str, names: tuple[str, ...]) -> Callable[..., dict[str, np.ndarray]]:
    wanted = frozenset(("loss", *(f"{name}_bar" for name in names)))
    return library(None).head(program).some("grad", wanted)


def rounding(definition: Definition, inputs: Arrays) -> np.ndarray:
    """Return the size of the logits, and of what a rounding of the own cosine does to its angle.

    An angle is off by the rounding of its cosine over its sine.
    """
    constants, weight = definition.spec.constants, inputs["weight"]
    lengths = np.linalg.norm(weight, axis=-1).reshape(len(weight), -1)
    sizes = np.linalg.norm(inputs["x"], axis=1), lengths
    reach = _kept(constants, "x", sizes[0])[:, None] * _kept(constants, "weight", sizes[1])
    return constants["scale"] * reach.max(axis=1) * (1 + _slope(inputs))


def steepness(inputs: Arrays) -> np.ndarray:
    """Return what a derivative by an angle loses near its ends: the square of one over its sine."""
    return _slope(inputs) ** 2


def _slope(inputs: Arrays) -> np.ndarray:
    """Return one over the sine of the angle to the own class, and 1 where there is no angle."""
    own = inputs["weight"][np.arange(len(inputs["x"])), inputs["target"]]
    own = own if own.ndim > 2 else own[:, None]
    lengths = np.linalg.norm(inputs["x"], axis=1)[:, None] * np.linalg.norm(own, axis=2)
    with np.errstate(all="ignore"):
        cosine = (np.einsum("nd,nkd->nk", inputs["x"], own) / lengths).max(axis=1)
    sine = np.sqrt(np.maximum((1 - cosine) * (1 + cosine), _LEAST_SINE**2))
    return 1 / np.where(np.isnan(sine), 1.0, sine)


def _kept(constants: Mapping[str, float], of: str, size: np.ndarray) -> np.ndarray:
    """Return the lengths that a convention keeps."""
    return size if constants.get(f"keeps_{of}", 0.0) else np.ones_like(size)


def denominators(probe: Probe) -> dict[str, float]:
    """Return what a sum over a batch may be divided by."""
    known, rows, classes = counts(probe), float(len(probe)), float(probe.inputs["weight"].shape[1])
    return {
        "N (items)": known.pop("N (mean)"),
        "the rows kept": rows,
        **known,
        "N * C": rows * classes,
        "C, the number of classes": classes,
    }


def _certain(layout: Layout) -> Callable[[Definition, Arrays], np.ndarray]:
    def certain(definition: Definition, inputs: Arrays) -> np.ndarray:
        """Return certified losses."""
        flat = [array.reshape(len(array), -1) for array in inputs.values()]
        columns = np.concatenate(flat, axis=1).astype(float)
        oracle = HeadColumns(layout.parts, layout.biased, layout.centers)
        return oracle.truth(definition.spec, columns, dtype="float64").value_hi

    return certain


def _prober(layout: Layout) -> Prober:
    return Prober(
        "heads of sub-centres" if layout.centers else "heads",
        _rows(layout),
        _batches(layout),
        predict,
        denominators,
        rounding=rounding,
        steepness=steepness,
        hints=hints,
        leading=("scale", "margin", "cosine_margin"),
        truth=_certain(layout),
        axis="denominator",
        means={"N (items)": "items", "the rows kept": "kept"},
        programs=("l2_softmax",) if layout.biased else (),
    )


HEADS = {biased: _prober(layout) for biased, layout in LAYOUTS.items()}
"""Probers by whether classes have biases."""
CENTERS = _prober(CENTERED)
"""Where classes have several centres."""
