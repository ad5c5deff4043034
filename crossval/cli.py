"""The ``refloss`` command: a group of verbs, and the exit codes that they end in.

Exit codes: 0 pass (declared deviations included), 1 failures, 2 interrupted, 3 internal error,
4 usage, adapter or import error, 5 nothing selected.

A verb is a module of :mod:`crossval.commands` and an entry of ``VERBS``. It is imported when it is
called, so that ``refloss list`` needs neither ball arithmetic nor an adapter.
"""

from __future__ import annotations

import importlib
import traceback

import click

from crossval.certificate import INTERNAL, INTERRUPTED, PASSED, USAGE
from crossval.commands.options import complain
from crossval.target import UsageError

VERBS = ("list", "show", "eval", "certify", "identify", "explain", "repro", "derive")


def run(arguments: list[str]) -> int:
    """Run the command and return its exit code; only a missing module escapes."""
    try:
        return command.main(arguments, prog_name="refloss", standalone_mode=False) or PASSED
    except UsageError as error:
        return complain(str(error), USAGE)
    except click.UsageError as error:
        hint = f" (see: {error.ctx.command_path} --help)" if error.ctx else ""
        return complain(error.format_message() + hint, USAGE)
    except click.ClickException as error:
        return complain(error.format_message(), USAGE)
    except (KeyboardInterrupt, click.Abort):
        return complain("interrupted; certificates of finished targets are written", INTERRUPTED)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        if "-v" in arguments or "--verbose" in arguments:
            traceback.print_exc()
        return complain(
            f"internal error: {type(error).__name__}: {error} (-v shows where)", INTERNAL
        )


class Verbs(click.Group):
    """A group that imports a verb's module when the verb is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order in which they are learnt."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one verb; None if there is none of that name."""
        if cmd_name not in VERBS:
            return None
        return importlib.import_module(f"crossval.commands.{cmd_name}").command


@click.group(
    cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="refloss")
def command() -> None:
    """Numerical reference and gradient verification for deep-learning losses."""
