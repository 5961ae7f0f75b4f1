"""What is under way: what goes on with a pull, and when its next step and its rows are to be expected. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chalkola.pipeline.forecast import Expected, forecast
from chalkola.store.buckets import Bucket
from chalkola.store.overview import OpenPull


def expectations(opened: Sequence[OpenPull], buckets: Mapping[str, Bucket], now: datetime) -> dict[int, Expected]:
    """Return when each open pull can take its next step and when its rows should be in, by id."""
    planned = [one for one in opened if one.stage == "planned"]
    asked = forecast([one.creation for one in planned], buckets, now)
    by_id = {one.id: Expected(asked_at=max(one.until, now), done_at=max(one.until, now)) for one in opened}
    for one, expected in zip(planned, asked, strict=True):
        late = max(one.until - expected.asked_at, now - now)
        by_id[one.id] = Expected(asked_at=expected.asked_at + late, done_at=expected.done_at + late)
    return by_id


def doing(one: OpenPull) -> str:
    """Return what is going on with a pull, in words."""
    match one.stage, one.in_hand:
        case "planned", False:
            return f"waiting for {one.waiting_for or _quota_of(one)}"
        case "planned" | "asking", True:
            return "asking Amazon"
        case "looking", _:
            return "looking whether Amazon has the question already"
        case "ready", _:
            return "fetching the document"
        case _, True:
            return "asking Amazon whether it is ready"
    return f"waiting for {one.waiting_for or 'its next step'}"


def _quota_of(one: OpenPull) -> str:
    return f"Amazon's quota ({one.creation[-1].partition('@')[0]})" if one.creation else "its turn"
