"""An account's login, and the marketplaces that it opens against those that are wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalkola.amazon import Amazon, Participation
from chalkola.errors import ChalkolaError, LoginFault, Setback, SourceClosed
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.pipeline.checkup.finding import AUTHORIZE, CREDENTIALS, ROLES, Area, Finding, Level, from_error
from chalkola.pipeline.closing import note_opened
from chalkola.pipeline.discovery import not_open
from chalkola.settings import Account, Settings
from chalkola.store import Store

Opens = Mapping[str, tuple[Marketplace, ...] | None]
"""By account: the marketplaces that it opens; None where Amazon would not say."""
_SELLING = "Seller Central > Settings > Account Info"


@dataclass(frozen=True, kw_only=True)
class Login:
    """How an account's login went. `opens` is None where Amazon would not say."""

    opens: tuple[Marketplace, ...] | None
    findings: tuple[Finding, ...]


async def check_login(store: Store, amazon: Amazon, account: Account) -> Login:
    """Ask the Sellers API what an account opens, and remember the answer as a run does."""
    try:
        answers = await amazon.participations(account)
    except LoginFault as fault:
        await store.accounts.refused(account, str(fault))
        where = CREDENTIALS if "SP_LWA_CLIENT_SECRET" in fault.remedy else AUTHORIZE
        return _unknown(from_error(Area.ACCOUNT, Level.FAULT, fault, where=where, account=account.key))
    except SourceClosed as closed:
        return _unknown(from_error(Area.ACCOUNT, Level.FAULT, closed, where=ROLES, account=account.key))
    except Setback as setback:
        return _unknown(from_error(Area.ACCOUNT, Level.WARNING, setback, account=account.key))
    except ChalkolaError as error:
        return _unknown(from_error(Area.ACCOUNT, Level.FAULT, error, account=account.key))
    await note_opened(store, account, [answer.amazon_id for answer in answers if answer.is_participating])
    return judge_login(account, answers)


def judge_login(account: Account, answers: Sequence[Participation]) -> Login:
    """Return what an account's participations mean."""
    ids = {answer.amazon_id for answer in answers if answer.is_participating}
    opens = tuple(m for m in MARKETPLACES if m.amazon_id in ids and account.only in (None, m))
    suspended = {answer.amazon_id for answer in answers if answer.has_suspended_listings}
    return Login(opens=opens, findings=(_opened(account, opens), *_suspended(account, opens, suspended)))


def _unknown(finding: Finding) -> Login:
    return Login(opens=None, findings=(finding,))


def _opened(account: Account, opens: Sequence[Marketplace]) -> Finding:
    if opens:
        what = f"The login works and opens {_codes(opens)}."
        return Finding(area=Area.ACCOUNT, level=Level.OK, what=what, account=account.key)
    expected = account.only.code if account.only else "any marketplace that we know"
    return Finding(
        area=Area.ACCOUNT, level=Level.FAULT, account=account.key,
        what=f"The login works and does not open {expected}.",
        why="Amazon gives data only for marketplaces in which the account takes part.",
        remedy=f"See that SP_REFRESH_TOKEN_{account.key} is the token of the account that sells there.",
        where=_SELLING,
    )  # fmt: skip


def _suspended(account: Account, opens: Sequence[Marketplace], suspended: set[str]) -> list[Finding]:
    found = [m for m in opens if m.amazon_id in suspended]
    if not found:
        return []
    return [Finding(
        area=Area.ACCOUNT, level=Level.WARNING, account=account.key,
        what=f"Amazon has suspended listings in {_codes(found)}.",
        why="They do not sell, and figures fall for a reason that is not in them.",
        remedy="Look at what Amazon asks for.", where="Seller Central > Performance > Account Health",
    )]  # fmt: skip


def judge_wanted(settings: Settings, opens: Opens) -> list[Finding]:
    """Return which of the marketplaces asked for no account opens; a token that could not be asked may open them."""
    opened = {m for found in opens.values() for m in found or ()}
    lacking = [m for m in settings.marketplaces if m not in opened]
    silent = {account.region for account in settings.accounts if opens.get(account.key) is None}
    return [_unopened(m, told=m.region not in silent) for m in lacking]


def _unopened(m: Marketplace, *, told: bool) -> Finding:
    if not told:
        what = f"Whether {m.code} is open cannot be told while its account does not answer."
        return Finding(area=Area.ACCOUNT, level=Level.NOTE, what=what)
    return from_error(Area.ACCOUNT, Level.FAULT, not_open(m), where=AUTHORIZE)


def _codes(found: Sequence[Marketplace]) -> str:
    return " ".join(m.code for m in found)
