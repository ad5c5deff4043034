"""Probes of heads over given cosines: targets where conventions part, others level with them.

Cosines are 128ths, the same in every format. Most rows have a class ahead of the target's logit,
so that the loss is that logit's lag: it shows the scale, and what becomes of the target's cosine.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from crossval.oracles.formats import format_of
from crossval.points.probes import Arrays, Probe, Prober
from crossval.points.row_probes import MEANS, batches, denominators, nothing, predict, probe_of
from crossval.points.row_readings import per_class

__all__ = ["COSINE_ROWS"]

_ROWS = {"smoke": 16, "standard": 32, "full": 96}
_CLASSES = (2, 3, 5, 8)
_OWN = np.array([-0.953125, -0.984375, 0.296875, 0.5, 0.0, 0.984375, -0.25, 0.71875])
"""Cosines of a target on both sides of every border."""
_USUAL = 64.0
"""A scale that heads have: by how much a logit may be larger than its cosine."""


def _drawn(classes: int, count: int, seed: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Return cosines and classes: every other row anywhere, the others near one number."""
    random = np.random.Generator(np.random.PCG64(seed + classes))
    order = random.permuted(np.tile(np.arange(-120, 121), (count, 1)), axis=1)[:, :classes]
    near = random.integers(-80, 81, (count, 1)) + order // 24
    cosine = np.where(np.arange(count)[:, None] % 2 == 1, near, order) / 128
    target = random.integers(0, classes, size=count)
    target[:2] = 0, classes - 1  # the first and the last class, always
    own = np.where(np.arange(count) % 3 < 2, _OWN[np.arange(count) % len(_OWN)], cosine[:, 0])
    cosine[np.arange(count), target] = own
    return cosine, target


def _rows(dtype: str, level: str, accepted: tuple[str, ...] = ()) -> list[Probe]:
    number = format_of(dtype)
    made = ((classes, _drawn(classes, _ROWS[level])) for classes in _CLASSES)
    return [probe_of(number, *drawn, name="cosine") for _, drawn in made]


def _scale(inputs: Arrays) -> np.ndarray:
    """Return the size of what a log-sum-exp adds up."""
    return _USUAL * np.abs(inputs["cosine"]).max(axis=1)


COSINE_ROWS = Prober(
    "cosine_rows",
    _rows,
    partial(batches, drawn=partial(_drawn, seed=21), name="cosine"),
    predict,
    denominators,
    _scale,
    (per_class("cosine"),),
    axis="denominator",
    means=MEANS,
    nothing=partial(nothing, drawn=_drawn, name="cosine"),
)
"""Rows of cosines with a class each."""
