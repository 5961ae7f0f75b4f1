"""What a preflight finds: a value that a person without our knowledge can act on."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from chalkola.errors import ChalkolaError
from chalkola.settings import SETTINGS


class Level(StrEnum):
    """How grave a finding is: `fault` keeps data from coming in, `warning` will or may do so."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    FAULT = "fault"


class Area(StrEnum):
    """What a finding is about, in the order in which it is shown."""

    SETTINGS = "settings"
    DATABASE = "database"
    ARCHIVE = "archive"
    ACCOUNT = "account"
    QUOTAS = "quotas"
    DAY_ZONE = "day zone"
    RATES = "exchange rates"
    ALERTS = "alerts"
    CLOCK = "clock"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at: what is, why it matters, what to do about it, and the place where it is done."""

    area: Area
    level: Level
    what: str
    why: str = ""
    remedy: str = ""
    where: str = ""
    account: str | None = None


_FOUND_AT = {setting.name: setting.found_at for setting in SETTINGS}
CREDENTIALS = _FOUND_AT["SP_LWA_CLIENT_SECRET"]
AUTHORIZE = _FOUND_AT["SP_REFRESH_TOKEN_<CODE>"]
ROLES = "Seller Central > Apps and Services > Develop Apps > Your Developer Profile, then your app > Edit App"


def from_error(
    area: Area, level: Level, error: ChalkolaError, *, where: str = "", account: str | None = None
) -> Finding:
    """Return an error's three sentences as a finding."""
    return Finding(
        area=area, level=level, what=error.what.strip(), why=error.why, remedy=error.remedy, where=where,
        account=account,
    )  # fmt: skip


def is_well(findings: Iterable[Finding]) -> bool:
    """Return whether none of them is a fault."""
    return all(finding.level is not Level.FAULT for finding in findings)
