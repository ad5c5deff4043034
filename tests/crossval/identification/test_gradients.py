"""What only gradients tell, and what happens to them on the way."""

import pytest


def follow(identified, attribute="Followed", **init):
    return identified("conventions.py", attribute, init=repr({"loss": "ciou", **init}))


TORCHVISION = {"preset": "torchvision"}


@pytest.mark.parametrize(
    "axes",
    [{"alpha": "attached"}, {"aspect": "unit"}, {"aspect": "printed"}, {"aspect": "printed_unit"}],
)
def test_axes_without_a_trace_in_the_value_are_told_by_gradients(identified, axes):
    answer = follow(identified, value=TORCHVISION, gradient={**TORCHVISION, **axes})
    ((name, value),) = axes.items()
    assert answer.found
    assert answer.best.definition.axes[name] == value
    assert answer.gradient == answer.best.definition.title
    (axis,) = [axis for axis in answer.axes if axis.name == name]
    assert "gradient" in axis.told_by
    assert not axis.open
    assert not answer.notes


def test_without_gradients_those_axes_stay_open(identified, notes):
    answer = identified("conventions.py", "takes_fractions")
    open_ = {axis.name: axis.open for axis in answer.axes}
    assert open_["alpha"] == ("attached",)
    assert set(open_["aspect"]) == {"printed", "printed_unit", "unit"}
    assert "RL408" in notes(answer)
    assert answer.gradient == ""


@pytest.mark.parametrize(
    ("attribute", "gradient", "expected"),
    [
        ("Followed", {"preset": "mmdet", "alpha": "attached"}, "ciou/mmdet with alpha=attached"),
        ("Followed", {"preset": "paper"}, "ciou/paper"),
        ("OtherLoss", {}, "diou/torchvision"),
    ],
)
def test_value_and_gradient_are_identified_apart(identified, notes, attribute, gradient, expected):
    answer = follow(identified, attribute, value={"preset": "mmdet"}, gradient=gradient)
    assert answer.best.definition.title == "ciou/mmdet"
    assert expected in (answer.gradient, *EQUAL.get(answer.gradient, ()))
    words = notes(answer)["RL804"]
    assert words == f"the value follows ciou/mmdet, the gradient follows {answer.gradient}"
    assert answer.exit_code == 0


EQUAL = {"diou/detectron2": ("diou/torchvision",)}


@pytest.mark.parametrize(
    ("attribute", "code", "words"),
    [
        ("UpstreamIgnored", "RL406", "pred and target ignores upstream, as if it were 1"),
        ("FirstUpstream", "RL406", "uses the upstream of row 0 for all rows"),
        ("Flipped", "RL404", "pred and target has the other sign"),
        ("Zero", "RL403", "pred and target is 0 everywhere"),
        ("Swapped", "RL407", "target is the one by pred"),
        ("Tilted", "RL402", "target follows no convention known here"),
    ],
)
def test_what_became_of_the_gradient_is_named(identified, notes, attribute, code, words):
    answer = identified("numpy_losses.py", attribute)
    assert answer.found
    assert "giou/fvcore" in (answer.best.definition.title, *answer.best.definition.also)
    assert words in notes(answer)[code]
    assert answer.exit_code == (1 if attribute == "Tilted" else 0)


def test_a_scaled_gradient_is_told_from_a_scaled_loss(identified, notes):
    gradient = follow(identified, value=TORCHVISION, times=0.5)
    assert notes(gradient)["RL802"] == "the gradient by pred and target is 0.5 times the value's"
    assert gradient.best.relation == ""
    both = identified("numpy_losses.py", "Scaled")
    assert notes(both) == {"RL802": "constant factor: 2 times the loss"}
    assert both.best.relation == "2 * loss"
    assert both.gradient == both.best.definition.title


def test_a_gradient_that_forgets_the_number_of_rows_is_named(identified, notes):
    answer = identified("conventions.py", "Reduced")
    assert answer.verdict == "values only"
    assert answer.exit_code == 1
    assert answer.gradient == ""
    words = "the gradient of a batch is not that of its value: it is divided by 1 (sum), "
    assert notes(answer)["RL402"] == words + "the value by N (mean)"


def test_one_unexplained_gradient_is_shown_with_its_input(identified, notes):
    answer = follow(identified, "PredOnly", value=TORCHVISION)
    words = notes(answer)["RL402"]
    assert "the gradient by target follows no convention" in words
    assert "pred = (0, 0, 10, 2), target = (2, -1, 6, 7)" in words
    assert "is 1, not " in words
    assert answer.gradient == ""
