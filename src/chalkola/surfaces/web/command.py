"""`chalkola serve`: pages for people, and functions for sheets."""

import click

from chalkola.errors import Fault, UsageError
from chalkola.settings import Settings, given_names, read_settings
from chalkola.surfaces.opening import database_url, run
from chalkola.surfaces.web.addresses import is_loopback

LOOPBACK, PORT = "127.0.0.1", 8800


@click.command("serve")
@click.option(
    "--host", metavar="ADDRESS", default=LOOPBACK, show_default=True,
    help="Where it listens; 0.0.0.0 for whoever can reach this machine: then people sign in, or --only-sheets.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N",
    help=f"The port; without it PORT where that is set, else {PORT}. 0 takes a free one.",
)  # fmt: skip
@click.option(
    "--only-sheets", is_flag=True, help="No pages: the functions for sheets, each call of which needs a token."
)
def serve_command(host: str, port: int | None, only_sheets: bool) -> int:
    """Serve pages for people, the functions that sheets call (at /rest/v1/rpc/), and GET /health.

    It reads the database and never asks Amazon. Ctrl-C or SIGTERM ends it in good order: what is being answered is
    answered first.
    """
    settings = read_settings()
    require_database(settings)
    if not only_sheets:
        require_whole_sign_in(settings)
        refuse_strangers(host, signs_in=settings.sign_in is not None)
    url = database_url(settings, "`chalkola serve`")
    chosen = settings.port if port is None else port
    # Only here: its libraries would make every other command a third of a second slower.
    from chalkola.surfaces.web.running import serve_until_stopped

    port = PORT if chosen is None else chosen
    run(serve_until_stopped(settings, url, host, port, pages=not only_sheets, given=given_names()))
    return 0


def require_database(settings: Settings) -> None:
    """Raise `Fault` where the data is in a Supabase project that we reach by its interface alone."""
    if settings.supabase is not None and not settings.database_url:
        raise Fault(
            "DATABASE_URL is missing: a server reads the database itself.",
            why="SUPABASE_URL and SUPABASE_SERVICE_KEY lead to it by Supabase's interface alone.",
            remedy="Copy DATABASE_URL from Supabase > Connect > Session pooler. A sheet needs no server: it can ask"
            " Supabase itself.",
        )


def require_whole_sign_in(settings: Settings) -> None:
    """Raise `Fault` where a part of what signing in needs is set, and the rest is not."""
    if settings.sign_in_lacks:
        listed = "\n".join(f"  - {lack}" for lack in settings.sign_in_lacks)
        raise Fault(
            f"Signing in with Google is set up in part:\n{listed}\n",
            remedy="Set these as well, or none: then the pages are for this machine alone. See docs/serving.md.",
        )


def refuse_strangers(host: str, *, signs_in: bool) -> None:
    """Raise `UsageError` where others than this machine could reach pages that nobody signs in to."""
    if not signs_in and not is_loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines, and nobody would have to sign in to the pages.",
            why="GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, ALLOWED_EMAIL_DOMAIN and SESSION_SECRET are not set.",
            remedy="Set them (docs/serving.md); or serve sheets alone, for which each call needs a token: chalkola"
            f" serve --only-sheets --host {host}; or leave --host out: then only this machine reaches it.",
        )
