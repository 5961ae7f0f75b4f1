"""`chalkola doctor`: a preflight. What is well, what is not, why that matters, and what to do about it where."""

from collections.abc import Iterable
from dataclasses import replace

import click

from chalkola.errors import Fault
from chalkola.pipeline.checkup import Area, Finding, Level, check_up, is_well
from chalkola.pipeline.checkup.finding import from_error
from chalkola.settings import read_settings
from chalkola.surfaces import failures, screen
from chalkola.surfaces.doctor_screen import show
from chalkola.surfaces.opening import database_url, run


@click.command("doctor")
@click.option("--day-zone", is_flag=True, help="Find out in which zone Amazon's days run: three calls a marketplace.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def doctor_command(day_zone: bool, as_json: bool) -> int:
    """Look at settings, database, logins, roles and quotas, and say what to do about each fault.

    It asks Amazon a handful of harmless questions, and tries closed sources again. It exits with 1 for a fault.
    """
    findings = [_without_secrets(finding) for finding in _examined(day_zone=day_zone)]
    if as_json:
        screen.emit({"ok": is_well(findings), "findings": findings})
    else:
        show(screen.console(), findings)
    return 0 if is_well(findings) else 1


def _examined(*, day_zone: bool) -> Iterable[Finding]:
    """Look at everything; where not even that can begin, the finding is why."""
    try:
        settings = read_settings()
    except Fault as fault:
        return [from_error(Area.SETTINGS, Level.FAULT, fault)]
    try:
        url = database_url(settings)
    except Fault as fault:
        return [from_error(Area.DATABASE, Level.FAULT, fault)]
    return run(check_up(settings, url, day_zone=day_zone))


def _without_secrets(finding: Finding) -> Finding:
    """Return a finding free of secrets, whatever Amazon or the database has repeated of them."""
    hide = failures.without_secrets
    return replace(finding, what=hide(finding.what), why=hide(finding.why), remedy=hide(finding.remedy))
