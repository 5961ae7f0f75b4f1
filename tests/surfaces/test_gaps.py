"""`chalkola gaps` as a person calls it: what is lacking, and a proof where nothing is."""

import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chalkola.datasets import DAILY
from chalkola.marketplaces import MARKETPLACES, Region
from chalkola.settings import read_settings
from chalkola.surfaces.choosing import choose
from chalkola.surfaces.gaps import find_gaps
from night import Shop

Database = psycopg.Connection[dict[str, Any]]
NOW = "2026-11-20T02:00:00Z"
LOOPBACK = {
    **{f"SP_API_ENDPOINT_{region}": "http://127.0.0.1:9" for region in ("NA", "EU", "FE")},
    "LWA_TOKEN_URL": "http://127.0.0.1:9/auth/o2/token",
    "FX_RATES_URL": "http://127.0.0.1:9",
}


def standing_still(shop: Shop) -> dict[str, str]:
    """Return the settings of a shop whose time stands as its clock does."""
    return {**shop.amazon.env(), "DATABASE_URL": shop.url,
            "CHALKOLA_CLOCK_START": f"{shop.clock.now().isoformat()}@{time.time()}"}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "accepted"),
    [
        (["--marketplace", "XX"], "US CA MX BR UK DE FR IT ES AE AU JP"),
        (["--dataset", "seen_asins"], "sales_and_traffic, daily_totals"),
        (["--from", "2026-11-18", "--to", "2026-11-17"], "the earlier one after --from"),
    ],
)
def test_a_wrong_choice_is_answered_with_the_accepted_ones(alone: Any, arguments: list[str], accepted: str) -> None:
    said = alone("gaps", *arguments)

    assert (said.code, said.out) == (2, "")
    assert accepted in said.err
    assert not (alone.folder / "postgres").exists()


def test_before_the_first_pull_there_is_nothing_to_tell(alone: Any, database_url: str) -> None:
    said = alone("gaps", DATABASE_URL=database_url)

    assert (said.code, said.err) == (0, "")
    assert said.out == "Nothing has been pulled yet. `chalkola pull` begins.\n"


async def test_gaps_are_told_in_a_line_a_run_with_what_is_done_about_them(shop: Shop, alone: Any) -> None:
    await shop.night(only=["DE"])
    settings, newest = standing_still(shop), shop.newest("DE")

    said = alone("gaps", "--marketplace", "DE,JP", **settings)
    narrowed = alone("gaps", "--date", str(newest), "--marketplace", "DE", **settings)

    assert said.code == 0
    assert said.out.splitlines() == [
        "DE 2024-11-21 to 2026-11-16 (726 days): never asked; `chalkola backfill` asks.",
        "JP 2024-11-21 to 2026-11-16 (726 days): never asked; `chalkola backfill` asks.",
        "JP 2026-11-17 to 2026-11-18 (2 days): never asked; `chalkola pull` asks.",
        "2 of 2,910 settled days are closed (DE JP, sales_and_traffic and daily_totals).",
    ]
    assert narrowed.out == (
        "No day is lacking: all 2 that have settled are closed (DE, sales_and_traffic and daily_totals).\n"
    )


async def test_gaps_for_programs_have_reasons_times_and_residuals(shop: Shop, alone: Any) -> None:
    await shop.night(only=["DE"])
    newest = shop.newest("DE")
    shop.rows(
        """UPDATE sp_slices SET state = 'differs', reason = '+7 units', residual = '{"units": 7, "sales": "9.50"}'
        WHERE dataset = 'sales_and_traffic' RETURNING 1"""
    )
    shop.rows("UPDATE sp_slices SET state = 'failed', reason = 'FATAL', next_at = '2026-11-21 02:00+00'"
              " WHERE dataset = 'daily_totals' RETURNING 1")  # fmt: skip
    shop.rows("UPDATE sp_accounts SET fault = 'The login fails.' WHERE account = 'FE' RETURNING 1")

    found = alone("gaps", "--json", "--from", str(newest), **standing_still(shop)).object

    assert found["datasets"] == ["sales_and_traffic", "daily_totals"]
    assert found["marketplaces"] == ["US", "DE", "JP"]
    of_germany = [gap for gap in found["gaps"] if gap["marketplace"] == "DE"]
    assert of_germany == [
        {
            "marketplace": "DE", "first_day": str(newest), "last_day": str(newest), "days": 1,
            "datasets": ["daily_totals"], "state": "failed", "reason": "FATAL", "command": "chalkola pull",
            "does": "asks again", "at": "2026-11-21T02:00:00Z",
        }
    ]  # fmt: skip
    assert {gap["reason"] for gap in found["gaps"] if gap["marketplace"] == "JP"} == {
        "never asked; account FE is closed"
    }
    (differing,) = found["differing"]
    assert (differing["marketplace"], differing["day"], differing["residual"]["units"]) == ("DE", str(newest), 7)
    assert found["accounts_closed"] == {"FE": "The login fails."}
    said = alone("gaps", "--from", str(newest), **standing_still(shop)).out
    assert (
        f"DE {newest} (daily_totals): failed: FATAL; `chalkola pull` asks again, from 2026-11-21 02:00 UTC on."
        in said
    )
    assert f"with what is left over:\n  DE {newest}: +7 units.\n" in said
    assert "Account FE is closed. The login fails." in said


async def test_two_years_of_twelve_marketplaces_are_looked_at_in_well_under_a_second(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    for region in Region:
        ids = [m.amazon_id for m in MARKETPLACES if m.region is region]
        query = "INSERT INTO sp_accounts (account, region, marketplaces) VALUES (%s, %s, %s)"
        database.execute(query, (region.value, region.value, ids))
    database.execute(
        """INSERT INTO sp_slices (dataset, scope, first_day, state, row_count, sums, next_at, reason)
        SELECT d, s, day, CASE WHEN is_old THEN 'failed' ELSE 'proven' END, 40, '{"units": 3, "sales": "4.00"}',
               CASE WHEN is_old THEN '2026-11-21'::timestamptz END, 'FATAL'
        FROM unnest(%s::text[]) d, unnest(%s::text[]) s,
          LATERAL (SELECT day::date, day < '2025-02-01' AS is_old
                   FROM generate_series(date '2024-11-21', '2026-11-18', '1 day') day) AS days""",
        ([d.name for d in DAILY], [m.scope for m in MARKETPLACES]),
    )  # fmt: skip
    given = {**LOOPBACK, "CHALKOLA_CLOCK_START": NOW, "DATABASE_URL": database_url, "CHALKOLA_HOME": str(tmp_path)}
    began = time.process_time()

    chosen = choose(None, None, None, (), ())
    found = await find_gaps(read_settings(given), database_url, chosen, chosen.datasets)

    took = time.process_time() - began
    assert found.settled > 26_000
    assert len([gap for gap in found.gaps if gap.lack.reason == "FATAL"]) == 12
    assert took < 0.8, f"{took:.2f} s of our own work"
