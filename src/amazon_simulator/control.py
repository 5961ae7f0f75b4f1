"""The simulator's own paths, which Amazon does not have: what was asked, what is true, what shall go wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from aiohttp import web

from amazon_simulator.amazon import Amazon
from amazon_simulator.amounts import Document
from amazon_simulator.document import ASIN_GRANULARITIES, DATE_GRANULARITIES, Question, sales_and_traffic
from amazon_simulator.kiosk.question import KioskQuestion, Scope
from amazon_simulator.kiosk.rows import rows
from amazon_simulator.kiosk.schema import BY_ASIN, BY_DATE, TRENDS
from amazon_simulator.listings.offers import offers
from amazon_simulator.listings.question import ListQuestion
from amazon_simulator.listings.text import row
from amazon_simulator.marketplaces import marketplace
from amazon_simulator.mischief import Fault


@dataclass(frozen=True, kw_only=True)
class Control:
    """Answers `/_simulator/...`."""

    amazon: Amazon

    def routes(self) -> list[web.RouteDef]:
        """Return the paths."""
        return [
            web.get("/_simulator/health", self.health),
            web.get("/_simulator/journal", self.journal),
            web.get("/_simulator/queries", self.queries),
            web.get("/_simulator/calls", self.calls),
            web.get("/_simulator/truth", self.truth),
            web.get("/_simulator/rows", self.rows),
            web.get("/_simulator/listings", self.listings),
            web.get("/_simulator/roles", self.roles),
            web.post("/_simulator/roles", self.set_role),
            web.post("/_simulator/authorisations", self.set_authorisation),
            web.post("/_simulator/marketplaces", self.set_marketplace),
            web.get("/_simulator/mischief", self.mischief),
            web.post("/_simulator/mischief", self.add_mischief),
        ]

    async def health(self, request: web.Request) -> web.Response:
        """Say that it runs, and what time Amazon has."""
        return _json({"ok": True, "now": self.amazon.now().isoformat()})

    async def journal(self, request: web.Request) -> web.Response:
        """List every accepted createReport, oldest first; `account` and `marketplace` filter."""
        wanted = {name: request.query[name] for name in ("account", "marketplace") if name in request.query}
        rows = [entry.to_json() for entry in self.amazon.journal.entries]
        return _json([row for row in rows if all(row[name] == value for name, value in wanted.items())])

    async def queries(self, request: web.Request) -> web.Response:
        """List every accepted createQuery, oldest first; `account`, `marketplace` and `kind` filter."""
        wanted = request.query
        rows = [
            entry.to_json()
            for entry in self.amazon.journal.queries
            if wanted.get("account", entry.account) == entry.account
            and wanted.get("kind", entry.kind) == entry.kind
            and ("marketplace" not in wanted or wanted["marketplace"] in entry.marketplaces)
        ]
        return _json(rows)

    async def calls(self, request: web.Request) -> web.Response:
        """Count the calls since the start by operation and status; status 0 is a reset."""
        counts: dict[str, Counter[str]] = {}
        for (operation, status), count in self.amazon.journal.calls.items():
            counts.setdefault(operation, Counter())[str(status)] += count
        return _json(counts)

    async def truth(self, request: web.Request) -> web.Response:
        """Return a day as Amazon shows it: `marketplace`, `date`, and `as_of` (now) or `reportId` with `account`.

        `asinGranularity` is CHILD when not given. With a `reportId` marketplace and date are the report's own.
        """
        try:
            return _json(self._truth(request))
        except (KeyError, ValueError) as error:
            return _json({"error": f"cannot tell: {error}"}, status=400)

    async def rows(self, request: web.Request) -> web.Response:
        """Return the true rows of a query: `kind`, `marketplace`, `start`, `end`, and `aggregate`, `asins`, `as_of`.

        `marketplace` and `asins` may hold several, comma between them. `account` and `queryId` say all of it at once.
        """
        try:
            return _json(await asyncio.to_thread(self._rows, request))
        except (KeyError, ValueError) as error:
            return _json({"error": f"cannot tell: {error}"}, status=400)

    async def listings(self, request: web.Request) -> web.Response:
        """Return the true lines of a list of `marketplace`, as of `as_of` (now), by the names of its columns."""
        try:
            as_of = _instant(request.query["as_of"]) if "as_of" in request.query else None
            return _json(listings(self.amazon, request.query["marketplace"], as_of))
        except (KeyError, ValueError) as error:
            return _json({"error": f"cannot tell: {error}"}, status=400)

    async def roles(self, request: web.Request) -> web.Response:
        """Say which accounts Data Kiosk answers."""
        return _json({account.key: self.amazon.roles.state(account.key) for account in self.amazon.accounts})

    async def set_role(self, request: web.Request) -> web.Response:
        """Take `{"EU": "denied"}`: give accounts Data Kiosk's role (`granted`) or take it away."""
        try:
            for account, state in (await request.json()).items():
                self.amazon.roles.set(account, state)
        except (ValueError, TypeError, AttributeError) as error:
            return _json({"error": str(error)}, status=400)
        return await self.roles(request)

    async def set_authorisation(self, request: web.Request) -> web.Response:
        """Take `{"EU": "withdrawn"}` or `{"EU": "renewed"}`. Return the accounts' refresh tokens, null for none."""
        tokens = self.amazon.authorisations
        acts = {"withdrawn": tokens.withdraw, "renewed": tokens.renew}
        if error := await _each(request, acts):
            return error
        return _json({account.key: tokens.token(account.key) for account in self.amazon.accounts})

    async def set_marketplace(self, request: web.Request) -> web.Response:
        """Take `{"DE": "closed"}` or `{"DE": "open"}`: close a marketplace to its seller. Return which are closed."""
        closures = self.amazon.closures
        if error := await _each(request, {"closed": closures.close, "open": closures.reopen}):
            return error
        codes = (code for account in self.amazon.accounts for code in account.codes)
        return _json({code: "closed" if closures.are(code) else "open" for code in codes})

    async def mischief(self, request: web.Request) -> web.Response:
        """List the faults with how often each has struck."""
        return _json(self.amazon.mischief.to_json())

    async def add_mischief(self, request: web.Request) -> web.Response:
        """Take `{"clear": true, "faults": [...]}`: forget what was set up if asked to, then add."""
        try:
            values = await request.json()
            faults = read_faults(values.get("faults", []))
        except (ValueError, TypeError, AttributeError) as error:
            return _json({"error": str(error)}, status=400)
        if values.get("clear"):
            self.amazon.mischief.clear()
        self.amazon.mischief.add(*faults)
        return _json(self.amazon.mischief.to_json())

    def _rows(self, request: web.Request) -> list[Document]:
        query = request.query
        if "queryId" in query:
            found = self.amazon.queries.find(query["account"], query["queryId"], self.amazon.now())
            if found is None:
                raise ValueError(f"no query {query['queryId']} of {query['account']}")
            return list(rows(self.amazon.world, found.question, lambda market, day: found.as_of))
        return kiosk_rows(
            self.amazon,
            query["kind"],
            query["marketplace"].split(","),
            date.fromisoformat(query["start"]),
            date.fromisoformat(query.get("end", query["start"])),
            aggregate=query.get("aggregate"),
            asins=query["asins"].split(",") if "asins" in query else None,
            as_of=_instant(query["as_of"]) if "as_of" in query else None,
        )

    def _truth(self, request: web.Request) -> Document:
        query = request.query
        if "reportId" in query:
            report = self.amazon.book.find(query["account"], query["reportId"], self.amazon.now())
            if report is None:
                raise ValueError(f"no report {query['reportId']} of {query['account']}")
            if isinstance(report.question, ListQuestion):
                raise ValueError(f"{report.report_id} is a list: see /_simulator/listings")
            return sales_and_traffic(self.amazon.world, report.question, report.ends)
        granularity = query.get("asinGranularity", "CHILD")
        if granularity not in ASIN_GRANULARITIES:
            raise ValueError(f"unknown asinGranularity {granularity}")
        return truth(
            self.amazon,
            query["marketplace"],
            date.fromisoformat(query["date"]),
            _instant(query["as_of"]) if "as_of" in query else None,
            granularity,
        )


def truth(
    amazon: Amazon, code: str, day: date, as_of: datetime | None = None, asin_granularity: str = "CHILD"
) -> Document:
    """Return a marketplace's local day as Amazon shows it at `as_of` (now), faults left out."""
    question = Question(marketplace=marketplace(code), start=day, end=day, asin_granularity=asin_granularity)
    return sales_and_traffic(amazon.world, question, as_of or amazon.now())


def kiosk_rows(
    amazon: Amazon,
    kind: str,
    codes: Sequence[str],
    start: date,
    end: date,
    *,
    aggregate: str | None = None,
    asins: Sequence[str] | None = None,
    as_of: datetime | None = None,
) -> list[Document]:
    """Return the rows of a Data Kiosk query with every field, as Amazon shows them at `as_of` (now), faults left out.

    `aggregate` is CHILD or DAY when not given. Raises ValueError for what cannot be asked.
    """
    if kind not in (BY_ASIN, BY_DATE, TRENDS) or (kind == TRENDS) != (asins is not None):
        raise ValueError(f"{kind} with asins {asins}")
    by_asin, by_date = (aggregate or "CHILD", "DAY") if kind == BY_ASIN else ("CHILD", aggregate or "DAY")
    if by_asin not in ASIN_GRANULARITIES or by_date not in DATE_GRANULARITIES:
        raise ValueError(f"unknown aggregate {aggregate}")
    named = None if asins is None else tuple(asins)
    question = KioskQuestion(
        kind=kind,
        start=start,
        end=end,
        scopes=tuple(Scope(marketplace=marketplace(code), asins=named) for code in codes),
        asin_granularity=by_asin,
        date_granularity=by_date,
        selection={},
    )
    instant = as_of or amazon.now()
    return list(rows(amazon.world, question, lambda market, day: instant))


def listings(amazon: Amazon, code: str, as_of: datetime | None = None) -> list[dict[str, str]]:
    """Return the lines of a list as Amazon would write it at `as_of` (now), each without its empty cells."""
    market = marketplace(code)
    return [row(market, offer) for offer in offers(amazon.world.catalog, market, as_of or amazon.now())]


async def _each(request: web.Request, acts: Mapping[str, Callable[[str], object]]) -> web.Response | None:
    """Act on each name of a JSON object as its value says; return what is wrong, None for nothing."""
    try:
        for name, said in (await request.json()).items():
            if said not in acts:
                raise ValueError(f"{said!r} is none of {', '.join(acts)}")
            acts[said](name)
    except (ValueError, TypeError, AttributeError) as error:
        return _json({"error": str(error)}, status=400)
    return None


def read_faults(values: Any) -> list[Fault]:
    """Read a list of faults; raises ValueError for anything else."""
    if not isinstance(values, list):
        raise ValueError("faults are a list")
    return [Fault.from_json(value) for value in values]


def _instant(text: str) -> datetime:
    # A plus sign that was not escaped arrives as a space.
    value = datetime.fromisoformat(text.replace(" ", "+"))
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _json(values: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(values), content_type="application/json")
