"""The card of a loss: everything that its definition states, as data, as text, as Markdown."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crossval.catalog import losses, programs, spec_of
from crossval.families import FAMILIES

SCHEMA = "refloss-card-1"


def card(loss: str, preset: str | None) -> dict[str, Any]:
    """Return a loss's card, its axes and constants as a preset resolves them.

    Parameters
    ----------
    loss : str
        Name of a loss.
    preset : str or None
        Name of one of its presets; its defaults without one.
    """
    entry, spec = losses()[loss], spec_of(loss, preset, {})
    program = programs()[spec.program]
    return {
        "schema": SCHEMA,
        "loss": loss,
        "preset": preset,
        "title": entry["title"],
        "family": entry["family"],
        "formula": entry["formula"].strip(),
        "inputs": _inputs(entry),
        "axes": {
            name: {**axis, "value": spec.axes.get(name, axis["default"])}
            for name, axis in entry["axes"].items()
        },
        "presets": entry["presets"],
        "program": spec.program,
        "constants": {
            name: {
                "decimal": repr(float(value)),
                "hex": float(value).hex(),
                "doc": program["docs"].get(name, ""),
            }
            for name, value in spec.constants.items()
        },
        "singular": entry["singular"],
        "subgradients": entry["subgradients"],
        "source": entry["source"],
        "latex": program["latex"],
    }


def declared(about: dict[str, Any]) -> str:
    """``loss/preset`` of a card."""
    return f"{about['loss']}/{about['preset']}" if about["preset"] else about["loss"]


def print_card(about: dict[str, Any], console: Console) -> None:
    """Print a card as text."""
    console.print(Text.assemble((declared(about), "bold"), f"  {about['title']}"))
    console.print()
    _section("formula", Text(about["formula"]), console)
    inputs = _table("", "shape", "columns")
    for name, takes in about["inputs"].items():
        inputs.add_row(name, takes["shape"], ", ".join(takes["columns"]))
    _section("inputs", inputs, console)
    _section("axes", _axes(about), console)
    constants = _table("", "value", "")
    for name, constant in about["constants"].items():
        constants.add_row(name, constant["decimal"], Text(constant["doc"]))
    _section(f"constants of program {about['program']}", constants, console)
    if about["preset"] is None:
        presets = _table("", "axes", "source")
        for name, preset in about["presets"].items():
            presets.add_row(name, Text(_settings(preset["axes"])), Text(preset["source"]))
        _section("presets", presets, console)
    singular = _table("where", "value", "derivative", "kind", name_first=False)
    for point in about["singular"]:
        singular.add_row(*(Text(point[key]) for key in ("where", "value", "derivative", "kind")))
    _section("singular points", singular, console)
    _section("at kinks", Text(about["subgradients"]), console)
    _section("source", Text(_sources(about)), console)


def to_markdown(about: dict[str, Any]) -> str:
    """Return a card as Markdown with its program in LaTeX."""
    parts = [f"# {declared(about)}: {about['title']}", f"```text\n{about['formula']}\n```"]
    rows = [(n, i["shape"], ", ".join(i["columns"])) for n, i in about["inputs"].items()]
    parts += ["## Inputs", _grid(("input", "shape", "columns"), rows)]
    axes = [(name, *row) for name, axis in about["axes"].items() for row in _values(axis)]
    parts += ["## Axes", _grid(("axis", "value", "", "meaning", "source"), axes)]
    constants = [(n, c["decimal"], c["doc"]) for n, c in about["constants"].items()]
    parts += [f"## Constants of `{about['program']}`", _grid(("constant", "value", ""), constants)]
    presets = [(n, _settings(p["axes"]), p["source"]) for n, p in about["presets"].items()]
    parts += ["## Presets", _grid(("preset", "axes", "source"), presets)]
    columns = ("where", "value", "derivative", "kind")
    parts += ["## Singular points"]
    parts += [_grid(columns, [tuple(p[c] for c in columns) for p in about["singular"]])]
    parts += ["## At kinks", about["subgradients"], "## Source", _sources(about)]
    parts += ["## Program", f"```math\n{about['latex']}\n```"]
    return "\n\n".join(parts)


def _inputs(entry: dict[str, Any]) -> dict[str, dict[str, Any]]:
    family = FAMILIES.get(entry["family"])
    shapes = family.shapes if family else {}
    return {
        name: {"shape": shapes.get(name, _shape(name, columns)), "columns": list(columns)}
        for name, columns in entry["inputs"].items()
    }


def _shape(name: str, columns: list[str]) -> str:
    """Shape of an input of so many columns; one that is an array of its own says so in its doc."""
    return f"(N, {len(columns)})" if columns != [name] else "see the formula"


def _axes(about: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, axis in about["axes"].items():
        table.add_row(name, "", Text(axis["doc"], style="italic"))
        for value, mark, doc, source in _values(axis):
            words = Text(doc)
            words.append(f" ({source})" if source else "", style="dim")
            table.add_row("", Text(f"{mark or ' '} {value}", style="bold" if mark else ""), words)
    return table


def _values(axis: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Value, mark of the chosen one, meaning and source, for every value of an axis."""
    chosen, default = str(axis["value"]), str(axis["default"])
    if not axis["values"]:
        doc = "a number" + ("" if chosen == default else f", {default} by default")
        return [(chosen, "*", doc, "")]
    return [
        (
            name,
            "*" if name == chosen else "",
            ("default: " if name == default else "") + value["doc"],
            value["source"],
        )
        for name, value in axis["values"].items()
    ]


def _settings(axes: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in axes.items())


def _sources(about: dict[str, Any]) -> str:
    chosen = about["presets"].get(about["preset"])
    return about["source"] + (f"\n{declared(about)}: {chosen['source']}" if chosen else "")


def _table(*columns: str, name_first: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for index, column in enumerate(columns):
        named = name_first and index == 0
        table.add_column(column, style="cyan" if named else "", no_wrap=named, overflow="fold")
    return table


def _section(heading: str, body: Any, console: Console) -> None:
    console.print(Text(heading, style="bold"))
    console.print(Padding(body, (0, 0, 1, 2), expand=False))


def _grid(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [columns, tuple("---" for _ in columns), *rows]
    cells = ((str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) for row in lines)
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
