"""Divergences of a softmax: the bars of accuracy, and what is left of them close to the optimum.

Values: 4 ulp, and half of log2 C, of Σ|terms|; gradients 8, products 64. Close to the optimum the
terms of a value are of the size of p - q: a sum of q (log q - log p) would fail by orders there.
"""

from dataclasses import replace

import numpy as np
import pytest

from crossval.oracles.autograd import witness
from crossval.oracles.formats import FORMATS
from crossval.oracles.packing import RowPacking

from .row_regimes import RowCase, regimes
from .row_subject import RowSubject, U, differences, refuse
from .test_row_bars import in_format, misrounded

WEIGHTS = (0.5, 1.0, 2.0, 4.0)
WARM = {"temperature": 4.0, "factor": "temperature_squared"}
SUBJECTS = [
    RowSubject({}, True, loss="softmax_kl"),
    RowSubject(WARM, True, loss="softmax_kl"),
    RowSubject({"temperature": 0.3}, True, WEIGHTS, loss="softmax_kl"),
    RowSubject({}, True, (2.0,), loss="softmax_kl"),
    RowSubject({}, True, loss="softmax_js"),
    RowSubject({"temperature": 2.7, "unit": "bits"}, True, WEIGHTS, loss="softmax_js"),
]


def near(subject: RowSubject, rows: int, seed: int = 3) -> RowCase:
    """Return rows whose probabilities are the softmax, but for a part of 2**-48 to 2**-3."""
    rng = np.random.default_rng(seed)
    case = regimes(rows)["scale 1"]
    z = case.logits / subject.spec.constants["temperature"]
    p = np.exp(z - z.max(1, keepdims=True))
    q = p * (1 + np.ldexp(rng.uniform(-1, 1, p.shape), -rng.integers(3, 49, (rows, 1))))
    return replace(case, probabilities=q / q.sum(1, keepdims=True))


def cases(subject: RowSubject, rows: int) -> dict[str, RowCase]:
    """Return the regimes of rows, and others of these losses."""
    made = regimes(rows)
    drawn = made["scale 30"]
    made["close"] = near(subject, 4 * rows)
    made["not normalised"] = replace(drawn, probabilities=drawn.probabilities * 3.7)
    made["of nothing"] = replace(drawn, probabilities=drawn.probabilities * 0)
    return made


def drawn(case: RowCase):
    rng = np.random.default_rng(3)
    direction = rng.normal(size=(len(case), 2 * case.classes))
    direction[::2, case.classes :] = 0.0
    return rng.normal(size=len(case)), direction


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met(subject):
    for regime, case in cases(subject, 4).items():
        upstream, direction = drawn(case)
        known = subject.truth(case, upstream, direction)
        assert set(known.kind) == {"regular"}
        value, grad = subject.value_and_grad(case, upstream)
        hvp = subject.hvp(case, direction, upstream)
        parts = {
            "value": (value, subject.value_bar(case)),
            "grad": (grad, subject.grad_bar(case, upstream)),
            "hvp": (hvp, subject.hvp_bar(case, direction, upstream)),
        }
        for part, (found, bar) in parts.items():
            off = ~(differences(found, known, part) <= bar)
            refuse(off, case, f"{subject}, {regime}: {part}", found, getattr(known, f"{part}_hi"))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("subject", SUBJECTS[1::3], ids=str)
def test_narrow_results_are_rounded_once(subject, dtype):
    for regime, every in cases(subject, 4).items():
        case = in_format(every, dtype)
        if case is None:
            continue
        upstream = FORMATS[dtype].round(drawn(case)[0])
        known = subject.truth(case, upstream)
        value, grad = subject.value_and_grad(case, upstream, dtype)
        bars = {
            "value": (value, subject.value_bar(case)),
            "grad": (grad, subject.grad_bar(case, upstream)),
        }
        for part, (found, bar) in bars.items():
            off = misrounded(found, known, part, bar, dtype)
            what = f"{subject} in {dtype}, {regime}: {part}"
            refuse(off, case, what, found, getattr(known, f"{part}_hi"))


@pytest.mark.parametrize("subject", [SUBJECTS[0], SUBJECTS[4]], ids=str)
def test_close_to_the_optimum_half_of_the_digits_are_left(subject):
    """Where p is q to 2**-26 a loss is some 2**-53, of which a plain sum holds no digit."""
    case = near(subject, 200)
    p = np.exp(case.logits - case.logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    tilt = 1 + 2.0**-26 * np.where(np.arange(case.classes) % 2, 1, -1)
    q = p * tilt / (p * tilt).sum(1, keepdims=True)
    case = replace(case, probabilities=q)
    known = subject.truth(case, np.ones(len(case)))
    assert differences(subject.value(case), known, "value").max() < 2.0**-24 * 2.0**-53
    assert np.abs(known.value_hi).max() < 2.0**-50
    if subject.loss == "softmax_kl":
        terms = (q * (np.log(q) - np.log(p))).sum(1)
        assert np.median(np.abs(terms - known.value_hi) / np.abs(known.value_hi)) > 2.0**-6


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_autograd_agrees(subject):
    for name in ("scale 1", "scale 30", "two classes"):
        case = regimes(16)[name]
        packing = RowPacking.of(case.classes, None, subject.weight(case))
        upstream, _ = drawn(case)
        value, slopes = witness(subject.spec, subject.columns(case), upstream, packing=packing)
        found, grad = subject.value_and_grad(case, upstream)
        asked = np.hstack([np.ones_like(case.logits), case.probabilities]) > 0
        spread = (1 + np.abs(case.logits).max(1)) ** 2 * 64 * U * case.classes * 16
        assert (np.abs(found - value) <= spread).all(), name
        gap = np.where(asked, np.abs(grad - slopes), 0.0)
        assert (gap <= (spread * np.abs(upstream))[:, None]).all(), name


@pytest.mark.parametrize("loss", ["softmax_kl", "softmax_js"])
def test_compiled_programs_and_blocks_agree(loss):
    subject = RowSubject({"temperature": 2.7}, True, WEIGHTS, loss=loss)
    case = regimes(50)["scale 30"]
    upstream, _ = drawn(case)
    options = {"class_weight": subject.weight(case), "temperature": 2.7, "upstream": upstream}
    call = subject.function.value_and_grad
    plain, slopes = call(case.logits, case.probabilities, **options)
    compiled, others = call(case.logits, case.probabilities, backend="c", **options)
    assert (np.abs(compiled - plain) <= 2 * subject.value_bar(case)).all()
    bar = subject.grad_bar(case, upstream)[:, : case.classes]
    assert (np.abs(others["logits"] - slopes["logits"]) <= 2 * bar).all()
