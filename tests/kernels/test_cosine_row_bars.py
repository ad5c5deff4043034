"""The accuracy bars of heads over given cosines, regime by regime, against certified truth.

As of other rows: values within 4 ulp, and half of log2 C, of Σ|terms|; gradients within 8, products
within 64. The terms are in `cosine_terms`; a row whose target's cosine is an end has the derivative
that the definition says, and is judged by its value.
"""

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS
from crossval.points.cosine_rows import REGIMES, point_set
from refloss.run.kernels import library

from .cosine_terms import CosineSubject
from .row_regimes import RowCase
from .row_subject import differences, refuse
from .test_row_bars import misrounded

WEIGHTS = (0.5, 1.0, 2.0, 4.0)


def head(name: str, axes=None, weights: tuple[float, ...] = ()) -> CosineSubject:
    return CosineSubject(axes or {}, False, weights, f"{name}_cosine")


POLICIES = library().index["losses"]["arcface_cosine"]["axes"]["policy"]["values"]
CUT = {"limit": 0.9, "cuts": "all"}
SUBJECTS = [
    *(head("arcface", {"policy": policy}) for policy in POLICIES),
    head("arcface", {"policy": "angle_clip", "clip": 0.75, "scale": 30.3, **CUT}, WEIGHTS),
    head("arcface", {"preset": "pytorch_metric_learning", "gradient": "straight_through"}),
    head("cosface", {"scale": 30.3}, WEIGHTS),
    head("cosface", {"preset": "normface"}),
    head("cosface", CUT),
    head("combined_margin"),
    head("combined_margin", {"guard": "mirror", "scale": 30.3, **CUT}, WEIGHTS),
    head("combined_margin", {"form": "separate", "scale": 1.0}),
    head("combined_margin", {"form": "multiplied", "multiple": 1.7, "guard": "mirror"}),
    head("combined_margin", {"preset": "cvqluu"}, WEIGHTS),
    *(head("sphereface", {"margin": margin, "scale": 64.0}) for margin in "12345"),
    head("sphereface", {"form": "bare", "annealing": 5.0, "scale": 30.3}, WEIGHTS),
    head("combined_margin", {"preset": "paper"}),
]


def case_of(dtype: str = "float64", classes: int = 6, regimes: tuple[str, ...] = ()) -> RowCase:
    """Return the pinned points, of some regimes if they are named."""
    points = point_set(dtype, "smoke", classes)
    kept = np.isin(points.places, regimes) if regimes else np.ones(len(points), bool)
    columns = points.columns[kept]
    labels = columns[:, -1].astype(int)
    return RowCase(columns[:, :-1], labels, np.eye(classes)[labels])


def check(subject: CosineSubject, case: RowCase, second: bool = True) -> None:
    rng = np.random.default_rng(3)
    upstream, direction = rng.normal(size=len(case)), rng.normal(size=case.logits.shape)
    known = subject.truth(case, upstream, direction if second else None)
    ends = np.abs(case.logits[np.arange(len(case)), case.labels]) >= 1
    assert set(known.kind[~ends]) == {"regular"}
    regular = (known.kind == "regular")[:, None]
    value, grad = subject.value_and_grad(case, upstream)
    off = ~(differences(value, known, "value") <= subject.value_bar(case))
    refuse(off, case, f"{subject}: value", value, known.value_hi, subject.value_bar(case))
    bar = subject.grad_bar(case, upstream)
    off = ~(differences(grad, known, "grad") <= bar) & regular
    refuse(off, case, f"{subject}: gradient", grad, known.grad_hi, bar)
    if second:
        product, bar = (
            subject.hvp(case, direction, upstream),
            subject.hvp_bar(case, direction, upstream),
        )
        off = ~(differences(product, known, "hvp") <= bar) & regular
        refuse(off, case, f"{subject}: product", product, known.hvp_hi, bar)


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met(subject):
    check(subject, case_of())


@pytest.mark.parametrize("classes", [2, 300])
def test_two_classes_and_many(classes):
    for subject in (SUBJECTS[1], SUBJECTS[8]):
        check(subject, case_of(classes=classes), second=classes == 2)


@pytest.mark.parametrize("regime", REGIMES)
def test_a_row_of_a_regime_says_something_of_its_gradient(regime):
    """Of every regime some rows are regular, and none is left to its value alone."""
    case, subject = case_of(regimes=(regime,)), SUBJECTS[1]
    known = subject.truth(case, np.ones(len(case)))
    ends = regime == "target at the ends"
    assert ((known.kind == "regular").any() and (known.kind == "regular").all()) != ends


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("subject", [SUBJECTS[1], SUBJECTS[6], SUBJECTS[8], SUBJECTS[17]], ids=str)
def test_narrow_results_are_rounded_once(subject, dtype):
    case = case_of(dtype)
    upstream = FORMATS[dtype].round(np.random.default_rng(3).normal(size=len(case)))
    known = subject.truth(case, upstream)
    value, grad = subject.value_and_grad(case, upstream, dtype)
    off = misrounded(value, known, "value", subject.value_bar(case), dtype)
    refuse(off, case, f"{subject} in {dtype}: value", value, known.value_hi)
    off = misrounded(grad, known, "grad", subject.grad_bar(case, upstream), dtype)
    off &= (known.kind == "regular")[:, None]
    refuse(off, case, f"{subject} in {dtype}: gradient", grad, known.grad_hi)
