"""The mistakes that people make with cross-entropy: each named, with its number; right ones not."""

from types import SimpleNamespace

import numpy as np
import pytest

from crossval.checks.estimation import estimated
from crossval.checks.evidence import Evidence
from crossval.checks.hypotheses import Estimate, Prediction
from crossval.checks.row_hypotheses import row_slips
from crossval.oracles.row_columns import RowColumns
from tests.crossval.targets import numpy_row_slips as slips

FILE = "numpy_row_slips.py"

# target, check in which it is found, code, words that name it
NAMED = [
    ("Tempered", "value", "RL301", "divided by a temperature of 1.7"),
    ("Tempered", "grad[logits]", "RL402", "divided by a temperature of 1.7"),
    ("Sharpened", "value", "RL301", "divided by a temperature of 0.07"),
    ("Smoothed", "value", "RL301", "label_smoothing is 0.15 over all classes, not 0"),
    ("Smoothed", "grad[logits]", "RL402", "label_smoothing is 0.15 over all classes, not 0"),
    ("Penalised", "value", "RL301", "z_loss is 0.0002, not 0"),
    ("Penalised", "grad[logits]", "RL402", "z_loss is 0.0002, not 0"),
    ("Focal", "value", "RL301", "multiplied by (1 - p)^2"),
    ("Focal", "grad[logits]", "RL402", "multiplied by (1 - p)^2"),
    ("Margin", "value", "RL301", "a margin of 0.35"),
    ("Margin", "grad[logits]", "RL402", "a margin of 0.35"),
    ("Negated", "value", "RL802", "the sign is missing"),
    ("Negated", "grad[logits]", "RL404", "-1"),
    ("Bits", "value", "RL802", "to base 2, not e"),
    ("Digits", "value", "RL802", "to base 10, not e"),
    ("OverClasses", "value", "RL807", "1/C, a mean over the classes"),
    ("OverClasses", "grad[logits]", "RL807", "1/C, a mean over the classes"),
    ("Spread", "value", "RL807", "every row holds the batch's sum"),
    ("Spread", "grad[logits]", "RL406", "the sum of upstream is used for all rows"),
    ("OverTheBatch", "value", "RL301", "over the batch (dim 0)"),
    ("OverTheBatch", "grad[logits]", "RL402", "over the batch (dim 0)"),
    ("OverEverything", "value", "RL301", "over the whole batch and all classes"),
    ("NoLogarithm", "value", "RL301", "the logarithm is missing"),
    ("NoLogarithm", "grad[logits]", "RL402", "the logarithm is missing"),
    ("NoSoftmax", "value", "RL301", "the log-softmax is missing"),
    ("ShiftedUp", "value", "RL301", "the class target + 1 is read"),
    ("ShiftedAndClipped", "value", "RL301", "target - 1 is read, and the class itself at the end"),
    ("Lifted", "value", "RL301", "0.25 is added to every loss"),
    ("Squared", "value", "RL301", "the loss is squared"),
    ("Squared", "grad[logits]", "RL402", "the loss is squared"),
]
GRADIENTS = [
    ("LogitOnly", "RL402", "the log-sum-exp has no part in it"),
    ("SoftmaxOnly", "RL402", "the target's logit has no part in it"),
    ("Halved", "RL802", "got / reference = 0.5"),
    ("MeanGradient", "RL807", "1/N, a mean over the rows"),
    ("Clipped", "RL402", "every component is cut to [-0.5, 0.5]"),
    ("Twofold", "RL406", "upstream is multiplied in twice"),
    ("TemperedGradient", "RL402", "divided by a temperature of 2"),
]


@pytest.fixture
def findings_of(judged):
    """Return a function that certifies a target and returns its findings in a check."""

    def find(name, check, dtypes=("float64",)):
        certificate = judged(FILE, name, "cross_entropy/torch", dtypes, parameters=())
        return [finding for finding in certificate.findings if finding.check == check]

    return find


@pytest.mark.parametrize(("name", "check", "code", "words"), NAMED)
def test_a_slip_is_named(findings_of, name, check, code, words):
    found = [f for f in findings_of(name, check) if f.code == code]
    assert any(words in f"{f.message} {f.cause}" for f in found), found


@pytest.mark.parametrize(("name", "code", "words"), GRADIENTS)
def test_a_slip_of_the_gradient_alone_is_named(findings_of, name, code, words):
    assert not findings_of(name, "value")
    found = [f for f in findings_of(name, "grad[logits]") if f.code == code]
    assert any(words in f"{f.message} {f.cause}" for f in found), found


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_the_right_loss_has_none(findings_of, dtype):
    for check in ("value", "grad[logits]", "special points", "class count"):
        assert not findings_of("CrossEntropy", check, (dtype,))


@pytest.mark.parametrize("check", ["value", "grad[logits]"])
def test_another_loss_is_not_given_a_name(findings_of, check):
    (found,) = findings_of("Brier", check)
    assert found.code == {"value": "RL301"}.get(check, "RL402")
    assert found.cause == ""


@pytest.mark.parametrize(
    ("name", "words"),
    [("Tempered", "temperature of 1.7"), ("Smoothed", "is 0.15"), ("Focal", "(1 - p)^2")],
)
def test_numbers_are_told_in_float32_too(findings_of, name, words):
    (value,) = [f for f in findings_of(name, "value", ("float32",)) if f.code == "RL301"]
    assert words in value.cause


PLAIN = SimpleNamespace(
    program="cross_entropy",
    constants={
        "label_smoothing": 0.0,
        "classy": 0.0,
        "over_others": 0.0,
        "z_loss": 0.0,
        "temperature": 1.0,
        "temperature_lo": 0.0,
        "times_square": 0.0,
    },
)


def rows(count=40, classes=5):
    """Columns of random rows, and upstreams."""
    draw = np.random.Generator(np.random.PCG64(1))
    logits = 6 * draw.random((count, classes)) - 3
    target = draw.integers(0, classes, count)
    return np.hstack([logits, target[:, None]]), 0.5 + draw.random(count)


def shown(slip, amount=1.25):
    """Value and gradient of a slip, with a number if it has one."""
    return slip.predict(amount) if isinstance(slip, Estimate) else (slip.value, slip.gradient)


@pytest.mark.parametrize("weights", [None, (0.5, 1.0, 2.0, 0.25, 4.0)])
def test_predicted_gradients_are_those_of_predicted_values(weights):
    """By central differences along each logit, for all slips that speak of both."""
    columns, upstream = rows()
    oracle, step, seen = RowColumns(weights), 2.0**-17, 0
    start = list(row_slips(oracle, PLAIN, columns, upstream))
    apart = [np.zeros_like(columns) for _ in start]
    for column in range(5):
        move = np.zeros_like(columns)
        move[:, column] = step
        up = row_slips(oracle, PLAIN, columns + move, upstream)
        down = row_slips(oracle, PLAIN, columns - move, upstream)
        for place, (one, other) in enumerate(zip(up, down, strict=True)):
            slope = (shown(one)[0] - shown(other)[0]) / (2 * step)
            apart[place][:, column] = slope * upstream
    for slip, expected in zip(start, apart, strict=True):
        words = slip.words(1.25) if isinstance(slip, Estimate) else slip.words
        gradient = shown(slip)[1][:, :5]
        if "has no part" in words or "assumes that" in words or np.isnan(gradient).any():
            continue  # a gradient that is not its value's, or of which nothing is said
        seen += 1
        assert np.allclose(gradient, expected[:, :5], rtol=1e-6, atol=1e-7), words
    assert seen > 35


def evidence(got, truth):
    """Values under suspicion."""
    tall = got[:, None], truth[:, None], np.full((len(got), 1), 1e-14)

    class Points:
        dtype = "float64"

    return Evidence("value", Points(), *tall, np.abs(tall[0] - tall[1]) > tall[2])


def test_a_number_is_estimated_between_the_usual_ones():
    truth = np.linspace(1, 2, 50)
    curve = Estimate(
        lambda a: f"to the power of {a:g}",
        "",
        lambda a: (truth**a, truth[:, None]),
        (0.5, 2.0, 9.0),
    )
    found = estimated(evidence(truth**2.375, truth), curve, slice(None))
    assert isinstance(found, Prediction)
    assert found.words == "to the power of 2.375"


def test_no_number_is_estimated_where_none_explains_all():
    truth = np.linspace(1, 2, 50)
    curve = Estimate(str, "", lambda a: (truth**a, truth[:, None]), (0.5, 2.0, 9.0))
    assert estimated(evidence(np.sin(9 * truth) + 3, truth), curve, slice(None)) is None
    assert estimated(evidence(truth.copy(), truth), curve, slice(None)) is None


def test_targets_of_this_file_differ_from_the_right_loss():
    logits, target = rows()[0][:, :5], rows()[0][:, 5].astype(int)
    right = slips.CrossEntropy()
    upstream = np.arange(1.0, 41)
    for name, *_ in NAMED:
        assert not np.allclose(getattr(slips, name)()(logits, target), right(logits, target)), name
    for name, *_ in GRADIENTS:
        options = {"upstream": upstream, "wrt": ("logits",)}
        got = getattr(slips, name)().grad(logits, target, **options)["logits"]
        assert not np.allclose(got, right.grad(logits, target, **options)["logits"]), name
