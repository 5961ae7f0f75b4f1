"""The command line: every command, and what becomes of an error."""

import sys
from collections.abc import Sequence

import click

import chalkola
from chalkola.errors import ChalkolaError
from chalkola.surfaces import failures
from chalkola.surfaces.alerts.command import alerts_command
from chalkola.surfaces.backfilling import backfill_command
from chalkola.surfaces.calls import calls_command
from chalkola.surfaces.comparing import compare_command
from chalkola.surfaces.demo import demo_command
from chalkola.surfaces.doctor import doctor_command
from chalkola.surfaces.exporting import export_command
from chalkola.surfaces.gaps import gaps_command
from chalkola.surfaces.importing import import_command
from chalkola.surfaces.logs import warnings_as_events
from chalkola.surfaces.migrating import migrate_command
from chalkola.surfaces.output import guarded_output
from chalkola.surfaces.planning import plan_command
from chalkola.surfaces.pulling import pull_command
from chalkola.surfaces.reloading import reload_command
from chalkola.surfaces.server import psql_command, stop_command
from chalkola.surfaces.sheets.command import sheets_command
from chalkola.surfaces.simulating import simulate_command
from chalkola.surfaces.status import status_command
from chalkola.surfaces.staying.command import run_command
from chalkola.surfaces.web.command import serve_command
from chalkola.surfaces.why import why_command


class _InOrder(click.Group):
    """Lists its commands as they were added: by importance, not by letter."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group("chalkola", cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(chalkola.__version__, prog_name="chalkola")
def commands() -> None:
    """Own your Amazon data: sales and traffic per ASIN and day, in your PostgreSQL.

    Exit codes: 0 done, or stopped in good order; 1 a person is needed; 2 wrong usage; 3 some days failed or are late.
    """


for command in (
    pull_command, plan_command, status_command, gaps_command, why_command, calls_command, alerts_command,
    doctor_command, import_command, compare_command, reload_command, export_command, migrate_command,
    psql_command, demo_command, simulate_command, stop_command, backfill_command, run_command, serve_command,
    sheets_command,
):  # fmt: skip
    commands.add_command(command)


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
