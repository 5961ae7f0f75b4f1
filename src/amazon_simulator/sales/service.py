"""getOrderMetrics: what was ordered, bucket by bucket. Shape: models/sales-api-model/sales.json."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from amazon_simulator.accounts import Account
from amazon_simulator.amazon import Amazon
from amazon_simulator.amounts import average
from amazon_simulator.answers import Answer, Rejection
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.mischief import Where
from amazon_simulator.sales.buckets import buckets
from amazon_simulator.sales.orders import Orders, Quarter, Sums
from amazon_simulator.sales.requests import MetricsQuestion, Parameters, metrics_question


@dataclass(frozen=True, kw_only=True)
class Sales:
    """Answers the Sales API. Every method raises a Rejection for what Amazon rejects."""

    amazon: Amazon
    orders: Orders

    def metrics(self, account: Account, parameters: Parameters) -> Answer:
        """Answer getOrderMetrics: every bucket of the interval, those without orders too."""
        now = self.amazon.now()
        asked = metrics_question(parameters, account, now)
        cut = list(buckets(asked.start, asked.end, asked.granularity, asked.zone, asked.first_day_of_week))
        sums = self._sums(asked, cut, now)
        return Answer(status=200, body={"payload": [_metric(asked, *row) for row in zip(cut, sums, strict=True)]})

    def warm(self, account: Account | None, parameters: Parameters) -> None:
        """Compute what a long question needs, so that the answer takes no time; to be run in a thread."""
        if account is not None:
            try:
                self.metrics(account, parameters)
            except Rejection:
                return

    def where(self, account: Account | None, parameters: Parameters) -> Where:
        """Return the place of a call for faults to match, as far as it can be told before the call is checked."""
        nowhere = Where(operation="getOrderMetrics", account=account.key if account else None)
        if account is None:
            return nowhere
        try:
            asked = metrics_question(parameters, account, self.amazon.now())
        except Rejection:
            return nowhere
        return Where(
            operation="getOrderMetrics",
            account=account.key,
            marketplace=asked.marketplace.code,
            start=asked.start.astimezone(asked.zone).date(),
            end=asked.end.astimezone(asked.zone).date(),
        )

    def _sums(
        self, asked: MetricsQuestion, cut: Sequence[tuple[datetime, datetime]], now: datetime
    ) -> Sequence[Sums]:
        sums = [Sums()] * len(cut)
        if asked.nothing:
            return sums
        starts = [start for start, _ in cut]
        for quarter in self.orders.between(asked.marketplace, asked.start, asked.end, now, self._asins(asked)):
            at = bisect_right(starts, quarter.starts) - 1
            sums[at] = sums[at].plus(_of_buyers(quarter, asked.buyer_type))
        return sums

    def _asins(self, asked: MetricsQuestion) -> list[str] | None:
        if asked.sku is not None:
            return [child.asin for child in self.amazon.world.catalog.children if child.sku == asked.sku]
        return None if asked.asin is None else [asked.asin]


def _of_buyers(quarter: Quarter, buyer_type: str) -> Sums:
    match buyer_type:
        case "B2B":
            return quarter.business
        case "B2C":
            return quarter.everyone.minus(quarter.business)
        case _:
            return quarter.everyone


def _metric(asked: MetricsQuestion, bucket: tuple[datetime, datetime], sums: Sums) -> dict[str, Any]:
    return {
        "interval": "--".join(_text(instant, asked.zone) for instant in bucket),
        "unitCount": sums.units,
        "orderItemCount": sums.items,
        "orderCount": sums.orders or min(sums.items, 1),
        "averageUnitPrice": _money(asked.marketplace, average(sums.sales, sums.units)),
        "totalSales": _money(asked.marketplace, sums.sales),
    }


def _money(marketplace: Marketplace, smallest_units: int) -> dict[str, str]:
    """Return money as this API writes it: a decimal number in a string."""
    amount = Decimal(smallest_units).scaleb(-marketplace.decimals).normalize()
    return {"amount": f"{amount:f}", "currencyCode": marketplace.currency}


def _text(instant: datetime, zone: tzinfo) -> str:
    return instant.astimezone(zone).isoformat(timespec="minutes").replace("+00:00", "Z")
