"""Conventions of multi-class margin losses, of libraries and of our own."""

import numpy as np
import pytest

import refloss
from crossval.identification import identify

TORCH = "torch.nn.functional:multi_margin_loss"
HOT = "(logits == logits).cumsum(1) - 1 == target[:, None]"


@pytest.mark.parametrize(
    ("given", "preset", "changes"),
    [
        ("", "torch", {}),
        ("p=2, ", "torch_squared", {}),
        ("margin=0.7, ", "torch", {"margin": 0.7}),
        ("p=2, margin=0.7, ", "torch_squared", {"margin": 0.7}),
    ],
)
def test_torchs_division_power_and_margin(given, preset, changes):
    answer = identify(TORCH, call=f"f(logits, target, {given}reduction='none')", level="smoke")
    definition = answer.best.definition
    assert (definition.loss, definition.preset) == ("multi_margin", preset)
    assert definition.changes == changes
    assert definition.axes["form"] == "weston_watkins"
    assert definition.axes["division"] == "classes"
    assert answer.gradient == definition.title
    assert answer.exit_code == 0


def test_torchs_mean_is_over_the_rows_whatever_their_weights():
    answer = identify(TORCH, call="f(logits, target, weight=class_weight)", level="smoke")
    assert answer.best.definition.title == "multi_margin/torch"
    assert "/ N (items)" in answer.reduction


def test_optaxs_hinge_is_crammer_and_singers():
    answer = identify("optax.losses:multiclass_hinge_loss", level="smoke")
    assert answer.best.definition.title == "multi_margin/optax"
    assert answer.gradient == "multi_margin/optax"
    assert answer.exit_code == 0


def test_kerass_hinge_has_a_0_among_the_others():
    answer = identify("keras.losses:categorical_hinge", call=f"f({HOT}, logits)", level="smoke")
    assert answer.best.definition.title == "multi_margin/keras"
    assert answer.best.definition.axes["form"] == "categorical_hinge"
    assert answer.exit_code == 0


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("weston_watkins", {"division": "others"}),
        ("weston_watkins", {"division": "others", "power": "squared"}),
        ("weston_watkins", {"margin": 0.25}),
        ("crammer_singer", {"power": "squared"}),
        ("crammer_singer", {"margin": 0.25}),
        ("categorical_hinge", {"margin": 2.0}),
        ("one_vs_all", {"power": "squared", "division": "classes"}),
        ("one_vs_all", {"margin": 0.25}),
    ],
    ids=str,
)
def test_our_own_under_other_options_is_found_again(near, form, options):
    def target(logits, labels):
        return refloss.multi_margin(np.asarray(logits), labels, form=form, **options)

    answer = near(target, ["multi_margin"], "rows")
    assert answer.found
    named = answer.best.definition
    spec = refloss.resolve("multi_margin", named.preset or None, named.changes)
    expected = refloss.resolve("multi_margin", None, {"form": form, **options})
    assert (spec.program, spec.constants) == (expected.program, expected.constants)
