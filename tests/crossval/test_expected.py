"""Expected failures: which checks they name, which findings they cover."""

import pytest

from crossval.expected import Expected, declare, of_check, unmatched, unmatched_finding
from crossval.findings import Finding
from crossval.outcome import FAIL, KNOWN, Check, Outcome
from crossval.target import UsageError

CHECK = Check("grad[pred]", "float32", lambda session, dtype: Outcome("", ""))


@pytest.mark.parametrize(
    "glob", ["grad-pred-float32", "grad-*", "*-float32", "grad[pred]", "grad[*]", "*"]
)
def test_a_check_is_named_by_its_id_or_its_name(glob):
    assert of_check([Expected(glob, "why")], CHECK)


@pytest.mark.parametrize(
    "glob", ["grad", "grad-pred", "grad-target-float32", "grad[target]", "value*"]
)
def test_what_names_no_check_is_found(glob):
    entry = Expected(glob, "why")
    assert not of_check([entry], CHECK)
    assert unmatched([entry, Expected("*", "why")], [CHECK]) == (entry,)
    finding = unmatched_finding(entry, [CHECK.id])
    assert finding.code == "RL902"
    assert f"got {glob!r}" in finding.message
    assert finding.message.endswith("; expected one of grad-pred-float32")


def finding(code, known=""):
    return Finding(code, "grad[pred]", "float32", "", known=known)


def outcome(*codes):
    return Outcome("grad[pred]", "float32", grade="F", findings=tuple(map(finding, codes)))


def test_findings_of_the_expected_code_are_known_and_no_others():
    entry = Expected("grad-*", "why", "lib#1", "RL401")
    covered = declare(outcome("RL401"), [entry])
    assert covered.status == KNOWN
    assert (covered.findings[0].known, covered.findings[0].link) == ("why", "lib#1")
    mixed = declare(outcome("RL401", "RL402"), [entry])
    assert mixed.status == FAIL
    assert [f.known for f in mixed.findings] == ["why", ""]
    assert declare(outcome("RL402"), [Expected("grad-*", "why")]).status == KNOWN


def test_what_a_librarys_ledger_declares_keeps_its_reason():
    shipped = Outcome("value", "float32", grade="F", findings=(finding("RL401", "ledger"),))
    assert declare(shipped, [Expected("*", "mine")]).findings[0].known == "ledger"


def test_a_reason_is_required():
    with pytest.raises(UsageError, match="needs a reason; grad-x has none"):
        Expected("grad-x", "  ")
