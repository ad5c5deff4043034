"""The accuracy bars of losses of single numbers, at the pinned points, against certified truth.

Values: at most 4 ulp. Gradients: 8 ulp. Hessian-vector products: 64 ulp of Σ|terms|; values and
gradients too where their terms may cancel, see `element_terms`. Narrow formats: half an ulp of
theirs beside it. At a tie: a member of the subdifferential.
"""

from functools import cache

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS, format_of
from crossval.oracles.metric import membership

from .element_subject import ELEMENTS, GRADIENT, PRODUCT, VALUE, ElementSubject
from .element_terms import TERMS
from .focal_terms import FOCAL
from .subject import refuse

NARROW = ("float32", "float16", "bfloat16")


@cache
def known(subject_at: int, dtype: str):
    """Return columns, upstream, direction and truth of a subject in a format."""
    subject, number = ELEMENTS[subject_at], format_of(dtype)
    columns = subject.columns(dtype)
    rng = np.random.default_rng(3)
    upstream = number.round(rng.choice([-1, 1], len(columns)) * rng.uniform(0.25, 2, len(columns)))
    direction = rng.normal(size=columns.shape) if dtype == "float64" else None
    oracle = subject.family.oracle
    return (
        columns,
        upstream,
        direction,
        oracle.truth(subject.spec, columns, upstream, dtype=dtype, hvp=direction),
    )


def cases(dtypes):
    return [
        pytest.param(k, dtype, id=f"{subject}-{dtype}")
        for k, subject in enumerate(ELEMENTS)
        if subject.loss not in FOCAL  # in test_focal_bars
        for dtype in dtypes
    ]


@pytest.mark.parametrize(("at", "dtype"), cases(FORMATS))
def test_values_and_gradients_meet_the_bars(at, dtype):
    columns, upstream, _, truth = known(at, dtype)
    subject = ELEMENTS[at]
    value, grad = subject.value_and_grad(columns, upstream, dtype)
    judge(subject, columns, upstream, truth, value, grad, dtype, "float64")


@pytest.mark.parametrize(("at", "dtype"), cases(["float32"]))
def test_compiled_programs_meet_them_with_the_ulp_of_what_they_compute_in(at, dtype):
    columns, upstream, _, truth = known(at, dtype)
    subject = ELEMENTS[at]
    value, grad = subject.value_and_grad(columns, upstream, dtype, backend="c")
    judge(subject, columns, upstream, truth, value, grad, dtype, "float32")


def sizes(subject: ElementSubject, columns, upstream):
    """Return Σ|terms| of values and gradients, 0 where nothing cancels."""
    terms, spec = TERMS.get(subject.spec.program), subject.spec
    if terms is None:
        return 0.0, 0.0
    value, grad = terms(columns, spec.constants)
    return value, grad * np.abs(upstream)[:, None]


def by_rounding(subject: ElementSubject, columns, real):
    """Return rows with an input, or 1 less it, that is a constant as `real` has it, but not it."""
    constants = np.array([c for c in subject.spec.constants.values() if np.isfinite(c)])
    moved = format_of(real).round(constants)
    moved = moved[moved != constants]
    return (np.isin(columns, moved) | np.isin(1 - columns, moved)).any(axis=1)


def judge(subject: ElementSubject, columns, upstream, truth, value, grad, dtype, real):
    """Compare with the truth: within half an ulp of the format beside the bar of the arithmetic."""
    fmt, unit = format_of(dtype), format_of(real)

    def off(found, part, bar, size):
        hi, lo = getattr(truth, f"{part}_hi"), getattr(truth, f"{part}_lo")
        rad = getattr(truth, f"{part}_rad")
        room = bar * np.maximum(unit.ulp(hi, lo), unit.ulp(size)) + (
            0 if dtype == real else fmt.ulp(hi, lo) / 2
        )
        with np.errstate(invalid="ignore"):
            bad = ~(np.abs((found - hi) - lo) <= room + rad)
            beyond = (np.sign(found) == np.sign(hi)) & (np.abs(hi) + room >= fmt.overflow)
        return bad & ~(np.isinf(found) & (beyond | (found == hi)))

    assert not set(truth.kind) & {"undecided", "nan"}
    value_size, grad_size = sizes(subject, columns, upstream)
    aside = by_rounding(subject, columns, real)
    bad = off(value, "value", VALUE, value_size)
    bad[aside] = False
    refuse(bad, columns, f"{subject} in {dtype}: value", value, truth.value_hi)
    bad = off(grad, "grad", GRADIENT, grad_size)
    bad[aside | (truth.kind != "regular")] = False
    refuse(bad, columns, f"{subject} in {dtype}: gradient", grad, truth.grad_hi)
    judged = [name in subject.family.wrt for name in subject.names]
    assert np.isfinite(grad[truth.kind == "undefined"][:, judged]).all()
    for row, vertices in truth.vertices.items():
        room = GRADIENT * fmt.ulp(np.abs(vertices).max(axis=0))
        assert membership(grad[row], vertices, room).inside, (subject, columns[row], grad[row])


@pytest.mark.parametrize(("at", "dtype"), cases(["float64"]))
def test_products_meet_the_bar(at, dtype):
    columns, upstream, direction, truth = known(at, dtype)
    subject = ELEMENTS[at]
    found = subject.hvp(columns, direction, upstream)
    size = subject.product_size(columns, direction, upstream)
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs((found - truth.hvp_hi) - truth.hvp_lo) <= PRODUCT * np.spacing(size))
        bad &= ~(np.isinf(found) & (found == truth.hvp_hi))
    bad[truth.kind != "regular"] = False
    refuse(bad, columns, f"{subject}: product", found, truth.hvp_hi)
    assert (truth.kind == "regular").mean() > 0.5
