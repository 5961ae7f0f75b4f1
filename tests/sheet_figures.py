"""A small shop's snapshot, shaped as the database answers but made without it; and its figures, computed apart."""

import hashlib
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from chalkola.marketplaces import marketplace
from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.snapshot import Snapshot, Tab, read_tab

LAST = date(2026, 11, 24)
RATES = {"USD": 0.9, "EUR": 1.0, "JPY": 0.006, "GBP": 1.15, "AED": 0.245}
DAYS = 400
Figures = dict[str, float | int | None]


def _back(day: date, months: int) -> date:
    """Return the same day of the month so many months before, or that month's last."""
    month = day.year * 12 + day.month - 1 - months
    first = date(month // 12, month % 12 + 1, 1)
    following = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return min(first + timedelta(day.day - 1), following - timedelta(1))


def spans(last: date) -> dict[str, tuple[date, date]]:
    """Return each period's first and last day, by the end of its columns' names."""
    first = last.replace(day=1)
    before = min(_back(last, 1), first - timedelta(1))
    year = _back(last, 12)
    return {
        "last_day": (last, last),
        "last_day_week_ago": (last - timedelta(7), last - timedelta(7)),
        "last_day_year_ago": (year, year),
        "last_7": (last - timedelta(6), last),
        "last_7_week_ago": (last - timedelta(13), last - timedelta(7)),
        "last_7_year_ago": (_back(last - timedelta(6), 12), year),
        "last_30": (last - timedelta(29), last),
        "last_30_month_ago": (last - timedelta(59), last - timedelta(30)),
        "last_30_year_ago": (_back(last - timedelta(29), 12), year),
        "mtd": (first, last),
        "mtd_month_ago": (_back(first, 1), before),
        "mtd_year_ago": (_back(first, 12), year),
    }


@dataclass(frozen=True)
class Item:
    """A child of the shop."""

    asin: str
    sku: str
    parent: str
    title: str
    size: float


def items(count: int) -> list[Item]:
    names = ("Travel mug", "Lunch box", "Desk lamp", "Yoga mat", "Water bottle", "Phone stand")
    colours = ("black", "sand", "forest green", "sky blue", "red", "white", "graphite")
    rng = random.Random(7)
    return [
        Item(
            asin=f"B0{n:03d}CHILD", sku=f"{names[n % 6][:4].upper().strip()}-{n:03d}", parent=f"B0{n // 4:03d}FAMLY",
            title=f"{names[n % 6]}, {colours[n % 7]}", size=rng.uniform(0.4, 6) ** 1.6,
        )
        for n in range(count)
    ]  # fmt: skip


class Shop:
    """Every day's figures of each item in each marketplace."""

    def __init__(
        self, codes: tuple[str, ...], count: int, *, last: date = LAST, lag: dict[str, int] | None = None
    ) -> None:
        self.codes, self.items, self.last = codes, items(count), last
        self.ends = {code: last - timedelta((lag or {}).get(code, 0)) for code in codes}
        self.figures: dict[tuple[str, str, date], tuple[int, float, int, int, float]] = {}
        for c, code in enumerate(codes):
            self._fill(code, random.Random(c))

    def _fill(self, code: str, rng: random.Random) -> None:
        price = {"JPY": 2400.0}.get(marketplace(code).currency, 19.9)
        for place, item in enumerate(self.items):
            if (place + len(code) + ord(code[0])) % 9 == 0:
                continue  # not sold here
            for back in range(-1, DAYS):
                day = self.ends[code] - timedelta(back)
                busy = item.size * (1.25 if day.weekday() in (5, 6) else 1) * (1 + (DAYS - back) / 900)
                sessions = max(0, round(rng.gauss(busy * 9, busy * 2)))
                units = sum(rng.random() < 0.11 for _ in range(sessions))
                box = round(rng.uniform(0.86, 1), 4)
                self.figures[code, item.asin, day] = (
                    units,
                    round(units * price * (1 + place % 5 / 4), 2),
                    sessions,
                    round(sessions * 1.4),
                    box,
                )

    def of(self, code: str, asins: Iterable[str], span: tuple[date, date], rate: float = 1.0) -> Figures:
        """Return the figures of some items in a span of days; None where there are none."""
        first, last = span
        days = [first + timedelta(n) for n in range((last - first).days + 1)]
        held = [self.figures[code, a, d] for a in asins for d in days if (code, a, d) in self.figures]
        if not held:
            return dict.fromkeys(layout.METRICS)
        views = sum(v[3] for v in held)
        return {
            "units": sum(v[0] for v in held), "sales": round(sum(v[1] for v in held) * rate, 2),
            "sessions": sum(v[2] for v in held), "page_views": views,
            "buy_box": round(sum(v[3] * v[4] for v in held) / views, 6) if views else None,
        }  # fmt: skip


def item_tab(shop: Shop, code: str) -> Tab:
    """Return an item tab as read from the database's answer; `ALL` in euros at one common end."""
    common = min(shop.ends.values())
    end = common if code == "ALL" else shop.ends[code]
    parents = sorted({item.parent for item in shop.items})
    lines: list[tuple[str, str, list[Item]]] = [(i.asin, "child", [i]) for i in shop.items]
    lines += [(p, "parent", [i for i in shop.items if i.parent == p]) for p in parents]
    rows = []
    for key, level, children in sorted(lines):
        asins = [i.asin for i in children]

        def figures(span: tuple[date, date], asins: list[str] = asins) -> Figures:
            if code != "ALL":
                return shop.of(code, asins, span)
            return _together([shop.of(c, asins, span, RATES[marketplace(c).currency]) for c in shop.codes])

        first = children[0]
        known = {
            "key": key, "level": level, "asin": key, "sku": first.sku if level == "child" else None,
            "skus": "|".join(filter(None, (first.sku, f"{first.sku}-FBM"))) if level == "child" else None,
            "parent_asin": first.parent if level == "child" else None,
            "title": first.title if level == "child" else first.title.split(",")[0],
            "price": 19.9 if level == "child" and code != "ALL" else None,
        }  # fmt: skip
        for slug, span in spans(end).items():
            known |= {f"{metric}_{slug}": value for metric, value in figures(span).items()}
        early = figures((end + timedelta(1), end + timedelta(1)))
        known |= {f"{metric}_yesterday": early[metric] for metric in layout.EARLY_METRICS}
        if all(known[c] is None for c in layout.ITEM_COLUMNS[8:]):
            continue
        rows.append([known[c] for c in layout.ITEM_COLUMNS])
    return read_tab(answer(f"_{code}", layout.ITEM_COLUMNS, rows), marketplace=code, last_closed=end)


def _together(parts: list[Figures]) -> Figures:
    held = [p for p in parts if p["units"] is not None]
    if not held:
        return dict.fromkeys(layout.METRICS)
    added: Callable[[str], float] = lambda name: sum(p[name] or 0 for p in held)  # noqa: E731
    views = added("page_views")
    weighted = sum((p["buy_box"] or 0) * (p["page_views"] or 0) for p in held)
    return {
        "units": added("units"), "sales": round(added("sales"), 2), "sessions": added("sessions"),
        "page_views": views, "buy_box": round(weighted / views, 6) if views else None,
    }  # fmt: skip


def daily_tab(shop: Shop) -> Tab:
    """Return the days' tab as read from the database's answer."""
    rows = []
    asins = [i.asin for i in shop.items]
    for code in sorted(shop.codes):
        currency = marketplace(code).currency
        for back in range(DAYS - 1, -2, -1):
            day = shop.ends[code] - timedelta(back)
            f = shop.of(code, asins, (day, day))
            state = "closed" if back >= 0 else "preliminary"
            cvr = round(f["units"] / f["sessions"], 6) if f["sessions"] else None
            rows.append([f"{code}|{day}", code, str(day), state, f["units"], f["units"], f["sales"], currency,
                         f["sessions"], f["page_views"], f["buy_box"], cvr, RATES[currency]])  # fmt: skip
    return read_tab(answer("_daily", layout.DAILY_COLUMNS, rows), marketplace="", last_closed=None)


def answer(tab: str, columns: tuple[str, ...], rows: list[list[Any]]) -> dict[str, Any]:
    """Return rows as `sheet_snapshot` would give them."""
    numeric = [n for n, c in enumerate(columns) if any(isinstance(r[n], int | float) for r in rows)]
    sums = {columns[n]: sum(_ten_thousandths(r[n]) for r in rows if r[n] is not None) for n in numeric}
    keys = "\n".join(r[0] for r in rows)
    return {
        "tab": tab, "columns": list(columns), "rows": rows, "count": len(rows),
        "check": {"keys_md5": hashlib.md5(keys.encode()).hexdigest(), "sums": sums},
    }  # fmt: skip


def _ten_thousandths(value: float) -> int:
    return int((Decimal(str(value)) * 10_000).to_integral_value(ROUND_HALF_UP))


def snapshot(shop: Shop) -> Snapshot:
    """Return all tabs."""
    tabs = [item_tab(shop, code) for code in (*shop.codes, "ALL")]
    return Snapshot(
        version="v-7", freshness=f"Every marketplace is closed up to {min(shop.ends.values())}.", currency="EUR",
        fx_date=shop.last, made_at=datetime(2026, 11, 27, 2, tzinfo=UTC), tabs=(*tabs, daily_tab(shop)),
    )  # fmt: skip


def shop(codes: tuple[str, ...], count: int = 24) -> Snapshot:
    return snapshot(Shop(codes, count, lag={"US": 1}))
