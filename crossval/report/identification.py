"""An identification in the terminal: best, runner-up, where they part, and what stays open."""

from __future__ import annotations

from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crossval.codes import CODES
from crossval.identification.answer import (
    ROWS_ONLY,
    SLIP,
    VALUES_ONLY,
    VERDICTS,
    Agreement,
    Axis,
    Identification,
    Note,
    Separation,
)

_LABEL = 10
_PER_LINE = 4
_SHOWN = 2
_FAR = 1000.0
_TROUBLE = {ROWS_ONLY: "rows only", SLIP: "a slip", VALUES_ONLY: "values"}


def show_identification(answer: Identification, console: Console) -> None:
    """Print one answer.

    Parameters
    ----------
    answer : Identification
        What was found.
    console : Console
        Where to print.
    """
    console.print()
    console.print(_heading(answer))
    console.print(_labelled(_lines(answer)))


def _lines(answer: Identification) -> list[tuple[str, RenderableType]]:
    if answer.problem is not None:
        problem = answer.problem
        code = Text.assemble((problem.code, "bold red"), f" {CODES[problem.code].title}")
        return [("not run", code), ("", problem.message), ("fix", problem.fix)]
    if answer.best is None:
        return [("nothing", Text("no definition can fit", style="bold red")), *_notes(answer)]
    lines = _best(answer, answer.best) if answer.found else _nearest(answer, answer.best)
    return [*lines, *_departures(answer), *_open(answer), *_notes(answer)]


def _best(answer: Identification, best: Agreement) -> list[tuple[str, RenderableType]]:
    definition = best.definition
    title = Text(definition.title, style="bold green")
    if definition.also:
        title.append(f"  (the same: {', '.join(definition.also)})", style="default")
    agreed = f"value on all {answer.probes} probes"
    if answer.gradient == definition.title:
        agreed += ", and gradients"
    lines: list[tuple[str, RenderableType]] = []
    if answer.verdict in _TROUBLE:
        words = Text(VERDICTS[answer.verdict], style="bold red")
        lines.append((_TROUBLE[answer.verdict], words))
    lines += [
        ("best", title),
        ("", f"{agreed}, {_digits(best)}"),
    ]
    if answer.certified:
        lines.append(("", f"{answer.certified} of them beside certified truth"))
    if answer.equal:
        lines.append(("or", f"{_few(answer.equal)}: no probe tells them apart"))
    lines += [("returns", best.relation or "the loss"), ("reduction", answer.reduction)]
    if answer.gradient and answer.gradient != definition.title:
        lines.append(("gradient", Text(answer.gradient, style="yellow")))
    lines += _axes(answer.axes)
    if answer.runner_up is not None:
        other = answer.runner_up.definition
        lines.append(("2nd", Text(other.title, style="bold")))
    if answer.separation is not None:
        many = f"differs at {answer.separation.probes} of {answer.probes} probes, for instance"
        lines += [("", many), *_separation(answer.separation, "2nd")]
    return lines


def _few(titles: tuple[str, ...]) -> str:
    """Write the first of some names, and how many there are besides."""
    more = len(titles) - _SHOWN
    shown = ", ".join(titles[:_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown


def _nearest(answer: Identification, best: Agreement) -> list[tuple[str, RenderableType]]:
    considered = ", ".join(answer.losses)
    share = f"{best.share:.0%}" if best.share < 0.995 or best.share == 1 else f"{best.share:.2%}"
    far = f"agrees at {share} of {answer.probes} probes; {best.digits:.1f} digits are typical"
    worst = f"{best.worst:.2g}" if best.worst < _FAR else f"more than {_FAR:g} times"
    relation = f" taken as {best.relation}" if best.relation else ""
    lines: list[tuple[str, RenderableType]] = [
        ("nothing", Text(f"no definition of {considered} fits", style="bold red")),
        ("nearest", Text(best.definition.title, style="bold").append(relation, style="default")),
        ("", f"{far}, the worst is off by {worst} of the result"),
        ("reduction", answer.reduction),
    ]
    if answer.separation is not None:
        lines += [("first", "the plainest input where it departs:")]
        lines += _separation(answer.separation, "")
    return lines


def _separation(separation: Separation, other: str) -> list[tuple[str, RenderableType]]:
    lines: list[tuple[str, RenderableType]] = []
    for index, (name, numbers) in enumerate(separation.inputs.items()):
        lines.append(("at" if index == 0 else "", f"{name} = ({', '.join(numbers['decimal'])})"))
        bits = numbers["bits"]
        for start in range(0, len(bits), _PER_LINE):
            lines.append(("", f"  {' '.join(bits[start : start + _PER_LINE])}"))
    if separation.upstream:
        lines.append(("", f"upstream {separation.upstream}"))
    numbers = f"{separation.quantity} {separation.got}   best {separation.best}"
    if not other:
        numbers = f"{separation.quantity} {separation.got}   nearest {separation.best}"
    if separation.other:
        numbers += f"   {other} {separation.other}"
    lines.append(("got", numbers))
    return lines


def _axes(axes: tuple[Axis, ...]) -> list[tuple[str, RenderableType]]:
    """Write the conventions that something told, and name the others in one line."""
    lines: list[tuple[str, RenderableType]] = []
    if told := tuple(axis for axis in axes if axis.told_by):
        lines.append(("axes", _table(told)))
    if silent := [axis.name for axis in axes if not axis.told_by]:
        lines.append(("" if told else "axes", f"without effect here: {', '.join(silent)}"))
    return lines


def _table(axes: tuple[Axis, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(style="dim", overflow="fold")
    for axis in axes:
        value = f"{axis.value:.10g}" if isinstance(axis.value, float) else str(axis.value)
        if axis.resolution is not None:
            value += (
                f" ± {axis.resolution:.0e}" if axis.value else f" (below {axis.resolution:.0e})"
            )
        told = f"told by {' and '.join(axis.told_by)}"
        if axis.open:
            told = f"{told}; not told from {', '.join(axis.open)}"
        table.add_row(axis.name, value, told)
    return table


def _open(answer: Identification) -> list[tuple[str, RenderableType]]:
    lines: list[tuple[str, RenderableType]] = []
    for index, words in enumerate(answer.open):
        lines.append(("open" if index == 0 else "", words))
    if answer.untested:
        lines.append(("untested", f"argument {', '.join(answer.untested)} beyond the default"))
    return lines


def _departures(answer: Identification) -> list[tuple[str, RenderableType]]:
    return [("but", _noted(note)) for note in answer.departures]


def _notes(answer: Identification) -> list[tuple[str, RenderableType]]:
    return [("note", _noted(note)) for note in answer.notes]


def _noted(note: Note) -> Text:
    words = Text(note.words)
    if note.code:
        words.append(f"  ({note.code})", style="yellow")
    return words


def _digits(best: Agreement) -> str:
    if best.worst == 0:
        return f"to within rounding ({best.digits:.1f} digits)"
    return f"to within rounding ({best.digits:.1f} digits, worst {best.worst:.0e})"


def _heading(answer: Identification) -> Text:
    text = Text(answer.reference.replace("\\", "/").rsplit("/", 1)[-1], style="bold")
    text.append(f"  asked in {answer.dtype}", style="cyan")
    versions = ", ".join(f"{name} {version}" for name, version in _library(answer))
    return text.append(f"  {versions}", style="dim") if versions else text


def _library(answer: Identification) -> list[tuple[str, str]]:
    home = answer.reference.partition(":")[0].partition(".")[0]
    return [(name, version) for name, version in answer.versions.items() if name == home]


def _labelled(lines: list[tuple[str, Any]]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=_LABEL, no_wrap=True, style="dim", justify="left")
    grid.add_column(overflow="fold")
    for label, words in lines:
        grid.add_row(label, Text(words) if isinstance(words, str) else words)
    return Padding(grid, (0, 0, 0, 2), expand=False)
