"""Dataclasses survive the trip through JSON that pytest's workers send them on."""

import json
from dataclasses import asdict, replace

from crossval.examination import Facts
from crossval.findings import Case, Finding
from crossval.outcome import Outcome
from crossval.reduced import Form
from crossval.revival import revive
from crossval.target import Target

CASE = Case(
    "random", {"pred": {"decimal": ["1"], "bits": ["0x1"]}}, "nan", "1", ulp=float("inf"),
    reference_hi_lo=("0x1p0", "0x0p0"), axes={"eps": 0.5},
)  # fmt: skip
FINDING = Finding("RL401", "grad[pred]", "float32", "NaN", case=CASE, places=("here", "there"))
OUTCOME = Outcome(
    "grad[pred]", "float32", grade="F", findings=(FINDING, replace(FINDING, case=None)),
    worst=CASE, ulp={"max": float("inf")}, condition=None, notes=("a",), ran=True,
)  # fmt: skip


def there_and_back(thing):
    return revive(type(thing), json.loads(json.dumps(asdict(thing))))


def test_what_is_sent_is_what_arrives():
    target = Target(
        "a:b", "giou", None, axes={"eps": 1.0}, bind={"pred": "f.W"}, dtypes=("float32",),
        parameters=("eps",), wrt=None,
    )  # fmt: skip
    for thing in (
        OUTCOME,
        target,
        Facts({"numpy": "2"}, ("eps",), {"float32": 3}, FINDING),
        Facts(form=Form("mean", False, (1,))),
        Facts(),
    ):
        assert there_and_back(thing) == thing
