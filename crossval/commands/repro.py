"""``refloss repro``: one row as a script that needs no refloss."""

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
from crossval.reproduction.rows import row_of, to_dict
from crossval.reproduction.scripts import EMIT, Script
from crossval.target import Target


@click.command("repro", short_help="One row as a script that needs no refloss.")
@click.argument("case")
@click.option("--target", "reference", metavar="TARGET", help="MODULE:ATTR or FILE.py:ATTR.")
@set_option
@calling_options
@wrt_option
@click.option("--emit", type=click.Choice([*EMIT, "json"]), help="By the target's arrays.")
@format_option
def command(
    case: str,
    reference: str | None,
    axes: tuple[str, ...],
    call: str | None,
    init: tuple[str, ...],
    bind: dict[str, str],
    adapter: str,
    wrt: str | None,
    emit: str | None,
    style: str,
) -> int:
    """Write a stand-alone script that shows CASE, the id of a row or FILE.json#CASE.

    The script needs NumPy, or PyTorch with --emit torch, and the target. It holds input and
    expected results bit for bit, calls the target and prints what came, what must come and the
    distance in units of the last place. Without --target it has a place to put one.

    JSON (--emit json, --format json): {"schema": "refloss-case-1", "id", "loss", "title", "axes",
    "dtype", "where", "kind", "inputs": {NAME: [{"decimal", "hex", "bits"}]}, "upstream", "value":
    {"decimal", "hex", "bits", "hi_lo"}, "gradients": {NAME: [...]}, "target", "script"}; where
    several results are right a number is {"accepted": words}.
    """
    given = dict(pairs(axes, "--set"))
    if ".json#" in case:
        found = recorded(case)
        identity, target, values = found.id, found.target, {**found.axes, **given}
        gradient = bool(found.component)
        title = f"{found.code} {CODES[found.code].title}" if found.code in CODES else found.check
    else:
        identity, values, gradient, title = CaseId.parse(case), given, True, ""
        declaration(identity.declared)
        target = None
    if reference is not None:
        options = {"call": call, "init": dict(pairs(init, "--init")), "bind": bind}
        target = find(reference, identity.declared, axes=values, adapter=adapter, **options)
        target = replace(target, wrt=tuple(wrt.split(",")) if wrt else target.wrt)
    if target is not None:
        target = replace(target, axes=values)
    row = row_of(identity, values)
    form = emit if emit in EMIT else _form(target)
    heading = f"{identity} {title}".rstrip()
    script = Script(row, target, form, gradient, heading)
    if emit == "json" or style == "json":
        body = {"schema": "refloss-case-1", **to_dict(row), "script": str(script)}
        body["target"] = target.reference if target else None
        click.echo(json.dumps(plain(body), indent=1, sort_keys=True, allow_nan=False))
    else:
        click.echo(str(script), nl=False)
    return PASSED


def _form(target: Target | None) -> str:
    return "torch" if target is not None and target.adapter == "torch" else "python"
