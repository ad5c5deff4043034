"""Labels of two classes: each way to write them takes its own two numbers and no other."""

import numpy as np
import pytest

import refloss

SCORES = np.array([0.25, -3.0, 2.0])
WRITTEN = {"signed": [1.0, -1.0, 1.0], "binary": [1.0, 0.0, 1.0]}
OTHER = {"signed": "binary", "binary": "signed"}
HINGES = [refloss.hinge, refloss.squared_hinge]


@pytest.mark.parametrize("loss", HINGES, ids=repr)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("labels", WRITTEN)
def test_labels_of_the_other_way_are_refused(loss, dtype, labels):
    scores, target = SCORES.astype(dtype), np.array(WRITTEN[OTHER[labels]], dtype)
    words = {"signed": r"-1 or 1 \(labels='signed'\); got 0", "binary": r"0 or 1 .*; got -1"}
    with pytest.raises(ValueError, match=f"target: expected {words[labels]} at 1"):
        loss(scores, target, labels=labels)
    with pytest.raises(ValueError, match=r"target: expected .* at \(0, 1\)"):
        loss.grad(scores[None], target[None], labels=labels, reduction="sum")


@pytest.mark.parametrize("loss", HINGES, ids=repr)
def test_presets_bring_their_way_along(loss):
    expected = loss(SCORES, np.array(WRITTEN["signed"]))
    np.testing.assert_array_equal(
        loss(SCORES, np.array(WRITTEN["binary"]), preset="keras"), expected
    )
    with pytest.raises(ValueError, match=r"target: expected 0 or 1 \(labels='binary'\)"):
        loss(SCORES, np.array(WRITTEN["signed"]), preset="keras")


def test_a_number_between_is_no_label_and_nan_is_another_checks_business():
    target = np.array([1.0, 0.5, -1.0])
    with pytest.raises(ValueError, match=r"target: expected -1 or 1 .*; got 0.5 at 1"):
        refloss.hinge(SCORES, target)
    assert refloss.hinge(SCORES, target, check="none")[1] == 2.5
    found = refloss.hinge(SCORES, np.array([1.0, np.nan, 1.0]))
    np.testing.assert_array_equal(np.isnan(found), [False, True, False])


def test_axes_say_what_their_values_allow():
    values = refloss.hinge.axes["labels"]["values"]
    assert values["signed"]["allows"] == {"target": [-1.0, 1.0]}
    assert values["binary"]["allows"] == {"target": [0.0, 1.0]}
