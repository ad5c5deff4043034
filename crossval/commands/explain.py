"""``refloss explain``: what a code, a check or a word of the reports means."""

from __future__ import annotations

import re
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from crossval.certificate import PASSED
from crossval.codes import CHECKS, CODES, KINDS, TOPICS, Code, Subject, check_name
from crossval.commands.options import console, format_option, put_json
from crossval.target import UsageError


@click.command("explain", short_help="What a code, a check or a word of the reports means.")
@click.argument("subject", nargs=-1)
@format_option
def command(subject: tuple[str, ...], style: str) -> int:
    """Explain a CODE (RL401), a family of codes (4xx), a check ("value") or a word ("grades").

    Without SUBJECT the codes are listed with their titles, then checks and words.

    JSON: {"schema": "refloss-explain-1", "codes": {CODE: {"title", "meaning", "cause", "remedy",
    "example"}}, "checks": {NAME: {"title", "meaning", "codes"}}, "topics": {likewise}}, with what
    was asked for.
    """
    codes, checks, topics = select(" ".join(subject))
    if style == "json":
        body: dict[str, Any] = {
            "codes": {name: asdict(code) for name, code in codes.items()},
            "checks": {name: asdict(check) for name, check in checks.items()},
            "topics": {name: asdict(topic) for name, topic in topics.items()},
        }
        put_json({"schema": "refloss-explain-1", **body})
        return PASSED
    screen = console()
    if len(codes) + len(checks) + len(topics) == 1:
        for name, code in codes.items():
            screen.print(_code(name, code))
        for name, about in {**checks, **topics}.items():
            screen.print(_subject(name, about))
    else:
        _index(codes, checks, topics, screen)
    return PASSED


def select(words: str) -> tuple[dict[str, Code], dict[str, Subject], dict[str, Subject]]:
    """Return the codes, checks and topics that ``words`` ask for; all of them for no words."""
    if not words:
        return CODES, CHECKS, TOPICS
    family = re.fullmatch(r"(?:RL)?([1-9])(?:xx|00)", words, re.IGNORECASE)
    if family:
        start = f"RL{family[1]}"
        return {name: code for name, code in CODES.items() if name.startswith(start)}, {}, {}
    if words.upper() in CODES:
        return {words.upper(): CODES[words.upper()]}, {}, {}
    name = words.lower().replace("-", " ")
    if check_name(name) in CHECKS:
        return {}, {check_name(name): CHECKS[check_name(name)]}, {}
    if name in TOPICS:
        return {}, {}, {name: TOPICS[name]}
    raise UsageError(
        f"no code, check or word {words!r}; nearest: {', '.join(_nearest(words))} "
        "(refloss explain lists all)"
    )


def _nearest(words: str, count: int = 3) -> list[str]:
    """Names that come nearest: codes by their number, in the order of their distance."""
    code = re.fullmatch(r"(?:RL)?(\d{1,4})", words, re.IGNORECASE)
    if code:
        return sorted(CODES, key=lambda name: abs(int(name[2:]) - int(code[1])))[:count]
    names = (*CHECKS, *TOPICS, *CODES)
    return get_close_matches(words.lower(), names, n=count, cutoff=0.0)


def _code(name: str, code: Code) -> RenderableType:
    kind = KINDS[name[2]]
    found_by = [check for check, about in CHECKS.items() if name in about.codes]
    lines = [
        ("means", Text(code.meaning)),
        ("cause", Text(code.cause)),
        ("fix", Text(code.remedy)),
        ("example", Text(code.example, style="cyan")),
        ("check", Text(", ".join(found_by) or "the run as a whole")),
        ("family", Text(f"{name[2]}xx, {kind}")),
    ]
    return Group(Text.assemble((name, "bold red"), (f" {code.title}", "bold")), _labelled(lines))


def _subject(name: str, about: Subject) -> RenderableType:
    lines = [("means", Text(about.meaning))]
    if about.codes:
        codes = [Text(f"{code} {CODES[code].title}") for code in about.codes]
        lines += [("codes" if index == 0 else "", code) for index, code in enumerate(codes)]
    return Group(Text.assemble((name, "bold cyan"), (f"  {about.title}", "bold")), _labelled(lines))


def _index(
    codes: dict[str, Code], checks: dict[str, Subject], topics: dict[str, Subject], screen: Console
) -> None:
    for digit, kind in KINDS.items():
        titles = {name: code.title for name, code in codes.items() if name[2] == digit}
        _titles(f"{digit}xx  {kind}", titles, screen)
    _titles("checks", {name: about.title for name, about in checks.items()}, screen)
    _titles("words", {name: about.title for name, about in topics.items()}, screen)


def _titles(heading: str, titles: dict[str, str], screen: Console) -> None:
    if not titles:
        return
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="cyan", no_wrap=True, width=16)
    grid.add_column(overflow="fold")
    for name, title in titles.items():
        grid.add_row(name, Text(title))
    screen.print(Text(heading, style="bold"))
    screen.print(Padding(grid, (0, 0, 1, 2), expand=False))


def _labelled(lines: list[tuple[str, Text]]) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=8, no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, words in lines:
        grid.add_row(label, words)
    return Padding(grid, (0, 0, 0, 2), expand=False)
