"""Truth and tolerances of a definition at a set of points, computed once a run.

The truth comes from :mod:`crossval.oracles`; only condition numbers, where the leading digits
suffice, come from the float64 kernels. Targets that share a definition share all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from crossval.checks.verdict import Reference
from crossval.oracles.elementwise import Oracle
from crossval.points.boxes import PointSet


@dataclass(frozen=True)
class Standard:
    """What a definition says at every row of a set of points.

    Attributes
    ----------
    value : Reference, shape (n,)
        The loss.
    gradient : Reference, shape (n, columns)
        Its derivative, upstream included.
    kind : (n,) array of str
        ``regular``, ``tie``, ``undefined`` or ``undecided``.
    vertices : dict of int to (k, columns) array
        One-sided gradients of the rows at ties.
    """

    value: Reference
    gradient: Reference
    kind: np.ndarray
    vertices: dict[int, np.ndarray]


def standard(spec: Any, points: PointSet, oracle: Oracle) -> Standard:
    """Truth, condition and rounding bound of ``spec`` at ``points``, as an oracle knows them."""
    return _standard(_Key(spec, points, oracle))


class _Key:
    """A definition at points, hashed by content: constants, program and the points' digest."""

    def __init__(self, spec: Any, points: PointSet, oracle: Oracle) -> None:
        self.spec, self.points, self.oracle = spec, points, oracle
        constants = tuple(sorted(spec.constants.items()))
        self.content = (spec.program, constants, points.digest, oracle)

    def __hash__(self) -> int:
        return hash(self.content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.content == other.content


@lru_cache(maxsize=128)
def _standard(key: _Key) -> Standard:
    spec, points, oracle = key.spec, key.points, key.oracle
    known = oracle.truth(spec, points.columns, points.upstream, dtype=points.dtype)
    assert known.grad_hi is not None
    assert known.grad_lo is not None
    assert known.grad_rad is not None
    value_condition, gradient_condition = oracle.condition(spec, points.columns, points.upstream)
    bounds = oracle.rounding_bound(spec, points.columns, points.upstream, dtype=points.dtype)
    return Standard(
        Reference(known.value_hi, known.value_lo, known.value_rad, value_condition, bounds[0]),
        Reference(known.grad_hi, known.grad_lo, known.grad_rad, gradient_condition, bounds[1]),
        known.kind,
        known.vertices,
    )
