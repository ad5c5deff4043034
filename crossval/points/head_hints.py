"""The scale and the margin of a head, read off its losses before any definition is tried.

With the loss L and the logits s a of the other classes, the target's logit is
lse(s a) - log(e^L - 1), whatever makes it of the target's cosine. Rows that differ in another class
alone have the same, so that two losses give one equation for the scale s. With the scale every row
shows the target's logit, and where it is the cosine of an angle and a margin, or a cosine less a
margin, it shows the margin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from crossval.points.probes import Arrays, Probe

__all__ = ["hints"]

Amounts = tuple[float, ...]

_LEAST, _MOST = 1e-3, 1e4
_HALVINGS = 120
_ALIKE = 1e-3
"""Relative distance of two estimates: an eps in a norm may set them apart."""
_DIGITS = 3
_ROUNDED = 1e-6
_ANGLES = (0.3, 1.5)
"""Angles at which no policy has its turn, for margins up to a right angle."""


def hints(probes: list[Probe], values: np.ndarray) -> dict[str, Amounts]:
    """Return amounts of axes that several rows agree on: plain numbers where those are near.

    Parameters
    ----------
    probes : list of Probe
        Rows, some of which share embedding and own class.
    values : (n,) array
        Losses.
    """
    inputs = {n: np.concatenate([p.inputs[n] for p in probes]) for n in probes[0].inputs}
    inputs["weight"] = _nearest(inputs["x"], inputs["weight"])
    pairs = list(_pairs(inputs))
    if "bias" in inputs or not pairs:
        return {}
    found: dict[str, list[float]] = {"scale": [], "margin": []}
    usual = ~np.concatenate([p.extreme for p in probes if p.extreme is not None])
    with np.errstate(all="ignore"):
        for keeps in product((False, True), repeat=2):
            reach, cosine = _products(inputs, *keeps)
            hot = np.arange(reach.shape[1]) == inputs["target"][:, None]
            others = (reach * cosine)[~hot].reshape(len(reach), -1)
            scale = _middle([_scale(others[list(pair)], values[list(pair)]) for pair in pairs])
            if scale is None:
                continue
            found["scale"].append(scale)
            logit = _logit(scale * others, values) / (scale * reach[hot])
            found["margin"] += _margins(cosine[hot][usual], logit[usual])
    return {name: tuple(dict.fromkeys(amounts)) for name, amounts in found.items() if amounts}


def _nearest(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return one vector a class: of several centres the one at the least angle."""
    if weight.ndim == 3:
        return weight
    with np.errstate(all="ignore"):
        lengths = np.maximum(np.linalg.norm(weight, axis=3), np.finfo(np.float64).tiny)
        place = (np.einsum("nd,nckd->nck", x, weight) / lengths).argmax(axis=2)
    return np.take_along_axis(weight, place[:, :, None, None], axis=2)[:, :, 0]


def _pairs(inputs: Arrays) -> Iterator[tuple[int, int]]:
    """Yield rows with one embedding and one own class, one after the other."""
    at = np.arange(len(inputs["x"]))
    own = inputs["weight"][at, inputs["target"]]
    for row in at[:-1].tolist():
        if all(np.array_equal(each[row], each[row + 1]) for each in (inputs["x"], own)):
            yield row, row + 1


def _products(inputs: Arrays, keeps_x: bool, keeps_weight: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the lengths that a head keeps, and the cosines, of every row and class."""
    x, weight = inputs["x"], inputs["weight"]
    sizes = np.linalg.norm(x, axis=1)[:, None], np.linalg.norm(weight, axis=2)
    cosine = np.einsum("nd,ncd->nc", x, weight) / (sizes[0] * sizes[1])
    ones = np.ones_like(cosine)
    return (sizes[0] if keeps_x else ones) * (sizes[1] if keeps_weight else ones), cosine


def _logit(others: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Return the target's logits of rows whose other logits and losses are known."""
    top = others.max(axis=1)
    lse = top + np.log(np.exp(others - top[:, None]).sum(axis=1))
    return lse - losses - np.log1p(-np.exp(-losses))


def _scale(others: np.ndarray, losses: np.ndarray) -> float:
    """Return the scale under which two rows have one target's logit; NaN if there is none."""

    def apart(scale: float) -> float:
        one, two = _logit(scale * others, losses)
        return float(one - two)

    return _root(apart, _LEAST, _MOST)


def _margins(cosine: np.ndarray, logit: np.ndarray) -> list[float]:
    """Return margins that make the logits of the cosines: of the angle, then of the cosine."""
    angle = np.arccos(cosine)
    low, high = _ANGLES
    some = (angle > low) & (angle < high) & np.isfinite(logit)
    each = (np.arccos(logit) - angle)[some], (cosine - logit)[some]
    return [middle for middle in map(_middle, each) if middle is not None]


def _middle(amounts: np.ndarray | list[float]) -> float | None:
    """Return what estimates agree on: their median, or the plain number that is as near."""
    if not len(amounts):
        return None
    middle = float(np.median(amounts))
    spread = float(np.abs(np.asarray(amounts) - middle).max())
    if not spread <= _ALIKE * abs(middle):
        return None
    plain = float(f"{middle:.{_DIGITS}g}")
    return plain if abs(plain - middle) <= spread + _ROUNDED * abs(middle) else middle


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function changes its sign between positive ends, by halving their quotient."""
    start = function(low)
    if not start * function(high) < 0:
        return float("nan")
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        if function(middle) * start > 0:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))
