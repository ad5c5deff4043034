"""Findings that say the same are told once, with a list of where they were seen."""

from crossval.findings import Case, Finding
from crossval.report.folding import folded, short
from crossval.report.terminal import text_of

OFF = "{} ulp; the budget is 4 ulp, and conditioning and rounding explain an error of {} at most"


def case(*decimals):
    inputs = {"logits": {"decimal": list(decimals), "bits": ["0x0"] * len(decimals)}}
    return Case("random", inputs, "1", "2")


def off(check, dtype, figures=("3", "1e-9"), code="RL301", **rest):
    return Finding(code, check, dtype, OFF.format(*figures), **rest)


def test_the_same_cause_is_one_block_with_a_line_for_each_check():
    cause, places = "the sign is missing", ("random", "wide")
    found = [
        off("value", "float64", cause=cause, seen=9, of=10, places=places, case=case("0.25", "8")),
        off("value", "float32", ("7", "1"), cause=cause, seen=8, of=10, case=case("0.125", "80")),
        off("special points", "float64", cause=cause, seen=2, of=3, places=("tie",)),
    ]
    (block,) = folded(found)
    assert block.finding is found[0]  # whose input is plainest
    assert block.checks == ("value", "special points")
    assert block.dtypes == ("float64", "float32")
    lines = [(place.check, place.dtypes, place.rows) for place in block.seen]
    assert lines == [
        ("value", ("float64", "float32"), "9 of 10"),
        ("special points", ("float64",), "2 of 3"),
    ]
    text = text_of(found)
    assert text.count("RL301") == 1
    assert "value f64 f32, 9 of 10 rows: random; wide" in text
    assert "special points f64, 2 of 3 rows: tie" in text


def test_figures_of_their_own_do_not_tell_findings_apart():
    checks = ("value", "special points", "class count")
    assert len(folded([off(check, "float64", (check[:3], "1")) for check in checks])) == 1
    factors = (f"got / reference = {f} at all points = 1/C, a mean" for f in (0.5, 0.25))
    assert len(folded([Finding("RL807", "value", "", words) for words in factors])) == 1
    sums = (f"reduction='mean' of {n} rows: got 1, expected 2; this is the sum" for n in (3, 8))
    assert len(folded([Finding("RL807", "reduction", "", words) for words in sums])) == 1


def test_what_differs_is_told_apart():
    value = off("value", "float64")
    others = [
        off("value", "float64", code="RL302"),
        off("value", "float64", cause="another"),
        off("value", "float64", known="declared"),
        off("class_weight", "float64"),
        off("ignore_index", "float64"),
        Finding("RL301", "value", "float64", "something else"),
    ]
    assert len(folded([value, *others])) == 1 + len(others)
    two, three = (f"got / reference = {f} at all points" for f in (2, 3))
    assert (
        len(folded([Finding("RL802", "value", "", two), Finding("RL802", "value", "", three)])) == 2
    )
    near = "got / reference = 2.0004 at all points"
    assert (
        len(folded([Finding("RL802", "value", "", two), Finding("RL802", "value", "", near)])) == 1
    )


def test_numbers_are_written_as_short_as_they_are():
    assert [short(x) for x in ("2", "0.10000000000000001", "1e+300", "-inf")] == [
        "2",
        "0.1",
        "1e+300",
        "-inf",
    ]
