"""``refloss derive``: hands over to the derivations, whose own options it passes on."""

from __future__ import annotations

import click

from crossval.certificate import PASSED


@click.command(
    "derive",
    short_help="Write kernels and notebooks from the definitions.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Derive kernels and notebooks from the definitions (needs the derive extra)."""
    from derivations.__main__ import main

    return main(list(arguments)) or PASSED
