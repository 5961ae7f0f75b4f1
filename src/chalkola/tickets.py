"""What checking a ticket can bring. Every driver answers in these five words."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pending:
    """Amazon is still working on it; `status` is Amazon's word."""

    status: str


@dataclass(frozen=True, kw_only=True)
class Ready:
    """The document can be fetched. `next_page` is the token with which more is asked for, None on the last page."""

    document_id: str
    next_page: str | None = None


@dataclass(frozen=True, kw_only=True)
class Empty:
    """Amazon says that there is no data."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Amazon gave up; `document_id` names the document with its reason, None when there is none."""

    why: str
    document_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """Amazon does not know this ticket (any more): the question has to be asked again."""

    why: str


Outcome = Pending | Ready | Empty | Refused | Unknown
