"""A center-loss module in a file: it owns its centres, and is judged and named from the shell."""

import json

import pytest

RIGHT = """
import torch
from torch import nn


class CenterLoss(nn.Module):
    def __init__(self, num_classes, feat_dim):
        super().__init__()
        self.centers = nn.Parameter(torch.zeros(num_classes, feat_dim))

    def forward(self, x, labels):
        if labels.shape != x.shape[:1]:
            raise ValueError(f"expected a label a row, got {tuple(labels.shape)}")
        difference = x - self.centers[labels]
        return difference.square().sum(dim=1).mean() / 2
"""

WRONG = '''
import torch
from torch import nn


class CenterLoss(nn.Module):
    """Squared distances to all centres, of which a mask keeps the own; the clip is behind it."""

    def __init__(self, num_classes, feat_dim):
        super().__init__()
        self.num_classes = num_classes
        self.centers = nn.Parameter(torch.zeros(num_classes, feat_dim))

    def forward(self, x, labels):
        if labels.shape != x.shape[:1]:
            raise ValueError(f"expected a label a row, got {tuple(labels.shape)}")
        squares = x.square().sum(1)[:, None] + self.centers.square().sum(1)
        distances = torch.addmm(squares, x, self.centers.t(), alpha=-2)
        own = labels[:, None] == torch.arange(self.num_classes)
        return (distances * own).clamp(min=1e-12, max=1e12).sum() / len(x)
'''

JUDGED = ("--as", "center", "--level", "smoke", "--dtype", "float32", "--format", "json")
CALL = ("--call", "f(x, target)")


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Return a function that writes a module beside which the command runs."""
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "center_loss.py").write_text(text)
        return "center_loss.py:CenterLoss"

    return write


def certified(refloss, target, *words):
    code, out, err = refloss("certify", target, *words)
    assert code in (0, 1), err
    (body,) = json.loads(out)
    return code, body


def causes(body):
    """Return what is said of each check."""
    return {c["check"]: " ".join(f["cause"] for f in c["findings"]) for c in body["checks"]}


@pytest.mark.parametrize("call", [(), CALL], ids=["by position", "--call"])
def test_a_right_one_passes(refloss, file, call):
    code, body = certified(refloss, file(RIGHT), *JUDGED, *call)
    assert code == 0, causes(body)
    judged = {c["check"]: c.get("grade") for c in body["checks"] if c["status"] != "not run"}
    assert judged["value"] == judged["grad[x]"] == judged["grad[centers]"] == "A"


def test_a_clip_behind_a_mask_and_an_expanded_form_are_named(refloss, file):
    """The bias of the clip where it is not declared; where it is, the digits that are lost."""
    target = file(WRONG)
    code, body = certified(refloss, target, *JUDGED, "--set", "factor=one", *CALL)
    assert code == 1
    assert "C - 1 times 1e-12 is added" in causes(body)["value"]
    declared = ("--as", "center/pytorch_center_loss", *JUDGED[2:], *CALL)
    code, body = certified(refloss, target, *declared)
    assert code == 1
    for check in ("value", "grad[x]", "grad[centers]"):
        assert (
            "|x|^2 + |c|^2 - 2 x c, which cancel where a vector is near its centre"
            in causes(body)[check]
        )


def test_it_is_named(refloss, file):
    code, out, err = refloss("identify", file(WRONG), "--level", "smoke", "--format", "json")
    assert code == 0, err
    assert "pytorch_center_loss" in json.dumps(json.loads(out)["best"])


def test_one_that_cannot_be_made_says_what_is_missing(refloss, file):
    target = file(
        RIGHT.replace("num_classes, feat_dim)", "num_classes, width)", 1).replace(
            "torch.zeros(num_classes, feat_dim)", "torch.zeros(num_classes, width)"
        )
    )
    code, out, _ = refloss("certify", target, *JUDGED)
    assert code == 4
    problem = json.loads(out)[0]["problem"]
    assert problem["message"] == "CenterLoss cannot be made without width"
    assert "--init width=...: embeddings have 4 numbers, of 3 classes" in problem["fix"]
