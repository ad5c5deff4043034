"""Declared deviations: matched strictly, visible, and reported when they no longer occur."""

from fnmatch import fnmatchcase

from crossval import ledger
from crossval.adapters import libraries
from crossval.families import FAMILIES
from crossval.findings import CODES, Finding
from crossval.ledger import Entry
from crossval.outcome import FAIL, KNOWN, Outcome

ENTRY = Entry("lib:*", "grad*", "RL401", "because", "there", ("float32",), "atan-of-infinity")


def finding(**changes):
    base = {"code": "RL401", "check": "grad[pred]", "dtype": "float32", "message": "NaN"}
    return Finding(**{**base, "pattern": "atan-of-infinity", **changes})


def test_an_entry_covers_target_check_code_format_and_cause():
    assert ENTRY.covers("lib:f", finding())
    assert not ENTRY.covers("other:f", finding())
    assert not ENTRY.covers("lib:f", finding(check="value"))
    assert not ENTRY.covers("lib:f", finding(code="RL402"))
    assert not ENTRY.covers("lib:f", finding(dtype="float64"))
    assert not ENTRY.covers("lib:f", finding(pattern="overflow"))
    assert not ENTRY.covers("lib:f", finding(pattern=""))


def test_brackets_in_a_check_are_literal():
    entry = Entry("lib:f", "grad[pred]", "RL401", "", "", pattern="atan-of-infinity")
    assert entry.covers("lib:f", finding())
    assert not entry.covers("lib:f", finding(check="grad[target]"))


def test_declared_findings_change_the_status_and_stay_visible():
    outcome = Outcome("grad[pred]", "float32", grade="F", findings=(finding(),))
    assert outcome.status == FAIL
    (declared,), used = ledger.declare("lib:f", [outcome], [ENTRY])
    assert declared.status == KNOWN
    assert declared.findings[0].known == "because"
    assert used == {ENTRY}


def test_one_undeclared_finding_keeps_the_check_failed():
    both = (finding(), finding(pattern="overflow"))
    outcome = Outcome("grad[pred]", "float32", grade="F", findings=both)
    (declared,), _ = ledger.declare("lib:f", [outcome], [ENTRY])
    assert declared.status == FAIL


def test_unused_entries_are_reported_only_if_they_could_have_matched():
    assert ledger.unused([("lib:f", ("float32",))], [ENTRY], set()) == [ENTRY]
    assert ledger.unused([("lib:f", ("float32",))], [ENTRY], {ENTRY}) == []
    assert ledger.unused([("lib:f", ("float64",))], [ENTRY], set()) == []
    assert ledger.unused([("other:f", ("float32",))], [ENTRY], set()) == []


def test_the_shipped_ledger_is_complete_and_names_real_targets():
    references = {t.reference for name in libraries.names() for t in libraries.targets(name)}
    patterns = {pattern.name for family in FAMILIES.values() for pattern in family.patterns}
    entries = ledger.read()
    assert entries
    for entry in entries:
        assert entry.reason
        assert entry.link.startswith("https://")
        assert entry.pattern in {"", *patterns}
        assert codes_of(entry)
        assert any(entry.covers(r, _like(entry)) for r in references), entry.describe()


def codes_of(entry):
    return [code for code in CODES if fnmatchcase(code, entry.code)]


def _like(entry):
    """Return a finding made to the entry's patterns, which are all met by their own text."""
    return Finding(
        codes_of(entry)[0],
        entry.check.replace("*", "x"),
        entry.dtypes[0].replace("*", "x"),
        "",
        pattern=entry.pattern,
    )
