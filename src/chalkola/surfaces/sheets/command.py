"""`chalkola sheets`: what spreadsheets need from here."""

import click

from chalkola.surfaces.sheets.pushing_command import push_command
from chalkola.surfaces.sheets.templating import template_command
from chalkola.surfaces.sheets.tokens import token_command


@click.group("sheets")
def sheets_command() -> None:
    """Let Google Sheets read the figures."""


for command in (template_command, token_command, push_command):
    sheets_command.add_command(command)
