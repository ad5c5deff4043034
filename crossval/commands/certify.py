"""``refloss certify``: judge implementations against their definitions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from crossval.adapters import libraries
from crossval.certificate import FAILED, NOTHING, PASSED, USAGE, Certificate
from crossval.commands.options import (
    calling_options,
    complain,
    console,
    format_option,
    pairs,
    set_option,
    wrt_option,
)
from crossval.commands.selection import of_libraries, one
from crossval.engine import certify_all, outdated
from crossval.findings import Finding
from crossval.points.boxes import ROWS
from crossval.report.terminal import show, show_legend, show_summary, text_of
from crossval.runner import Limits
from crossval.target import REDUCTIONS, Target, UsageError

_POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command("certify", short_help="Judge an implementation against a definition.")
@click.argument("target", required=False)
@click.option("--as", "declared", metavar="LOSS[/PRESET]", help="Definition to judge against.")
@set_option
@click.option("--dtype", "dtypes", metavar="D,...", help="Formats under test; all four by default.")
@calling_options
@wrt_option
@click.option(
    "--reduction", type=click.Choice(REDUCTIONS), help="What a batch gives; measured by default."
)
@click.option(
    "--check", "wanted", multiple=True, metavar="GLOB,...", help="Checks to run; all by default."
)
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="OUT", help="FILE.json or a folder."
)
@format_option
@click.option("--level", type=click.Choice(list(ROWS)), help="Number of points; standard.")
@click.option(
    "--library", "chosen", multiple=True, metavar="NAME", help="All targets of a library."
)
@click.option("--all-libraries", is_flag=True, help="All targets of all libraries.")
@click.option(
    "--time-limit", type=_POSITIVE, default=30.0, show_default=True, help="Seconds a call."
)
@click.option("--memory-limit", type=_POSITIVE, default=4, show_default=True, help="GiB.")
@click.option("-v", "--verbose", is_flag=True, help="Traceback of an internal error.")
def command(
    target: str | None,
    declared: str | None,
    axes: tuple[str, ...],
    dtypes: str | None,
    call: str | None,
    init: tuple[str, ...],
    bind: dict[str, str],
    wrt: str | None,
    adapter: str,
    reduction: str | None,
    wanted: tuple[str, ...],
    outputs: tuple[str, ...],
    style: str,
    level: str | None,
    chosen: tuple[str, ...],
    all_libraries: bool,
    time_limit: float,
    memory_limit: float,
    verbose: bool,
) -> int:
    """Judge TARGET against a definition: MODULE:ATTR, FILE.py:ATTR or a declared name.

    The name is that of a table [tool.refloss.targets.NAME] in the pyproject.toml of this folder.

    Value and gradients are compared with certified truth; every tolerance is derived from the
    format, the conditioning and the rounding bound of the formula at that very input.

    With --format json a list of certificates is printed, each as -o writes it; their schema is
    crossval/report/certificate.schema.json.
    """
    del verbose  # read by crossval.cli.run(), which reports what escapes from here
    _one_selection(target, all_libraries, chosen)
    own = {
        "declared": declared,
        "axes": dict(pairs(axes, "--set")),
        "call": call,
        "init": dict(pairs(init, "--init")),
        "bind": bind,
        "wrt": tuple(wrt.split(",")) if wrt else None,
        "adapter": adapter if _is_given("adapter") else None,
        "reduction": reduction,
    }
    given = {name: value for name, value in own.items() if value}
    names = tuple(libraries.names()) if all_libraries else chosen
    selected = of_libraries(names, given) if target is None else one(target, given)
    selected = selected.changed(dtypes, level)
    targets = list(selected.targets)
    if not targets:
        return complain("nothing selected: give TARGET, --library or --all-libraries", NOTHING)
    _writable(outputs, targets)
    limits = Limits(seconds=time_limit, memory=int(memory_limit * 2**30))
    only = tuple(glob for globs in wanted for glob in globs.split(",")) or ("*",)
    screen = console(quiet=style == "json")
    certificates = []
    with _progress(screen) as progress:
        for certificate in certify_all(
            targets,
            level=selected.level,
            limits=limits,
            only=only,
            expected=selected.expected,
            progress=progress,
        ):
            certificates.append(certificate)
            show(certificate, screen)
            for output in outputs:
                screen.print(f"written to {certificate.write(output)}", style="dim")
    complete = target is None and selected.level != "smoke" and not wanted
    stale = [*selected.stale, *(outdated(certificates) if complete else [])]
    if style == "json":
        click.echo(_json(certificates), nl=False)
        for finding in stale:
            complain(f"{finding.code} {finding.message}", FAILED)
    elif len(certificates) > 1:
        show_summary(certificates, stale, screen)
    else:
        _show_end(certificates, stale, screen)
    return exit_code(certificates, stale)


def _show_end(certificates: list[Certificate], stale: list[Finding], screen: Console) -> None:
    """Print what follows a single certificate; grades are explained where there are any."""
    if stale:
        screen.print(f"\n{text_of(stale)}", markup=False)
    if any(certificate.problem is None for certificate in certificates):
        show_legend(screen)


def exit_code(certificates: list[Certificate], stale: list[Finding]) -> int:
    """Code of a run over several targets.

    A library that is not installed does not count; a failure outranks an import error, which
    outranks nothing having been judged.
    """
    present = [c for c in certificates if c.problem is None or c.problem.code != "RL106"]
    codes = {certificate.exit_code for certificate in present} | ({FAILED} if stale else set())
    order = (FAILED, USAGE, PASSED, NOTHING)
    return next((code for code in order if code in codes), NOTHING)


def _is_given(option: str) -> bool:
    """Whether an option with a default was written on the command line."""
    source = click.get_current_context().get_parameter_source(option)
    return source is not ParameterSource.DEFAULT


def _one_selection(target: str | None, all_libraries: bool, chosen: tuple[str, ...]) -> None:
    """Require at most one of the three ways to say what is judged."""
    given = {"TARGET": target, "--library": chosen, "--all-libraries": all_libraries}
    named = [name for name, value in given.items() if value]
    if len(named) > 1:
        raise UsageError(f"give one of {', '.join(given)}; got {' and '.join(named)}")


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
def _progress(screen: Console) -> Iterator[Callable[[Target], Any]]:
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    visible = screen.is_terminal and not screen.quiet
    with Progress(*columns, console=screen, transient=True, disable=not visible) as progress:
        task = progress.add_task("starting", total=None)

        def follow(target: Target) -> Callable[[Any], None]:
            progress.update(task, description=target.title)
            return lambda check: progress.update(
                task, description=f"{target.title}  {check.name}  {check.dtype}"
            )

        yield follow


def _json(certificates: list[Certificate]) -> str:
    bodies = [certificate.to_dict() for certificate in certificates]
    return json.dumps(bodies, indent=1, sort_keys=True, allow_nan=False) + "\n"
