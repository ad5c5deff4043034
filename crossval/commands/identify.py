"""``refloss identify``: say which convention an implementation follows."""

from __future__ import annotations

import click

from crossval.commands.options import (
    calling_options,
    console,
    format_option,
    pairs,
    put_json,
)
from crossval.identification import identify
from crossval.identification.driver import DTYPES, LEVELS
from crossval.report.identification import show_identification
from crossval.runner import Limits

_POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command("identify")
@click.argument("target")
@click.option(
    *("--among", "--as", "among"),
    metavar="LOSS,...",
    help="Losses to consider; all that fit by default.",
)
@click.option("--dtype", type=click.Choice(DTYPES), default="float64", show_default=True)
@calling_options
@click.option(
    "--set", "arguments", multiple=True, metavar="NAME=VALUE", help="Arguments of every call."
)
@click.option("--level", type=click.Choice(LEVELS), default="standard", show_default=True)
@click.option(
    "--time-limit", type=_POSITIVE, default=30.0, show_default=True, help="Seconds a call."
)
@click.option("--memory-limit", type=_POSITIVE, default=4, show_default=True, help="GiB.")
@format_option
@click.option("-v", "--verbose", is_flag=True, help="Traceback of an internal error.")
def command(
    target: str,
    among: str | None,
    dtype: str,
    call: str | None,
    init: tuple[str, ...],
    bind: dict[str, str],
    adapter: str,
    arguments: tuple[str, ...],
    level: str,
    time_limit: float,
    memory_limit: float,
    style: str,
    verbose: bool,
) -> int:
    """Say which convention TARGET, MODULE:ATTR or FILE.py:ATTR, follows.

    Its values and gradients at a few hundred pinned probes are compared with every preset, then
    with single axes and pairs changed; amounts such as eps are solved for; factors, offsets and
    what a mean divides by are named. Exit code 0: values, gradients and denominator follow
    something known. 1: nothing fits, or only with a slip that is named, or only the values, or only
    the rows of a sum that is divided by nothing known; the verdict says which.

    JSON: {"schema": "refloss-identification-1", "verdict", "found", "best": {"definition":
    {"title", "loss", "preset", "also", "changes", "axes", "reading"}, "factor", "offset",
    "relation", "digits", "worst"}, "gradient", "axes": [{"name", "value", "told_by", "open",
    "resolution"}], "reduction", "divided", "equal", "runner_up", "separation", "open", "notes":
    [{"code", "words"}], "untested", "problem"}.
    """
    del verbose  # read by crossval.cli.run(), which reports what escapes from here
    answer = identify(
        target,
        None if among is None else [name.strip() for name in among.split(",") if name.strip()],
        dtype=dtype,
        level=level,
        arguments=dict(pairs(arguments, "--set")),
        call=call,
        init=dict(pairs(init, "--init")),
        bind=bind,
        adapter=adapter,
        limits=Limits(seconds=time_limit, memory=int(memory_limit * 2**30)),
    )
    if style == "json":
        put_json(answer.to_dict())
    else:
        show_identification(answer, console())
    return answer.exit_code
