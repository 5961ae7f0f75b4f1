"""Data Kiosk: create, list, look at and cancel queries, and get the way to a document.

Source: models/data-kiosk-api-model/dataKiosk_2023-11-15.json in amzn/selling-partner-api-models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from amazon_simulator.accounts import Account
from amazon_simulator.amazon import Amazon
from amazon_simulator.answers import Answer, Rejection, invalid, not_found, server_error, throttled
from amazon_simulator.journal import Cancellation, QueryEntry
from amazon_simulator.kiosk.documents import KioskDocuments
from amazon_simulator.kiosk.pages import NextPage
from amazon_simulator.kiosk.places import place
from amazon_simulator.kiosk.query_book import OPEN, Query
from amazon_simulator.kiosk.question import KioskQuestion
from amazon_simulator.kiosk.reading import fields_denied, question
from amazon_simulator.kiosk.requests import QueryPage, no_other_than, page, specification
from amazon_simulator.mischief import Fault, Stage, Where

Parameters = Mapping[str, Sequence[str]]
_OLDEST = timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class DataKiosk:
    """Answers the operations of Data Kiosk. Every method raises a Rejection for what Amazon rejects."""

    amazon: Amazon
    documents: KioskDocuments

    def answer(
        self, operation: str, account: Account, ident: str, parameters: Parameters, content_type: str, body: bytes,
        fault: Fault | None,
    ) -> Answer:  # fmt: skip
        """Answer a call of an account that may have lost its role."""
        self.amazon.roles.check(account.key)
        if operation != "getQueries":
            no_other_than(parameters, set())
        match operation:
            case "createQuery":
                return self.create(account, content_type, body, fault)
            case "getQueries":
                return self.list(account, parameters)
            case "getQuery":
                return Answer(status=200, body=self._shown(self._found(account, ident)))
            case "cancelQuery":
                return self.cancel(account, ident)
            case _:
                return self.document(account, ident)

    def create(self, account: Account, content_type: str, body: bytes, fault: Fault | None = None) -> Answer:
        """Answer createQuery."""
        if content_type != "application/json":
            raise Rejection(415, "UnsupportedMediaType", "The request's Content-Type header is invalid.")
        now = self.amazon.now()
        text, token = specification(body)
        asked = question(text, account, now, self.amazon.settings.limits)
        if fault and fault.kind == "fields_denied":
            raise fields_denied(asked)
        self.amazon.roles.check_fields(account.key, asked)
        follows = self._follows(token, account, text, now, fault)
        most = self.amazon.settings.open_queries
        if most is not None and self.amazon.queries.open(account.key, asked.kind, now) >= most:
            raise throttled()
        query = self._created(account, text, asked, token, follows, now)
        if fault and fault.kind == "lost_answer":
            raise server_error()
        return Answer(status=202, body={"queryId": query.query_id})

    def cancel(self, account: Account, query_id: str) -> Answer:
        """Answer cancelQuery: what has not ended can be cancelled, and what is cancelled stays so."""
        query, now = self._found(account, query_id), self.amazon.now()
        if query.status(now) == "CANCELLED":
            return Answer(status=204)
        if query.status(now) not in OPEN:
            raise invalid("Query cannot be cancelled", f"queryId: {query_id}")
        self.amazon.queries.cancel(account.key, query_id, now)
        note = Cancellation(time=now, account=account.key, report_id=query_id, query=True)
        self.amazon.journal.write_cancellation(note)
        return Answer(status=204)

    def list(self, account: Account, parameters: Parameters) -> Answer:
        """Answer getQueries, newest first."""
        now = self.amazon.now()
        wanted = page(parameters, now, now - _OLDEST)
        found, end = self._listed(account, wanted, now), wanted.offset + wanted.size
        body: dict[str, Any] = {"queries": [self._shown(query) for query in found[: wanted.size]]}
        if len(found) > wanted.size:
            body["pagination"] = {"nextToken": wanted.token(end)}
        return Answer(status=200, body=body)

    def unknown(self, operation: str, account: Account | None, ident: str, parameters: Parameters) -> Sequence[Query]:
        """Return the queries of a call that take long to tell of, for `tell` in a thread before it is answered."""
        if account is None or operation not in ("getQuery", "getQueries", "getDocument"):
            return []
        now = self.amazon.now()
        found = self._meant(operation, account, ident, parameters, now)
        return [query for query in found if query.status(now) == "DONE" and self.documents.takes_long(query)]

    def tell(self, queries: Sequence[Query]) -> None:
        """Find out what finished queries have, so that the answer takes no time."""
        for query in queries:
            if self.documents.has_data(query):
                self.documents.next_page(query)

    def document(self, account: Account, document_id: str) -> Answer:
        """Answer getDocument."""
        now = self.amazon.now()
        query = self.amazon.queries.of_document(account.key, document_id, now)
        if query is None or document_id not in self._document_ids(query).values():
            raise not_found(f"documentId: {document_id}")
        url = self.documents.url(query, document_id, now)
        return Answer(status=200, body={"documentId": document_id, "documentUrl": url})

    def where(self, operation: str, account: Account | None, ident: str, body: bytes) -> Where:
        """Return the place of a call for faults to match, as far as it can be told before the call is checked."""
        now = self.amazon.now()
        nowhere = Where(operation=operation, account=account.key if account else None, kiosk=True)
        if account is None or operation == "getQueries":
            return nowhere
        if operation == "createQuery":
            return self._asked_where(account, body, now) or nowhere
        find = self.amazon.queries.of_document if operation == "getDocument" else self.amazon.queries.find
        query = find(account.key, ident, now)
        return place(operation, account.key, query.question) if query else nowhere

    def _meant(
        self, operation: str, account: Account, ident: str, parameters: Parameters, now: datetime
    ) -> Sequence[Query]:
        """Return the queries that a call is about."""
        if operation == "getQueries":
            try:
                return self._listed(account, page(parameters, now, now - _OLDEST), now)
            except Rejection:
                return []
        find = self.amazon.queries.of_document if operation == "getDocument" else self.amazon.queries.find
        query = find(account.key, ident, now)
        return [query] if query else []

    def _listed(self, account: Account, wanted: QueryPage, now: datetime) -> Sequence[Query]:
        """Return the queries of a page, newest first, and the one after them if there is one."""
        found = (query for query in self.amazon.queries.of(account.key, now) if _matches(query, wanted, now))
        return list(islice(found, wanted.offset, wanted.offset + wanted.size + 1))

    def _asked_where(self, account: Account, body: bytes, now: datetime) -> Where | None:
        try:
            text, token = specification(body)
            asked = question(text, account, now, self.amazon.settings.limits)
        except Rejection:
            return None
        return place("createQuery", account.key, asked, page=token is not None)

    def _follows(
        self, token: str | None, account: Account, text: str, now: datetime, fault: Fault | None
    ) -> NextPage | None:
        if token is None:
            return None
        if fault and fault.kind == "page_token_expired":
            raise invalid("Invalid Input", "paginationToken has expired")
        return self.amazon.page_tokens.read(token, account.key, text, now)

    def _created(
        self, account: Account, text: str, asked: KioskQuestion, token: str | None, follows: NextPage | None,
        now: datetime,
    ) -> Query:  # fmt: skip
        here = place("createQuery", account.key, asked, page=token is not None)
        fate = self.amazon.mischief.strike(Stage.FATE, here)
        query_id = self.amazon.queries.next_id(account.key)
        starts, ends = self.amazon.query_pace.times(account.key, f"query/{query_id}", now, fate)
        query = Query(
            account=account.key,
            query_id=query_id,
            text=text,
            question=asked,
            created=now,
            starts=starts,
            ends=ends,
            as_of=follows.as_of if follows else ends,
            offset=follows.offset if follows else 0,
            fate=fate,
            contents=self.amazon.mischief.strike_together(Stage.CONTENT, here),
        )
        self.amazon.journal.write_query(_entry(query, token))
        return self.amazon.queries.add(query)

    def _found(self, account: Account, query_id: str) -> Query:
        query = self.amazon.queries.find(account.key, query_id, self.amazon.now())
        if query is None:
            raise not_found(f"queryId: {query_id}")
        return query

    def _document_ids(self, query: Query) -> dict[str, str]:
        """Return the ids of the documents that a query has by now, by the name of their field."""
        match query.status(self.amazon.now()):
            case "DONE" if self.documents.has_data(query):
                return {"dataDocumentId": query.data_document_id}
            case "FATAL" if query.fate_kind != "fatal":
                return {"errorDocumentId": query.error_document_id}
            case _:
                return {}

    def _shown(self, query: Query) -> dict[str, Any]:
        status = query.status(self.amazon.now())
        shown: dict[str, Any] = {
            "queryId": query.query_id,
            "query": query.text,
            "createdTime": _text(query.created),
            "processingStatus": status,
        }
        if status in ("IN_PROGRESS", "DONE", "FATAL"):
            shown["processingStartTime"] = _text(query.starts)
        if status in ("DONE", "FATAL", "CANCELLED"):
            shown["processingEndTime"] = _text(query.cancelled_at or query.ends)
        documents = self._document_ids(query)
        follows = self.documents.next_page(query) if "dataDocumentId" in documents else None
        if follows:
            ends = query.ends + timedelta(hours=self.amazon.settings.page_token_hours)
            token = self.amazon.page_tokens.give(query.account, query.text, follows, ends)
            shown["pagination"] = {"nextToken": token}
        return shown | documents


def _matches(query: Query, wanted: QueryPage, now: datetime) -> bool:
    within = wanted.since <= query.created <= wanted.until
    return within and (not wanted.statuses or query.status(now) in wanted.statuses)


def _entry(query: Query, token: str | None) -> QueryEntry:
    asked = query.question
    return QueryEntry(
        time=query.created,
        account=query.account,
        query_id=query.query_id,
        kind=asked.kind,
        aggregate=asked.aggregate,
        start=asked.start,
        end=asked.end,
        marketplaces=asked.codes,
        asins=asked.asins,
        filters=tuple((row.marketplace.code, row.asins) for row in asked.scopes if row.asins is not None),
        page_token=token,
        offset=query.offset,
        query=query.text,
        starts=query.starts,
        ends=query.ends,
        as_of=query.as_of,
        fate=query.fate.to_json() if query.fate else None,
        contents=tuple(fault.to_json() for fault in query.contents),
    )


def _text(instant: datetime) -> str:
    """Return an instant as Amazon writes it: whole seconds."""
    return instant.replace(microsecond=0).isoformat()
