"""What Amazon lets us do: logins, sources, quotas, and what its answers look like. Pure."""

from collections.abc import Iterator
from textwrap import shorten

from chalkola.pipeline.health.days import NEEDED
from chalkola.pipeline.health.model import Concern, Health, Opened, steps
from chalkola.pipeline.health.thresholds import Threshold, Unit
from chalkola.store.buckets import Bucket

_NEW, _STRANGER = "new fields", "unknown marketplace"
"""How the notes begin that tell of something in Amazon's answer that its schema did not have."""
QUOTA_CHANGED_BY = Threshold(  # a rate that differs by less is the published one, with other decimals
    rule="quota changed", name="part", unit=Unit.PERCENT, usual=5, least=0, most=1000,
    means="By which part Amazon's rate is another one than configured",
)  # fmt: skip
_LONGEST_REASON = 600  # a refusal of Data Kiosk's lists every field


def login_refused(health: Health) -> Iterator[Concern]:
    """Yield the accounts whose login fails."""
    for account in health.accounts:
        if account.fault:
            codes = " ".join(m.code for m in account.marketplaces)
            lacking = f": {codes} cannot be pulled" if codes else ""
            yield Concern(
                subject=account.key,
                what=f"The login of account {account.key} is refused{lacking}.",
                why=shorten(account.fault, _LONGEST_REASON, placeholder="…"),
                done="The other accounts went on. What is missing is caught up with once the login works again.",
                todo="Do what Amazon's words ask for (a new authorisation, or a new client secret), set it where the "
                "other settings are, and run `chalkola doctor`.",
            )


def marketplace_closed(health: Health) -> Iterator[Concern]:
    """Yield the marketplaces that no account opens any more."""
    for m in health.lost:
        yield Concern(
            subject=m.code,
            what=f"{m.code} is not open to us any more: no refresh token opens it.",
            why="Amazon no longer lists it among the marketplaces in which the account takes part, or its token was"
            " taken out of the settings.",
            done="Nothing is asked for it, and its days stay. The other marketplaces go on.",
            todo="Where that is wrong, see Seller Central > Performance > Account Health: a run catches up with two"
            " weeks once it is open again. Where it is right, name the others in CHALKOLA_MARKETPLACES.",
        )


def source_closed(health: Health) -> Iterator[Concern]:
    """Yield the sources that Amazon has closed to an account; grave where no other one has the figures."""
    for account in health.accounts:
        lacking = _lacks_a_way(account)
        for source, reason in account.closed.items():
            yield Concern(
                subject=f"{source} {account.key}",
                what=f"{source} is closed to account {account.key}.",
                why=shorten(reason, _LONGEST_REASON, placeholder="…"),
                done="No other way is open: the days of this account are late until one is." if lacking
                else "A night is complete without it: what it needs comes another way.",
                todo="Give the app the role that is named, authorise it again, set the new refresh token, and run "
                "`chalkola doctor`: it opens the source at once.",
                grade=2 if lacking else 1,
            )  # fmt: skip


def _lacks_a_way(account: Opened) -> bool:
    return any(all(source.name in account.closed for source in dataset.sources) for dataset in NEEDED)


def quota_changed(health: Health) -> Iterator[Concern]:
    """Yield the quotas that Amazon has shown to be others than configured."""
    for before, after in health.rates:
        if abs(after.seconds_per_turn / before.seconds_per_turn - 1) > health.chosen.share(QUOTA_CHANGED_BY):
            yield _rate_changed(before, after)
    for slot, most in sorted(health.slots.items()):
        if most < health.slots_configured:
            yield Concern(
                subject=slot,
                what=f"{slot}: {health.slots_configured} queries at once before, {most} now.",
                why="Amazon refused one while others of its kind were under way.",
                done="No more than that are asked at once, and one more is tried each day.",
                todo="Nothing: it only takes longer.",
                grade=health.slots_configured - most,
            )


def _rate_changed(before: Bucket, after: Bucket) -> Concern:
    slower = after.seconds_per_turn / before.seconds_per_turn
    return Concern(
        subject=after.key,
        what=f"{after.key}: a turn in {_seconds(before)} before, in {_seconds(after)} now.",
        why="Amazon states its rate with every answer, and this one is not the published one.",
        done="Amazon's own rate is kept to from now on.",
        todo="Nothing, unless nights become too long: `chalkola plan` says how long they take.",
        grade=steps(slower, 2.0, 4.0, 16.0),
    )


def _seconds(bucket: Bucket) -> str:
    return f"{bucket.seconds_per_turn:,.4g} s"


def schema_drift(health: Health) -> Iterator[Concern]:
    """Yield the sources whose answers have something that Amazon's schema did not have."""
    for noted in health.notes:
        parts = [part for note in noted.notes for part in note.split("; ")]
        fields = _new_fields(parts)
        strangers = sorted({part.partition(":")[0] for part in parts if part.startswith(_STRANGER)})
        if fields or strangers:
            said = [f"{_NEW}: {', '.join(fields)}"] if fields else []
            yield Concern(
                subject=noted.source,
                what=f"{noted.source}: {'; '.join([*said, *strangers])}.",
                why="Amazon has changed what it answers.",
                done="All that is known was loaded; the documents are in the archive, with what is new.",
                todo="Nothing. Where a later version keeps it, `chalkola reload` fills it in from the archive.",
                grade=len(fields) + len(strangers),
            )


def _new_fields(parts: list[str]) -> list[str]:
    found = (part.partition(": ")[2].split(", ") for part in parts if part.startswith(_NEW))
    return sorted({name for names in found for name in names})
