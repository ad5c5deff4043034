"""Docstrings, signatures and hints speak of the arguments that a loss has."""

import inspect

import numpy as np
import pytest

import refloss
from refloss.run.kernels import library

ROWS = {
    name: set(entry["axes"]["targets"]["values"])
    for name, entry in library().index["losses"].items()
    if entry["family"] in ("rows", "cosine_rows")
}


@pytest.mark.parametrize("name", ROWS)
def test_only_losses_of_classes_have_integers_to_take_and_to_ignore(name):
    loss = getattr(refloss, name)
    text, classes = inspect.getdoc(loss) or "", "index" in ROWS[name]
    assert ("integers of shape (N,)" in text) == classes
    assert ("ignore_index" in text) == classes
    assert ("class that does not exist" in text) == classes
    assert ("ignore_index" in inspect.signature(loss).parameters) == classes
    assert ("shape (N, C) of the logits' dtype" in text) == (ROWS[name] == {"probabilities"})
    assert not [place for place in ("{target}", "{ignore_index}", "{strangers}") if place in text]


@pytest.mark.parametrize(
    ("loss", "given", "meant"),
    [
        ("cross_entropy", "weight", "class_weight"),
        ("softmax_focal", "weight", "class_weight"),
        ("cross_entropy", "ignore", "ignore_index"),
        ("cross_entropy", "label_smooth", "label_smoothing"),
        ("ciou", "layouts", "layout"),
        ("bce", "posweight", "pos_weight"),
        ("bce", "class_weight", "weight"),
    ],
)
def test_an_argument_may_be_meant_where_an_axis_is_unknown(loss, given, meant):
    arrays = [
        np.zeros((1, 4)),
        np.zeros(1, int) if loss not in ("ciou", "bce") else np.ones((1, 4)),
    ]
    words = rf"{loss}: axis: expected one of .*; got '{given}' \(did you mean '{meant}'\?\)"
    with pytest.raises(ValueError, match=words):
        getattr(refloss, loss)(*arrays, **{given: 1.0})
