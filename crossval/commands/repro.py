"""``refloss repro``: one row as a script of about a dozen lines."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from crossval.case_ids import CaseId
from crossval.certificate import PASSED, plain
from crossval.codes import CODES
from crossval.commands.options import (
    calling_options,
    declaration,
    format_option,
    pairs,
    set_option,
    wrt_option,
)
from crossval.engine import find
from crossval.reproduction.certificates import recorded
from crossval.reproduction.hygiene import HygieneScript
from crossval.reproduction.lines import HYGIENE
from crossval.reproduction.rows import Row, row_of, to_dict
from crossval.reproduction.scripts import EMIT, Script
from crossval.target import Target, UsageError


@click.command("repro", short_help="One row as a script of a dozen lines.")
@click.argument("case")
@click.option("--target", "reference", metavar="TARGET", help="MODULE:ATTR or FILE.py:ATTR.")
@click.option("--check", type=click.Choice(HYGIENE), help="Show this check instead of numbers.")
@set_option
@calling_options
@wrt_option
@click.option("--emit", type=click.Choice([*EMIT, "json"]), help="By the target's arrays.")
@format_option
def command(
    case: str,
    reference: str | None,
    check: str | None,
    axes: tuple[str, ...],
    call: str | None,
    init: tuple[str, ...],
    bind: dict[str, str],
    adapter: str,
    wrt: str | None,
    emit: str | None,
    style: str,
) -> int:
    """Write a script that shows CASE, the id of a row or FILE.json#CASE.

    It holds input, certified truth and what the judge lets pass, calls the target, prints what
    came, the truth and the distance in units of the last place, and ends with code 1 if a number
    is wrong, else 0. It needs the target and NumPy, or PyTorch or JAX with --emit torch or jax;
    where several gradients are right, as at a tie, also crossval. A script for a target of jax-jit
    is not compiled. Without --target it has a place to put one.

    With --check it shows a check that is not about numbers, on the row and the two after it.

    JSON (--emit json, --format json): {"schema": "refloss-case-1", "id", "loss", "title", "axes",
    "dtype", "where", "kind", "inputs": {NAME: [{"decimal", "hex", "bits"}]}, "upstream", "value":
    {"decimal", "hex", "bits", "hi_lo"}, "gradients": {NAME: [...]}, "target", "script"}; where
    several results are right a number is {"accepted": words}.
    """
    given = dict(pairs(axes, "--set"))
    if ".json#" in case:
        found = recorded(case)
        identity, target, values = found.id, found.target, {**found.axes, **given}
        check = check or (found.check if found.check in HYGIENE else None)
        gradient = bool(found.component)
        title = f"{found.code} {CODES[found.code].title}" if found.code in CODES else found.check
    else:
        identity, gradient, title = CaseId.parse(case), True, check or ""
        values = {**dict(identity.axes), **given}
        declaration(identity.declared)
        target = None
    if reference is not None:
        options = {"call": call, "init": dict(pairs(init, "--init")), "bind": bind}
        target = find(reference, identity.declared, axes=values, adapter=adapter, **options)
        target = replace(target, wrt=tuple(wrt.split(",")) if wrt else target.wrt)
    if target is not None:
        target = replace(target, axes=values)
    if check and target and target.bind:
        raise UsageError("--check: expected a target that is given its inputs; got one with --bind")
    row = row_of(identity, values)
    form = emit if emit in EMIT else _form(target)
    heading = f"{identity} {title}".rstrip()
    if check:
        script = HygieneScript(_neighbours(row), target, form, check, heading)
    else:
        script = Script(row, target, form, gradient, heading)
    if emit == "json" or style == "json":
        body = {"schema": "refloss-case-1", **to_dict(row), "script": str(script)}
        body["target"] = target.reference if target else None
        click.echo(json.dumps(plain(body), indent=1, sort_keys=True, allow_nan=False))
    else:
        click.echo(str(script), nl=False)
    return PASSED


def _neighbours(row: Row) -> tuple[Row, ...]:
    """Return a row and the two after it."""
    count = len(row.family.points(row.id.dtype, row.id.level))
    others = (replace(row.id, row=(row.id.row + step) % count) for step in (1, 2))
    return row, *(row_of(each, row.given) for each in others)


def _form(target: Target | None) -> str:
    if target is None or target.adapter == "numpy":
        return "python"
    return "jax" if target.takes_jax else "torch"
