"""Conventions of focal losses are named, each of a small loss that is written as its authors do."""

import pytest

from crossval.catalog import losses
from tests.crossval.identification.conftest import ROWS, SOFT_ROWS
from tests.crossval.targets import focal_conventions as targets

OF = {
    family: tuple(n for n, entry in losses().items() if entry["family"] == family)
    for family in ("binary", "probabilities")
}


@pytest.fixture
def title(near):
    """Return a function that names a target among the losses of a family."""

    def run(function, family="rows"):
        known = {"rows": ROWS, "rows of probabilities": SOFT_ROWS, **OF}
        answer = near(function, among=known[family], family=family)
        assert answer.found, answer.best.definition.title
        assert answer.best.relation == ""
        return answer, answer.best.definition.title

    return run


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (targets.ldam_drw_rows, "softmax_focal/ldam with gamma=0.5"),
        (targets.ldam_drw, "softmax_focal/ldam with gamma=2"),
        (targets.weighted_outside, "softmax_focal"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_class_weights_tell_whether_they_are_inside_the_power(title, function, expected):
    answer, named = title(weighted(function))
    assert named == expected
    (axis,) = (axis for axis in answer.axes if axis.name == "weighting")
    assert (axis.told_by, axis.open) == (("optional arguments",), ())
    assert "RL806" not in {note.code for note in answer.notes}


def weighted(function):
    """Return a target whose class weights have the name that they have here."""

    def named(logits, target, class_weight=None):
        return function(logits, target, class_weight)

    return named


NAMED = [
    ("rows", targets.poly1, "poly1/paper with epsilon=-0.75"),
    ("rows", targets.poly1_detection, "poly1/detection"),
    ("rows", targets.softmax_poly1_focal, "softmax_focal with epsilon=1.5"),
    ("rows", targets.one_constant, "softmax_focal/fastreid"),
    ("rows", targets.background, "softmax_focal/kornia with alpha=0.3"),
    ("rows of probabilities", targets.all_classes, "softmax_focal/keras"),
    ("binary", targets.torchvision, "sigmoid_focal/mmdet"),
    ("binary", targets.unbalanced, "sigmoid_focal/fvcore"),
    ("binary", targets.yolov5, "sigmoid_focal/effdet"),
    ("binary", targets.negatives, "sigmoid_focal/fvcore with alpha_side=negatives"),
    ("binary", targets.by_cross_entropy, "sigmoid_focal/smp"),
    ("binary", targets.quality, "quality_focal/mmdet"),
    ("binary", targets.in_logarithms, "sigmoid_focal/fvcore"),
    ("binary", targets.poly1_focal, "sigmoid_focal/polyloss"),
    ("binary", targets.poly1_balanced, "sigmoid_focal/poly1"),
    ("probabilities", targets.of_probabilities, "focal_probs/keras"),
]


@pytest.mark.parametrize(
    ("family", "function", "expected"),
    NAMED,
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_convention_is_named(title, family, function, expected):
    """By a preset that has these losses of single rows: what a mean divides by is another axis."""
    assert title(function, family)[1] == expected


def test_alpha_on_class_0_is_1_less_alpha_on_all_others(title):
    answer, named = title(targets.first_class)
    assert named == "softmax_focal/kornia with alpha=0.7"
    assert "softmax_focal/clcarwin with alpha=0.3, gamma=2" in answer.equal


def test_a_detached_modulator_is_told_by_the_gradient(title):
    answer, named = title(targets.Held())
    (axis,) = (axis for axis in answer.axes if axis.name == "modulator")
    assert (axis.value, axis.told_by) == ("detached", ("gradient",))
    assert named == answer.gradient == "softmax_focal with modulator=detached"


@pytest.mark.parametrize(
    ("family", "function", "denominator", "value"),
    [
        ("rows", targets.by_logits, "N * C", "logits"),
        ("binary", targets.summed_over_classes, "the length of the first axis", "rows"),
        ("binary", targets.averaged_over_classes, "the length of the last axis", None),
        ("binary", targets.by_positives, "max(1, the positives)", "positives_or_one"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_a_sum_is_divided_by_is_named(title, family, function, denominator, value):
    answer, _ = title(function, family)
    assert f"/ {denominator}, on batches" in answer.reduction
    told = {axis.name: axis.value for axis in answer.axes if axis.told_by == ("reduction",)}
    assert told.get("denominator") == value
