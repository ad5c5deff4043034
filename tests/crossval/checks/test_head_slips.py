"""Slips of heads: what is predicted without a target is what torch's autograd computes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from crossval.catalog import spec_of
from crossval.checks.causes import Situation, cause_of
from crossval.checks.head_causes import head_patterns
from crossval.checks.head_hypotheses import head_slips
from crossval.oracles.formats import format_of
from crossval.oracles.head_columns import HeadColumns
from crossval.points.heads import CENTERED, LAYOUTS, point_set
from tests.crossval.targets import torch_heads

MUTANTS = {
    "MarginEverywhere": "the margin has no effect: it is taken from no class, or from all of them",
    "MarginAdded": "the margin is added to the target's cosine",
    "MarginBehindScale": "the margin is taken behind the scale, and not multiplied by it",
    "NoScale": "the scale is left out",
    "Rebound": "classes are not divided by their lengths",
    "ConstantNorm": "the lengths of classes are constants of the gradient",
    "Reshaped": "the matrix of classes is read as (D, C)",
    "NextClass": "the class target + 1 is read",
}
RONGHUAIYANG = spec_of("cosface", "ronghuaiyang", {})


def points():
    some = point_set("float64", "smoke")
    return some.take(np.isin(some.places, ["random", "classes of other lengths", "wrong"]))


def by_torch(name, rows):
    """Return value and gradient of a mutant, point by point."""
    layout = LAYOUTS[False]
    head = getattr(torch_heads, name)(3, 4).double()
    values, slopes = [], []
    for row, up in zip(rows.columns, rows.upstream, strict=True):
        x = torch.tensor(row[None, :3], requires_grad=True)
        head.weight.data = torch.tensor(row[3 : layout.label].reshape(4, 3))
        label = torch.tensor([int(row[layout.label])])
        loss = F.cross_entropy(head(x, label), label)
        grads = torch.autograd.grad(up * loss, [x, head.weight])
        values.append(loss.item())
        slopes.append(np.concatenate([each.numpy().ravel() for each in grads]))
    return np.array(values), np.array(slopes)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_slip_predicts_what_the_mutant_gives(name):
    rows = points()
    found = [
        slip
        for slip in head_slips(HeadColumns(), RONGHUAIYANG, rows.columns, rows.upstream)
        if MUTANTS[name] in slip.words
    ]
    value, slopes = by_torch(name, rows)
    assert found
    fits = []
    for slip in found:
        predicted = np.delete(slip.gradient, LAYOUTS[False].label, axis=1)
        part = slice(3, None) if name == "ConstantNorm" else slice(None)
        size = 1 + np.abs(slopes[:, part]).max()
        near = np.abs(predicted[:, part] - slopes[:, part]) <= 1e-12 * size
        same = np.abs(slip.value - value) <= 1e-12 * (1 + np.abs(value))
        fits.append(near.all() and (same | np.isnan(slip.value)).all())
    assert any(fits)


def test_a_definition_has_no_slip_that_it_is_itself():
    rows = points()
    true = HeadColumns().kernel(RONGHUAIYANG, rows.columns, rows.upstream)
    for slip in head_slips(HeadColumns(), RONGHUAIYANG, rows.columns, rows.upstream):
        same_value = np.allclose(slip.value, true[0], rtol=1e-9, equal_nan=True)
        assert not (same_value and np.allclose(slip.gradient, true[1], rtol=1e-9)), slip.words


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize(
    ("place", "pattern"),
    [("zero embedding", "zero-vector"), ("zero class, another", "zero-vector"), ("random", "")],
)
def test_a_cause_is_known_by_the_lengths(place, pattern, biased):
    some = point_set("float32", "smoke", biased=biased)
    row = some.columns[some.places == place][0]
    here = Situation(row, "cosface", RONGHUAIYANG.constants, format_of("float32"))
    found = cause_of(head_patterns(LAYOUTS[biased]), here)
    assert (found.name if found else "") == pattern


def test_squares_beyond_the_format_are_a_cause():
    row = point_set("float16", "smoke").columns[0].copy()
    row[:3] = 300.0
    here = Situation(row, "cosface", RONGHUAIYANG.constants, format_of("float16"))
    found = cause_of(head_patterns(LAYOUTS[False]), here)
    assert found is not None
    assert found.name == "norm-overflow"


@pytest.mark.parametrize(
    ("place", "value", "pattern"),
    [
        ("its own class", 1.0, "slope-at-1"),
        ("its own class", float("nan"), "arc-cosine-beyond-1"),
        ("opposite another class", 1.0, "slope-at-1"),
        ("length 1e-3", 1.0, "slope-overflow"),
        ("first class", 1.0, ""),
    ],
)
def test_a_cause_is_known_by_the_angles_and_the_slope(place, value, pattern):
    some = point_set("float16", "smoke")
    row = some.columns[some.places == place][0]
    spec = spec_of("arcface", "insightface", {})
    here = Situation(row, "arcface", spec.constants, format_of("float16"), value)
    found = cause_of(head_patterns(LAYOUTS[False]), here)
    assert (found.name if found else "") == pattern


def test_a_margin_of_the_cosine_has_no_slope_without_bound():
    some = point_set("float64", "smoke")
    row = some.columns[some.places == "its own class"][0]
    here = Situation(row, "cosface", RONGHUAIYANG.constants, format_of("float64"), 1.0)
    assert cause_of(head_patterns(LAYOUTS[False]), here) is None


@pytest.mark.parametrize(("length", "pattern"), [(64.0, "slope-overflow"), (4.0, "")])
def test_lengths_that_are_kept_make_a_slope_overflow(length, pattern):
    row = np.array([length, 0, 0, *np.tile([0, length, 1], 4), 1.0])
    spec = spec_of("l_softmax", "paper", {})
    here = Situation(row, "l_softmax", spec.constants, format_of("float16"), 1.0)
    found = cause_of(head_patterns(LAYOUTS[False]), here)
    assert (found.name if found else "") == pattern


@pytest.mark.parametrize(("label", "pattern"), [(0, ""), (1, "slope-overflow")])
def test_the_centres_of_the_target_are_those_whose_slope_may_overflow(label, pattern):
    short = 2.0**-11
    row = np.array([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, short, label])
    spec = spec_of("subcenter_arcface", "insightface", {})
    here = Situation(row, "subcenter_arcface", spec.constants, format_of("float16"), 1.0)
    found = cause_of(head_patterns(CENTERED), here)
    assert (found.name if found else "") == pattern
