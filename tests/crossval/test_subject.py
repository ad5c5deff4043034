"""Targets that own their inputs: what is bound is put there, its gradient is read from there."""

import re

import pytest

from crossval.engine import certify
from crossval.subject import Subject
from crossval.target import Target, UsageError
from tests.crossval.conftest import TARGETS

MODULES = "torch_modules.py"
CIOU = "ciou/detectron2"


def says(certificate):
    return [(f.check, f.dtype, f.code, f.message, f.fix) for f in certificate.findings]


def grades(certificate, dtype="float32"):
    return {o.check: o.grade for o in certificate.outcomes if o.dtype == dtype}


@pytest.mark.parametrize(
    ("name", "bind"),
    [
        ("Boxes", {"pred": "f.boxes"}),
        ("Head", {"pred": "f.inner.boxes"}),
        ("Head", {"pred": "f.shared"}),
        ("Buffer", {"target": "f.truth"}),
    ],
)
def test_a_module_that_owns_an_input_is_judged_in_full(judged, name, bind):
    certificate = judged(MODULES, name, CIOU, ("float32", "float64"), bind=bind)
    assert certificate.problem is None, certificate.problem
    assert certificate.findings == (), says(certificate)
    for dtype in ("float32", "float64"):
        assert grades(certificate, dtype)["grad[pred]"] in "ABC"
        assert grades(certificate, dtype)["grad[target]"] in "ABC"
    assert next(o for o in certificate.outcomes if o.check == "grad[pred]").n > 0


def test_a_detached_parameter_is_caught(judged):
    certificate = judged(MODULES, "Detached", CIOU, bind={"pred": "f.boxes"})
    assert {f.check: f.code for f in certificate.findings}["grad[pred]"] == "RL408"
    assert grades(certificate)["grad[target]"] in "ABC"


def test_the_call_passes_what_is_not_bound(judged):
    certificate = judged(
        MODULES, "Boxes", CIOU, bind={"pred": "f.boxes"}, call="f(target, eps=eps)"
    )
    assert certificate.findings == (), says(certificate)
    assert grades(certificate)["parameter eps"] == "ok"


def test_a_module_with_weights_is_judged_in_each_format(judged):
    certificate = judged(MODULES, "Weighted", CIOU, ("bfloat16", "float64"))
    assert [f for f in certificate.findings if f.code == "RL204"] == [], says(certificate)


def test_an_axis_in_an_attribute_is_changed_there_and_back(judged):
    certificate = judged(MODULES, "Eps", CIOU, bind={"eps": "f.eps"})
    assert certificate.findings == (), says(certificate)
    assert grades(certificate)["parameter eps"] == "ok"
    frozen = judged(MODULES, "FrozenEps", CIOU, bind={"eps": "f.eps"})
    assert [(f.check, f.code) for f in frozen.findings] == [("parameter eps", "RL805")]


def test_an_axis_that_is_set_reaches_its_attribute(judged):
    certificate = judged(MODULES, "Eps", CIOU, bind={"eps": "f.eps"}, axes={"eps": 0.5})
    assert certificate.findings == (), says(certificate)
    unbound = judged(MODULES, "Eps", CIOU, axes={"eps": 0.5})
    assert "RL801" in {f.code for f in unbound.findings}


@pytest.mark.parametrize(
    ("name", "bind", "init", "words"),
    [
        ("Boxes", {"pred": "f.box"}, {}, ("has no attribute 'box'", "f holds f.boxes")),
        ("Boxes", {"pred": "f.inner.boxes"}, {}, ("has no attribute 'inner'",)),
        ("Eps", {"pred": "f.name"}, {}, ("is no parameter: str", "a parameter, tensor or array")),
        ("Eps", {"eps": "f.name"}, {}, ("is no parameter: str", "a number")),
        ("Weighted", {"pred": "f.weight"}, {}, ("of shape ()", "has shape (N, 4)")),
    ],
)
def test_a_binding_that_does_not_fit_is_a_problem(judged, name, bind, init, words):
    certificate = judged(MODULES, name, CIOU, bind=bind, init=init)
    assert certificate.problem.code == "RL209"
    for each in words:
        assert each in f"{certificate.problem.message} {certificate.problem.fix}"
    assert certificate.exit_code == 4
    assert certificate.outcomes == ()


def test_numpy_targets_hold_inputs_too(judged):
    certificate = judged("numpy_losses.py", "Owner", "giou/fvcore", bind={"target": "f.boxes"})
    assert certificate.findings == (), says(certificate)
    assert grades(certificate)["grad[target]"] in "ABC"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bind": {"weight": "f.W"}}, "bind names weight, but giou takes pred, target"),
        ({"bind": {"pred": "boxes"}}, "must be an attribute of f"),
        ({"call": "f(pred, boxes)"}, "call names boxes"),
        ({"call": "f(pred)"}, "leaves out target"),
        ({"call": "f(pred, target)", "bind": {"pred": "f.W"}}, "passes pred, which bind puts"),
        ({"wrt": ("weight",)}, "wrt must be among pred, target"),
    ],
)
def test_names_that_the_loss_does_not_have_are_usage_errors(options, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        certify(Target(f"{TARGETS / 'numpy_losses.py'}:giou", "giou", "fvcore", **options))


class Attributes:
    """Holds what it is told to."""

    def __init__(self):
        self.eps = 1.0

    def __call__(self, pred, target):
        """Tell what is held."""
        return self.eps


def test_what_is_held_for_a_call_is_gone_after_it():
    thing = Attributes()
    subject = Subject(thing, ("pred", "target"), None, {"eps": "f.eps"})
    with subject.holding(thing, {"eps": 2.0, "alpha": 3.0}):
        assert subject.invoke(thing, {"pred": 0, "target": 0}, {"eps": 2.0}) == 2.0
    assert thing.eps == 1.0
    with pytest.raises(ZeroDivisionError), subject.holding(thing, {"eps": 2.0}):
        _ = 1 / 0
    assert thing.eps == 1.0
