"""`chalkola doctor`: a preflight. What is well, what is not, why that matters, and what to do about it where."""

import click

from chalkola.errors import Fault
from chalkola.pipeline.checkup import Area, Finding, Level, check_up, is_well
from chalkola.pipeline.checkup.finding import from_error
from chalkola.settings import read_settings
from chalkola.surfaces import screen
from chalkola.surfaces.doctor_screen import show
from chalkola.surfaces.opening import data_address, run
from chalkola.surfaces.summarising import summarise_findings


@click.command("doctor")
@click.option("--day-zone", is_flag=True, help="Find out in which zone Amazon's days run: three calls a marketplace.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def doctor_command(day_zone: bool, as_json: bool) -> int:
    """Look at settings, database, logins, roles and quotas, and say what to do about each fault.

    It asks Amazon a handful of harmless questions, and tries closed sources again. It exits with 1 for a fault.
    """
    findings = _examined(day_zone=day_zone)
    if as_json:
        screen.emit({"ok": is_well(findings), "findings": findings})
    else:
        show(screen.console(), findings)
    summarise_findings(findings)
    return 0 if is_well(findings) else 1


def _examined(*, day_zone: bool) -> list[Finding]:
    """Look at everything; where not even that can begin, the finding is why."""
    try:
        settings = read_settings()
    except Fault as fault:
        return [from_error(Area.SETTINGS, Level.FAULT, fault)]
    try:
        url = data_address(settings)
    except Fault as fault:
        return [from_error(Area.DATABASE, Level.FAULT, fault)]
    return run(check_up(settings, url, day_zone=day_zone))
