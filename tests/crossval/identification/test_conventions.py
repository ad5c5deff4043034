"""Conventions that no preset has, and things that happen on the way, are named."""

import pytest

CONVENTIONS = "conventions.py"


def title(answer):
    assert answer.found, answer.best and answer.best.definition.title
    return answer.best.definition.title


@pytest.mark.parametrize(
    ("attribute", "loss", "changes"),
    [
        ("unknown_eps", "giou", {"eps": 3e-5}),
        ("odd_eps", "giou", {"eps": 0.00012345}),
        ("floored_twice", "iou", {"eps": 1e-3, "least_iou": 2e-5}),
        ("eps_in_union_only", "giou", {"eps": {"eps_union": 1e-6}}),
        ("two_amounts", "giou", {"eps": {"eps_union": 1e-6, "eps_hull": 2e-3}}),
        ("diou_metric", "diou", {"eps": {"eps_diagonal": 1e-7}}),
    ],
)
def test_amounts_are_solved_for_and_written_plainly(identified, attribute, loss, changes):
    answer = identified(CONVENTIONS, attribute)
    title(answer)
    assert answer.best.definition.loss == loss
    assert answer.best.definition.changes == changes


def test_an_amount_says_what_change_of_it_would_have_shown(identified):
    (eps,) = [axis for axis in identified(CONVENTIONS, "unknown_eps").axes if axis.name == "eps"]
    assert eps.value == 3e-5
    assert eps.told_by == ("value",)
    assert 0 < eps.resolution < 1e-12 * eps.value


@pytest.mark.parametrize(
    ("attribute", "relation", "code"),
    [
        ("iou_metric", "1 - loss", "RL801"),
        ("diou_metric", "1 - loss", "RL801"),
        ("negative", "-loss", "RL801"),
        ("weighted", "2.5 * loss", "RL802"),
        ("third_of_pi", "1/3*pi * loss", "RL802"),
        ("off_by_a_quarter", "loss + 0.25", "RL802"),
        ("twice_the_mean", "2 * loss", "RL802"),
    ],
)
def test_a_metric_a_factor_or_an_offset_is_named(identified, notes, attribute, relation, code):
    answer = identified(CONVENTIONS, attribute)
    title(answer)
    assert answer.best.relation == relation
    assert code in notes(answer)


@pytest.mark.parametrize(
    ("attribute", "denominator", "relation"),
    [
        ("mean", "/ N (mean)", ""),
        ("total", "/ 1 (sum)", ""),
        ("twice_the_mean", "/ N (mean)", "2 * loss"),
        ("one_too_many", "/ N + 1", ""),
        ("padded_mean", "/ N + 0.001", ""),
        ("one_number_in_an_array", "/ N (mean)", ""),
        ("root_mean", "not recognised", ""),
    ],
)
def test_what_a_sum_is_divided_by_is_read_off_several_sizes(
    identified, attribute, denominator, relation
):
    answer = identified(CONVENTIONS, attribute)
    assert "giou/fvcore" in (title(answer), *answer.best.definition.also)
    assert answer.form == "scalar"
    assert denominator in answer.reduction
    assert "1, 2, 3, 5, 8" in answer.reduction
    assert answer.best.relation == relation


def test_an_unknown_denominator_is_shown_by_its_ratios(identified):
    assert "1.41421, 1.73205" in identified(CONVENTIONS, "root_mean").reduction


@pytest.mark.parametrize(
    ("attribute", "form", "words"),
    [
        ("column", "column", "a column (N, 1)"),
        ("pairs", "matrix", "entry (i, j) is pred i with target j"),
        ("pairs_the_other_way", "matrix", "entry (j, i) is pred i with target j"),
        ("diagonal_only", "matrix", "other entries are not the pairs"),
    ],
)
def test_the_form_of_the_result_is_said(identified, attribute, form, words):
    answer = identified(CONVENTIONS, attribute)
    assert "giou/fvcore" in (title(answer), *answer.best.definition.also)
    assert answer.form == form
    assert words in answer.reduction


@pytest.mark.parametrize(
    ("attribute", "reading"),
    [
        ("takes_xywh", "xywh"),
        ("takes_cxcywh", "cxcywh"),
        ("takes_pixels", "inclusive"),
        ("takes_fractions", "scaled by 0.0015625"),
    ],
)
def test_other_readings_of_the_inputs_are_recognised(identified, notes, attribute, reading):
    answer = identified(CONVENTIONS, attribute)
    assert title(answer).endswith(f"inputs {reading}")
    assert "RL801" in notes(answer)


def test_where_order_makes_no_difference_it_is_left_open(identified):
    answer = identified(CONVENTIONS, "unknown_eps")
    assert "inputs yxyx or swapped: the definition is the same" in answer.open


@pytest.mark.parametrize("attribute", ["manhattan", "arbitrary"])
def test_what_is_no_loss_is_said_not_to_fit(identified, attribute):
    answer = identified(CONVENTIONS, attribute)
    assert not answer.found
    assert answer.exit_code == 1
    assert answer.best.share < 0.2
    assert answer.separation.got != answer.separation.best


@pytest.mark.parametrize(
    ("attribute", "code", "words"),
    [
        ("constant", "RL602", "returns 0.5 for every input"),
        ("nothing_but_nan", "RL302", "198 of 198 results are not finite"),
    ],
)
def test_results_that_say_nothing_are_named(identified, notes, attribute, code, words):
    answer = identified(CONVENTIONS, attribute)
    assert not answer.found
    assert answer.best is None
    assert notes(answer) == {code: words}


@pytest.mark.parametrize(
    ("attribute", "code", "words"),
    [
        ("nan_when_far", "RL302", "NaN at 21 of 198 probes"),
        ("refuses_far", "RL105", "raises at 21 of 198 probes: ValueError: boxes must lie"),
    ],
)
def test_probes_without_an_answer_are_counted_and_left_out(
    identified, notes, attribute, code, words
):
    answer = identified(CONVENTIONS, attribute)
    assert "giou/fvcore" in (title(answer), *answer.best.definition.also)
    assert words in notes(answer)[code]


@pytest.mark.parametrize(
    ("attribute", "code", "words"),
    [
        ("always_raises", "RL208", "no such thing"),
        ("four_numbers_a_row", "RL202", "shape (3, 4)"),
        ("not_there", "RL101", "not_there"),
    ],
)
def test_a_target_that_cannot_be_asked_is_a_problem_not_an_answer(
    identified, attribute, code, words
):
    answer = identified(CONVENTIONS, attribute)
    assert answer.problem.code == code
    assert words in answer.problem.message
    assert answer.exit_code == 4
    assert not answer.found


@pytest.mark.parametrize(("attribute", "code"), [("single", "RL301"), ("narrow", "RL204")])
def test_float32_inside_is_said_and_limits_what_can_be_told(identified, notes, attribute, code):
    answer = identified(CONVENTIONS, attribute)
    assert "giou/fvcore" in (title(answer), *answer.best.definition.also)
    assert "float32" in notes(answer)[code]
    assert 6 < answer.best.digits < 8
    assert "giou/yolov5" in answer.equal


def test_a_target_may_be_asked_in_float32(identified):
    answer = identified(CONVENTIONS, "unknown_eps", dtype="float32")
    assert title(answer) == "giou/paper with eps=3e-05"
    assert not [note for note in answer.notes if "float32" in note.words]


def test_an_argument_without_default_is_said_to_have_been_passed(identified):
    answer = identified(CONVENTIONS, "demands")
    assert title(answer) == "giou/paper"
    assert any("eps=0.0" in note.words for note in answer.notes)
    given = identified(CONVENTIONS, "demands", arguments=(("eps", 1e-3),))
    assert given.best.definition.changes == {"eps": 1e-3}


def test_results_that_do_not_follow_the_rows_are_noted(identified, notes):
    answer = identified("numpy_losses.py", "Stale")
    assert "198 of 198 values change" in notes(answer)["RL603"]


def test_one_probe_in_two_hundred_is_not_overlooked(identified):
    answer = identified("numpy_losses.py", "Neighbour")
    assert not answer.found
    assert 0.98 < answer.best.share < 1
    assert answer.separation.probes == 1


def test_arguments_that_kept_their_defaults_are_named(identified):
    assert identified(CONVENTIONS, "diou_metric").untested == ("eps",)
    assert identified("numpy_losses.py", "weighted").untested == ("eps", "weight")
