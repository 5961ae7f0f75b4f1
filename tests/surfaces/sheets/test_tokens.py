"""Tokens of sheets, made, listed and revoked by the command, and what a sheet is answered meanwhile."""

import json
import re
from typing import Any

import psycopg

LOOKS = r"cs_[0-9a-z]+_[0-9A-Za-z]{32,}"


def asked(database_url: str, token: str) -> str:
    """Return the code of the answer to a sheet, `ok` for one that is let in."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute("SELECT sheet_status(token => %s)", (token,)).fetchone()
    assert row
    return "ok" if row[0]["ok"] else str(row[0]["code"])


def test_a_token_is_shown_once_lets_a_sheet_in_and_is_shut_out_when_it_is_revoked(
    alone: Any, database_url: str
) -> None:
    made = alone("sheets", "token", "create", "Sales  team", DATABASE_URL=database_url)
    assert made.code == 0, made.err
    token = made.out.splitlines()[0]
    assert re.fullmatch(LOOKS, token)
    assert asked(database_url, token) == "ok"
    assert asked(database_url, token[:-1] + ("0" if token[-1] != "0" else "1")) == "token_unknown"

    listed = alone("sheets", "token", "list", DATABASE_URL=database_url)
    assert "Sales team" in listed.out
    assert token.split("_")[2] not in listed.out
    assert "never" not in listed.out, "its last use is known"

    assert alone("sheets", "token", "revoke", "Sales team", DATABASE_URL=database_url).code == 0
    assert asked(database_url, token) == "token_revoked"
    again = alone("sheets", "token", "revoke", "Sales team", DATABASE_URL=database_url)
    assert again.code == 2
    assert "was revoked already" in again.err


def test_each_command_speaks_json(alone: Any, database_url: str) -> None:
    made = alone("sheets", "token", "create", "Ann", "--json", DATABASE_URL=database_url).object
    assert made["name"] == "Ann"
    assert re.fullmatch(LOOKS, made["token"])
    (listed,) = alone("sheets", "token", "list", "--json", DATABASE_URL=database_url).object["tokens"]
    assert (listed["name"], listed["last_used_at"], listed["revoked_at"]) == ("Ann", None, None)
    assert json.dumps(listed).find(made["token"].split("_")[2]) == -1
    (revoked,) = alone("sheets", "token", "revoke", listed["id"], "--json", DATABASE_URL=database_url).object[
        "revoked"
    ]
    assert revoked["id"] == listed["id"]


def test_what_cannot_be_done_is_said(alone: Any, database_url: str) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        done = alone("sheets", "token", *arguments, DATABASE_URL=database_url)
        assert "Traceback" not in done.err
        return done.code, done.err

    assert said("create", "Ann")[0] == 0
    code, words = said("create", "Ann")
    assert code == 2
    assert "called Ann already" in words
    for name in ("", "  ", "x" * 61, "a\x07b"):
        assert said("create", name)[0] == 2
    code, words = said("revoke", "Bob")
    assert code == 2
    assert "There is no token with the name or id 'Bob'" in words
    assert "There is no token yet" not in alone("sheets", "token", "list", DATABASE_URL=database_url).out
