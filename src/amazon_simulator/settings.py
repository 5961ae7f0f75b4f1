"""Everything that can be chosen about the simulated Amazon."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

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
    document_url_seconds: int = 300
    pretty: bool = False  # documents indented
    foreign_reports: int = 2  # reports a marketplace has from other applications
    documents_remembered: int = 400
    journal: Path | None = None
    faults: tuple[Fault, ...] = ()
    host: str = "127.0.0.1"
    port_base: int = 0  # six ports from here on: na, eu, fe, login, documents, control; 0: any free ones

    def __post_init__(self) -> None:
        if not _is_loopback(self.host):
            raise ValueError(f"the simulated Amazon listens on loopback only, not on {self.host!r}")
        if not self.marketplaces:
            raise ValueError("the simulated Amazon needs at least one marketplace")
        if not 1 <= self.parents <= self.children:
            raise ValueError(f"{self.parents} parents and {self.children} children: need 1 <= parents <= children")
        if self.processing_seconds < 0:
            raise ValueError("the processing time is below 0")
        if not (self.port_base == 0 or 1 <= self.port_base <= 65530):
            raise ValueError(f"the first port {self.port_base} is not between 1 and 65530")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
