"""What several verbs share: options, the reading of NAME=VALUE, consoles, JSON."""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any, TypeVar

import click
from rich.console import Console

from crossval.catalog import losses
from crossval.certificate import plain
from crossval.target import ADAPTERS, UsageError, split_declaration

WIDTH = 100

Verb = TypeVar("Verb", bound=Callable[..., Any])

format_option = click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)
set_option = click.option(
    "--set", "axes", multiple=True, metavar="AXIS=VALUE", help="Axis values on top of the preset."
)
wrt_option = click.option(
    "--wrt", metavar="NAME,...", help="Inputs whose gradients are judged; all by default."
)


def calling_options(verb: Verb) -> Verb:
    """Add the options that say how a target is called."""
    for option in reversed(
        (
            click.option("--call", metavar="EXPR", help="As in 'f(pred, target, eps=eps)'."),
            click.option(
                "--init", multiple=True, metavar="NAME=VALUE", help="Arguments of a class."
            ),
            click.option(
                "--bind",
                multiple=True,
                metavar="NAME=f.ATTR",
                help="Input or axis that the target owns, as in pred=f.boxes.",
                callback=lambda context, option, items: dict(_bindings(items)),
            ),
            click.option(
                "--adapter",
                type=click.Choice(ADAPTERS),
                default=ADAPTERS[0],
                show_default=True,
                help="Arrays that it takes.",
            ),
        )
    ):
        verb = option(verb)
    return verb


def pairs(items: Iterable[str], option: str) -> Iterator[tuple[str, Any]]:
    """Read NAME=VALUE: a Python literal if it is one, else the text itself."""
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} takes NAME=VALUE; got {item!r}")
        try:
            yield name, ast.literal_eval(value)
        except (ValueError, SyntaxError):
            yield name, value


def _bindings(items: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Read NAME=f.ATTR; the attribute is checked where the target is made."""
    for item in items:
        name, equals, place = item.partition("=")
        if not equals or not name:
            raise UsageError(f"--bind takes NAME=f.ATTR; got {item!r}")
        yield name, place


def declaration(text: str) -> tuple[str, str | None]:
    """Split ``LOSS[/PRESET]`` and require that both exist; the error lists and suggests."""
    loss, preset = split_declaration(text)
    known(loss, losses(), "LOSS")
    if preset is not None:
        known(preset, losses()[loss]["presets"], f"preset of {loss}")
    return loss, preset


def known(name: str, names: Iterable[str], what: str) -> None:
    """Require that ``name`` is one of ``names``."""
    names = list(names)
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise UsageError(f"{what} must be one of {', '.join(names)}; got {name!r}{hint}")


def console(quiet: bool = False) -> Console:
    """Make a console; files and pipes get ``COLUMNS``, or the width that tables are made for."""
    made = Console(highlight=False, quiet=quiet)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = WIDTH
    return made


def put_json(body: Any) -> None:
    """Print strict JSON, keys sorted: infinities and NaN are strings."""
    click.echo(json.dumps(plain(body), indent=1, sort_keys=True, allow_nan=False))


def complain(words: str, code: int) -> int:
    """Print one line of error and return the exit code."""
    print(f"refloss: {words}", file=sys.stderr)
    return code
