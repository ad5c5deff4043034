"""``refloss show``: the card of one loss."""

from __future__ import annotations

import click

from crossval.certificate import PASSED
from crossval.commands.options import console, declaration, format_option, put_json
from crossval.report.card import card, print_card, to_markdown
from crossval.target import UsageError


@click.command("show", short_help="The card of a loss: formula, axes, constants, singular points.")
@click.argument("loss", metavar="LOSS[/PRESET]")
@click.option("--latex", is_flag=True, help="The program in LaTeX, nothing else.")
@click.option("--markdown", is_flag=True, help="The card in Markdown, program included.")
@format_option
def command(loss: str, latex: bool, markdown: bool, style: str) -> int:
    """Show the card of a loss: formula, inputs, axes, constants, singular points, sources.

    JSON: {"schema": "refloss-card-1", "loss", "preset", "title", "family", "formula", "inputs":
    {NAME: {"shape", "columns"}}, "axes": {NAME: {"default", "value", "doc", "values"}},
    "presets", "program", "constants": {NAME: {"decimal", "hex", "doc"}}, "singular": [{"where",
    "value", "derivative", "kind"}], "subgradients", "source", "latex"}.
    """
    if latex + markdown + (style == "json") > 1:
        raise UsageError("give one of --latex, --markdown, --format json")
    about = card(*declaration(loss))
    if style == "json":
        put_json(about)
    elif latex:
        click.echo(about["latex"])
    elif markdown:
        click.echo(to_markdown(about))
    else:
        print_card(about, console())
    return PASSED
