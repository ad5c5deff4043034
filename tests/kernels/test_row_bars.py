"""The accuracy bars of losses of rows, regime by regime, against certified truth.

Values: at most 4 ulp, and half of log2 C, of Σ|terms|. A gradient component: at most 8 u Σ|terms|,
which for a class as the target, without smoothing or z-loss, is 8 ulp of the component itself. A
component of a Hessian-vector product: 64 u Σ|terms|. A power of 1 - p allows values and gradients 4
more for each 1 of it. Of Poly-1 with a negative epsilon the terms of the value have two signs. The
terms are in `row_terms`.
"""

import numpy as np
import pytest

from crossval.oracles.formats import FORMATS, format_of
from crossval.oracles.metric import ulp_error
from refloss.run.kernels import library

from .row_regimes import RowCase, regimes, wide_rows
from .row_subject import GRADIENT, TINY, RowSubject, differences, refuse

WEIGHTS = (0.5, 1.0, 2.0, 4.0)
PLAIN, SOFT = RowSubject(), RowSubject(soft=True)
SMOOTHED = RowSubject({"label_smoothing": 0.1})
SUBJECTS = [
    PLAIN,
    RowSubject(weights=WEIGHTS),
    SMOOTHED,
    RowSubject({"label_smoothing": 0.1, "smoothing": "others"}, weights=WEIGHTS),
    RowSubject({"label_smoothing": 0.3, "smoothing": "classy", "z_loss": 0.5}),
    RowSubject({"z_loss": 1e-4}),
    SOFT,
    RowSubject({"label_smoothing": 0.1}, soft=True, weights=WEIGHTS),
    RowSubject({"z_loss": 0.5, "label_smoothing": 0.3, "smoothing": "others"}, soft=True),
]


def focal(axes, weights: tuple[float, ...] = (), soft: bool = False) -> RowSubject:
    return RowSubject(axes, soft, weights, loss="softmax_focal")


SUBJECTS += [
    focal({"gamma": 0.0}),
    focal({"gamma": 0.5}),
    focal({"gamma": 0.25, "modulator": "detached"}),
    focal({"gamma": 1.0, "alpha": 0.25, "alpha_side": "first"}),
    focal({"gamma": 2.0}, WEIGHTS),
    focal({"gamma": 3.5, "alpha": 0.75, "alpha_side": "others"}, WEIGHTS),
    focal({"gamma": 5.0}),
    focal({"gamma": 0.5}, soft=True),
    focal({"gamma": 2.0, "alpha": 0.25, "alpha_side": "others"}, WEIGHTS, soft=True),
    focal({"gamma": 3.5, "modulator": "detached", "label_smoothing": 0.1}, soft=True),
    focal({"gamma": 0.5, "weighting": "inside"}, WEIGHTS),
    focal({"gamma": 2.0, "epsilon": 1.0, "alpha": 0.25, "poly_alpha": "focal"}),
    focal({"gamma": 1.5, "epsilon": -1.0, "weighting": "inside"}, WEIGHTS, soft=True),
]


def poly(axes, soft: bool = False, weights: tuple[float, ...] = ()) -> RowSubject:
    return RowSubject(axes, soft, weights, loss="poly1")


SUBJECTS += [
    poly({}),
    poly({"epsilon": 2.0, "label_smoothing": 0.1}, weights=WEIGHTS),
    poly({"epsilon": -1.0}),
    poly({"epsilon": 2.0}, soft=True),
    poly({"epsilon": -0.5}, soft=True, weights=WEIGHTS),
    poly({"label_smoothing": 0.3, "smoothing": "others"}, soft=True, weights=WEIGHTS),
]
PRESETS = [
    RowSubject({"preset": preset, "label_smoothing": 0.2}, soft)
    for preset in library().index["losses"]["cross_entropy"]["presets"]
    for soft in (False, True)
]
PRESETS += [
    focal({"preset": preset, "alpha": 0.25}, soft=soft)
    for preset, entry in library().index["losses"]["softmax_focal"]["presets"].items()
    for soft in (False, True)
    if entry["axes"].get("of") != "mean"  # which is no loss of a row
]
PRESETS += [
    poly({"preset": preset, "label_smoothing": 0.2}, soft)
    for preset in library().index["losses"]["poly1"]["presets"]
    for soft in (False, True)
]
TEMPERED = [
    RowSubject({"temperature": 0.3}),
    RowSubject({"temperature": 2.7, "z_loss": 0.5, "label_smoothing": 0.1}, weights=WEIGHTS),
    RowSubject({"temperature": 4.0, "factor": "temperature_squared"}, soft=True),
    RowSubject({"temperature": 0.07, "label_smoothing": 0.1}, soft=True, weights=WEIGHTS),
]
EXTREMES = [
    *TEMPERED,
    RowSubject({"label_smoothing": 1.0}),
    RowSubject({"label_smoothing": 1.0, "smoothing": "others"}, weights=WEIGHTS),
    RowSubject({"label_smoothing": 1.0, "smoothing": "classy"}, soft=True),
    RowSubject({"label_smoothing": 1e-12}),
    RowSubject(weights=(1e-200, 1e200, 0.0)),
    RowSubject({"label_smoothing": 0.1}, soft=True, weights=(1e-200, 1e200, 0.0)),
    focal({"gamma": 1e-12}),
    focal({"gamma": 64.0}),
    focal({"gamma": 0.5}, (1e-200, 1e200, 0.0)),
    focal({"gamma": 0.5, "weighting": "inside"}, (1e-20, 1e3, 0.0)),
]


def drawn(subject: RowSubject, case: RowCase):
    """Return an upstream gradient and a direction, which moves probabilities in every other row."""
    rng = np.random.default_rng(3)
    direction = rng.normal(size=subject.columns(case).shape)
    direction[::2, case.classes :] = 0.0
    return rng.normal(size=len(case)), direction


def check(subject: RowSubject, case: RowCase, regime: str, second: bool = True) -> None:
    upstream, direction = drawn(subject, case)
    known = subject.truth(case, upstream, direction if second else None)
    assert set(known.kind) == {"regular"}
    what = f"{subject}, {regime}"
    value, grad = subject.value_and_grad(case, upstream)
    off = ~(differences(value, known, "value") <= subject.value_bar(case))
    refuse(off, case, f"{what}: value", value, known.value_hi)
    off = ~(differences(grad, known, "grad") <= subject.grad_bar(case, upstream))
    refuse(off, case, f"{what}: gradient", grad, known.grad_hi)
    if not second:
        return
    hvp = subject.hvp(case, direction, upstream)
    off = ~(differences(hvp, known, "hvp") <= subject.hvp_bar(case, direction, upstream))
    refuse(off, case, f"{what}: product", hvp, known.hvp_hi)


@pytest.mark.parametrize("regime", regimes(1))
@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_the_bars_are_met(subject, regime):
    check(subject, regimes(8)[regime], regime)


@pytest.mark.parametrize("subject", [*PRESETS, *EXTREMES], ids=str)
def test_presets_and_extreme_options_meet_the_bars(subject):
    for name in ("scale 1", "scale 300", "confident", "near ties", "optimum", "two classes"):
        check(subject, regimes(4)[name], name)


@pytest.mark.parametrize("regime", regimes(1))
def test_a_component_that_is_one_term_is_within_8_ulp_of_itself(regime):
    case = regimes(40)[regime]
    upstream = np.random.default_rng(4).choice([-1.5, 0.75, 1.0], len(case))
    known = PLAIN.truth(case, upstream)
    grad = PLAIN.grad(case, upstream)
    off = ulp_error(grad, known.grad_hi, known.grad_lo, dtype="float64") > GRADIENT
    refuse(off, case, regime, grad, known.grad_hi)


@pytest.mark.parametrize("regime", wide_rows(1, 2))
@pytest.mark.parametrize(
    "subject",
    [
        PLAIN,
        SOFT,
        RowSubject({"label_smoothing": 0.1, "z_loss": 1e-4}, weights=WEIGHTS),
        focal({"gamma": 2.0}),
    ],
    ids=str,
)
def test_a_thousand_classes(subject, regime):
    check(subject, wide_rows(2, 1000)[regime], regime)


def test_a_row_that_is_cut_into_tiles():
    check(PLAIN, wide_rows(1, 66_000)["random"], "random", second=False)


# --- narrow formats

NARROW = ("float32", "float16", "bfloat16")
NARROW_SUBJECTS = [PLAIN, SUBJECTS[3], SUBJECTS[4], SUBJECTS[7]]
NARROW_SUBJECTS += [focal({"gamma": 0.5}), focal({"gamma": 2.0, "alpha": 0.25}, WEIGHTS)]
#: What a correctly rounded result may miss by beyond half an ulp: the float64 error's share.
SHARE = 0.5 + 2.0**-12


def in_format(case: RowCase, dtype: str) -> RowCase | None:
    """Return the rows that a format can hold, rounded to it; None where it can hold none."""
    rounded = case.mapped(FORMATS[dtype].round)
    finite = np.isfinite(rounded.logits).all(1)
    return rounded.rows(finite) if finite.any() else None


@pytest.mark.parametrize("dtype", NARROW)
def test_all_but_few_regimes_exist_in_a_format(dtype):
    gone = {name for name, case in regimes(4).items() if in_format(case, dtype) is None}
    assert gone == ({"offset -1e6", "offset 1e8"} if dtype == "float16" else set())


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("subject", NARROW_SUBJECTS, ids=str)
def test_narrow_results_are_rounded_once(subject, dtype):
    for name, every in regimes(4).items():
        case = in_format(every, dtype)
        if case is None:
            continue
        upstream, direction = (FORMATS[dtype].round(part) for part in drawn(subject, case))
        second = dtype == "float32"
        known = subject.truth(case, upstream, direction if second else None)
        value, grad = subject.value_and_grad(case, upstream, dtype)
        bars = {
            "value": (value, subject.value_bar(case)),
            "grad": (grad, subject.grad_bar(case, upstream)),
        }
        if second:
            hvp = subject.hvp(case, direction, upstream, dtype)
            bars["hvp"] = hvp, subject.hvp_bar(case, direction, upstream)
        for part, (found, bar) in bars.items():
            off = misrounded(found, known, part, bar, dtype)
            what = f"{subject} in {dtype}, {name}: {part}"
            refuse(off, case, what, found, getattr(known, f"{part}_hi"))


def misrounded(found, known, part, bar, dtype):
    """Return which results are further off than rounding once and the float64 bar allow."""
    fmt = format_of(dtype)
    hi, lo = getattr(known, f"{part}_hi"), getattr(known, f"{part}_lo")
    # Cancelling sums lose more than the share: there the float64 bar takes its place.
    slack = np.maximum(bar, (SHARE - 0.5) * fmt.ulp(hi, lo))
    off = ~(differences(found, known, part) <= fmt.ulp(hi, lo) / 2 + slack)
    beyond = np.isinf(found) & (np.sign(found) == np.sign(hi)) & (np.abs(hi) + bar >= fmt.overflow)
    return off & ~beyond


@pytest.mark.parametrize("scale", [1e-320, 1e-160, 1e150, 1e308])
def test_logits_of_any_size_give_numbers(scale):
    """Where differences overflow, the loss does; nothing else is lost."""
    rng = np.random.default_rng(9)
    logits = rng.uniform(-1, 1, (20, 5)) * scale
    labels = rng.integers(0, 5, 20)
    case = RowCase(logits, labels, np.eye(5)[labels])
    for subject in (PLAIN, SOFT, focal({"gamma": 0.5})):
        value, grad = subject.value_and_grad(case)
        with np.errstate(over="ignore"):
            lag = logits.max(1) - logits[np.arange(20), labels]
        assert not np.isnan(value).any()
        assert (np.isinf(value) == np.isinf(lag)).all()
        assert np.isfinite(grad[:, :5]).all()
        check_small = np.isfinite(value) & (np.arange(20) < 6)
        check(subject, case.rows(check_small), f"times {scale}")


def test_underflow_is_bounded_by_the_smallest_number():
    """What is left of a class 745 below is one subnormal number, not nothing and not more."""
    case = RowCase(np.array([[0.0, -744.0]]), np.array([0]), np.array([[1.0, 0.0]]))
    np.testing.assert_array_equal(PLAIN.grad(case), [[-2 * TINY, 2 * TINY]])
