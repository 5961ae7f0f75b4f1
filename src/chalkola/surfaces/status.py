"""`chalkola status`: what is here, what is late and why, what is waited for."""

from datetime import datetime

import click

from chalkola.pipeline.forecast import Expected
from chalkola.settings import Settings, read_settings
from chalkola.store.buckets import Bucket
from chalkola.store.overview import (
    OpenPull,
)  # fmt: skip
from chalkola.surfaces import screen, words
from chalkola.surfaces.opening import data_address, opened, run
from chalkola.surfaces.server import demo_home
from chalkola.surfaces.status_screen import show
from chalkola.surfaces.status_value import Status, read_status, turns_left
from chalkola.surfaces.waiting import doing


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
@click.option("--demo", "of_demo", is_flag=True, help="Of the demo's database.")
def status_command(as_json: bool, of_demo: bool) -> int:
    """Show what is here, what is late and why, and what is waited for. Asks Amazon nothing."""
    settings = read_settings({"CHALKOLA_HOME": str(demo_home())}) if of_demo else read_settings()
    return run(_status(settings, data_address(settings), as_json=as_json))


async def _status(settings: Settings, url: str, *, as_json: bool) -> int:
    async with opened(settings, url) as store:
        status = await read_status(settings, store)
    if as_json:
        screen.emit(as_object(status))
    else:
        show(screen.console(), status)
    return 0


def as_object(status: Status) -> dict[str, object]:
    """Return the status as `--json` prints it."""
    return {
        "now": status.now,
        "marketplaces": [
            {
                "marketplace": one.marketplace.code,
                "newest_settled": one.newest_settled,
                "newest_closed": one.newest_closed,
                "newest_loaded": one.newest_loaded,
                "closed_days": one.closed_days,
                "late": one.late,
            }
            for one in status.marketplaces
        ],
        "accounts": status.accounts,
        "waiting": [_waiting(one, status.expected[one.id]) for one in status.waiting],
        "last": status.last,
        "failures": status.failures,
        "alerts": status.alerts,
        "quotas": [_quota(bucket, status.now) for bucket in status.buckets],
        "archive_bytes": status.archive and status.archive.holding.byte_count,
        "archive": _archive(status),
        "day_zones": status.day_zones,
    }


def _archive(status: Status) -> dict[str, object]:
    kept = status.archive
    return {
        "place": kept and kept.place,
        "kept_days": kept.time.days if kept and kept.time else None,
        "documents": kept and kept.holding.count,
        "bytes": kept and kept.holding.byte_count,
        "not_kept": status.unkept,
    }


def _waiting(one: OpenPull, expected: Expected) -> dict[str, object]:
    return {
        "pull": one.id,
        "account": one.account,
        "source": one.source,
        "marketplaces": [words.of_scope(scope) for scope in one.scopes],
        "day": one.last_day,
        "stage": one.stage,
        "waiting_for": doing(one),
        "until": expected.asked_at,
        "in_hand": one.in_hand,
        "ticket": one.ticket,
    }


def _quota(bucket: Bucket, now: datetime) -> dict[str, object]:
    return {
        "key": bucket.key,
        "turns_left": turns_left(bucket, now),
        "of": bucket.burst,
        "daily": bucket.daily,
        "left_today": bucket.daily and bucket.daily - len(bucket.turns),
        "next_turn_at": bucket.open_at,
        "refused_until": bucket.blocked_until,
    }
