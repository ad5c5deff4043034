"""float32, float16 and bfloat16 results: correctly rounded, up to the float64 kernel's own error.

The bar of a component is half an ulp of the format at the truth, which is what rounding to nearest
costs (subnormals and overflow included), plus the float64 bar: 4 ulp for a value, 8 u Σ|terms| for
a component of a gradient.
"""

from functools import cache

import numpy as np
import pytest

from crossval.oracles.enclosure import truth
from crossval.oracles.formats import FORMATS, format_of

from .regimes import regimes
from .subject import SUBJECTS, refuse

ROWS = 40
NARROW = ("float32", "float16", "bfloat16")


@cache
def on_grid(dtype: str) -> dict[str, np.ndarray]:
    """Return the regimes' pairs rounded to a format, those that it can hold and keep ordered."""
    rounded = {name: FORMATS[dtype].round(pairs) for name, pairs in regimes(ROWS).items()}
    return {name: pairs[valid(pairs)] for name, pairs in rounded.items()}


def valid(pairs):
    low, high = pairs[:, [0, 1, 4, 5]], pairs[:, [2, 3, 6, 7]]
    return np.isfinite(pairs).all(1) & (low < high).all(1)


CASES = [(d, name) for d in NARROW for name, pairs in on_grid(d).items() if len(pairs)]


#: Out of the range of exponents, or closer to each other than the format's steps.
BEYOND = {
    "float32": {"1e-85", "1e80"},
    "bfloat16": {"1e-85", "1e80", "tiny, far away"},
    "float16": {"1e-85", "1e80", "tiny, far away", "coordinates of 1e8", "coordinates of 1e-8"},
}


@pytest.mark.parametrize("dtype", NARROW)
def test_all_but_few_regimes_exist_in_a_format(dtype):
    assert {name for name, pairs in on_grid(dtype).items() if not len(pairs)} == BEYOND[dtype]


@pytest.mark.parametrize(("dtype", "regime"), CASES)
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_results_are_rounded_once(subject, dtype, regime):
    fmt, pairs = format_of(dtype), on_grid(dtype)[regime]
    upstream = fmt.round(np.random.default_rng(4).normal(size=len(pairs)))
    found = np.column_stack(subject.value_and_grad(pairs, upstream, dtype))
    slack = subject.grad_bar(pairs, upstream)
    # The balls' own radius hides some midpoints; those rows are judged by the exact balls.
    open_rows = np.flatnonzero(apart(subject, dtype, pairs, upstream, found, slack).any(1))
    pairs, upstream, found, slack = (a[open_rows] for a in (pairs, upstream, found, slack))
    bad = apart(subject, "float64", pairs, upstream, found, slack, fmt)
    refuse(bad, pairs, f"{subject} in {dtype}, not rounded to nearest", found)


def apart(subject, dtype, pairs, upstream, found, slack, fmt=None):
    """Return which results may miss the bar, by a truth as sharp as `dtype` needs: ``(n, 9)``."""
    fmt = fmt or format_of(dtype)
    known = truth(subject.spec, pairs, upstream, dtype=dtype)
    hi, lo, rad = (
        np.column_stack([getattr(known, f"{part}_{end}") for part in ("value", "grad")])
        for end in ("hi", "lo", "rad")
    )
    slack = np.column_stack([subject.value_bar(known.value_hi, pairs), slack])
    with np.errstate(invalid="ignore"):
        error = np.abs((found - hi) - lo) + rad
        bad = ~(error <= fmt.ulp(hi, lo) / 2 + slack)
        beyond = (np.sign(found) == np.sign(hi)) & (np.abs(hi) + slack >= fmt.overflow)
    bad &= ~(np.isinf(found) & beyond)
    assert not set(known.kind) & {"undecided", "nan"}
    bad[known.kind != "regular", 1:] = False  # derivatives at ties: tests of degenerate boxes
    bad[:, 0] &= ~((found[:, 0] == np.inf) & (hi[:, 0] == np.inf))  # -ln 0
    return bad
