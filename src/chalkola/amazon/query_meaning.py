"""What Data Kiosk means: the standing of a query as an outcome, and a rejected one as what to do about it."""

import msgspec

from chalkola.amazon.rejections import Rejected
from chalkola.amazon.wording import names_the_page, says_too_large, says_too_old
from chalkola.errors import PageExpired, Refusal, TooLarge, TooOld
from chalkola.tickets import Empty, Outcome, Pending, Ready, Refused


class Pagination(msgspec.Struct, rename="camel"):
    """Where the next page begins: of a list of queries, or of the rows of one."""

    next_token: str | None = None


class Query(msgspec.Struct, rename="camel"):
    """One query as getQuery tells of it."""

    processing_status: str
    data_document_id: str | None = None
    error_document_id: str | None = None
    pagination: Pagination | None = None


def outcome(ticket: str, query: Query) -> Outcome:
    """Return what has become of a query. A status that we do not know is one that may still change."""
    match query:
        case Query(processing_status="DONE", data_document_id=str(document_id)):
            return Ready(document_id=document_id, next_page=next_token(query.pagination))
        case Query(processing_status="DONE", error_document_id=None) if not next_token(query.pagination):
            return Empty(why=f"Amazon has done query {ticket} and says that there is no data.")
        case Query(processing_status="DONE"):
            why = f"Amazon has done query {ticket} and names no document of data, and yet an error or a next page."
            return Refused(why=why, document_id=query.error_document_id)
        case Query(processing_status="CANCELLED"):
            return Refused(why=f"Query {ticket} was cancelled by a caller before Amazon began with it.")
        case Query(processing_status="FATAL"):
            why = f"Amazon could not answer query {ticket} (FATAL)."
            return Refused(why=why, document_id=query.error_document_id)
    return Pending(status=query.processing_status)


def next_token(pagination: Pagination | None) -> str | None:
    """Return the token of the next page, None on the last one."""
    return (pagination.next_token or None) if pagination else None


def meaning_of(rejection: Rejected, page: str | None) -> Refusal:
    """Return what a rejected creation amounts to: no such page, a question too large or too old, or as it is."""
    if page and rejection.status in (400, 404) and names_the_page(rejection.said):
        remedy = "It is asked from its first page again."
        return PageExpired("Amazon has forgotten where the next page begins.", why=rejection.why, remedy=remedy)
    if rejection.status == 400 and says_too_old(rejection.said):
        return TooOld(rejection.what, why=rejection.why, remedy="The days that Amazon still answers are asked again.")
    # A 413 is a request that "exceeded the maximum accepted size", whatever its words are.
    if rejection.status == 413 or (rejection.status == 400 and says_too_large(rejection.said)):
        return TooLarge(rejection.what, why=rejection.why, remedy="It is halved.")
    return rejection
