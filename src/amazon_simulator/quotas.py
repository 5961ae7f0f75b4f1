"""Amazon's quotas: token buckets in Amazon's time, and the tighter quota that one report type has.

How buckets work: developer-docs.amazon.com/sp-api/docs/usage-plans-and-rate-limits. The report type's own quota
(since April 2026) is known from support answers only, which disagree about value and scope
(selling-partner-api-models#5210), hence a setting.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_A_DAY = timedelta(days=1)
_UNITS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A token bucket's level at an instant."""

    rate_per_second: float
    burst: int
    tokens: float
    at: datetime

    @classmethod
    def full(cls, rate_per_second: float, burst: int, now: datetime) -> "Bucket":
        """Return a bucket with all its tokens."""
        return cls(rate_per_second=rate_per_second, burst=burst, tokens=float(burst), at=now)

    def refilled(self, now: datetime) -> "Bucket":
        """Return the bucket at a later instant; an earlier one changes nothing."""
        elapsed = (now - self.at).total_seconds()
        if elapsed <= 0:
            return self
        tokens = min(float(self.burst), self.tokens + elapsed * self.rate_per_second)
        return Bucket(rate_per_second=self.rate_per_second, burst=self.burst, tokens=tokens, at=now)

    def taken(self, now: datetime) -> "Bucket | None":
        """Return the bucket with one token less, or None when it holds less than one."""
        bucket = self.refilled(now)
        if bucket.tokens < 1 - 1e-9:
            return None
        return Bucket(rate_per_second=self.rate_per_second, burst=self.burst, tokens=bucket.tokens - 1, at=bucket.at)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportTypeQuota:
    """How many reports of one type may be created: `count` per `period`, and `daily` in any 24 hours."""

    count: int = 1
    period: timedelta = timedelta(minutes=15)
    daily: int | None = 96
    scope: str = "app"  # app: all accounts of the application together; account: each for itself

    @classmethod
    def parse(cls, text: str) -> "ReportTypeQuota | None":
        """Read `1/15min,daily=96,scope=app` or `3/5min,scope=account`; `off` is None, no such quota.

        Raises ValueError for anything else.
        """
        if text == "off":
            return None
        head, *options = (part.strip() for part in text.split(","))
        found = re.fullmatch(r"(\d+)/(\d*)(s|sec|min|h|d)", head)
        values = dict(option.partition("=")[::2] for option in options)
        if found is None or not int(found[1]) or values.keys() - {"daily", "scope"}:
            raise ValueError(f"quota {text!r} is not like 1/15min,daily=96,scope=app or off")
        if values.get("scope", "app") not in ("app", "account"):
            raise ValueError(f"quota scope {values['scope']!r} is neither app nor account")
        return cls(
            count=int(found[1]),
            period=timedelta(seconds=int(found[2] or 1) * _UNITS[found[3]]),
            daily=int(values["daily"]) if "daily" in values else None,
            scope=values.get("scope", "app"),
        )

    @property
    def rate_per_second(self) -> float:
        """Return the refill rate."""
        return self.count / self.period.total_seconds()


@dataclass(kw_only=True)
class Quotas:
    """All buckets of the simulated Amazon. `refuse_after` 429s in a row for one operation, the answer is 403."""

    enabled: bool = True
    report_type: ReportTypeQuota | None = field(default_factory=ReportTypeQuota)
    refuse_after: int | None = 30
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    _days: dict[str, deque[datetime]] = field(default_factory=dict)
    _refusals: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, account: str, operation: str, rate_per_second: float, burst: int, now: datetime) -> bool:
        """Take a token from an account's bucket for an operation; False when there is none."""
        return not self.enabled or self._take((account, operation), rate_per_second, burst, now)

    def take_report(self, account: str, now: datetime) -> bool:
        """Take one creation from the report type's own quota; False when there is none."""
        quota = self.report_type
        if not self.enabled or quota is None:
            return True
        owner = account if quota.scope == "account" else "*"
        created = self._days.setdefault(owner, deque())
        while created and now - created[0] >= _A_DAY:
            created.popleft()
        if quota.daily is not None and len(created) >= quota.daily:
            return False
        if not self._take((owner, "report type"), quota.rate_per_second, quota.count, now):
            return False
        created.append(now)
        return True

    def refused(self, account: str, operation: str) -> bool:
        """Count a 429; True when there were so many in a row that Amazon answers 403 instead."""
        key = (account, operation)
        self._refusals[key] = self._refusals.get(key, 0) + 1
        return self.refuse_after is not None and self._refusals[key] > self.refuse_after

    def granted(self, account: str, operation: str) -> None:
        """Note an answer that was no 429: the row of them is over."""
        self._refusals.pop((account, operation), None)

    def _take(self, key: tuple[str, str], rate_per_second: float, burst: int, now: datetime) -> bool:
        bucket = self._buckets.get(key) or Bucket.full(rate_per_second, burst, now)
        taken = bucket.taken(now)
        self._buckets[key] = taken or bucket.refilled(now)
        return taken is not None
