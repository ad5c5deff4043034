"""Every preset and every value of every axis, eps included, against certified truth.

The bars are those of the published definitions: a value within 4 ulp of Σ|terms| of its sums, a
component of a gradient within 8 u Σ|terms|. `Subject.value_bar` says where a value's Σ|terms| is
more than the value.
"""

import numpy as np
import pytest

from crossval.oracles.enclosure import truth
from refloss.run.kernels import library

from .regimes import regimes
from .subject import Subject, refuse

LOSSES = {n: e for n, e in library().index["losses"].items() if e["family"] == "boxes"}
EPS = 2.0**-10
PRESETS = [
    Subject(loss, {"preset": preset})
    for loss, entry in LOSSES.items()
    for preset in entry["presets"]
]
IOU_FORMS = LOSSES["iou"]["axes"]["form"]["values"]
AXES = [
    Subject(loss, {axis: value, "eps": EPS})
    for loss, entry in LOSSES.items()
    for axis, described in entry["axes"].items()
    for value in described["values"]
] + [Subject("iou", {"form": form, "least_iou": 0.25, "eps": EPS}) for form in IOU_FORMS]


@pytest.mark.parametrize("subject", PRESETS, ids=str)
def test_presets_meet_the_bars(subject):
    for name, pairs in regimes(10).items():
        check(subject, pairs, name)


@pytest.mark.parametrize("subject", AXES, ids=str)
def test_axis_values_meet_the_bars_beside_an_eps(subject):
    for name in ("random", "near-identical", "tiny, far away", "elongated", "above each other"):
        check(subject, regimes(16)[name], name)
    check(subject, regimes(16)["flat"] * (EPS / 1e-7), "flat")


@pytest.mark.parametrize("loss", ["iou", "giou", "diou", "ciou"])
def test_floored_heights_meet_the_bars_beside_every_eps(loss):
    """Near the floor, at products of small boxes, and together with an eps in the same places."""
    constants = {"least_height": EPS, "eps_union": EPS}
    more = {
        "iou": {"eps_height": EPS, "least_area": EPS},
        "giou": {"eps_height": EPS, "least_area": EPS**2, "least_hull": EPS, "eps_hull": EPS},
        "diou": {"eps_height": EPS, "eps_diagonal": EPS},
        "ciou": {"eps_height": EPS, "eps_ratio": EPS, "eps_alpha": EPS},
    }
    subjects = [Subject(loss, {"eps": constants}), Subject(loss, {"eps": constants | more[loss]})]
    if loss == "ciou":
        subjects += [
            Subject(loss, {"eps": constants, "aspect": "unit"}),
            Subject(loss, {"eps": constants, "alpha": "attached"}),
            Subject(loss, {"eps": constants, "alpha": "gated"}),
        ]
    if loss == "iou":
        subjects += [Subject(loss, {"eps": constants, "form": f}) for f in ("log", "square")]
    for subject in subjects:
        for name, scale in {"flat": EPS / 1e-7, "tiny, far away": 1.0, "random": EPS / 16}.items():
            check(subject, regimes(100)[name] * scale, name)


def test_a_floored_height_has_no_rounding_error():
    """One above the other, nearly as wide: of an inner edge the aspect term alone is the slope."""
    rng = np.random.default_rng(13)
    wide = rng.uniform(0.5, 0.75, 200)
    wider = wide * (1 + 10.0 ** rng.uniform(-14, -6, 200))
    low, high = -rng.uniform(0.2, 0.4, 200), rng.uniform(0.2, 0.4, 200)  # high - low is rounded
    pairs = np.stack([-wide, low, wide, high, -wider, low + 5, wider, high + 5], 1)
    for axes in ({}, {"aspect": "unit"}, {"alpha": "attached"}):
        check(Subject("ciou", {"eps": {"least_height": 1.0}} | axes), pairs, "above each other")


def check(subject: Subject, pairs: np.ndarray, regime: str) -> None:
    upstream = np.random.default_rng(5).normal(size=len(pairs))
    known = truth(subject.spec, pairs, upstream)
    value, grad = subject.value_and_grad(pairs, upstream)
    what = f"{subject}, {regime}"
    bar = subject.value_bar(known.value_hi, pairs)
    with np.errstate(invalid="ignore"):
        off = ~(np.abs((value - known.value_hi) - known.value_lo) <= bar)
    off &= ~(np.isposinf(value) & np.isposinf(known.value_hi))  # -ln 0
    refuse(off, pairs, f"{what}: value", value, known.value_hi)
    regular = known.kind == "regular"
    off = ~(np.abs((grad - known.grad_hi) - known.grad_lo) <= subject.grad_bar(pairs, upstream))
    refuse(off & regular[:, None], pairs, f"{what}: gradient", grad, known.grad_hi)


def test_conventions_differ_where_they_should():
    """Presets agree on everything if and only if their constants are the same."""
    small = regimes(40)["random"] / 64  # so that an eps is visible
    half, far = [0, 0, 6, 6, 0.5, 1, 5, 5], [0, 0, 9, 1, 900, 900, 901, 909]  # the gate, the clip
    pairs = np.vstack([small, small / 2**20, half, far])
    for loss, entry in LOSSES.items():
        seen: dict[tuple, np.ndarray] = {}
        for preset in entry["presets"]:
            subject = Subject(loss, {"preset": preset})
            key = (subject.spec.program, *subject.spec.constants.items())
            result = np.column_stack(subject.value_and_grad(pairs))
            for other, before in seen.items():
                assert (key == other) == np.array_equal(result, before), (loss, preset)
            seen[key] = result
