"""Which cause of NaN is named: by the row, and by whether its value came, and is right."""

import numpy as np
import pytest

from crossval import certify
from crossval.checks.binary_causes import LOGIT_PATTERNS, PROBABILITY_PATTERNS
from crossval.checks.causes import Situation, cause_of
from crossval.checks.row_causes import LABELLED_PATTERNS, SOFT_PATTERNS
from crossval.oracles.formats import FORMATS

from .test_logit_focal_slips import TARGETS

ROOT = ("sigmoid_focal", {"gamma": 0.5})


def name(patterns, row, value, sound, loss=ROOT):
    named, constants = loss
    here = Situation(np.array(row, float), named, constants, FORMATS["float32"], value, sound)
    found = cause_of(patterns, here)
    return found.name if found else ""


@pytest.mark.parametrize(("x", "t"), [(17.5, 1), (-17.5, 0), (104, 1), (-104, 0), (-89, 0)])
@pytest.mark.parametrize("sound", [True, False])
def test_a_power_below_1_of_0_is_the_cause_on_both_sides(x, t, sound):
    assert name(LOGIT_PATTERNS, [x, t], 0.0, sound) == "power-of-0"


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
def test_another_power_is_no_cause(gamma):
    assert name(LOGIT_PATTERNS, [17.5, 1], 0.0, True, (ROOT[0], {"gamma": gamma})) == ""


@pytest.mark.parametrize(("x", "t"), [(16, 1), (-17.5, 1), (17.5, 0), (17.5, 0.5)])
def test_a_base_above_0_is_no_cause(x, t):
    assert name(LOGIT_PATTERNS, [x, t], 0.0, True) == ""


def test_the_base_of_quality_focal_loss_is_how_far_p_and_the_target_are_apart():
    quality = ("quality_focal", {"beta": 0.5})
    assert name(LOGIT_PATTERNS, [0, 0.5], 0.0, True, quality) == "power-of-0"
    assert name(LOGIT_PATTERNS, [1, 0.5], 0.0, True, quality) == ""


@pytest.mark.parametrize(("x", "word"), [(104.5, "log-of-1-p"), (-104.5, "log-of-0")])
def test_a_logarithm_of_0_is_the_cause_where_the_value_shows_it(x, word):
    for t in (0, 1):
        for value in (np.nan, np.inf):
            assert name(LOGIT_PATTERNS, [x, t], value, False) == word
    wrong = float(x < 0)
    assert name(LOGIT_PATTERNS, [x, wrong], 100.0, False) == word  # capped
    assert name(LOGIT_PATTERNS, [x, wrong], 104.5, True) == "exp-overflow"


def test_probabilities_and_rows_have_it_too():
    assert name(PROBABILITY_PATTERNS, [1, 1], 0.0, True) == "power-of-0"
    assert name(PROBABILITY_PATTERNS, [0, 0], 0.0, True) == "power-of-0"
    assert name(PROBABILITY_PATTERNS, [1, 1], np.nan, False) == "log-of-1-p"
    focal = ("softmax_focal", {"gamma": 0.5})
    for row in ([64, 0, 0, 0], [2000, 0, -np.inf, 0]):
        assert name(LABELLED_PATTERNS, row, 0.0, True, focal) == "power-of-0"
    assert name(LABELLED_PATTERNS, [2000, 0, 0, 0], np.nan, False, focal) == "exp-overflow"
    assert name(LABELLED_PATTERNS, [64, 0, 0, 1], 64.0, True, focal) == ""
    assert name(SOFT_PATTERNS, [64, 0, 0.5, 0.5], 32.0, True, focal) == "power-of-0"
    assert name(SOFT_PATTERNS, [64, 0, 0, 1], 64.0, True, focal) == ""


def test_a_target_that_takes_a_root_of_0_is_told_so():
    found = certify(
        f"{TARGETS}:root",
        "sigmoid_focal/torchvision",
        axes={"gamma": 0.5},
        dtypes=["float32"],
        level="smoke",
        only=("grad*", "special points"),
    )
    lost = [f for f in found.findings if f.code == "RL401"]
    assert {f.check for f in lost} == {"grad[logits]", "special points"}
    assert {f.pattern for f in lost} == {"power-of-0"}
    sides = {place for f in lost for place in f.places}
    assert {"17.5 for 1", "-17.5 for 0"} <= sides
