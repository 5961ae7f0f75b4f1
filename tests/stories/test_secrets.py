"""After a stormy run no secret, token or presigned address is anywhere: not in the database, not in what was said."""

import logging
import re

import psycopg
import pytest
from psycopg import sql

from amazon_simulator import Fault
from night import THREE, OpenShop

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

LOOKS_SECRET = re.compile(r"Atz[ar]\||amzn1\.oa2-cs|X-Amz-|refresh_token=")


async def test_no_secret_is_in_the_database_or_in_what_was_said_after_a_stormy_run(
    opened_shop: OpenShop, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shop = await opened_shop(faults=tuple(STORM), processing_seconds=900.0)
    secrets = {shop.amazon.client_secret, *(account.refresh_token for account in shop.amazon.accounts)}

    reports = await shop.nights(3)

    assert all(fault["struck"] for fault in shop.amazon.mischief.to_json()), "the storm has not come to an end"
    said = capfd.readouterr()
    places = {
        "log": caplog.text,
        "output": said.out + said.err,
        "reports": repr(reports),
        "settings": repr(shop.settings),
        **{f"table {name}": text for name, text in texts(shop.url).items()},
    }
    assert "table sp_pulls" in places
    for where, text in places.items():
        assert not any(secret in text for secret in secrets), f"a secret is in {where}"
        found = LOOKS_SECRET.search(text)
        assert found is None, f"{where} has …{text[max(0, found.start() - 80) : found.end() + 40]}…"
    assert {code for code, _ in shop.loaded_days()} == set(THREE)


def texts(url: str) -> dict[str, str]:
    """Return every table's whole content as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            name: str(connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name))).fetchall())
            for (name,) in tables
        }
