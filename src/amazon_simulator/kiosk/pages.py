"""Pagination tokens: sealed notes to oneself, so that nothing is kept and a restart knows them."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from amazon_simulator.accounts import digest
from amazon_simulator.answers import invalid
from amazon_simulator.kiosk.question import compact


@dataclass(frozen=True, kw_only=True)
class NextPage:
    """Where the next page of a query's answer begins, and whose figures it shows."""

    offset: int
    as_of: datetime


@dataclass(frozen=True, kw_only=True)
class PageTokens:
    """Gives and reads the tokens of Data Kiosk's pages."""

    seed: int

    def give(self, account: str, text: str, page: NextPage, ends: datetime) -> str:
        """Return a token for an account's next page of a query, good until `ends`."""
        values = [account, _mark(text), page.offset, page.as_of.isoformat(), ends.isoformat()]
        packed = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
        return f"{packed}.{self._seal(packed)}"

    def read(self, token: str, account: str, text: str, now: datetime) -> NextPage:
        """Return what a token was given for; raises a Rejection."""
        packed, _, seal = token.rpartition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(packed).encode()):
            raise invalid("Invalid Input", "paginationToken")
        owner, mark, offset, as_of, ends = json.loads(base64.urlsafe_b64decode(packed))
        if owner != account or now > datetime.fromisoformat(ends):
            raise invalid("Invalid Input", "paginationToken has expired")
        if mark != _mark(text):
            raise invalid("Invalid Input", "query is not the one that the paginationToken was given for")
        return NextPage(offset=offset, as_of=datetime.fromisoformat(as_of))

    def _seal(self, packed: str) -> str:
        return hmac.new(digest(self.seed, "pages").encode(), packed.encode(), hashlib.sha256).hexdigest()


def _mark(text: str) -> str:
    return digest(0, compact(text))
