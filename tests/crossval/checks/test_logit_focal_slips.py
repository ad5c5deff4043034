"""Slips of sigmoid focal loss are caught and named; the right form passes."""

from pathlib import Path

import pytest

from crossval import certify

TARGETS = Path(__file__).parents[1] / "targets" / "torch_focal_slips.py"
SLIPS = {
    "no_alpha": "alpha has no effect",
    "swapped_alpha": "alpha multiplies negatives, and 1 - alpha positives",
    "detached": "the modulator is held constant in the gradient",
    "another_gamma": "gamma=1.5",
    "without_focus": "gamma=0.0",
    "polynomial": "epsilon is -0.75, not 0",
}


def judged(name):
    found = certify(
        f"{TARGETS}:{name}", "sigmoid_focal/torchvision", dtypes=["float64"], level="smoke"
    )
    numbers = ("value", "grad[logits]")
    return {f.check: f for o in found.outcomes for f in o.findings if f.check in numbers}


@pytest.mark.parametrize(("name", "words"), SLIPS.items())
def test_a_slip_is_named(name, words):
    causes = {f"{f.message} {f.cause}" for f in judged(name).values()}
    assert any(words in each for each in causes), causes


def test_the_right_form_has_no_finding():
    assert judged("right") == {}
