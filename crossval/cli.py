"""The ``refloss`` command.

Exit codes: 0 pass (declared deviations included), 1 failures, 2 interrupted, 3 internal error,
4 usage, adapter or import error, 5 nothing selected.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from crossval.adapters import libraries
from crossval.catalog import losses
from crossval.certificate import (
    FAILED,
    INTERNAL,
    INTERRUPTED,
    NOTHING,
    PASSED,
    USAGE,
    Certificate,
)
from crossval.engine import certify_all, find, outdated
from crossval.findings import CODES, Finding
from crossval.points.boxes import ROWS
from crossval.report.terminal import show, show_legend, show_summary
from crossval.runner import Limits
from crossval.target import Target, UsageError

_POSITIVE = click.FloatRange(min=0, min_open=True)


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code; only a missing module escapes."""
    try:
        return command.main(arguments, prog_name="refloss", standalone_mode=False) or PASSED
    except UsageError as error:
        return _complain(str(error), USAGE)
    except click.UsageError as error:
        hint = f" (see: {error.ctx.command_path} --help)" if error.ctx else ""
        return _complain(error.format_message() + hint, USAGE)
    except click.ClickException as error:
        return _complain(error.format_message(), USAGE)
    except (KeyboardInterrupt, click.Abort):
        return _complain("interrupted; certificates of finished targets are written", INTERRUPTED)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        if "-v" in arguments or "--verbose" in arguments:
            traceback.print_exc()
        return _complain(
            f"internal error: {type(error).__name__}: {error} (-v shows where)", INTERNAL
        )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="refloss")
def command() -> None:
    """Numerical reference and gradient verification for deep-learning losses."""


@command.command()
@click.argument("target", required=False)
@click.option("--as", "declared", metavar="LOSS[/PRESET]", help="Definition to judge against.")
@click.option("--set", "axes", multiple=True, metavar="AXIS=VALUE", help="On top of the preset.")
@click.option("--dtype", "dtypes", metavar="D,...", help="Formats under test; all four by default.")
@click.option("--call", metavar="EXPR", help="How to call it: 'f(pred, target, eps=eps)'.")
@click.option("--init", multiple=True, metavar="NAME=VALUE", help="Arguments of a class.")
@click.option(
    "--adapter", type=click.Choice(["torch", "numpy"]), default="torch", show_default=True
)
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="OUT", help="FILE.json or a folder."
)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text")
@click.option("--level", type=click.Choice(list(ROWS)), default="standard", show_default=True)
@click.option(
    "--library", "chosen", multiple=True, metavar="NAME", help="All targets of a library."
)
@click.option("--all-libraries", is_flag=True, help="All targets of all libraries.")
@click.option(
    "--time-limit", type=_POSITIVE, default=30.0, show_default=True, help="Seconds a call."
)
@click.option("--memory-limit", type=_POSITIVE, default=4, show_default=True, help="GiB.")
@click.option("-v", "--verbose", is_flag=True, help="Traceback of an internal error.")
def certify(
    target: str | None,
    declared: str | None,
    axes: tuple[str, ...],
    dtypes: str | None,
    call: str | None,
    init: tuple[str, ...],
    adapter: str,
    outputs: tuple[str, ...],
    style: str,
    level: str,
    chosen: tuple[str, ...],
    all_libraries: bool,
    time_limit: float,
    memory_limit: float,
    verbose: bool,
) -> int:
    """Judge TARGET, MODULE:ATTR or FILE.py:ATTR, against a definition.

    Value and gradients are compared with certified truth; every tolerance is derived from the
    format, the conditioning and the rounding bound of the formula at that very input.
    """
    del verbose  # read by run(), which reports what escapes from here
    _one_selection(target, all_libraries, chosen)
    if target is None:
        own = {"--as": declared, "--set": axes, "--call": call, "--init": init}
        _unused([option for option, given in own.items() if given], "TARGET")
    if target is not None:
        single = find(
            target, declared, call=call, init=dict(_pairs(init, "--init")), adapter=adapter
        )
        targets = [_with(single, dict(_pairs(axes, "--set")), dtypes)]
    else:
        names = libraries.names() if all_libraries else list(chosen)
        targets = [_with(t, {}, dtypes) for name in names for t in libraries.targets(name)]
    if not targets:
        return _complain("nothing selected: give TARGET, --library or --all-libraries", NOTHING)
    _writable(outputs, targets)
    limits = Limits(seconds=time_limit, memory=int(memory_limit * 2**30))
    console = _console(quiet=style == "json")
    certificates = []
    with _progress(console) as progress:
        for certificate in certify_all(targets, level=level, limits=limits, progress=progress):
            certificates.append(certificate)
            show(certificate, console)
            for output in outputs:
                console.print(f"written to {certificate.write(output)}", style="dim")
    stale = outdated(certificates) if target is None and level != "smoke" else []
    if style == "json":
        click.echo(_json(certificates), nl=False)
    elif len(certificates) > 1:
        show_summary(certificates, stale, console)
    else:
        show_legend(console)
    return exit_code(certificates, stale)


@command.command("list")
def list_losses() -> None:
    """Losses, their axes and presets."""
    console = _console()
    for name, entry in losses().items():
        console.print(f"[bold]{name}[/bold]  {entry['title']} [dim]({entry['family']})[/dim]")
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", width=10)
        table.add_column(style="cyan", no_wrap=True)
        table.add_column(overflow="fold")
        for index, (axis, about) in enumerate(entry["axes"].items()):
            values = " | ".join(about["values"]) or "a number"
            label = "axes" if index == 0 else ""
            table.add_row(label, axis, f"{values}  (default {about['default']}): {about['doc']}")
        for index, (preset, about) in enumerate(entry["presets"].items()):
            table.add_row("presets" if index == 0 else "", preset, about["source"])
        console.print(table)
        console.print()


@command.command()
@click.argument("code")
def explain(code: str) -> None:
    """Say what a finding's CODE means."""
    found = CODES.get(code.upper())
    if found is None:
        raise UsageError(f"CODE must be one of {', '.join(CODES)}; got {code!r}")
    console = _console()
    console.print(f"[bold]{code.upper()}[/bold] {found.title}\n\n{found.meaning}\n\n{found.remedy}")


@command.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def derive(arguments: tuple[str, ...]) -> int:
    """Derive kernels and notebooks from the definitions (needs the derive extra)."""
    from derivations.__main__ import main

    return main(list(arguments)) or PASSED


def exit_code(certificates: list[Certificate], stale: list[Finding]) -> int:
    """Code of a run over several targets.

    A library that is not installed does not count; a failure outranks an import error, which
    outranks nothing having been judged.
    """
    present = [c for c in certificates if c.problem is None or c.problem.code != "RL106"]
    codes = {certificate.exit_code for certificate in present} | ({FAILED} if stale else set())
    order = (FAILED, USAGE, PASSED, NOTHING)
    return next((code for code in order if code in codes), NOTHING)


def _with(target: Target, axes: dict[str, Any], dtypes: str | None) -> Target:
    names = tuple(dtypes.split(",")) if dtypes else target.dtypes
    return replace(target, axes={**target.axes, **axes}, dtypes=names)


def _pairs(items: tuple[str, ...], option: str) -> Iterator[tuple[str, Any]]:
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} takes NAME=VALUE; got {item!r}")
        try:
            yield name, ast.literal_eval(value)
        except (ValueError, SyntaxError):
            yield name, value


def _one_selection(target: str | None, all_libraries: bool, chosen: tuple[str, ...]) -> None:
    """Require at most one of the three ways to say what is judged."""
    given = {"TARGET": target, "--library": chosen, "--all-libraries": all_libraries}
    named = [name for name, value in given.items() if value]
    if len(named) > 1:
        raise UsageError(f"give one of {', '.join(given)}; got {' and '.join(named)}")


def _unused(options: list[str], needs: str) -> None:
    if options:
        raise UsageError(f"{', '.join(options)} needs a {needs}; libraries declare their own")


def _writable(outputs: tuple[str, ...], targets: list[Target]) -> None:
    for output in outputs:
        if Path(output).suffix == ".json" and len(targets) > 1:
            raise UsageError(f"-o must be a folder for {len(targets)} targets; got {output!r}")
        if Path(output).suffix not in ("", ".json"):
            raise UsageError(f"-o must be FILE.json or a folder; got {output!r}")
        folder = Path(output).parent if Path(output).suffix else Path(output)
        existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK):
            raise UsageError(f"-o must lie in a folder that can be written; got {output!r}")


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[Target], Any]]:
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    visible = console.is_terminal and not console.quiet
    with Progress(*columns, console=console, transient=True, disable=not visible) as progress:
        task = progress.add_task("starting", total=None)

        def follow(target: Target) -> Callable[[Any], None]:
            progress.update(task, description=target.title)
            return lambda check: progress.update(
                task, description=f"{target.title}  {check.name}  {check.dtype}"
            )

        yield follow


def _console(quiet: bool = False) -> Console:
    """Make a console; files and pipes get the width that the tables are made for."""
    console = Console(highlight=False, quiet=quiet)
    if not console.is_terminal:
        console.width = 100
    return console


def _json(certificates: list[Certificate]) -> str:
    bodies = [certificate.to_dict() for certificate in certificates]
    return json.dumps(bodies, indent=1, sort_keys=True, allow_nan=False) + "\n"


def _complain(words: str, code: int) -> int:
    print(f"refloss: {words}", file=sys.stderr)
    return code
