"""The registry of codes: complete, explained, append-only."""

import re
from pathlib import Path

import pytest

import crossval
from crossval.catalog import losses
from crossval.checks import checks
from crossval.codes import CHECKS, CODES, KINDS, TOPICS, check_name
from crossval.families import family_of
from crossval.target import Target

SOURCE = Path(crossval.__file__).parent
# codes that were published: each keeps its meaning, none may go
PUBLISHED = [
    f"RL{number}"
    for number in (
        *range(101, 107),
        *range(201, 211),
        *(301, 302),
        *range(401, 409),
        *(501, 502, 503, 601, 602, 603, 701, 801, 802, 804, 805, 806, 807, 901, 902),
    )
]


def emitted():
    """Codes that any module of the judge names, its own registry apart."""
    texts = (
        path.read_text(encoding="utf-8")
        for path in SOURCE.rglob("*.py")
        if path.name != "codes.py" and "libraries" not in path.parts
    )
    return {code for text in texts for code in re.findall(r"\bRL\d{3}\b", text)}


def test_every_code_that_a_module_emits_is_registered():
    assert emitted() - set(CODES) == set()


def test_every_registered_code_is_emitted_by_some_module():
    assert set(CODES) - emitted() == set()


def test_no_published_code_is_gone():
    assert set(PUBLISHED) <= set(CODES)


@pytest.mark.parametrize("name", CODES)
def test_a_code_is_explained_in_full(name):
    code = CODES[name]
    assert re.fullmatch(r"RL[1-9]\d\d", name)
    assert name[2] in KINDS
    assert not code.title.endswith(".")
    for words in (code.meaning, code.cause, code.remedy):
        assert words.endswith(".") or words.endswith("'.")
        assert len(words) > 12
    assert code.example


def test_codes_are_in_order_so_that_a_new_one_is_seen_in_a_diff():
    assert list(CODES) == sorted(CODES)


def programs():
    """Every loss with every program that its axes can choose."""
    for loss, entry in losses().items():
        program = entry["program"]
        names = [program] if isinstance(program, str) else program["values"].values()
        yield from ((loss, name) for name in names)


def names_of(loss, program=""):
    """Names of all checks of a loss, as the registry has them."""
    family = family_of(loss, program)
    return {check_name(check.name) for check in checks(Target("a:b", loss), family)}


@pytest.mark.parametrize(("loss", "program"), list(programs()))
def test_every_check_has_an_entry(loss, program):
    names = names_of(loss, program)
    assert names <= set(CHECKS)
    assert {"call", "value", "grad"} <= names


def test_every_entry_is_a_check_of_some_loss():
    names = {name for loss, program in programs() for name in names_of(loss, program)}
    assert set(CHECKS) - names == {"import"}


def test_losses_have_the_checks_that_concern_them():
    boxes, rows = names_of("ciou"), names_of("cross_entropy")
    soft = names_of("cross_entropy", "cross_entropy_soft")
    assert boxes - rows == {"ties"}
    assert rows - soft == {"ignore_index", "class range"}
    assert soft - boxes == {"class_weight", "class count"}
    assert names_of("cosface") - boxes == {
        "batch",
        "class range",
        "class count",
        "coordinates",
        "ignore_index",
    }


def test_checks_end_in_registered_codes_and_every_code_has_a_check():
    ends = {code for about in (*CHECKS.values(), *TOPICS.values()) for code in about.codes}
    assert ends <= set(CODES)
    whole_run = {"RL701", "RL901", "RL902"}
    identified = {name for name in CODES if name >= "RL807" and name < "RL900"}
    assert set(CODES) - ends - whole_run - identified == set()


def test_names_of_checks_as_reports_print_them():
    assert check_name("grad[pred]") == "grad"
    assert check_name("parameter eps") == "parameter"
    assert check_name("shape misuse") == "shape misuse"
