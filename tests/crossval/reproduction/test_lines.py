"""The command of a finding leads back to it."""

import shlex
from dataclasses import replace

import pytest

from crossval import Finding, Target
from crossval.adapters import libraries
from crossval.case_ids import CaseId
from crossval.commands.options import pairs
from crossval.engine import find
from crossval.findings import Case
from crossval.points.boxes import point_set
from crossval.reproduction.lines import command_for


def test_every_finding_of_a_wrong_target_has_its_command(judged):
    certificate = judged("numpy_losses.py", "Scaled", "giou/fvcore")
    assert certificate.findings
    for finding in certificate.findings:
        words = shlex.split(finding.repro)
        assert words[:2] == ["refloss", "repro"]
        identity = CaseId.parse(words[2])
        assert (identity.declared, identity.level) == ("giou/fvcore", "smoke")
        assert identity.dtype == finding.dtype
        assert words[words.index("--target") + 1].endswith("numpy_losses.py:Scaled")
        assert words[words.index("--adapter") + 1] == "numpy"


def test_a_finding_without_a_row_takes_the_first(judged):
    certificate = judged("numpy_losses.py", "Broadcasting", "giou/fvcore")
    (finding,) = [f for f in certificate.findings if f.code == "RL201"]
    words = shlex.split(finding.repro)
    assert words[:3] == ["refloss", "repro", "giou/fvcore@1-smoke#0:float32"]
    assert words[words.index("--check") + 1] == "shape misuse"


def test_the_first_row_is_of_a_regime_in_which_it_was_found():
    target = Target("mine.py:loss", "giou", "mmdet", adapter="numpy")
    finding = Finding("RL603", "row independence", "float64", "", places=("touching", "random"))
    words = shlex.split(command_for(target, "smoke", finding))
    row = CaseId.parse(words[2])
    assert point_set("float64", "smoke").places[row.row] == "touching"
    assert row.dtype == "float64"


def test_what_no_script_shows_names_its_check():
    target = Target("mine.py:loss", "cross_entropy", "torch")
    finding = Finding("RL802", "reduction", "float32", "")
    words = shlex.split(command_for(target, "smoke", finding))
    assert words[:2] == ["refloss", "certify"]
    assert words[words.index("--check") + 1] == "reduction"
    assert words[words.index("--as") + 1] == "cross_entropy/torch"
    assert words[words.index("--level") + 1] == "smoke"
    owner = Target("mine.py:loss", "giou", bind={"pred": "f.boxes"})
    line = command_for(owner, "standard", Finding("RL205", "mutation", "float32", ""))
    assert line.startswith("refloss certify ")


def test_a_row_at_which_the_target_raised_is_named(judged):
    certificate = judged("numpy_losses.py", "raises_at_points", "giou/fvcore")
    (finding,) = [f for f in certificate.findings if f.check == "call"]
    assert finding.case.got == "no result"
    assert finding.repro.startswith("refloss repro ")


def test_an_import_failure_names_the_target(judged):
    certificate = judged("broken_import.py", "loss", "giou/fvcore")
    assert certificate.problem.repro.startswith("refloss certify ")
    assert "--check" not in certificate.problem.repro


@pytest.mark.parametrize("axes", [{}, {"targets": "probabilities"}])
def test_what_an_adapter_declares_is_left_to_it(axes):
    declared = (t for t in libraries.targets("torch") if t.loss == "cross_entropy")
    (target,) = (t for t in declared if t.axes == axes)
    finding = Finding("RL802", "reduction", "float32", "")
    command = command_for(target, "standard", finding)
    assert "--call" not in command
    words = shlex.split(command)
    assert find(words[2], axes=dict(pairs(words[4:5] if axes else [], "--set"))) == target
    other = replace(target, call="f(logits, target, reduction=reduction)")
    assert "--call" in command_for(other, "standard", finding)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"call": "f(pred, target, eps=eps)"}, ["--call", "f(pred, target, eps=eps)"]),
        ({"init": {"scale": 0.5}}, ["--init", "scale=0.5"]),
        (
            {"axes": {"eps": 0.25, "placement": "floor"}},
            ["giou/mmdet,eps=0.25,placement=floor@1#0:float32"],
        ),
        ({"bind": {"pred": "f.boxes"}}, ["--bind", "pred=f.boxes"]),
        ({"wrt": ("pred",)}, ["--wrt", "pred"]),
        ({"adapter": "numpy"}, ["--adapter", "numpy"]),
    ],
)
def test_how_the_target_is_called_is_part_of_it(options, words):
    target = Target("mine.py:loss", "giou", "mmdet", **options)
    line = command_for(target, "standard", Finding("RL205", "mutation", "float32", ""))
    assert " ".join(words) in " ".join(shlex.split(line))
    assert "--level" not in line


def test_axes_that_the_id_names_are_not_said_again():
    target = Target("mine.py:loss", "giou", "mmdet", axes={"eps": 0.5})
    case = Case("probe", {}, "1", "2", id="giou/mmdet,eps=0.25@1#7:float32", axes={"eps": 0.25})
    line = command_for(target, "standard", Finding("RL806", "parameter eps", "float32", "", case))
    assert line == "refloss repro 'giou/mmdet,eps=0.25@1#7:float32' --target mine.py:loss"


def test_axes_that_the_case_changed_come_after_those_of_the_target():
    target = Target("mine.py:loss", "giou", "mmdet", axes={"eps": 0.5, "placement": "added"})
    case = Case("probe", {}, "1", "2", id="giou/mmdet@1#7:float32", axes={"eps": 0.25})
    line = command_for(target, "standard", Finding("RL806", "parameter eps", "float32", "", case))
    assert line == (
        "refloss repro 'giou/mmdet@1#7:float32' --target mine.py:loss --set eps=0.25 "
        "--set placement=added"
    )


def test_what_an_adapter_knows_is_left_out():
    target = Target("fvcore.nn:giou_loss", "giou", "fvcore", library="fvcore")
    line = command_for(target, "standard", Finding("RL805", "parameter eps", "float32", ""))
    assert line == "refloss certify fvcore.nn:giou_loss --check 'parameter eps' --dtype float32"
