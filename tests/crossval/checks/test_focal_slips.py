"""The mistakes that people make with softmax focal loss: each named; the right loss has none."""

from types import SimpleNamespace

import numpy as np
import pytest

from crossval.checks.focal_hypotheses import FOCAL
from crossval.checks.hypotheses import Estimate
from crossval.checks.row_hypotheses import row_slips
from crossval.oracles.row_columns import RowColumns

FILE = "numpy_focal_slips.py"

# target, check in which it is found, words that name it
NAMED = [
    ("Detached", "grad[logits]", "modulator (1 - p)^gamma is held constant"),
    ("Sharper", "value", "gamma is 2.25, not 2"),
    ("Sharper", "grad[logits]", "gamma is 2.25, not 2"),
    ("NoAlpha", "value", "alpha has no effect"),
    ("Swapped", "value", "alpha multiplies class 0, and 1 - alpha every other"),
    ("Everywhere", "value", "alpha multiplies every class"),
    ("OtherAlpha", "value", "alpha is 0.35, not 0.25"),
    ("Inside", "class_weight", "the class weight is inside the power"),
    ("Polynomial", "value", "epsilon is -0.5, not 0"),
    ("Polynomial", "grad[logits]", "epsilon is -0.5, not 0"),
    ("Unweighted", "class_weight", "class weights have no effect"),
    ("Clamped", "value", "p is at least 1e-07 in the logarithm"),
    ("Raised", "value", "3e-06 is added to the probability before the logarithm"),
    ("Raised", "grad[logits]", "3e-06 is added to the probability before the logarithm"),
]


@pytest.fixture
def findings_of(judged):
    """Return a function that certifies a target and returns its findings in a check."""

    def find(name, check, dtypes=("float64",)):
        certificate = judged(
            FILE,
            name,
            "softmax_focal/kornia",
            dtypes,
            parameters=("class_weight",),
            axes={"alpha": 0.25},
        )
        return [finding for finding in certificate.findings if finding.check == check]

    return find


@pytest.mark.parametrize(("name", "check", "words"), NAMED)
def test_a_slip_is_named(findings_of, name, check, words):
    found = findings_of(name, check)
    assert any(words in f"{f.message} {f.cause}" for f in found), found


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_the_right_loss_has_none(findings_of, dtype):
    for check in ("value", "grad[logits]", "special points", "class count", "class_weight"):
        assert not findings_of("Focal", check, (dtype,))


def test_of_ldam_a_weight_outside_the_power_is_the_slip(judged):
    found = judged(
        FILE,
        "Unbalanced",
        "softmax_focal/ldam",
        ("float64",),
        parameters=("class_weight",),
        axes={"gamma": 2.0},
    ).findings
    of_weights = [f"{f.message} {f.cause}" for f in found if f.check == "class_weight"]
    assert any("the class weight is outside the power" in words for words in of_weights), found


def test_a_detached_modulator_has_the_right_value(findings_of):
    assert not findings_of("Detached", "value")


@pytest.mark.parametrize("weights", [None, (0.5, 1.0, 2.0, 0.25, 4.0)])
@pytest.mark.parametrize("attached", [1.0, 0.0])
def test_predicted_gradients_are_those_of_predicted_values(attached, weights):
    """By central differences along each logit, where nothing is detached or capped."""
    values = {"gamma": 1.5, "gamma_lo": 0.0, "alpha": 0.3}
    values |= {"alpha_on_first": 0.0, "alpha_on_others": 1.0}
    values |= {"weight_inside": 0.0, "epsilon": 0.0, "poly_balanced": 1.0}
    spec = SimpleNamespace(program="softmax_focal", constants={**values, "attached": attached})
    assert set(spec.constants) >= FOCAL
    draw = np.random.Generator(np.random.PCG64(1))
    logits, target = 6 * draw.random((40, 5)) - 3, draw.integers(0, 5, 40)
    columns, upstream = np.hstack([logits, target[:, None]]), 0.5 + draw.random(40)
    oracle, step, seen = RowColumns(weights), 2.0**-17, 0

    def shown(slip):
        return slip.predict(1.25) if isinstance(slip, Estimate) else (slip.value, slip.gradient)

    for slip in row_slips(oracle, spec, columns, upstream):
        words = slip.words(1.25) if isinstance(slip, Estimate) else slip.words
        free = attached if "modulator (1 - p)^gamma" not in words else 1 - attached
        if "at least" in words or not free:
            continue
        seen += 1
        _, gradient = shown(slip)
        for j in range(5):
            sides = []
            for sign in (-1, 1):
                moved = columns.copy()
                moved[:, j] += sign * step
                again = row_slips(oracle, spec, moved, upstream)
                same = next(s for s in again if _words(s) == words)
                sides.append(shown(same)[0])
            slope = upstream * (sides[1] - sides[0]) / (2 * step)
            np.testing.assert_allclose(gradient[:, j], slope, rtol=1e-6, atol=1e-7, err_msg=words)
    assert seen > (5 if attached else 0)


def _words(slip):
    return slip.words(1.25) if isinstance(slip, Estimate) else slip.words
