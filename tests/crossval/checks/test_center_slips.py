"""Mistakes in center losses: each named; right ones have no finding beside the shapes."""

import pytest

FILE = "torch_centers.py"

RIGHT = [
    ("CenterLoss", ""),
    ("Summed", "paper"),
    ("MeanOfAll", "facenet"),
    ("of_rows", ""),
    ("ignoring", ""),
]
# what leaves digits only where squares are at an end of the clip, to within their rounding
CLIPPED = [
    ("OfDifferences", "pytorch_center_loss"),
    ("Masked", "reid_strong_baseline"),
]

# target, preset, axes that are declared, check in which it is found, words that name it
NAMED = [
    ("CenterLoss", None, {"factor": "one"}, "value", "factor is 'half'"),
    ("MeanOfAll", None, {"factor": "one"}, "value", "the mean of the squared differences is taken"),
    ("OfDifferences", "reid_strong_baseline", {}, "value", "C - 1 times 1e-12 is added"),
    ("Masked", None, {"factor": "one"}, "value", "clip is 'own'"),
    ("OfMatrix", "pytorch_center_loss", {}, "value", "|x|^2 + |c|^2 - 2 x c"),
    ("OfMatrix", "pytorch_center_loss", {}, "grad[x]", "|x|^2 + |c|^2 - 2 x c"),
    ("NextClass", None, {}, "value", "the class target + 1 is read"),
    ("Detached", None, {}, "grad[centers]", "centers receives no gradient"),
    ("PaperUpdate", None, {}, "grad[centers]", "divided by 1 + n, as the paper's update is"),
]


def beside_shapes(certificate):
    """Return the findings but that arrays of other shapes broadcast."""
    return [f for f in certificate.findings if f.code != "RL201"]


@pytest.mark.parametrize(("name", "how"), RIGHT)
def test_right_losses_have_no_finding(judged, name, how):
    certificate = judged(FILE, name, f"center/{how}" if how else "center")
    assert not beside_shapes(certificate)
    assert certificate.grade == "A"


@pytest.mark.parametrize(("name", "preset"), CLIPPED)
def test_clipped_losses_have_no_finding_of_numbers(judged, name, preset):
    certificate = judged(FILE, name, f"center/{preset}", dtypes=("float64", "float32"))
    assert not beside_shapes(certificate)


@pytest.mark.parametrize(("name", "preset", "axes", "check", "words"), NAMED)
def test_a_slip_is_named(judged, name, preset, axes, check, words):
    declared = f"center/{preset}" if preset else "center"
    certificate = judged(FILE, name, declared, axes=axes, dtypes=("float64",))
    found = [f"{f.message} {f.cause}" for f in certificate.findings if f.check == check]
    assert any(words in each for each in found), [
        (f.check, f.message, f.cause) for f in certificate.findings
    ]


def test_ignored_rows_are_judged(judged):
    certificate = judged(FILE, "ignoring", "center")
    (found,) = (each for each in certificate.outcomes if each.check == "ignore_index")
    assert found.grade == "A"
    late = judged(FILE, "ignoring_too_late", "center")
    assert {f.check for f in beside_shapes(late)} == {"ignore_index"}
