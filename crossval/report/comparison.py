"""Comparisons as text and as HTML."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossval.findings import CODES
from crossval.report.terminal import text_of

if TYPE_CHECKING:
    from crossval.comparison import Comparison, Row

_WIDTH = 100
_SHOWN = 5
_HEADINGS = ("row", "number", "got", "truth", "ulp", "cond.", "grade", "likely cause")


def comparison_text(comparison: Comparison) -> str:
    """Return heading, findings and the worst rows."""
    parts = [_heading(comparison), _quantities(comparison)]
    if comparison.findings:
        parts.append(text_of(comparison.findings))
    parts.append(rows_text(comparison.worst(_SHOWN)))
    return "\n\n".join(part for part in parts if part)


def rows_text(rows: Sequence[Row]) -> str:
    """Return rows as a table, and their inputs below it."""
    if not rows:
        return "no numbers"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for heading in _HEADINGS:
        right = heading in ("row", "ulp", "cond.")
        table.add_column(
            heading,
            justify="right" if right else "left",
            no_wrap=heading != "likely cause",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    inputs = [f"row {row.row}: {_inputs(row)}" for row in rows]
    return "\n".join([_plain(table), "", *inputs])


def comparison_html(comparison: Comparison) -> str:
    """Return heading, findings as a list and the worst rows as a table."""
    items = "".join(
        f"<li><b>{finding.code} {escape(CODES[finding.code].title)}</b> {escape(finding.check)}: "
        f"{escape(finding.message)} {escape(finding.cause)}</li>"
        for finding in comparison.findings
    )
    listed = f"<ul>{items}</ul>" if items else ""
    return f"<p>{escape(_heading(comparison))}</p>{listed}{rows_html(comparison.worst(_SHOWN))}"


def rows_html(rows: Sequence[Row]) -> str:
    """Return rows as an HTML table."""
    head = "".join(f"<th>{heading}</th>" for heading in (*_HEADINGS, "inputs"))
    lines = ((*_cells(row), _inputs(row)) for row in rows)
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in line) for line in lines)
    body = "".join(f"<tr>{line}</tr>" for line in cells)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _heading(comparison: Comparison) -> str:
    verdict = "agrees with" if comparison.ok else "differs from"
    return (
        f"{comparison.declared}: {verdict} certified truth, grade {comparison.grade} "
        f"({comparison.count} rows, {comparison.dtype})"
    )


def _quantities(comparison: Comparison) -> str:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for heading in ("", "worst ulp", "median", "grade", "code"):
        table.add_column(heading, justify="right" if heading in ("worst ulp", "median") else "left")
    for outcome in comparison.outcomes:
        codes = " ".join(dict.fromkeys(finding.code for finding in outcome.findings))
        worst, middle = outcome.ulp.get("max"), outcome.ulp.get("p50")
        cells = (outcome.check, _figure(worst), _figure(middle), outcome.grade or "–", codes)
        table.add_row(*(Text(cell) for cell in cells))
    return _plain(table)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        str(row.row),
        row.quantity,
        f"{row.got:.9g}",
        "not unique" if row.truth is None else f"{row.truth:.9g}",
        _figure(row.ulp),
        _figure(row.condition),
        row.grade,
        row.cause,
    )


def _inputs(row: Row) -> str:
    return " ".join(
        f"{name} ({', '.join(f'{x:.9g}' for x in values)})" for name, values in row.inputs.items()
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _plain(table: Table) -> str:
    console = Console(file=io.StringIO(), width=_WIDTH, highlight=False, color_system=None)
    console.print(table)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in lines)
