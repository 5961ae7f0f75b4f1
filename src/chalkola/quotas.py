"""A quota as a value: how often Amazon lets something be asked. Nobody outside Amazon knows them for sure,
so every one of them can be overridden by the setting `CHALKOLA_QUOTAS`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Scope = Literal["app", "account"]

_UNITS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"(?P<count>\d+)/(?P<amount>\d+)?(?P<unit>s|sec|min|h|d)")


@dataclass(frozen=True, kw_only=True)
class Quota:
    """A token bucket of `count` turns that refills within `per`; at most `daily` turns in any 24 hours.

    `scope` says whether all accounts of the application share it (`app`) or each has its own (`account`).
    """

    count: int
    per: timedelta
    daily: int | None = None
    scope: Scope = "account"

    @property
    def rate_per_second(self) -> float:
        """Turns that come back in one second."""
        return self.count / self.per.total_seconds()

    def __str__(self) -> str:
        day = f", {self.daily} a day" if self.daily is not None else ""
        shared = "the whole app" if self.scope == "app" else "each account"
        return f"{self.count} per {_in_words(self.per)}{day} for {shared}"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Granted, or the instant from which it is worth trying again and the bucket that says so."""

    granted: bool
    open_at: datetime
    waiting_for: str = ""


def read_quotas(typed: str) -> Mapping[str, Quota]:
    """Return the quotas in `typed`, by the name of what they meter; empty for an empty text.

    `sales_and_traffic.report=3/5min,daily=864,scope=account;search_query_performance=20/1d`.
    Raises `ValueError` with one sentence that quotes what cannot be read.
    """
    quotas = {}
    for entry in filter(None, (part.strip() for part in typed.split(";"))):
        name, equals, value = entry.partition("=")
        if not equals:
            raise ValueError(f"{entry!r} has no '='")
        quotas[name.strip()] = _read_quota(value, entry)
    return quotas


def _read_quota(value: str, entry: str) -> Quota:
    rate, *extras = (part.strip() for part in value.split(","))
    found = _RATE.fullmatch(rate)
    if not found or not int(found["count"]) or found["amount"] == "0":
        raise ValueError(f"{rate!r} in {entry!r} is not a rate like 3/5min or 20/1d")
    seconds = int(found["amount"] or 1) * _UNITS[found["unit"]]
    quota = Quota(count=int(found["count"]), per=timedelta(seconds=seconds))
    for extra in extras:
        quota = _with_extra(quota, extra, entry)
    return quota


def _with_extra(quota: Quota, extra: str, entry: str) -> Quota:
    match extra.split("="):
        case ["daily", number] if number.isdigit() and int(number):
            return replace(quota, daily=int(number))
        case ["scope", "app"]:
            return replace(quota, scope="app")
        case ["scope", "account"]:
            return replace(quota, scope="account")
    raise ValueError(f"{extra!r} in {entry!r} is neither daily=NUMBER nor scope=app nor scope=account")


def _in_words(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
