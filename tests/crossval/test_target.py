"""What a target is declared by: its reference, its call, its bindings."""

import pytest

from crossval.target import Target, UsageError, names_in, split_reference

INPUTS, AXES = ("pred", "target"), ("eps", "alpha")


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("torchvision.ops:complete_box_iou_loss", ("torchvision.ops", "complete_box_iou_loss")),
        ("losses.py:Loss", ("losses.py", "Loss")),
        ("a/b c/losses.py:Outer.Inner", ("a/b c/losses.py", "Outer.Inner")),
    ],
)
def test_a_reference_is_a_module_or_a_file_and_an_attribute(reference, parts):
    assert split_reference(reference) == parts


@pytest.mark.parametrize("reference", ["losses", "losses.py", "a:b:c", "a:", ":b", "a:1b"])
def test_anything_else_is_an_error_that_names_the_forms(reference):
    with pytest.raises(UsageError, match=r"MODULE:ATTR or FILE\.py:ATTR"):
        split_reference(reference)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("f(pred, target, eps=eps)", {"f", "pred", "target", "eps"}),
        ("f(*[b.T for b in (pred, target)])", {"f", "pred", "target"}),
        ("(lambda a, b: f(b, a))(pred, target)", {"f", "pred", "target"}),
        ("f(pred, target, float(1e-7), flag=True)", {"f", "pred", "target"}),
    ],
)
def test_names_of_pythons_own_and_of_the_expression_are_not_counted(call, names):
    assert names_in(call) == names


@pytest.mark.parametrize("place", ["W", "g.W", "f", "f.", "f.W[0]", "f.a.1"])
def test_a_binding_is_an_attribute_of_f(place):
    with pytest.raises(UsageError, match="bind pred must be an attribute of f"):
        Target("a:b", "giou", bind={"pred": place})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"call": "f(pred, target)"},
        {"call": "f(target, pred, eps=eps)"},
        {"call": "f(target)", "bind": {"pred": "f.a.b"}},
        {"bind": {"eps": "f.eps"}, "wrt": ("pred",)},
    ],
)
def test_declarations_that_fit(options):
    Target("a:b", "giou", **options).fit(INPUTS, AXES)


def test_an_axis_cannot_be_judged_as_an_input():
    with pytest.raises(UsageError, match="wrt must be among pred, target; got eps"):
        Target("a:b", "giou", wrt=("eps",)).fit(INPUTS, AXES)
