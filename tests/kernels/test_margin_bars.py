"""The accuracy bars of margin losses, regime by regime, against certified truth.

As of other rows: values within 4 ulp, and half of log2 K, of Σ|terms|; gradients within 8, products
within 64. The terms are sums of numbers >= 0: a loss is accurate however much of it cancels.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS
from crossval.oracles.metric import membership
from crossval.points.margins import REGIMES as NEAR_KINKS
from crossval.points.margins import point_set
from refloss.run.kernels import library

from .margin_terms import of_form
from .row_regimes import RowCase, regimes, wide_rows
from .row_subject import RowSubject, differences, refuse
from .test_row_bars import in_format, misrounded

WEIGHTS = (0.5, 1.0, 2.0, 4.0)
FORMS = ("crammer_singer", "weston_watkins", "one_vs_all", "categorical_hinge")


@dataclass(frozen=True)
class MarginSubject(RowSubject):
    """A margin loss under fixed conventions."""

    loss: str = "multi_margin"

    def _terms(self, case: RowCase, real: str):
        terms = of_form(self.spec.program)
        return terms(self.spec.constants, case, self.weight(case), soft=False)


def margin(axes, weights: tuple[float, ...] = ()) -> MarginSubject:
    return MarginSubject(axes, weights=weights)


OPTIONS = [
    {},
    {"power": "squared"},
    {"margin": 0.3, "division": "classes"},
    {"margin": 0.0, "power": "squared", "division": "others"},
]
SUBJECTS = [
    margin({"form": form, **options}, WEIGHTS if number % 2 else ())
    for form in FORMS
    for number, options in enumerate(OPTIONS)
]
PRESETS = [
    margin({"preset": name}) for name in library().index["losses"]["multi_margin"]["presets"]
]


def near_kinks(name: str, dtype: str = "float64") -> RowCase:
    points = point_set(dtype, "smoke")
    columns = points.columns[points.places == name]
    labels = columns[:, -1].astype(int)
    return RowCase(columns[:, :-1], labels, np.eye(columns.shape[1] - 1)[labels])


def check(subject: MarginSubject, case: RowCase, regime: str) -> int:
    """Hold regular rows to the bars, and those at ties to the hull; return how many there were."""
    rng = np.random.default_rng(3)
    upstream, direction = rng.normal(size=len(case)), rng.normal(size=case.logits.shape)
    known = subject.truth(case, upstream, direction)
    assert set(known.kind) <= {"regular", "tie"}
    regular, what = known.kind == "regular", f"{subject}, {regime}"
    value, grad = subject.value_and_grad(case, upstream)
    product = subject.hvp(case, direction, upstream)
    off = ~(differences(value, known, "value") <= subject.value_bar(case))
    refuse(off, case, f"{what}: value", value, known.value_hi)
    bar = subject.grad_bar(case, upstream)
    off = ~(differences(grad, known, "grad") <= bar) & regular[:, None]
    refuse(off, case, f"{what}: gradient", grad, known.grad_hi)
    for row, corners in known.vertices.items():
        assert membership(grad[row], corners, bar[row]).inside, (what, case.logits[row])
    # where a square begins, its second derivative has two values, and the truth is one of them
    smooth = regular & (grad != 0).any(1)
    bars = subject.hvp_bar(case, direction, upstream)
    off = ~(differences(product, known, "hvp") <= bars) & smooth[:, None]
    refuse(off, case, f"{what}: product", product, known.hvp_hi)
    return int(regular.sum())


@pytest.mark.parametrize("subject", [*SUBJECTS, *PRESETS], ids=str)
def test_the_bars_are_met(subject):
    counted = {name: check(subject, case, name) for name, case in regimes(4).items()}
    assert sum(counted.values()) > 3 * len(counted)


@pytest.mark.parametrize("regime", [name for name in NEAR_KINKS if name not in ("near ties",)])
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met_beside_the_kinks(subject, regime):
    check(subject, near_kinks(regime), regime)


@pytest.mark.parametrize("form", FORMS)
def test_a_thousand_classes(form):
    for name, case in wide_rows(2, 1000).items():
        check(margin({"form": form, "power": "squared"}), case, name)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("subject", SUBJECTS[::3], ids=str)
def test_narrow_results_are_rounded_once(subject, dtype):
    cases = {name: in_format(case, dtype) for name, case in regimes(4).items()}
    cases |= {name: near_kinks(name, dtype) for name in NEAR_KINKS}
    for name, case in cases.items():
        if case is None:
            continue
        upstream = FORMATS[dtype].round(np.random.default_rng(3).normal(size=len(case)))
        known = subject.truth(case, upstream)
        value, grad = subject.value_and_grad(case, upstream, dtype)
        what = f"{subject} in {dtype}, {name}"
        off = misrounded(value, known, "value", subject.value_bar(case), dtype)
        refuse(off, case, f"{what}: value", value, known.value_hi)
        off = misrounded(grad, known, "grad", subject.grad_bar(case, upstream), dtype)
        off &= (known.kind == "regular")[:, None]
        refuse(off, case, f"{what}: gradient", grad, known.grad_hi)
