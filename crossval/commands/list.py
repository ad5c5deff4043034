"""``refloss list``: what can be judged, under which conventions."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossval.catalog import losses
from crossval.certificate import PASSED
from crossval.commands.options import console, format_option, known, put_json


@click.command("list", short_help="Losses, their axes and presets.")
@click.option("--family", metavar="NAME", help="Only losses of this family.")
@format_option
def command(family: str | None, style: str) -> int:
    """List losses, their axes and presets.

    JSON: {"schema": "refloss-list-1", "losses": {NAME: {"title", "family", "inputs": {NAME:
    [columns]}, "axes": {NAME: {"default", "doc", "values": {VALUE: {"doc", "source", "set"}}}},
    "presets": {NAME: {"axes", "source"}}}}}; an axis without values is a number.
    """
    families = {entry["family"] for entry in losses().values()}
    if family is not None:
        known(family, sorted(families), "--family")
    chosen = {n: e for n, e in losses().items() if family in (None, e["family"])}
    if style == "json":
        put_json({"schema": "refloss-list-1", "losses": {n: _data(e) for n, e in chosen.items()}})
        return PASSED
    screen = console()
    for name, entry in chosen.items():
        _show(name, entry, screen)
    screen.print(Text("refloss show LOSS[/PRESET] prints one of them in full", style="dim"))
    return PASSED


def _data(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: entry[key] for key in ("title", "family", "inputs", "axes", "presets")}


def _show(name: str, entry: dict[str, Any], screen: Console) -> None:
    screen.print(
        Text.assemble((name, "bold"), f"  {entry['title']} ", (f"({entry['family']})", "dim"))
    )
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", width=10)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for index, (axis, about) in enumerate(entry["axes"].items()):
        values = " | ".join(about["values"]) or "a number"
        words = Text(f"{values}  (default {about['default']}): {about['doc']}")
        table.add_row("axes" if index == 0 else "", axis, words)
    for index, (preset, about) in enumerate(entry["presets"].items()):
        table.add_row("presets" if index == 0 else "", preset, Text(about["source"]))
    screen.print(table)
    screen.print()
