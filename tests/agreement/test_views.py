"""The views and the code agree: marketplaces, datasets, and what an event of a pull can be."""

import re
from datetime import date
from typing import Any

import psycopg

from chalkola.datasets import DAILY
from chalkola.marketplaces import MARKETPLACES
from chalkola.store.migrate import scripts
from chalkola.surfaces.story import EVENTS

Database = psycopg.Connection[dict[str, Any]]


def test_coverage_knows_every_marketplace_and_every_daily_dataset_as_the_code_does(database: Database) -> None:
    for m in MARKETPLACES:
        for dataset in DAILY:
            values = dataset.name, m.scope, date(2026, 11, 17)
            database.execute("INSERT INTO sp_slices (dataset, scope, first_day) VALUES (%s, %s, %s)", values)

    rows = database.execute(
        "SELECT dataset, marketplace, marketplace_id, amazon_marketplace_id, currency_code FROM sp_coverage"
    ).fetchall()

    expected = {(d.name, m.code, m.uuid, m.amazon_id, m.currency) for d in DAILY for m in MARKETPLACES}
    assert {tuple(row.values()) for row in rows} == expected
    assert len(rows) == len(expected)


def test_coverage_names_no_dataset_that_is_not_daily_and_no_marketplace_that_the_code_does_not_know() -> None:
    (view,) = [script.text for script in scripts() if script.name == "views/10_coverage.sql"]
    (datasets,) = re.findall(r"s\.dataset IN \((.*?)\)", view)
    assert set(re.findall(r"'(\w+)'", datasets)) == {dataset.name for dataset in DAILY}
    assert set(re.findall(r"^  \('(\w\w)'", view, re.MULTILINE)) == {m.code for m in MARKETPLACES}


def test_a_story_has_words_for_every_event_that_a_verb_writes(database: Database) -> None:
    (row,) = database.execute(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint"
        " WHERE conrelid = 'sp_pull_events'::regclass AND contype = 'c'"
    ).fetchall()
    assert set(re.findall(r"'([\w ]+)'::text", row["text"])) == set(EVENTS)
