"""`chalkola doctor` on screen: by what it is about, the account's name before it, and how it all ends."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console

from chalkola.pipeline.checkup import Area, Finding, Level
from chalkola.surfaces import words

_STYLES = {Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.FAULT: "red"}
_INDENT = " " * 11


def show(console: Console, findings: Sequence[Finding]) -> None:
    """Print every finding for people."""
    for heading, some in groupby(findings, key=_heading):
        console.print(f"\n{heading}", style="bold")
        for finding in some:
            _show(console, finding)
    console.print(f"\n{conclusion(findings)}", soft_wrap=True)


def _heading(finding: Finding) -> str:
    if finding.area is Area.ACCOUNT:
        return f"Account {finding.account}" if finding.account else "Marketplaces"
    return f"{finding.area.value[0].upper()}{finding.area.value[1:]}"


def _show(console: Console, finding: Finding) -> None:
    console.print(f"  {finding.level.value:<7}", style=_STYLES[finding.level], end="  ")
    first, *more = finding.what.splitlines()
    console.print(first, soft_wrap=True)
    named = (("why", finding.why), ("do", finding.remedy), ("where", finding.where))
    for line in (*more, *(f"{name}: {text}" for name, text in named if text)):
        console.print(f"{_INDENT}{line}", soft_wrap=True)


def conclusion(findings: Sequence[Finding]) -> str:
    """Return how it all ends, in one or two sentences."""
    faults = sum(finding.level is Level.FAULT for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    if faults:
        also = f" and {words.count(warnings, 'warning')}" if warnings else ""
        return f"{words.count(faults, 'fault')}{also}. Mend the faults first, then run `chalkola doctor` again."
    if warnings:
        return f"No fault, {words.count(warnings, 'warning')}: `chalkola pull` can begin."
    return "All is well: `chalkola pull` can begin."
