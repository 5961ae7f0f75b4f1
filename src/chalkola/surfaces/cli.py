"""The command line: every command, and what becomes of an error."""

import sys
from collections.abc import Sequence
from importlib import import_module

import click

import chalkola
from chalkola.errors import ChalkolaError
from chalkola.surfaces import failures
from chalkola.surfaces.logs import warnings_as_events
from chalkola.surfaces.output import guarded_output

_COMMANDS = {
    "pull": "pulling:pull_command",
    "plan": "planning:plan_command",
    "status": "status:status_command",
    "gaps": "gaps:gaps_command",
    "why": "why:why_command",
    "calls": "calls:calls_command",
    "alerts": "alerts.command:alerts_command",
    "doctor": "doctor:doctor_command",
    "import": "importing:import_command",
    "compare": "comparing:compare_command",
    "reload": "reloading:reload_command",
    "export": "exporting:export_command",
    "migrate": "migrating:migrate_command",
    "psql": "server:psql_command",
    "demo": "demo:demo_command",
    "simulate": "simulating:simulate_command",
    "stop": "server:stop_command",
    "backfill": "backfilling:backfill_command",
    "run": "staying.command:run_command",
    "serve": "web.command:serve_command",
    "sheets": "sheets.command:sheets_command",
}
"""Where each command is, by importance."""


class _WhenAsked(click.Group):
    """Imports a command when it is asked for: all of them together take longer to load than most take to run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"chalkola.surfaces.{module}"), name)
        return command


@click.group("chalkola", cls=_WhenAsked, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(chalkola.__version__, prog_name="chalkola")
def commands() -> None:
    """Own your Amazon data: sales and traffic per ASIN and day, in your PostgreSQL.

    Exit codes: 0 done, or stopped in good order; 1 a person is needed; 2 wrong usage; 3 some days failed or are late.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Return its exit code, having said on standard error what went wrong if anything did."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with guarded_output(), warnings_as_events():
        return _run(given)


def _run(given: list[str]) -> int:
    try:
        return int(commands.main(given, prog_name="chalkola", standalone_mode=False) or 0)
    except click.ClickException as error:
        return failures.tell_usage(error)
    except (KeyboardInterrupt, click.Abort):
        return failures.tell_interrupted()
    except ChalkolaError as error:
        return failures.tell(error)
    except Exception as error:
        return failures.tell_unexpected(error, given)


if __name__ == "__main__":
    sys.exit(main())
