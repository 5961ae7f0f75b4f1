"""A pull as the ledger has it, a line of `sp_pulls`: planned, claimed, and what it tells once it is over. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString

import msgspec

from chalkola.datasets.model import Box, Pull, Slice, SliceState, Sums
from chalkola.marketplaces import by_scope
from chalkola.store.slices import Manner


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A pull in our hands: its line in the ledger as of the claim. `generation` fences what we write."""

    id: int
    generation: int
    source: str
    account: str
    stage: str
    question: dict[str, object]
    first_day: date
    last_day: date
    settled: bool
    creation: list[str]
    ticket: str | None
    document_id: str | None
    intended_at: datetime
    ticketed_at: datetime | None
    checks: int
    setbacks: int
    found: bool
    slot: str | None
    filters: list[tuple[str, list[str]]] | None
    page_token: str | None
    pages: list[str]


CLAIMED: LiteralString = (
    "id, generation, source, account, stage, question, first_day, last_day, settled, creation, ticket, document_id,"
    " intended_at, ticketed_at, checks, setbacks, found, slot, filters, page_token, pages"
)


@dataclass(frozen=True, kw_only=True)
class Restated:
    """What Amazon changed in a slice that we held."""

    before: Sums
    after: Sums
    rows_added: int
    rows_changed: int
    rows_withdrawn: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a finished pull tells about a slice. `row_count`, `checksum` and `sums` are given when its rows are in.

    `judged` is false while other pulls for the same slice are open, `counts` where this is no attempt at the slice
    itself: its partner was asked.
    """

    slice: Slice
    state: SliceState
    next_at: datetime | None = None
    reason: str | None = None
    ask: Manner | None = None
    judged: bool = True
    counts: bool = True
    row_count: int | None = None
    checksum: str | None = None
    sums: Sums | None = None
    residual: Sums | None = None
    residual_since: datetime | None = None
    part: str | None = None
    """The checksum of the answer's own rows, where it is for some ASINs only."""
    restated: Restated | None = None


def question_key(pull: Pull) -> str:
    """Return what tells one question from another: the same account, source and question give the same key."""
    asked = msgspec.json.encode([pull.box.account, pull.source.name, pull.question], order="deterministic")
    return hashlib.blake2b(asked, digest_size=16).hexdigest()


def as_planned(pull: Pull, creation: Sequence[str]) -> dict[str, object]:
    """Return a question as `sp_plan` takes it; `creation` names the buckets that asking draws from."""
    return {
        "source": pull.source.name,
        "account": pull.box.account,
        "question": pull.question,
        "question_key": question_key(pull),
        "first_day": pull.box.first,
        "last_day": pull.box.last,
        "settled": pull.settled,
        "creation": creation,
        "rank": pull.rank,
        "slot": slot_key(pull.source.slot, pull.box.account),
        "filters": _filters(pull.box),
        "redoes": pull.redoes,
        "slices": [as_travelling(s) for s in pull.slices],
    }


def slot_key(slot: str | None, account: str) -> str | None:
    """Return the key of what limits the questions under way of a kind, None where nothing does."""
    return slot and f"{slot}@{account}"


def _filters(box: Box) -> list[tuple[str, tuple[str, ...]]] | None:
    """Return the ASINs that a question asks for, each filter with its scope; None for all."""
    return [(f.marketplace.scope, f.asins) for f in box.filters] or None


def as_travelling(s: Slice) -> dict[str, object]:
    """Return a slice as the functions take it, with its marketplace where it has one."""
    m = by_scope(s.scope)
    return {
        **_slice_key(s),
        "marketplace_id": m and m.uuid,
        "amazon_marketplace_id": m and m.amazon_id,
    }


def _slice_key(s: Slice) -> dict[str, object]:
    return {"dataset": s.dataset, "scope": s.scope, "first_day": s.day}


def as_told(told: Told) -> dict[str, object]:
    """Return what is told of a slice as `sp_finish` takes it."""
    return {
        **_slice_key(told.slice),
        "state": told.state,
        "next_at": told.next_at,
        "reason": told.reason,
        "ask": told.ask,
        "judged": told.judged,
        "counts": told.counts,
        "row_count": told.row_count,
        "checksum": told.checksum,
        "sums": told.sums,
        "residual": told.residual,
        "residual_since": told.residual_since,
        "part": told.part,
        "restated": told.restated and _restated(told.restated),
    }


def _restated(restated: Restated) -> dict[str, object]:
    before, after = restated.before, restated.after
    return {
        "units_before": before.units,
        "units_after": after.units,
        "sales_before": before.sales,
        "sales_after": after.sales,
        "sessions_before": before.sessions,
        "sessions_after": after.sessions,
        "rows_added": restated.rows_added,
        "rows_changed": restated.rows_changed,
        "rows_withdrawn": restated.rows_withdrawn,
    }
