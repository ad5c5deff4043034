"""Class-balanced losses of images are told by masks of 0 and 1; soft targets come after."""

from functools import cache

import pytest

from crossval.families import FAMILIES
from crossval.identification import identify
from crossval.identification.questions import asks
from tests.crossval.identification.conftest import SOFT_ROWS, TARGETS
from tests.crossval.identification.test_rows import title


@cache
def identified(attribute, among=("hed",)):
    return identify(f"{TARGETS / 'torch_images.py'}:{attribute}", among, level="smoke")


def codes(answer):
    return {note.code: note.words for note in answer.notes}


@pytest.mark.parametrize(
    ("attribute", "expected", "reduction"),
    [
        ("hed", "hed/hed", "none"),
        ("hed_mean_of_pixels", "hed/hed with denominator=logits", "/ N * C,"),
        ("rcf", "hed/rcf", "none"),
    ],
)
def test_implementations_are_named(attribute, expected, reduction):
    answer = identified(attribute)
    assert title(answer) == expected
    assert reduction in answer.reduction
    assert answer.exit_code == 0


def test_soft_targets_do_not_decide_but_are_asked_for():
    assert "RL801" not in codes(identified("hed"))
    words = codes(identified("rcf"))["RL801"]
    assert words == "with soft targets, 19 of 19 values leave the definition"


def test_weights_in_a_narrow_format_are_said_to_be():
    answer = identified("hed_by_equality")
    assert title(answer) == "hed/hed"
    assert answer.dtype == "float32"
    assert "in float64 values leave the definition by up to" in codes(answer)["RL301"]


def test_counts_over_the_whole_batch_are_no_sum_over_rows():
    answer = identified("hed_of_the_batch")
    assert title(answer) == "hed/hed"
    assert answer.reduction.startswith("loss of all rows as one row / 1 (sum), on batches of 1")
    assert "counted over the whole batch" in codes(answer)["RL807"]
    assert answer.verdict == "rows only"


def test_they_are_asked_for_with_masks_and_no_other_way():
    probers = {name: family.prober for name, family in FAMILIES.items() if family.prober}
    assert [name for name, prober in probers.items() if asks(prober, "hed")] == ["images"]
    assert [name for name in SOFT_ROWS if asks(probers["images"], name)] == ["hed"]


def test_nothing_is_called_constant_by_soft_targets_alone():
    answer = identified("only_ones", ("cross_entropy",))
    assert answer.verdict == "nothing fits"
    assert "RL602" not in codes(answer)
