"""Means that are functions of the whole batch are named, with who does so."""

import pytest
import torch

from crossval.catalog import losses
from tests.crossval.identification.conftest import ROWS
from tests.crossval.targets import torch_whole_batches as targets

BINARY = tuple(name for name, entry in losses().items() if entry["family"] == "binary")

NAMED = [
    (
        targets.FocalOfMean(gamma=2),
        "rows",
        "softmax_focal/ronghuaiyang",
        "ronghuaiyang/arcface-pytorch",
    ),
    (targets.Normalised(), "binary", "sigmoid_focal/smp_normalized", "normalized=True"),
    (
        targets.Normalised(alpha=0.25, mixed=True),
        "binary",
        "sigmoid_focal/toolbelt_normalized",
        "pytorch-toolbelt",
    ),
    (
        targets.Normalised(gamma=1.5, mean=False, eps=0.0),
        "binary",
        "sigmoid_focal/smp with denominator=modulators, gamma=1.5",
        "denominator=modulators",
    ),
    (
        targets.Normalised(alpha=0.25, mixed=True, mean=False, eps=1e-12, detach=True),
        "binary",
        "sigmoid_focal/mmdet with denominator=modulators_detached, least=1e-12",
        "NormalizedFocalLossSigmoid",
    ),
]


@pytest.fixture
def named(near):
    """Return a function that identifies a target of PyTorch as one that NumPy differentiates."""

    def run(criterion, family):
        def function(logits, target):
            x, y = torch.tensor(logits, requires_grad=True), torch.tensor(target)
            wanted = [x] if family == "rows" else [x, y.requires_grad_()]
            value = criterion(x, y)
            slopes = torch.autograd.grad(value, wanted)
            names = ("logits", "target")
            return value.detach().numpy(), {
                n: g.numpy() for n, g in zip(names, slopes, strict=False)
            }

        return near(function, among=ROWS if family == "rows" else BINARY, family=family)

    return run


@pytest.mark.parametrize(("target", "family", "expected", "words"), NAMED)
def test_it_is_named_with_its_source(named, target, family, expected, words):
    answer = named(target, family)
    assert answer.found
    assert answer.best.definition.title == expected
    assert answer.best.relation == ""
    assert words in answer.reduction
    assert "RL807" not in {note.code for note in answer.notes}


def test_a_mean_of_items_is_no_loss_of_a_mean(named):
    answer = named(targets.mean_of_items, "rows")
    assert answer.best.definition.title == "softmax_focal"
    assert "of=mean" not in answer.reduction


def test_a_gradient_that_is_not_that_of_the_value_is_told(named):
    answer = named(targets.spoiled, "rows")
    assert answer.best.definition.title == "softmax_focal/ronghuaiyang"
    assert "RL402" in {note.code for note in answer.notes}


def test_what_is_as_good_on_single_rows_is_not_named_beside_it(named):
    answer = named(targets.FocalOfMean(gamma=2), "rows")
    assert not [each for each in answer.equal if "fastreid" in each]  # alpha is inside the power
