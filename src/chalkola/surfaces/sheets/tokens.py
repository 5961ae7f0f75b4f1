"""`chalkola sheets token`: what a sheet shows with each question. Shown once, kept as a digest."""

import click
from rich.console import Console

from chalkola.errors import UsageError
from chalkola.settings import Settings, read_settings
from chalkola.store.sheet_tokens import Kind, SheetToken, new_sheet_token, read_sheet_tokens, revoke_sheet_token
from chalkola.surfaces import screen, words
from chalkola.surfaces.opening import database_url, opened, run
from chalkola.surfaces.output import unguarded_output

_LONGEST_NAME = 60

_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")


@click.group("token")
def token_command() -> None:
    """Make, list and revoke tokens: one for each sheet, so that each can be shut out alone."""


@token_command.command("create")
@click.argument("name")
@click.option(
    "--for", "kind", type=click.Choice(["sheet", "api"]), default="sheet", show_default=True,
    help="What it opens: the functions for sheets, or the JSON API of `chalkola serve`.",
)  # fmt: skip
@_as_json
def create_command(name: str, kind: Kind, as_json: bool) -> int:
    """Make a token and print it, once. NAME says later whose it is: of which sheet, or which person."""
    called = _checked(name)
    settings = read_settings()
    token = run(_create(settings, database_url(settings), called, kind))
    with unguarded_output():
        _show_new(called, token, kind, as_json=as_json)
    return 0


@token_command.command("list")
@_as_json
def list_command(as_json: bool) -> int:
    """Show which tokens there are, when each was used last, and which were revoked."""
    settings = read_settings()
    tokens = run(_read(settings, database_url(settings)))
    if as_json:
        screen.emit({"tokens": tokens})
    else:
        _show(screen.console(), tokens)
    return 0


@token_command.command("revoke")
@click.argument("named", metavar="NAME-OR-ID")
@_as_json
def revoke_command(named: str, as_json: bool) -> int:
    """Shut out the sheets that use a token, from their next question on. It cannot be undone."""
    settings = read_settings()
    revoked = run(_revoke(settings, database_url(settings), named.strip()))
    if as_json:
        screen.emit({"revoked": revoked})
    else:
        for token in revoked:
            screen.say(f"Revoked {token.name} ({token.id}): sheets that use it are told so at their next question.")
    return 0


def _checked(name: str) -> str:
    called = " ".join(name.split())
    if not called or len(called) > _LONGEST_NAME or not called.isprintable():
        raise UsageError(
            f"A token's name has 1 to {_LONGEST_NAME} letters that can be printed.",
            remedy="Name the sheet or the person it is for, like `chalkola sheets token create \"Sales team\"`.",
        )  # fmt: skip
    return called


async def _create(settings: Settings, url: str, name: str, kind: Kind) -> str:
    async with opened(settings, url) as store:
        for token in await read_sheet_tokens(store.pool):
            if token.revoked_at is None and name in (token.name, token.id):
                raise UsageError(
                    f"There is a token called {name} already, made on {words.instant(token.created_at)}.",
                    remedy=f"Choose another name, or revoke it first: chalkola sheets token revoke {token.id}",
                )
        return await new_sheet_token(store.pool, name, settings.clock.now(), kind=kind)


async def _read(settings: Settings, url: str) -> list[SheetToken]:
    async with opened(settings, url) as store:
        return await read_sheet_tokens(store.pool)


async def _revoke(settings: Settings, url: str, named: str) -> list[SheetToken]:
    async with opened(settings, url) as store:
        known = await read_sheet_tokens(store.pool)
        meant = [token for token in known if named in (token.name, token.id)]
        valid = [token for token in meant if token.revoked_at is None]
        if not valid:
            raise UsageError(_not_there(named, meant), remedy="`chalkola sheets token list` shows which there are.")
        for token in valid:
            await revoke_sheet_token(store.pool, token.id, settings.clock.now())
        return valid


def _not_there(named: str, meant: list[SheetToken]) -> str:
    if not meant:
        return f"There is no token with the name or id {named!r}."
    at = max(token.revoked_at for token in meant if token.revoked_at is not None)
    return f"{named} was revoked already, on {words.instant(at)}."


def _show_new(name: str, token: str, kind: Kind, *, as_json: bool) -> None:
    if as_json:
        screen.emit({"name": name, "token": token})
        return
    screen.say(token)
    screen.say("")
    use = "Paste it into the sheet: Chalkola > Connect …" if kind == "sheet" else "Show it as Authorization: Bearer …"
    screen.say(f"This is shown once and cannot be read again. {use}")
    who = "sheet" if kind == "sheet" else "program"
    screen.say(f"To shut that {who} out later: chalkola sheets token revoke {token.split('_')[1]}")


def _show(console: Console, tokens: list[SheetToken]) -> None:
    if not tokens:
        console.print("There is no token yet: `chalkola sheets token create NAME` makes one.", soft_wrap=True)
        return
    table = screen.table("name", "id", "for", "made", "last used", "", "> calls a minute")
    for token in tokens:
        revoked = token.revoked_at is not None
        used = "never" if token.last_used_at is None else words.instant(token.last_used_at)
        state = f"revoked {words.instant(token.revoked_at)}" if token.revoked_at is not None else "valid"
        table.add_row(
            token.name, token.id, token.kind, words.instant(token.created_at), used, state, f"{token.calls_a_minute}",
            style="dim" if revoked else "",
        )  # fmt: skip
    screen.show(console, table)
