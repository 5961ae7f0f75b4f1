"""What is closed where Amazon refuses a question: a source, marketplaces, or the whole account."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from chalkola.amazon import Amazon
from chalkola.errors import LoginFault, Setback, SourceClosed
from chalkola.marketplaces import MARKETPLACES, by_scope
from chalkola.settings import Account
from chalkola.store import Store


@dataclass(frozen=True, kw_only=True)
class Lost:
    """An account opens marketplaces no more that were asked for; `opens` are those that it does, by Amazon's ids."""

    opens: frozenset[str]
    reason: str


async def what_closed(
    amazon: Amazon, account: Account, scopes: Iterable[str], refused: SourceClosed
) -> LoginFault | Lost | SourceClosed:
    """Return what a refusal of a question about these scopes means, by what the Sellers API says of the account.

    An account that is refused there as well is closed; one that no longer takes part in a marketplace that was asked
    for has lost that; else it is the source. Where nothing can be learned now, Amazon's words about the source stand.
    """
    try:
        answers = await amazon.participations(account)
    except (LoginFault, SourceClosed) as all_of_it:
        return LoginFault(account.key, all_of_it.what, why=all_of_it.why, remedy=all_of_it.remedy)
    except Setback:
        return refused
    opens = frozenset(answer.amazon_id for answer in answers if answer.is_participating)
    asked_for = {m.amazon_id for m in map(by_scope, scopes) if m is not None}
    return Lost(opens=opens, reason=_reason(account, asked_for - opens)) if asked_for - opens else refused


async def note_opened(store: Store, account: Account, opens: Collection[str]) -> None:
    """Note which marketplaces an account opens, by Amazon's ids. What was to be asked of those that it opened before
    and does not any more ends here."""
    known = await store.accounts.recall(account)
    await store.accounts.opened(account, list(opens))
    if known is not None and (lost := set(known.marketplaces).difference(opens)):
        await store.accounts.lose_marketplaces(account, opens, _reason(account, lost))


def _reason(account: Account, lost: Collection[str]) -> str:
    codes = " ".join(m.code for m in MARKETPLACES if m.amazon_id in lost)
    return f"Amazon does not let account {account.key} ask for {codes} any more."
