"""`chalkola why` as a person calls it, and its sentences from facts."""

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalkola.datasets.model import SliceState, Sums
from chalkola.pipeline.lacks import Lack
from chalkola.store.stories import Became, Event, PullStory
from chalkola.surfaces.story import Story, tell, what_next
from downloads import download, row
from ledgers import DAY, GERMANY, NOW, SALES, line, newest, proven
from night import Shop

SECOND = timedelta(seconds=1)
PULL = PullStory(
    id=7, account="EU", source="sales_and_traffic.report", scopes=[GERMANY.scope], first_day=newest(),
    last_day=newest(), stage="loaded", creation=[], until=NOW, waiting_for=None, in_hand=False, ticket="50001",
    found=False, asins=None, file=None, created_at=NOW - SECOND, intended_at=NOW, ticketed_at=NOW + SECOND,
    finished_at=NOW + 2 * SECOND, row_count=1, byte_count=812, archived_as=None, note=None, failure=None,
    became=(Became(pull_id=7, dataset=SALES.name, state=None, reason=None),),
)  # fmt: skip
NOBODY = Story(
    place=GERMANY, day=newest(), dataset=SALES, line=None, pulls=(), again_at=None, found=0, fault=None,
    archive=None, lack=Lack(state=SliceState.DUE, reason="never asked", command="chalkola pull", does="asks"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "accepted"),
    [
        (["XX", "2026-11-17"], "US CA MX BR UK DE FR IT ES AE AU JP"),
        (["DE", "17.11.2026"], "Write days as 2026-11-20."),
        (["DE", "2199-01-01"], "The latest day there is 20"),
        (["DE", "2026-11-17", "--dataset", "seen_asins"], "sales_and_traffic, daily_totals"),
        (["DE"], "Missing argument 'DAY'"),
    ],
)
def test_a_wrong_place_or_day_is_answered_with_what_is_accepted(
    alone: Any, arguments: list[str], accepted: str
) -> None:
    said = alone("why", *arguments)

    assert (said.code, said.out) == (2, "")
    assert accepted in said.err
    assert not (alone.folder / "postgres").exists()


async def test_a_story_is_told_in_words_and_for_programs(shop: Shop, alone: Any) -> None:
    await shop.night(only=["DE"])
    day = str(shop.newest("DE"))
    settings = {**shop.amazon.env(), "DATABASE_URL": shop.url, "CHALKOLA_HOME": str(shop.settings.home),
                "CHALKOLA_CLOCK_START": f"{shop.clock.now().isoformat()}@{time.time()}"}  # fmt: skip

    said, found = alone("why", "de", day, **settings), alone("why", "DE", day, "--json", **settings).object

    assert said.code == 0
    assert said.out.splitlines()[0] == f"DE {day}, sales_and_traffic: proven."
    assert found["story"] == said.out.splitlines()
    (pull,) = found["pulls"]
    assert [(event["what"], event["whose"]) for event in pull["events"]] == [
        ("asking", None), ("ticket", None), ("loaded", None),
    ]  # fmt: skip
    assert [(one["dataset"], one["state"]) for one in pull["became"]] == [
        ("sales_and_traffic", "proven"), ("daily_totals", "proven"),
    ]  # fmt: skip
    assert (found["state"], found["lack"], found["account_closed"]) == ("proven", None, None)
    assert (Path(settings["CHALKOLA_HOME"]) / "archive" / pull["archived_as"]).exists()


def test_an_import_is_part_of_the_story(alone: Any, database_url: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": database_url}
    file = download(tmp_path / "report.csv", [row("B0CHILD001")])
    assert alone("import", file, "--date", "2024-01-05", "--marketplace", "DE", **settings).code == 0

    said = alone("why", "DE", "2024-01-05", **settings)

    lines = said.out.splitlines()
    assert lines[0].startswith("DE 2024-01-05, sales_and_traffic: loaded: imported; ")
    assert "Pull 1: import of report.csv." in lines
    assert lines[-1] == "Next: Amazon no longer answers for it: it stays."


def test_a_day_that_was_found_says_so() -> None:
    found = line(newest(), SliceState.LOADED, source="found", row_count=2, reason="found here; unproven")
    lack = Lack(state=found.state, reason="found here; unproven", command="chalkola backfill", does="asks")

    assert tell(replace(NOBODY, line=found, found=2, lack=lack)) == [
        f"DE {newest()}, sales_and_traffic: loaded: found here; unproven.",
        "2 rows were here before the first pull.",
        "",
        "Next: `chalkola backfill` asks.",
    ]


def test_a_pull_from_before_events_were_written_down_tells_what_its_line_knows() -> None:
    closed = proven(newest(), sums=Sums(units=1), row_count=1)
    told = tell(replace(NOBODY, line=closed, lack=None, again_at=NOW + DAY, pulls=(PULL,)))

    assert told == [
        f"DE {newest()}, sales_and_traffic: proven.",
        "It has 1 row: 1 unit, 0.00 EUR, 0 sessions, by by_asin, asked 2026-11-19 02:00:00 UTC.",
        "",
        f"Pull 7: sales_and_traffic.report of account EU, for DE {newest()}.",
        "  2026-11-20 01:59:59 UTC  Planned.",
        "  2026-11-20 02:00:00 UTC  Asked: Amazon's ticket is 50001.",
        "  2026-11-20 02:00:02 UTC  Loaded 1 row from a document of 812 bytes, not kept.",
        "",
        "Next: `chalkola pull` reads it again from 2026-11-21 02:00 UTC on: Amazon may restate it.",
    ]


def test_what_became_of_a_day_is_said_for_each_dataset_where_they_differ() -> None:
    became = (
        Became(pull_id=7, dataset=SALES.name, state="loaded", reason="+7 units"),
        Became(pull_id=7, dataset="daily_totals", state="proven", reason=None),
    )
    told = tell(replace(NOBODY, pulls=(replace(PULL, became=became),)))

    assert told[-4:-2] == [
        "  2026-11-20 02:00:02 UTC  Its sales_and_traffic is now loaded: +7 units.",
        "  2026-11-20 02:00:02 UTC  Its daily_totals is now proven.",
    ]


def test_a_refused_document_that_was_kept_says_where_and_a_closed_account_why(tmp_path: Path) -> None:
    refused = Event(id=1, pull_id=7, at=NOW, what="refused", said="A row lacks unitsOrdered.")
    pull = replace(PULL, stage="refused", events=(refused,), archived_as="a/7.json.gz", failure=refused.said)

    told = tell(replace(NOBODY, pulls=(pull,), fault="Login refused.", archive=tmp_path))

    assert told[4] == (
        "  2026-11-20 02:00:00 UTC  Given up. A row lacks unitsOrdered."
        f" The document is kept as {tmp_path}/a/7.json.gz. Whose fault: Amazon's."
    )
    assert told[-2:] == ["Account closed: Login refused.", "Next: `chalkola pull` asks."]


def test_a_day_of_a_great_age_is_asked_no_more() -> None:
    assert tell(replace(NOBODY, line=proven(newest()), lack=None))[-1].startswith(
        "Nothing more is asked: it is closed"
    )


def test_what_is_done_next_says_the_state_where_it_says_more_than_the_reason() -> None:
    due = Lack(state=SliceState.DUE, reason="never asked", command="chalkola pull", does="asks", at=NOW)
    failed = Lack(state=SliceState.FAILED, reason="FATAL.", command=None, does="it stays")

    assert what_next(due) == "never asked; `chalkola pull` asks, from 2026-11-20 02:00 UTC on."
    assert what_next(failed) == "failed: FATAL; it stays."
