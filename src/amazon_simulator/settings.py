"""Everything that can be chosen about the simulated Amazon."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amazon_simulator.kiosk.reading import Limits
from amazon_simulator.marketplaces import MARKETPLACES
from amazon_simulator.mischief import Fault
from amazon_simulator.quotas import ReportTypeQuota


@dataclass(frozen=True, kw_only=True)
class SimulatorSettings:
    """Defaults are a shop of the size this project is built for, under the strictest reading of Amazon's quotas.

    Raises ValueError when something cannot be: an address that is not loopback, more parents than children.
    """

    seed: int = 20261120
    parents: int = 210
    children: int = 1064
    full_shelves: bool = False  # every child in every marketplace has a row every day (for measuring)
    marketplaces: tuple[str, ...] = tuple(MARKETPLACES)
    own_accounts: tuple[str, ...] = ()  # marketplaces that are a seller account of their own, like AE
    quotas: bool = True  # False: no quota at all (for measuring)
    report_type_quota: ReportTypeQuota | None = field(default_factory=ReportTypeQuota)
    refuse_after: int | None = 30  # so many 429s in a row turn into 403; None: never
    rate_header_on_429: bool = False
    processing_seconds: float = 60.0  # median, Amazon's time; 0: done at once
    query_processing_seconds: float | None = None  # of Data Kiosk's queries; None: like the reports'
    open_queries: int | None = 3  # unfinished queries of a kind that an account may have; None: any number
    query_page_rows: int = 50_000  # rows of a query's answer before it goes on in a next page
    page_token_hours: float = 24.0  # how long a next page may be asked for, Amazon's time
    trends_longest_days: int = 730
    trends_most_filters: int = 20
    trends_repeat_marketplace: bool = True  # several filters of one marketplace in a query
    trends_beyond: str = "refused"  # what lies beyond the three: refused (400), or fatal (found out later)
    without_role: tuple[str, ...] = ()  # accounts that Data Kiosk refuses from the start
    role_refusal: str = "denied"  # how: denied (403), fields (403 with the fields), unauthorized (401)
    restated: float = 0.0  # part of the rows that Amazon corrects 3 to 14 days later
    moved: float = 0.0  # part of the children that had another parent before some day of the two years
    retired: float = 0.0  # part of the children that are listed no more after some day of the two years
    day_zones: Mapping[str, str] = field(default_factory=dict)  # code: zone of its days; the marketplace's own
    answered_days: int | None = None  # how many days back Amazon answers; None: the calendar's two years
    document_url_seconds: int = 300
    pretty: bool = False  # documents indented
    foreign_reports: int = 2  # reports a marketplace has from other applications
    list_cached_hours: float = 6.0  # so long a list is given once more as it was made; 0: never
    documents_remembered: int = 400
    journal: Path | None = None
    faults: tuple[Fault, ...] = ()
    host: str = "127.0.0.1"
    port_base: int = 0  # seven ports from here on: na, eu, fe, login, documents, control, rates; 0: any free ones

    def __post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise ValueError(f"the simulated Amazon listens on loopback only, not on {self.host!r}")
        if not self.marketplaces:
            raise ValueError("the simulated Amazon needs at least one marketplace")
        if not 1 <= self.parents <= self.children:
            raise ValueError(f"{self.parents} parents and {self.children} children: need 1 <= parents <= children")
        if self.processing_seconds < 0:
            raise ValueError("the processing time is below 0")
        if self.list_cached_hours < 0:
            raise ValueError("a list is not given once more for less than no time")
        self._check_data_kiosk()
        self._check_parts()
        self._check_zones()
        if not (self.port_base == 0 or 1 <= self.port_base <= 65530):
            raise ValueError(f"the first port {self.port_base} is not between 1 and 65530")

    @property
    def limits(self) -> Limits:
        """Return what a Data Kiosk query may ask."""
        return Limits(
            longest_days=self.trends_longest_days,
            most_filters=self.trends_most_filters,
            repeat_marketplace=self.trends_repeat_marketplace,
            beyond=self.trends_beyond,
            answered_days=self.answered_days,
        )

    def _check_data_kiosk(self) -> None:
        if (self.query_processing_seconds or 0) < 0:
            raise ValueError("the processing time of queries is below 0")
        if self.query_page_rows < 1:
            raise ValueError("a page has at least one row")
        if self.trends_beyond not in ("refused", "fatal"):
            raise ValueError(f"trends_beyond is {self.trends_beyond!r}, neither refused nor fatal")
        if self.answered_days is not None and self.answered_days < 1:
            raise ValueError(f"Amazon answers at least a day back, not {self.answered_days}")

    def _check_parts(self) -> None:
        parts = {"rows that are restated": self.restated, "children that moved": self.moved}
        for what, part in (parts | {"children that are retired": self.retired}).items():
            if not 0 <= part <= 1:
                raise ValueError(f"the part of the {what}, {part:g}, is not between 0 and 1")

    def _check_zones(self) -> None:
        for code, zone in self.day_zones.items():
            if code not in MARKETPLACES:
                raise ValueError(f"a day zone is set for the unknown marketplace {code!r}")
            try:
                ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ValueError(f"{code} has the unknown day zone {zone!r}") from error


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
