"""Certificates in the terminal: a table per target, its findings as blocks, one table over all."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crossval.catalog import losses
from crossval.certificate import PASSED, Certificate
from crossval.findings import CODES, Case, Finding
from crossval.outcome import (
    FAIL,
    INCONCLUSIVE,
    KNOWN,
    NOT_RUN,
    NOT_SELECTED,
    PASS,
    Outcome,
)
from crossval.report.folding import Block, folded, short
from crossval.target import Target

_STYLE = {
    "A": "bold green",
    "B": "green",
    "C": "yellow",
    "F": "bold red",
    "H": "yellow",
    "ok": "green",
    PASS: "green",
    KNOWN: "yellow",
    FAIL: "bold red",
    INCONCLUSIVE: "magenta",
    NOT_RUN: "dim",
}
_SHORT = {"float64": "f64", "float32": "f32", "bfloat16": "bf16", "float16": "f16"}
_LABEL = 8
_WIDTH = 100
_PLACES = 5
_COLUMNS = """\
f64 to f16: worst grade of value and gradients on the regimes; named points not counted.
hygiene: findings beside the numbers, such as shapes that should be refused; they lower no grade."""
_LEGEND = """\
A  within 4 ulp of the truth, gradients 8     B  explained by the condition of the number
C  within twice the rounding bound of the textbook formula     F  wrong     –  not tested
H  hygiene: wrong beside the numbers, which lowers no grade; undeclared, it fails like any other
†  declared in crossval/adapters/libraries/known.toml: a known defect, exit code 0
cond. = numbers beyond A that their condition explains;  vacuous = tolerance would accept 0"""


def show(certificate: Certificate, console: Console) -> None:
    """Print one certificate: heading, table, conventions, findings, what was not tested."""
    console.print()
    console.print(_heading(certificate))
    if certificate.problem is not None:
        problem = replace(certificate.problem, repro="")  # this very command
        console.print(_block(Block(problem, ("import",), ())))
        return
    console.print(_table(certificate, console.width))
    console.print(_labelled(_facts(certificate)))
    for block in folded(certificate.findings):
        console.print()
        console.print(_block(block))
    console.print()
    console.print(_verdict(certificate))


def show_legend(console: Console) -> None:
    """Print what grades, marks and columns mean."""
    console.print()
    console.print(Text(_LEGEND, style="dim"))


def show_summary(
    certificates: list[Certificate], outdated: list[Finding], console: Console
) -> None:
    """Print one line for each target, then declared deviations that did not occur."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title="Summary",
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        padding=0,
        width=min(console.width, _WIDTH),
    )
    short = console.width < _WIDTH
    table.add_column("target", overflow="fold", width=24 if short else 36)
    table.add_column("as", overflow="fold", width=10 if short else 21)
    for name in _SHORT.values():
        table.add_column(name, justify="center", width=4)
    table.add_column("fail", justify="right", width=4)
    table.add_column("codes", overflow="fold", width=6)
    table.add_column("hygiene", overflow="fold", width=7)
    for certificate in certificates:
        table.add_row(*_summary_row(certificate))
    console.print()
    console.print(table)
    console.print(Text(_COLUMNS, style="dim"))
    console.print(Text(_LEGEND, style="dim"))
    for finding in outdated:
        console.print()
        console.print(_block(Block(finding, (finding.check,), ())))


def text_of(findings: Iterable[Finding]) -> str:
    """Return findings as plain text, one block each, for reports that are no terminals."""
    console = Console(file=io.StringIO(), width=_WIDTH, highlight=False, color_system=None)
    for index, block in enumerate(folded(findings)):
        console.print("\n" * bool(index), end="")
        console.print(_block(block))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines)


def _verdict(certificate: Certificate) -> Text:
    """One line: grade, and how many checks ended how."""
    counts, failed = certificate.counts, certificate.counts[FAIL]
    if failed:
        undeclared = [finding for finding in certificate.findings if not finding.known]
        only = " in hygiene only" if all(f.hygiene for f in undeclared) else ""
        text = Text(f"FAILED{only}", style=_STYLE[FAIL])
    elif certificate.exit_code != PASSED:
        text = Text("NOT JUDGED", style=_STYLE[INCONCLUSIVE])
    else:
        known = " but for declared deviations" if counts[KNOWN] else ""
        text = Text(f"PASSED{known}", style=_STYLE[KNOWN if known else PASS])
    words = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    checks = f"{sum(counts.values())} checks: {words}"
    parts = (f"grade {certificate.grade}", hygiene_of(certificate.hygiene), checks)
    return Text.assemble(text, *(f" · {part}" for part in parts if part))


def hygiene_of(found: Mapping[str, Any]) -> str:
    """Return a certificate's hygiene in words; empty if there is nothing to say."""
    if not found["findings"]:
        return ""
    noun = "finding" if found["findings"] == 1 else "findings"
    return f"hygiene: {found['findings']} {noun} ({' '.join(found['codes'])})"


def _heading(certificate: Certificate) -> Text:
    target = certificate.target
    version = certificate.versions.get(target.library, "")
    text = Text(target.title, style="bold")
    text.append(f"  as {_declaration(target)}", style="cyan")
    if version:
        text.append(f"  {target.library} {version}", style="dim")
    return text


def _table(certificate: Certificate, width: int) -> Table:
    """Make the table of checks; where there is less room, the median and the share explained go."""
    columns: dict[str, dict[str, Any]] = {
        "check": {"width": 16},
        "dtype": {"width": 12},
        "worst (ulp)": {"overflow": "ellipsis", "ratio": 1},
        "p50": {"justify": "right", "width": 6},
        "cond.": {"justify": "right", "width": 5},
        "vacuous": {"justify": "right", "width": 7},
        "grade": {"justify": "center", "width": 5},
        "code": {"width": 12},
    }
    hidden = () if width >= _WIDTH else ("p50", "cond.")
    kept = [index for index, name in enumerate(columns) if name not in hidden]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, width=min(width, _WIDTH))
    for name, options in columns.items():
        if name not in hidden:
            table.add_column(name, no_wrap=True, **options)
    for rows in _sections(certificate):
        for row in rows:
            table.add_row(*(row[index] for index in kept))
        table.add_section()
    return table


def _sections(certificate: Certificate) -> Iterator[list[tuple[RenderableType, ...]]]:
    """Numeric checks format by format, then the others with their formats joined."""
    outcomes = [outcome for outcome in certificate.outcomes if outcome.text != NOT_SELECTED]
    formats = certificate.target.dtypes
    numeric = [
        outcome
        for outcome in outcomes
        if outcome.ulp or outcome.notes or (outcome.check == "ties" and outcome.ran)
    ]
    for _, rows in groupby(numeric, key=lambda outcome: outcome.dtype):
        yield [_row(outcome, _SHORT.get(outcome.dtype, outcome.dtype)) for outcome in rows]
    joined: dict[tuple[str, str, str, tuple[str, ...]], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome not in numeric:
            codes = tuple(finding.code for finding in outcome.findings)
            key = (outcome.check, outcome.status, outcome.text, codes)
            joined.setdefault(key, []).append(outcome)
    order = {outcome.check: place for place, outcome in reversed(list(enumerate(outcomes)))}
    yield [
        _row(same[0], _formats([o.dtype for o in same], formats))
        for _, same in sorted(joined.items(), key=lambda item: order[item[0][0]])
    ]


def _formats(dtypes: Sequence[str], all_formats: Sequence[str]) -> str:
    """Short names; ``all`` where several formats are tested and all are meant."""
    if len(all_formats) > 1 and set(dtypes) == set(all_formats):
        return "all"
    return " ".join(_SHORT[dtype] for dtype in dtypes)


def _row(outcome: Outcome, dtypes: str) -> tuple[RenderableType, ...]:
    mark = outcome.grade or {NOT_RUN: "–"}.get(outcome.status, "?")
    style = _STYLE.get(outcome.status if outcome.status in (KNOWN, NOT_RUN) else mark, "")
    codes = dict.fromkeys(finding.code for finding in outcome.findings)
    declared = "†" if outcome.status == KNOWN else ""
    return (
        Text(outcome.check),
        dtypes,
        Text(_worst(outcome)),
        _figure(outcome.ulp.get("p50")),
        _percent(outcome.explained),
        _percent(outcome.vacuity.get("zero")),
        Text(mark + declared, style=style),
        Text(" ".join(codes), style=style),
    )


def _worst(outcome: Outcome) -> str:
    if outcome.worst is None:
        return outcome.text
    case = outcome.worst
    if not math.isfinite(case.ulp):
        figure = {"nan": "NaN"}.get(case.got, case.got)
    else:
        figure = _figure(case.ulp)
    counted = f"{outcome.text}, " if outcome.text else ""
    return f"{counted}{figure} @ {case.where}"


def _facts(certificate: Certificate) -> list[tuple[str, str]]:
    ties = _notes(certificate, lambda outcome: outcome.check == "ties")
    others = _notes(certificate, lambda outcome: outcome.check != "ties")
    sample = next(iter(certificate.points.values()))
    facts = [("points", f"{sample['set']}, {sample['rows']} rows in each format")]
    facts += [("follows", " · ".join(_conventions(certificate)))]
    facts += [("returns", _returned(certificate))] if certificate.form.reduced else []
    facts += [("at ties", " · ".join(ties))] if ties else []
    facts += [("noted", " · ".join(others))] if others else []
    facts += [("untested", "; ".join(certificate.not_tested))]
    return facts


def _notes(certificate: Certificate, chosen: Callable[[Outcome], bool]) -> list[str]:
    """Return the notes of outcomes, each with the formats in which it was taken if not in all."""
    notes: dict[str, list[str]] = {}
    for outcome in filter(chosen, certificate.outcomes):
        for note in outcome.notes:
            notes.setdefault(note.partition(" (")[0], []).append(_SHORT[outcome.dtype])
    formats = len(certificate.target.dtypes)
    return [
        note + ("" if len(seen) == formats else f" ({' '.join(seen)})")
        for note, seen in notes.items()
    ]


def _returned(certificate: Certificate) -> str:
    """Say what a batch gives, and who says so."""
    form = certificate.form
    how = "as declared" if form.declared else "found, not declared: --reduction declares it"
    return f"one number for a batch, the {form.reduction} ({how}); rows are judged one at a time"


def _conventions(certificate: Certificate) -> list[str]:
    """Axis values of the definition, as the target was declared to follow them."""
    chosen = dict(getattr(certificate.spec, "axes", {}))
    order = losses()[certificate.target.loss]["axes"]
    return [f"{name}={chosen[name]}" for name in order if name in chosen]


def _block(block: Block) -> RenderableType:
    finding = block.finding
    title = Text()
    title.append(finding.code, style="yellow" if finding.known else "bold red")
    title.append(f" {CODES[finding.code].title}", style="bold")
    where = "  ".join((", ".join(block.checks), _names(block.dtypes)))
    title.append(f"   {where}", style="cyan")
    lines = [("", finding.message)] if finding.message else []
    lines += _case_lines(finding.case) if finding.case else []
    pattern = f" [pattern: {finding.pattern}]" if finding.pattern else ""
    lines += [("cause", finding.cause + pattern)] if finding.cause else []
    for index, place in enumerate(block.seen):
        many = f"{place.check} {_names(place.dtypes)}, " if len(block.checks) > 1 else ""
        lines.append(("" if index else "seen", f"{many}{place.rows} rows: {_listed(place.places)}"))
    lines += [("fix", finding.fix)] if finding.fix else []
    lines += [("repro", finding.repro)] if finding.repro else []
    if finding.known:
        lines.append(("known", f"{finding.known} {finding.link}".rstrip()))
    return Group(title, _labelled(lines))


def _names(dtypes: Iterable[str]) -> str:
    return " ".join(_SHORT.get(dtype, dtype) for dtype in dtypes)


def _case_lines(case: Case) -> list[tuple[str, str]]:
    lines = []
    for index, (name, numbers) in enumerate(case.inputs.items()):
        decimal = ", ".join(short(number) for number in numbers["decimal"])
        bits = " ".join(numbers["bits"])
        lines += [("at" if index == 0 else "", f"{name} = ({decimal})"), ("", f"  {bits}")]
    by = f"   d/d{case.component}, upstream {short(case.upstream)}" if case.component else ""
    reference = f"   reference {case.reference}" if case.reference else ""
    bits = f" ({case.got_bits})" if case.got_bits else ""
    lines.append(("got", f"{case.got}{bits}{reference}{by}"))
    return lines


def _labelled(lines: list[tuple[str, str]]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=_LABEL, no_wrap=True, style="dim", justify="left")
    grid.add_column(overflow="fold")
    for label, words in lines:
        grid.add_row(label, Text(words))
    return Padding(grid, (0, 0, 0, 2), expand=False)


def _summary_row(certificate: Certificate) -> tuple[RenderableType, ...]:
    target, counts = certificate.target, certificate.counts
    codes = _codes(finding for finding in certificate.findings if not finding.hygiene)
    if certificate.problem is not None:
        return _place(target), _declaration(target), *[""] * (len(_SHORT) + 1), codes, ""
    grades = (_format_grade(certificate, dtype) for dtype in _SHORT)
    hygiene = _codes(finding for finding in certificate.findings if finding.hygiene)
    failed = str(counts[FAIL] or "")
    return _place(target), _declaration(target), *grades, failed, codes, hygiene


def _codes(findings: Iterable[Finding]) -> Text:
    """Return codes in the order in which they came, those that are declared marked."""
    codes: dict[str, bool] = {}
    for finding in findings:
        codes[finding.code] = codes.get(finding.code, True) and bool(finding.known)
    return Text(" ").join(
        Text(code + ("†" if known else ""), style="yellow" if known else "bold red")
        for code, known in codes.items()
    )


def _declaration(target: Target) -> str:
    """Loss, preset and the axis values on top of it."""
    return " ".join([target.declared, *(f"{name}={v}" for name, v in target.axes.items())])


def _place(target: Target) -> str:
    """Library (or module) and name, without the path between them."""
    home, attribute = target.title.rsplit(":", 1)
    return f"{target.library or home} {attribute}"


def _format_grade(certificate: Certificate, dtype: str) -> Text:
    """Worst grade of value and gradients on the regimes of one format."""
    graded = [
        o for o in certificate.outcomes if o.dtype == dtype and o.ulp and o.grade and not o.text
    ]
    if not graded:
        return Text("–", style="dim")
    worst = max(graded, key=lambda outcome: "ABCF".index(outcome.grade))
    mark = "†" if worst.status == KNOWN else ""
    return Text(worst.grade + mark, style=_STYLE[worst.grade])


def _listed(places: tuple[str, ...]) -> str:
    more = f"; {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    return "; ".join(places[:_PLACES]) + more


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    if not math.isfinite(value):
        return str(value)
    if 0 < value < 1e-2 or value >= 1e4:
        return _power(value)
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _power(value: float) -> str:
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _percent(share: float | None) -> str:
    if share is None:
        return ""
    return "0" if share == 0 else "<1%" if share < 0.01 else f"{share:.0%}"
