"""A user's own numbers against certified truth: every deviation is named for what it is."""

import numpy as np
import pytest
import torch

import crossval
import refloss
from crossval.bits import step
from crossval.oracles.formats import FORMATS
from crossval.target import UsageError

DECLARED = "ciou/torchvision"


@pytest.fixture(scope="module")
def right():
    """Return inputs without ties, and results that are right."""
    random = np.random.default_rng(7)
    corner = random.random((2, 12, 2)).astype(np.float32)
    size = (0.5 + random.random((2, 12, 2))).astype(np.float32)
    pred, target = np.concatenate([corner, corner + size], axis=2)
    inputs = {"pred": pred, "target": target}
    value, grads = refloss.ciou.value_and_grad(**inputs, preset="torchvision")
    return inputs, value, grads


def explained(right, value=None, grads=None, **how):
    inputs, rights, gradients = right
    value = rights if value is None else value
    grads = gradients if grads is None else grads
    return crossval.compare(DECLARED, inputs, value, grads, **how)


def scaled(grads, factor):
    return {name: (factor * array).astype(array.dtype) for name, array in grads.items()}


def test_right_numbers_are_ok(right):
    comparison = explained(right)
    assert comparison.ok
    assert comparison.grade == "A"
    assert comparison.findings == comparison.explanations == ()
    assert "agrees with certified truth, grade A (12 rows, float32)" in str(comparison)
    assert all(row.grade == "A" and row.ulp <= 0.51 for row in comparison.worst(99))
    assert len(comparison.worst(99)) == 12


def test_one_wrong_row_is_the_worst_and_alone(right):
    inputs, value, _ = right
    value = value.copy()
    value[5] = step(value[5:6].astype(float), 100, FORMATS["float32"])[0]
    comparison = explained(right, value)
    first, second = comparison.worst(2)
    assert (first.row, first.quantity, first.grade) == (5, "value", "F")
    assert first.ulp == pytest.approx(100, rel=0.02)
    assert first.got == float(value[5])
    assert first.truth == pytest.approx(float(right[1][5]), rel=1e-6)
    assert first.inputs["pred"] == tuple(inputs["pred"][5].astype(float).tolist())
    assert first.condition > 0
    assert second.grade == "A"
    assert [finding.code for finding in comparison.findings] == ["RL301"]
    assert comparison.explanations == ()


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda v, g: (v / 12, scaled(g, 1 / 12)), "RL807", "1/N, a mean over the rows"),
        (lambda v, g: (12 * v, scaled(g, 12)), "RL807", "= 12 at all points = N"),
        (lambda v, g: (3 * v, g), "RL802", "got / reference = 3 at all points"),
        (lambda v, g: (v, scaled(g, -1)), "RL404", "-1 everywhere"),
        (lambda v, g: (v, {"pred": g["target"], "target": g["pred"]}), "RL407", "by target"),
        (lambda v, g: (v, scaled(g, 0)), "RL403", "exactly 0"),
        (lambda v, g: (np.full_like(v, np.nan), g), "RL302", "NaN where"),
    ],
)
def test_whole_arrays_are_explained(right, change, code, words):
    value, grads = change(right[1], right[2])
    comparison = explained(right, value.astype(np.float32), grads)
    said = comparison.explanations
    assert any(line.startswith(code) and words in line for line in said), said
    assert not comparison.ok
    assert comparison.grade == "F"


def test_an_ignored_upstream_is_named(right):
    upstream = np.linspace(0.5, 2, 12).astype(np.float32)
    assert "upstream is ignored" in explained(right, upstream=upstream).explanations[0]
    inputs, value, _ = right
    grads = refloss.ciou.grad(**inputs, preset="torchvision", upstream=upstream)
    assert explained(right, value, grads, upstream=upstream).ok
    first = refloss.ciou.grad(**inputs, preset="torchvision", upstream=0.5)
    assert "row 0" in explained(right, value, first, upstream=upstream).explanations[0]
    assert explained(right, value, first, upstream=0.5).ok


def test_another_convention_is_named(right):
    inputs, value, _ = right
    attached = refloss.ciou.grad(**inputs, preset="torchvision", alpha="attached")
    (line, *_) = explained(right, value, attached).explanations
    assert line.startswith("RL804 grad[pred]")
    assert "alpha=attached" in line
    alone = crossval.compare(DECLARED, inputs, grads=attached)
    assert alone.explanations[0].startswith("RL801")


def test_the_cause_of_nan_is_recognised_by_its_row(right):
    inputs = {name: array.copy() for name, array in right[0].items()}
    inputs["pred"][3] = [2, 5, 6, 5]
    value, grads = refloss.ciou.value_and_grad(**inputs, preset="torchvision")
    grads["pred"][3] = np.nan
    comparison = crossval.compare(DECLARED, inputs, value, grads)
    row = comparison.worst(1)[0]
    assert (row.row, row.quantity[:3]) == (3, "d/d")
    assert "atan(inf)" in row.cause
    assert np.isinf(row.ulp)


def test_a_gradient_outside_the_hull_at_a_tie_is_found(right):
    boxes = np.array([[0, 0, 4, 4], [0, 0, 2, 3]], np.float64)
    inputs = {"pred": boxes, "target": boxes}
    value, grads = refloss.giou.value_and_grad(**inputs)
    assert crossval.compare("giou", inputs, value, grads).ok
    wrong = {name: array + 5 for name, array in grads.items()}
    codes = {f.code for f in crossval.compare("giou", inputs, value, wrong).findings}
    assert "RL405" in codes


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_torch_tensors_of_every_format(right, dtype):
    kind = getattr(torch, dtype)
    inputs = {name: torch.from_numpy(array).to(kind) for name, array in right[0].items()}
    value, grads = refloss.ciou.value_and_grad(**inputs, preset="torchvision")
    comparison = crossval.compare(refloss.ciou, inputs, value, grads, preset="torchvision")
    assert comparison.ok, str(comparison)
    assert comparison.dtype == dtype
    assert not crossval.compare(DECLARED, inputs, 1.5 * value).ok


def test_wide_results_are_judged_in_the_format_of_the_inputs(right):
    inputs, value, _ = right
    assert crossval.compare(DECLARED, inputs, value.astype(np.float64)).ok
    wide = {name: array.astype(np.float64) for name, array in inputs.items()}
    assert not crossval.compare(DECLARED, wide, value).ok
    narrow = crossval.compare(DECLARED, wide, value, dtype="float32")
    assert narrow.ok
    assert narrow.dtype == "float32"


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_reduced_losses(right, reduction):
    inputs, _, _ = right
    how = {"preset": "torchvision", "reduction": reduction}
    value, grads = refloss.ciou.value_and_grad(**inputs, **how)
    comparison = crossval.compare("ciou", inputs, value, grads, **how)
    assert comparison.ok, str(comparison)
    other = {"mean": "sum", "sum": "mean"}[reduction]
    found = crossval.compare("ciou", inputs, value, grads, preset="torchvision", reduction=other)
    assert {f.code for f in found.findings} == {"RL807"}
    assert f"a {reduction} over the rows, where a {other} was declared" in found.explanations[0]
    assert all(f"a {reduction} over the rows" in line for line in found.explanations)
    off = crossval.compare("ciou", inputs, value * np.float32(1.01), **how)
    assert [f.code for f in off.findings] == ["RL301"]


@pytest.fixture(scope="module")
def logits():
    """Return rows of logits with classes, one of them ignored, and class weights, in torch."""
    random = torch.Generator().manual_seed(3)
    scores = torch.randn(20, 7, generator=random, requires_grad=True)
    target = torch.randint(0, 7, (20,), generator=random)
    target[4] = -100
    return scores, target, torch.rand(7, generator=random)


def cross_entropy(logits, reduction, **how):
    scores, target, weight = logits
    loss = torch.nn.functional.cross_entropy
    value = loss(scores, target, weight=weight, reduction=reduction, **how)
    (grad,) = torch.autograd.grad(value.sum(), scores)
    return value, grad


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_torch_cross_entropy_with_weights_and_ignored_rows(logits, reduction):
    scores, target, weight = logits
    value, grad = cross_entropy(logits, reduction, label_smoothing=0.125)
    inputs = {"logits": scores, "target": target, "class_weight": weight}
    how = {"reduction": reduction, "label_smoothing": 0.125}
    comparison = crossval.compare("cross_entropy/torch", inputs, value, {"logits": grad}, **how)
    assert comparison.ok, str(comparison)
    assert comparison.count == 20
    assert 4 not in {row.row for row in comparison.worst(99)}
    off = crossval.compare("cross_entropy/torch", inputs, value, {"logits": -grad}, **how)
    assert off.explanations == ("RL404 grad[logits]: got / reference = -1 everywhere",)


def test_another_denominator_is_named(logits):
    scores, target, weight = logits
    value, grad = cross_entropy(logits, "mean")
    inputs = {"logits": scores, "target": target, "class_weight": weight}
    said = crossval.compare(
        "cross_entropy/optax", inputs, value, {"logits": grad}, reduction="mean"
    ).explanations
    assert len(said) == 2
    assert all("a mean with denominator=weights" in line for line in said), said


def test_an_ignored_row_must_be_0(logits):
    scores, target, weight = logits
    value, grad = cross_entropy(logits, "none")
    inputs = {"logits": scores, "target": target, "class_weight": weight}
    value, grad = value.detach().clone(), grad.clone()
    value[4], grad[4, 2] = 0.5, 0.5
    comparison = crossval.compare("cross_entropy", inputs, value, {"logits": grad})
    assert [f.message for f in comparison.findings] == ["1 ignored rows are not 0"] * 2
    inputs["target"] = torch.where(target == -100, 3, target)
    other = crossval.compare("cross_entropy", inputs, value, ignore_index=3)
    assert other.findings[0].message.endswith("ignored rows are not 0")


def test_probabilities_have_gradients_too(logits):
    scores, _, _ = logits
    soft = torch.softmax(scores.detach().flip(1), 1).requires_grad_()
    value = torch.nn.functional.cross_entropy(scores, soft, reduction="none")
    grads = dict(
        zip(("logits", "target"), torch.autograd.grad(value.sum(), (scores, soft)), strict=True)
    )
    comparison = crossval.compare("cross_entropy", {"logits": scores, "target": soft}, value, grads)
    assert comparison.ok, str(comparison)
    assert [outcome.check for outcome in comparison.outcomes] == [
        "value",
        "grad[logits]",
        "grad[target]",
    ]


def test_axes_and_presets_are_part_of_the_definition(right):
    inputs, _, _ = right
    value = refloss.giou(**inputs, eps=0.5)
    assert crossval.compare("giou", inputs, value, eps=0.5).ok
    assert "eps=" not in str(crossval.compare("giou", inputs, value, eps=0.5))
    assert not crossval.compare("giou", inputs, value).ok


def test_rendering(right):
    comparison = explained(right, 2 * right[1])
    text, page = str(comparison), comparison._repr_html_()
    assert max(len(line) for line in text.splitlines() if not line.startswith("row ")) <= 100
    for words in ("RL802", "constant factor", "likely cause", "differs from certified truth"):
        assert words in text
    assert page.count("<tr>") == 6
    assert "RL802" in page
    assert "&lt;" in crossval.Comparison._repr_html_(comparison) or "<script" not in page
    rows = comparison.worst(3)
    assert str(rows) == repr(rows)
    assert rows._repr_html_().count("<tr>") == 4
    assert str(comparison.worst(0)) == "no numbers"


def test_one_row_and_none():
    boxes = {"pred": np.array([[0.0, 0, 2, 2]]), "target": np.array([[1.0, 1, 3, 4]])}
    value = refloss.giou(**boxes)
    assert crossval.compare("giou", boxes, value).ok
    off = crossval.compare("giou", boxes, 1.0371 * value)
    assert [f.code for f in off.findings] == ["RL301"], "any factor fits one number"
    empty = {name: array[:0] for name, array in boxes.items()}
    none = crossval.compare("giou", empty, value[:0], refloss.giou.grad(**empty))
    assert none.ok
    assert none.grade == "-"
    assert str(none)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"value": None, "grads": None}, ValueError, "nothing to compare"),
        ({"value": np.float32(1)}, ValueError, r"shape \(12,\); got \(\) \(reduction='mean'"),
        ({"value": np.zeros(3, np.float32)}, ValueError, r"value: expected shape \(12,\)"),
        ({"value": np.zeros(12, np.int32)}, TypeError, "value: expected one of float64"),
        ({"grads": {"prd": np.zeros((12, 4))}}, ValueError, "grads: expected pred, target"),
        ({"grads": {"pred": np.zeros((12, 3))}}, ValueError, r"grads\['pred'\]: expected shape"),
        (
            {"inputs": {}},
            ValueError,
            r"inputs: expected pred \(N, 4\), target \(N, 4\); pred, target missing",
        ),
        ({"loss": "cio"}, UsageError, "loss must be one of"),
        ({"loss": 3}, TypeError, "loss: expected a name"),
        ({"preset": "mmdet"}, ValueError, "names one already"),
        ({"dtype": "float16"}, ValueError, "pred: expected float16 numbers"),
        ({"upstream": np.ones(3)}, ValueError, "upstream: expected one number or shape"),
        ({"reduction": "max"}, ValueError, "reduction: expected none, mean, sum"),
        ({"alhpa": "attached"}, UsageError, "did you mean 'alpha'"),
    ],
)
def test_mistakes_say_what_is_wanted(right, change, error, words):
    inputs, value, grads = right
    given = {"loss": DECLARED, "inputs": inputs, "value": value, "grads": grads, **change}
    with pytest.raises(error, match=words):
        crossval.compare(**given)


def test_inputs_of_different_lengths_are_refused(right):
    inputs, value, _ = right
    with pytest.raises(ValueError, match=r"target: expected shape \(N, 4\) with N = 12"):
        crossval.compare(DECLARED, {**inputs, "target": inputs["target"][:3]}, value)
    with pytest.raises(TypeError, match="expected one floating-point dtype"):
        crossval.compare(DECLARED, {**inputs, "target": inputs["target"].astype(float)}, value)
