"""Slips of sigmoid focal loss are caught and named; the right form passes."""

from pathlib import Path

import numpy as np
import pytest

from crossval import certify
from crossval.checks.hypotheses import Estimate
from crossval.checks.logit_focal_hypotheses import logit_focal_slips
from crossval.oracles.elementwise import Elementwise
from refloss.losses import resolve

TARGETS = Path(__file__).parents[1] / "targets" / "torch_focal_slips.py"
SLIPS = {
    "no_alpha": "alpha has no effect",
    "swapped_alpha": "alpha multiplies negatives, and 1 - alpha positives",
    "detached": "the modulator is held constant in the gradient",
    "another_gamma": "gamma=1.5",
    "without_focus": "gamma=0.0",
    "polynomial": "epsilon is -0.75, not 0",
}


INSIDE = {
    "eps_in_two": "1e-08; each class has a power of its own, as soft_target=separate",
    "eps_in_both": "1e-06",
    "eps_in_one": "3e-05; one logarithm is taken, of p_t",
}
NUMBERS = ("value", "grad[logits]")


def judged(name, dtype="float64", numbers=NUMBERS):
    how = {"dtypes": [dtype], "level": "smoke", "only": numbers}
    found = certify(f"{TARGETS}:{name}", "sigmoid_focal/torchvision", **how)
    return {f.check: f for o in found.outcomes for f in o.findings if f.check in numbers}


@pytest.mark.parametrize(("name", "words"), SLIPS.items())
def test_a_slip_is_named(name, words):
    causes = {f"{f.message} {f.cause}" for f in judged(name).values()}
    assert any(words in each for each in causes), causes


def test_the_right_form_has_no_finding():
    assert judged("right") == {}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "words"), INSIDE.items())
def test_eps_inside_the_logarithm_is_named_with_its_size_and_form(name, words, dtype):
    found = judged(name, dtype)
    assert set(found) == set(NUMBERS)
    for each in found.values():
        assert each.cause == f"eps is added inside the logarithm: {words}"


def test_gradients_with_eps_are_those_of_the_values():
    draw = np.random.default_rng(3)
    columns, upstream = np.stack([6 * draw.random(64) - 3, draw.random(64)], axis=1), np.ones(64)
    seen = 0
    for form in ("mixed", "separate"):
        axes = {"gamma": 1.5, "label_smoothing": 0.1, "soft_target": form}
        spec = resolve("sigmoid_focal", None, axes)

        def inside(x, spec=spec):
            rows = np.stack([x, columns[:, 1]], axis=1)
            slips = logit_focal_slips(Elementwise(), spec, rows, upstream)
            found = [s for s in slips if isinstance(s, Estimate)]
            return [s.predict(1e-3) for s in found if "inside the logarithm" in s.words(1e-3)]

        x, step = columns[:, 0], 2.0**-17
        sides = zip(inside(x), inside(x - step), inside(x + step), strict=True)
        for (_, gradient), (before, _), (after, _) in sides:
            slope, size = (after - before) / (2 * step), np.abs(before) + np.abs(after)
            assert (np.abs(gradient[:, 0] - slope) <= 1e-8 * size).all()
            seen += 1
    assert seen == 12
