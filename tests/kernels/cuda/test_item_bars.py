"""Elementwise kernels as a device runs them, against certified truth.

In double the bars are those of the NumPy kernels: 4 ulp for a value, 8 u Σ|terms| for a component
of a gradient, 64 u Σ|terms| for one of a product. In float they are the same with float's u.
"""

from functools import cache

import numpy as np
import pytest

from crossval.oracles.enclosure import truth

from ..regimes import regimes
from ..subject import SUBJECTS, Subject, refuse, simple
from ..test_narrow import on_grid
from ..test_presets import PRESETS
from .fibers import unit_of
from .runs import REALS, launch

ROWS = 24


@cache
def pairs_of(real: str) -> np.ndarray:
    """Return the pairs of all regimes that a format can hold."""
    made = regimes(ROWS) if real == "float64" else on_grid(real)
    return np.concatenate([pairs[:ROWS] for pairs in made.values()])


@pytest.mark.parametrize("real", REALS)
@pytest.mark.parametrize("subject", [*SUBJECTS, *PRESETS], ids=str)
def test_the_bars_are_met(subject: Subject, real):
    pairs, rng = pairs_of(real), np.random.default_rng(3)
    upstream, direction = (
        rng.normal(size=shape).astype(real).astype(np.float64)
        for shape in (len(pairs), pairs.shape)
    )
    known = truth(subject.spec, pairs, upstream, dtype=real, hvp=direction)
    inputs = {
        "pred": pairs[:, :4],
        "target": pairs[:, 4:],
        "loss_bar": upstream,
        "pred_dot": direction[:, :4],
        "target_dot": direction[:, 4:],
    }
    value, grad, hvp = (
        launch(unit_of(subject.spec.program, part, real), [len(pairs)], inputs, constants)
        for part in ("value", "grad", "hvp")
        for constants in [subject.spec.constants]
    )
    regular = known.kind == "regular"
    assert regular.mean() > 0.3  # -ln IoU has no derivative where boxes are apart

    def judge(part, found, bar, where):
        hi, lo = getattr(known, f"{part}_hi"), getattr(known, f"{part}_lo")
        found = found.astype(np.float64)
        with np.errstate(invalid="ignore"):
            off = ~(np.abs((found - hi) - lo) <= bar)
        off &= ~(np.isposinf(found) & np.isposinf(hi))  # -ln 0
        off[~where] = False
        refuse(
            off, pairs, f"{subject} in {real}: {part}", found, hi, np.broadcast_to(bar, off.shape)
        )

    everywhere = np.ones(len(pairs), bool)
    value_bar = subject.value_bar(known.value_hi, pairs, real)
    judge("value", value["loss"], value_bar, everywhere)
    judge("value", grad["loss"], value_bar, everywhere)
    both = np.hstack([grad["pred_bar"], grad["target_bar"]])
    judge("grad", both, subject.grad_bar(pairs, upstream, real), regular)
    both = np.hstack([hvp["pred_bar_dot"], hvp["target_bar_dot"]])
    # Where edges are in line the gradient may be one, and its derivative several.
    judge("hvp", both, subject.hvp_bar(pairs, direction, upstream, real), regular & simple(pairs))
