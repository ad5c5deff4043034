"""Conventions of cross-entropy: smoothing, denominators, clamps, and what befalls the gradient."""

import pytest

import refloss
from crossval.families import FAMILIES
from crossval.identification import driver, identify
from crossval.runner import Runner
from tests.crossval.identification.conftest import TARGETS

ROWS = "row_conventions.py"
ALL = ("weight=class_weight", "ignore_index=ignore_index", "reduction=reduction")


def title(answer):
    assert answer.found, answer.best and answer.best.definition.title
    return answer.best.definition.title


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("rows", "cross_entropy/torch"),
        ("smoothed", "cross_entropy/torch with label_smoothing=0.1"),
        ("smoothed_over_others", "cross_entropy/fairseq with label_smoothing=0.1"),
        ("z_loss", "cross_entropy/torch with z_loss=0.0003"),
        ("smoothed_z_loss", "cross_entropy/torch with label_smoothing=0.05, z_loss=0.0003"),
        ("clamped", "cross_entropy/torch with inputs p >= 1e-07"),
        ("tempered", "cross_entropy/torch with temperature=0.07"),
        ("last_class_missed", "cross_entropy/torch with inputs without the last class"),
        ("soft", "cross_entropy/torch with targets=probabilities"),
    ],
)
def test_losses_of_rows_are_named(identified, attribute, expected):
    assert title(identified(ROWS, attribute)) == expected


@pytest.mark.parametrize(
    ("attribute", "preset", "words", "settled"),
    [
        ("by_items", "mmdet", "/ N (items)", {"denominator": "items"}),
        ("by_kept", "caffe", "/ the rows kept", {"denominator": "kept", "empty": "zero"}),
        ("by_weights", "torch", "/ the sum of weights", {"denominator": "weights", "empty": "nan"}),
    ],
)
def test_the_denominator_of_a_mean_is_told_by_weights_and_ignored_rows(
    identified, attribute, preset, words, settled
):
    answer = identified(ROWS, attribute)
    assert title(answer) == f"cross_entropy/{preset}"
    assert words in answer.reduction
    axes = {axis.name: axis.value for axis in answer.axes if axis.told_by == ("reduction",)}
    assert axes == settled
    assert not answer.open


def test_a_target_that_takes_neither_leaves_it_open(identified):
    answer = identified(ROWS, "plain_mean")
    assert "denominator: items or kept or weights, as far as its arguments can tell" in answer.open
    also = answer.best.definition.also
    assert {"cross_entropy/keras", "cross_entropy/caffe"} <= set(also)


def test_a_name_agrees_with_a_denominator_that_is_known_in_part(identified):
    answer = identified(ROWS, "weighted_mean")
    assert title(answer) == "cross_entropy/mmdet"
    assert "denominator: items or kept, as far as its arguments can tell" in answer.open


def test_a_signature_that_fits_no_boxes_is_tried_with_rows(identified):
    answer = identified(ROWS, "demanding")
    assert answer.problem is None
    assert title(answer) == "cross_entropy/mmdet"


def test_arguments_without_effect_are_noted(identified, notes):
    answer = identified(ROWS, "deaf")
    assert title(answer) == "cross_entropy/torch"
    assert notes(answer)["RL806"] == "with class_weight, 18 of 19 rows leave the definition"


@pytest.mark.parametrize(
    ("attribute", "code", "words"),
    [
        ("UpstreamIgnored", "RL406", "ignores upstream, as if it were 1"),
        ("FirstUpstream", "RL406", "uses the upstream of row 0 for all rows"),
        ("Overwritten", "RL205", "changes logits in place"),
    ],
)
def test_what_befalls_gradient_and_inputs_is_named(identified, notes, attribute, code, words):
    answer = identified(ROWS, attribute)
    assert title(answer) == "cross_entropy/torch"
    assert words in notes(answer)[code]


def test_amounts_in_the_gradient_alone_are_solved_for(identified, notes):
    answer = identified(ROWS, "SmoothedGradient")
    assert title(answer) == "cross_entropy/torch"
    assert answer.gradient == "cross_entropy/fairseq with label_smoothing=0.1"
    assert "RL804" in notes(answer)


@pytest.mark.parametrize("attribute", ["smoothed", "soft"])
def test_without_a_hint_a_process_answers_for_all_families_of_as_many_inputs(
    attribute, monkeypatch
):
    """Box losses come first; the process that was started for them answers for rows too.

    It says as well that a loss of one input is not meant.
    """
    started = []

    class Counted(Runner):
        def __init__(self, target, family, limits):
            started.append(family.name)
            super().__init__(target, family, limits)

    monkeypatch.setattr(driver, "Runner", Counted)
    answer = identify(f"{TARGETS / ROWS}:{attribute}", adapter="numpy")
    inputs = [len(FAMILIES[name].inputs) for name in started]
    assert len(set(inputs)) == len(inputs)
    assert title(answer).startswith("cross_entropy/torch with")
    assert list(answer.separation.inputs) == ["logits", "target"]


def test_another_loss_of_probabilities_does_not_fit(identified):
    answer = identified(ROWS, "squared")
    assert not answer.found
    assert answer.losses == ("cross_entropy", "multi_margin", "poly1", "softmax_focal")


@pytest.mark.parametrize("preset", sorted(refloss.cross_entropy.presets))
def test_every_preset_is_identified_by_its_mean(near, preset):
    def mean(logits, target, class_weight=None, ignore_index=-100):
        return refloss.cross_entropy(
            logits,
            target,
            preset=preset,
            class_weight=class_weight,
            ignore_index=ignore_index,
            reduction="mean",
            label_smoothing=0.1,
        )

    answer = near(mean, among=("cross_entropy",), family="rows")
    known = refloss.cross_entropy.presets
    own = {**known[preset]["axes"], "label_smoothing": 0.1}
    got = answer.best.definition.axes
    # over nothing there is nothing to see where a mean counts ignored rows
    unseen = {"empty"} if own["denominator"] == "items" else set()
    assert {name: got[name] for name in own if name not in unseen} == {
        name: value for name, value in own.items() if name not in unseen
    }


class TestTorch:
    def test_the_function_with_all_its_arguments(self):
        call = f"f(logits, target, {', '.join(ALL)}, label_smoothing=0.2)"
        answer = identify("torch.nn.functional:cross_entropy", call=call)
        assert title(answer) == "cross_entropy/torch with label_smoothing=0.2"
        assert answer.gradient == title(answer)
        assert "reduction='mean': sum over the rows / the sum of weights" in answer.reduction
        assert "reduction='sum': sum over the rows / 1 (sum)" in answer.reduction
        assert not answer.notes
        assert not answer.open

    def test_a_module_by_its_defaults(self):
        answer = identify("torch.nn:CrossEntropyLoss", init={"label_smoothing": 0.1})
        assert title(answer) == "cross_entropy/torch with label_smoothing=0.1"
        assert answer.form == "scalar"
        assert "/ N (items)" in answer.reduction

    def test_what_takes_log_probabilities_is_named_as_such(self):
        answer = identify("torch.nn.functional:nll_loss", ["cross_entropy"])
        assert answer.verdict == "with a slip"
        assert title(answer).endswith(" with log-softmax missing")
        assert not [note for note in answer.notes if note.code == "RL301"]
