"""Amazon's documents in a bucket of Supabase Storage: kept, read again, too large, too old; a bucket that is away."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalkola.datasets import CATALOG
from chalkola.marketplaces import MARKETPLACES
from chalkola.pipeline.health import look_for_alerts
from chalkola.pipeline.pruning import MOST_REMOVED, prune
from chalkola.pipeline.reload import Rebuilt, reload
from chalkola.store import open_store
from chalkola.surfaces.status import as_object
from chalkola.surfaces.status_value import read_status
from kiosk import AT_ONCE
from night import OpenShop, Shop
from storage_server import SECRET_KEY, Bucket, StorageServer, Stored, running_storage

DAY = timedelta(days=1)
SMALL: Mapping[str, Any] = {"kiosk": True, "parents": 4, "children": 10, "marketplaces": ("US", "DE"), **AT_ONCE}
NAMES = "SELECT name FROM sp_documents WHERE state = 'kept' ORDER BY name"
ROWS = "SELECT date, marketplace_id, child_asin, units_ordered, pull_id FROM sp_daily_asin_data ORDER BY 1, 2, 3"


@pytest.fixture
def storage() -> Iterator[StorageServer]:
    with running_storage() as running:
        yield running


@pytest.fixture
async def opened(opened_shop: OpenShop, storage: StorageServer) -> Any:
    """Open a shop whose documents go to that Storage; the same shop with a store that knows nothing of the last."""
    async with AsyncExitStack() as stack:

        async def anew(shop: Shop | None = None, **given: str) -> Shop:
            if shop is None:
                return await opened_shop(**SMALL, environment={**storage.env(), **given})
            store = await stack.enter_async_context(open_store(shop.settings, shop.url))
            return replace(shop, store=store)

        yield anew


def named(storage: StorageServer) -> list[str]:
    return sorted(f"supabase:chalkola/{path}" for path in storage.objects())


async def archive_of(shop: Shop) -> Any:
    """Return what `status --json` says of the archive."""
    return as_object(await read_status(shop.settings, shop.store))["archive"]


async def rebuilt(shop: Shop) -> list[Rebuilt]:
    days = [row["first_day"] for row in shop.rows("SELECT first_day FROM sp_slices ORDER BY 1")]
    span = {"first": days[0], "last": days[-1], "now": shop.clock.now()}
    found = reload(shop.store.pool, shop.store.archive, datasets=CATALOG, marketplaces=MARKETPLACES, **span)
    return [one async for one in found]


async def alerts(shop: Shop) -> dict[str, bool]:
    """Return the alerts about documents by subject, and whether each is open."""
    await look_for_alerts(shop.settings, shop.store, ())
    rows = shop.rows("SELECT subject, cured_at IS NULL AS open FROM sp_alerts WHERE rule = 'documents not kept'")
    return {row["subject"]: row["open"] for row in rows}


async def test_a_nights_documents_are_in_the_bucket_and_give_back_every_row(
    opened: Any, storage: StorageServer
) -> None:
    shop = await opened()
    await shop.night()
    before, asked = shop.rows(ROWS), len(shop.queries)
    assert before
    shop.rows("UPDATE sp_daily_asin_data SET units_ordered = 7777 WHERE mod(id, 2) = 0 RETURNING id")
    shop.rows("DELETE FROM sp_daily_asin_data WHERE mod(id, 2) = 1 RETURNING id")

    again = await rebuilt(shop)

    assert shop.rows(ROWS) == before
    assert [one for one in again if one.missing or one.failure] == []
    assert len(shop.queries) == asked
    assert named(storage) == [row["name"] for row in shop.rows(NAMES)]
    assert named(storage) == [row["archived_as"] for row in shop.rows("SELECT archived_as FROM sp_pulls ORDER BY 1")]
    said = await archive_of(shop)
    assert said == {
        "place": "the bucket chalkola of Supabase Storage", "kept_days": 90, "documents": len(storage.objects()),
        "bytes": sum(len(one.content) for one in storage.objects().values()), "not_kept": [],
    }  # fmt: skip


@pytest.mark.parametrize("trouble", ["down", "full"])
async def test_a_bucket_that_is_away_or_full_for_a_night_costs_copies_and_no_rows_and_is_told_once(
    opened: Any, storage: StorageServer, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop = await opened()
    storage.restricted = trouble == "full"
    if trouble == "down":
        storage.answers(503, b"upstream connect error", times=1000)

    report = await shop.night()

    assert report.exit_code == 0
    assert shop.loaded_days()
    assert shop.wrong_cells(shop.loaded_days()) == []
    assert storage.objects() == {}
    assert len(storage.asked) <= 4, "it is left alone after it has failed"
    (unkept,) = (await archive_of(shop))["not_kept"]
    assert unkept.count == shop.rows("SELECT count(*) FROM sp_pulls WHERE stage = 'loaded'")[0]["count"]
    assert ("restricted" if trouble == "full" else "does not answer") in unkept.why
    assert await alerts(shop) == {"archive": True}
    assert await alerts(shop) == {"archive": True}

    storage.restricted = False
    storage.next_answers.clear()
    shop.clock.advance(DAY)
    shop = await opened(shop)
    await shop.night()

    assert await alerts(shop) == {"archive": False}
    assert storage.objects()
    assert (await archive_of(shop))["not_kept"] == [replace(unkept, goes_on=False)]
    assert "swordfish" not in caplog.text
    assert SECRET_KEY not in str(shop.rows("SELECT * FROM sp_documents")) + str(shop.rows("SELECT * FROM sp_alerts"))
    missing = [one for one in await rebuilt(shop) if one.missing]
    assert missing, "`reload` names what it lacks"


async def test_a_document_that_is_too_large_is_left_out_alone_and_a_person_is_told_of_it(
    opened: Any, storage: StorageServer
) -> None:
    shop = await opened()
    storage.buckets["chalkola"] = Bucket()
    storage.limit_bytes = 900

    await shop.night()

    assert shop.wrong_cells(shop.loaded_days()) == []
    small = {path for path, one in storage.objects().items() if len(one.content) <= 900}
    assert small == set(storage.objects()) != set()
    (unkept,) = (await archive_of(shop))["not_kept"]
    assert (unkept.state, unkept.largest_bytes > 900) == ("too large", True)
    assert await alerts(shop) == {"too large": True}
    shop.clock.advance(8 * DAY)
    assert await alerts(shop) == {"too large": False}


async def test_old_documents_go_at_the_end_of_a_run_and_what_is_there_is_what_status_says(
    opened: Any, storage: StorageServer
) -> None:
    shop = await opened(CHALKOLA_ARCHIVE_KEPT_DAYS="2")
    await shop.nights(2)
    first = set(named(storage))
    assert first

    await shop.nights(2)

    assert named(storage) == [row["name"] for row in shop.rows(NAMES)]
    gone = first - set(named(storage))
    assert gone
    assert (await archive_of(shop))["bytes"] == sum(len(one.content) for one in storage.objects().values())
    assert shop.rows("SELECT FROM sp_pulls WHERE archived_as = ANY (%s)", list(gone)) == []
    why = {row["why"] for row in shop.rows("SELECT why FROM sp_documents WHERE state = 'removed'")}
    assert why == {"Removed after 2 days."}


async def test_a_run_removes_so_many_and_a_bucket_that_is_away_is_pruned_by_the_next_run(
    opened: Any, storage: StorageServer
) -> None:
    shop = await opened()
    paths = [f"old/EU/2026-01-01/{number}.json.gz" for number in range(MOST_REMOVED + 7)]
    storage.buckets["chalkola"] = Bucket(objects=dict.fromkeys(paths, Stored(b"", "application/gzip")))
    shop.rows(
        "INSERT INTO sp_documents (pull_id, at, state, name, byte_count)"
        " SELECT 1, %s, 'kept', 'supabase:chalkola/' || path, 0 FROM unnest(%s::text[]) path RETURNING id",
        shop.clock.now() - 91 * DAY, paths,
    )  # fmt: skip
    storage.restricted = True
    assert await prune(shop.settings, shop.store) == 0
    assert len(storage.objects()) == len(paths)
    storage.restricted = False

    assert [await prune(shop.settings, shop.store) for _ in range(3)] == [MOST_REMOVED, 7, 0]

    assert storage.objects() == {}
    assert (await archive_of(shop))["documents"] == 0
    forever = replace(shop.settings, archive_kept=None)
    assert await prune(forever, shop.store) == 0
