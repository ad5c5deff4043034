"""What identify says where a target follows nothing, or something with a mistake in it."""

import pytest

from crossval.catalog import losses
from crossval.identification import identify
from crossval.identification.answer import VERDICTS
from tests.crossval.identification.conftest import BOXES, SOFT_ROWS, TARGETS
from tests.crossval.identification.conftest import ROWS as LOSSES

ROWS = "row_conventions.py"
ASKED = (*(name for name in SOFT_ROWS if name != "hed"), "hed")
"""Losses of images are asked for with masks, and last."""
SIMILAR = tuple(name for name, entry in losses().items() if entry["family"] == "similarities")


@pytest.mark.parametrize(
    ("attribute", "words", "code"),
    [
        ("before", "inputs target - 1, round the end", "RL801"),
        ("before_or_first", "inputs target - 1, at the end the class itself", "RL801"),
        ("after", "inputs target + 1, round the end", "RL801"),
        ("twice", "softmax taken twice", "RL801"),
        ("over_classes", "loss divided by C", "RL807"),
        ("over_the_batch", "softmax over the batch", "RL801"),
        ("probability", "logarithm missing", "RL801"),
        ("logit", "log-softmax missing", "RL801"),
        ("last_class_missed", "inputs without the last class", "RL801"),
    ],
)
def test_a_slip_is_named_and_is_not_what_was_asked_for(identified, notes, attribute, words, code):
    answer = identified(ROWS, attribute)
    assert answer.best.definition.title == f"cross_entropy/torch with {words}"
    assert answer.best.relation == ""
    assert (answer.verdict, answer.exit_code) == ("with a slip", 1)
    assert code in notes(answer)


@pytest.mark.parametrize("attribute", ["rows", "smoothed", "tempered", "clamped", "by_items"])
def test_a_convention_is_no_slip(identified, attribute):
    answer = identified(ROWS, attribute)
    assert (answer.verdict, answer.exit_code) == ("identified", 0)


@pytest.mark.parametrize(
    ("attribute", "denominator"),
    [
        ("by_all_weights", "the sum of all class weights"),
        ("by_all_weights_or_rows", "the sum of all class weights"),
        ("by_entries", "N * C"),
        ("by_classes", "C, the number of classes"),
        ("by_kept_and_classes", "the rows kept * C"),
        ("by_every_rows_weight", "the sum of the rows' weights, ignored rows included"),
        ("by_rows_twice", "N * N"),
    ],
)
def test_denominators_that_no_preset_has_are_named(identified, notes, attribute, denominator):
    answer = identified(ROWS, attribute)
    assert f"sum over the rows / {denominator}, on batches" in answer.reduction
    assert answer.best.definition.title == "cross_entropy/torch"
    assert answer.best.relation == ""
    assert denominator in notes(answer)["RL807"]
    assert "denominator: none of its values" in answer.open
    assert (answer.verdict, answer.exit_code) == ("identified", 0)


@pytest.mark.parametrize("attribute", ["by_nothing_known", "reduced_by_nothing_known"])
def test_a_denominator_that_fits_nothing_is_not_identified(identified, notes, attribute):
    answer = identified(ROWS, attribute)
    assert answer.found
    assert not answer.divided
    assert (answer.verdict, answer.exit_code) == ("rows only", 1)
    assert "not recognised" in answer.reduction
    assert notes(answer)["RL807"] == "what the sum is divided by is nothing known here"
    assert answer.to_dict()["verdict"] == "rows only"


def test_reductions_that_class_weights_do_not_reach_are_named_once(identified):
    answer = identified(ROWS, "reduced_without_weights")
    assert (answer.verdict, answer.exit_code) == ("rows only", 1)
    assert "'mean': sum over the rows without their class weights / N (items)" in answer.reduction
    assert "'sum': sum over the rows without their class weights / 1 (sum)" in answer.reduction
    of_sums = [note.words for note in answer.notes if note.code.startswith("RL8")]
    assert of_sums == ["class weights do not reach the losses that are summed"]


@pytest.mark.parametrize("attribute", ["focal", "soft_or_hard"])
def test_a_focal_loss_is_no_cross_entropy(attribute):
    answer = identify(f"{TARGETS / ROWS}:{attribute}", adapter="numpy")
    assert answer.losses == LOSSES
    assert answer.best.definition.title == "softmax_focal"
    assert answer.best.factor == 1


@pytest.mark.parametrize("attribute", ["squared"])
def test_nothing_fits_names_the_nearest_of_the_right_family(attribute):
    answer = identify(f"{TARGETS / ROWS}:{attribute}", adapter="numpy")
    assert (answer.verdict, answer.exit_code) == ("nothing fits", 1)
    assert answer.losses == LOSSES
    assert answer.best.definition.loss in LOSSES
    assert abs(answer.best.factor) == 1  # a fitted factor says nothing
    assert list(answer.separation.inputs) == ["logits", "target"]


@pytest.mark.parametrize(
    ("attribute", "asked"),
    [
        ("two_boxes", BOXES),
        ("two_rows", ASKED),
        ("any_two", (*BOXES, *ASKED, *SIMILAR)),
    ],
)
def test_names_of_arguments_decide_the_family_where_two_arrays_of_numbers_are_taken(
    attribute, asked
):
    answer = identify(f"{TARGETS / ROWS}:{attribute}", adapter="numpy")
    assert answer.verdict == "nothing fits"
    assert answer.losses == asked


@pytest.mark.parametrize("attribute", ["before", "before_or_first", "twice"])
def test_a_loss_of_rows_is_never_taken_for_one_of_boxes(attribute):
    answer = identify(f"{TARGETS / ROWS}:{attribute}", adapter="numpy")
    assert answer.best.definition.loss == "cross_entropy"
    assert answer.verdict == "with a slip"


def test_every_verdict_is_explained():
    assert list(VERDICTS) == [
        "identified",
        "values only",
        "rows only",
        "with a slip",
        "nothing fits",
        "not run",
    ]
