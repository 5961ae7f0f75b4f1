"""After a stormy run no secret, token or presigned address is anywhere: not in the database, not in what was said."""

import json
import logging
import re
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import psycopg
import pytest
from psycopg import sql

from amazon_simulator import Fault
from night import THREE, OpenShop
from processes import REPORTS_ONLY, Amazon, Machine, simulated_amazon

STORM = [
    Fault(kind="throttled", operation="createReport", account="NA", retry_after=30),
    Fault(kind="server_error", operation="createReport", account="EU"),
    Fault(kind="reset_after", operation="createReport", account="FE"),
    # One each: a second refusal in a row, after a fresh token, would close the source.
    Fault(kind="unauthorized", operation="getReport", account="NA"),
    Fault(kind="unauthorized", operation="getReport", account="EU"),
    Fault(kind="token_expired", operation="getReportDocument", account="NA"),
    Fault(kind="token_expired", operation="getReportDocument", account="FE"),
    Fault(kind="unavailable_html", operation="login"),
    Fault(kind="expired_url", times=3),
    Fault(kind="truncated_gzip"),
    Fault(kind="cut_body"),
    Fault(kind="reset_before", operation="download"),
    Fault(kind="fatal_with_document", marketplace="DE"),
    Fault(kind="new_field", marketplace="JP"),
    Fault(kind="invalid_client", account="FE", skip=2),
]
WORSE = [
    *STORM[:-1],
    Fault(kind="server_error", operation="download"),
    Fault(kind="not_json", marketplace="US"),
    Fault(kind="reset_before", operation="login", account="FE"),
    Fault(kind="unauthorized", operation="login", account="NA", skip=1),
    Fault(kind="token_revoked", account="FE", skip=2),
]
"""For one run each in words and in JSON: logins fail in its middle, and a person is told."""

LOOKS_SECRET = re.compile(
    r"Atz[ar](\||%7C)|amzn1\.oa2-cs|X-Amz-|refresh_token=|spdoc-prod"
    # The parts of which the simulated Amazon makes access tokens and signatures; nothing of ours looks like them.
    r"|\bWyJ[\w-]{20,}|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"
)


async def test_no_secret_is_in_the_database_or_in_what_was_said_after_a_stormy_run(
    opened_shop: OpenShop, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shop = await opened_shop(faults=tuple(STORM), processing_seconds=900.0)
    secrets = {shop.amazon.client_secret, *(account.refresh_token for account in shop.amazon.accounts)}

    reports = await shop.nights(3)

    assert all(fault["struck"] for fault in shop.amazon.mischief.to_json()), "the storm has not come to an end"
    said = capfd.readouterr()
    # httpx2 logs addresses without their query: the path of a document alone opens nothing.
    logged = caplog.text.replace("/spdoc-prod/", "/a document/")
    places = {
        "log": logged,
        "output": said.out + said.err,
        "reports": repr(reports),
        "settings": repr(shop.settings),
        **columns(shop.url),
    }
    search(places, secrets)
    assert "request_id of sp_api_calls" in places
    assert {code for code, _ in shop.loaded_days()} == set(THREE)


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_in_what_the_command_says_or_leaves_behind_in_a_stormy_run(
    database_url: str, tmp_path: Path, form: str
) -> None:
    with simulated_amazon(tmp_path, speed=600, marketplaces=THREE, without_role=REPORTS_ONLY) as amazon:
        machine = Machine(
            home=tmp_path, url=database_url, amazon=replace(amazon, env={**amazon.env, "CHALKOLA_LOG": form})
        )
        amazon.goes_wrong(*(fault.to_json() for fault in WORSE))

        codes = [machine.start("2026-11-16", "2026-11-17").wait(timeout=120) for _ in range(2)]
        told = machine.output()
        struck = _struck(amazon)

    assert 1 in codes, f"nothing is told that a person must do: {told}"
    assert sum(map(bool, struck)) >= 14, f"it was no storm: {struck}"
    for line in filter(None, told.splitlines()):
        assert form == "text" or json.loads(line)["event"], line
    left_behind = {str(path): path.read_text(errors="replace") for path in tmp_path.rglob("*") if _is_ours(path)}
    search({"output": told, **left_behind, **columns(database_url)}, secrets_of(amazon.env, database_url))
    assert "Account" in told or '"event":"fault"' in told


def secrets_of(env: Mapping[str, str], url: str) -> set[str]:
    """Return the secret settings and the database's password, as they are and as addresses have them."""
    values = {value for name, value in env.items() if name.startswith(("SP_REFRESH_TOKEN_", "SP_LWA_CLIENT_SECRET"))}
    password = urlsplit(url).password or ""
    assert len(values) == 4
    assert len(password) > 20
    return {spelled for value in (*values, password) for spelled in (value, quote(value, safe=""), unquote(value))}


def search(places: Mapping[str, str], secrets: Iterable[str]) -> None:
    """Raise AssertionError where one of the places has a secret, or what looks like one."""
    for where, text in places.items():
        assert not any(secret in text for secret in secrets), f"a secret is in {where}"
        found = LOOKS_SECRET.search(text)
        assert found is None, f"{where} has …{text[max(0, found.start() - 80) : found.end() + 40]}…"


def columns(url: str) -> dict[str, str]:
    """Return the whole content of every column of every table that can hold text, by `column of table`."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem"
            " WHERE c.relkind IN ('r', 'p', 'm') AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0"
            " AND NOT a.attisdropped AND (coalesce(e.typcategory, t.typcategory) = 'S'"
            "  OR coalesce(e.typname, t.typname) IN ('json', 'jsonb', 'bytea', 'xml', 'hstore'))"
        ).fetchall()
        return {f"{column} of {table}": _content(connection, table, column) for table, column in found}


def _content(connection: psycopg.Connection, table: str, column: str) -> str:
    query = sql.SQL("SELECT coalesce(string_agg({0}::text, E'\\n'), '') FROM {1}").format(
        sql.Identifier(column), sql.Identifier(table)
    )
    return str((connection.execute(query).fetchone() or ("",))[0])


def _is_ours(path: Path) -> bool:
    """Return whether we have written a file, and it is none of Amazon's documents."""
    return path.is_file() and path.name not in ("ready.json", "amazon.txt") and "archive" not in path.parts


def _struck(amazon: Amazon) -> list[int]:
    """Return how often each fault has struck."""
    with urllib.request.urlopen(f"{amazon.control}/_simulator/mischief", timeout=10) as answer:
        return [fault["struck"] for fault in json.load(answer)]
