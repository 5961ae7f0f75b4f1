"""What Google's refusals mean, and what a person does about them.

Shapes: cloud.google.com/apis/design/errors; words: of the Sheets API as people report them.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from chalkola.errors import Fault
from chalkola.surfaces.sheets.service_account import ServiceAccount

_AGAIN = "What was written stays; the next run goes on from there."


class Asked(Protocol):
    """Whom it concerns."""

    id: str
    account: ServiceAccount


def explained(book: Asked, status: int, error: Any) -> Fault:
    """Return a refusal as three sentences."""
    told = error if isinstance(error, Mapping) else {}
    said = str(told.get("message") or told.get("error_description") or error or "").strip()
    detail = _detail(told)
    match status:
        case 401:
            return _login(book, said)
        case 403 if detail.get("reason") == "SERVICE_DISABLED" or "has not been used in project" in said:
            return _disabled(book, detail)
        case 403:
            return _not_shared(book, said)
        case 404:
            return _no_such(book)
        case 400 if "not supported for this document" in said:
            return _office(book)
        case 400 if "number of cells" in said:
            return _too_large(book, said)
        case 400 if "protected" in said:
            return _protected(book, said)
        case 429:
            return Fault("Google takes no more requests for now.", why=_sentence(said), remedy=_AGAIN)
    remedy = _AGAIN if status >= 500 else "Please report this sentence: it is a fault of ours."
    return Fault(f"Google refused a request (HTTP {status}).", why=_sentence(said), remedy=remedy)


def _login(book: Asked, said: str) -> Fault:
    if "short-lived" in said or "reasonable timeframe" in said:
        return Fault("Google refuses the service account: the clock of this machine is wrong.", why=_sentence(said))
    return Fault(
        f"Google refuses the key of {book.account.email}.", why=_sentence(said),
        remedy="It was deleted or belongs to another account: make a new key (Google Cloud > IAM & Admin > Service"
        " accounts > Keys) and set GOOGLE_SERVICE_ACCOUNT_FILE to its file.",
    )  # fmt: skip


def _disabled(book: Asked, detail: Mapping[str, Any]) -> Fault:
    project = detail.get("metadata", {}).get("consumer", "").removeprefix("projects/") or book.account.project
    return Fault(
        f"The Google Sheets API is not enabled in the project {book.account.project or project}.",
        remedy="Enable it at https://console.cloud.google.com/apis/library/sheets.googleapis.com"
        f"?project={book.account.project or project}, wait a minute, and run this again.",
    )  # fmt: skip


def _not_shared(book: Asked, said: str) -> Fault:
    return Fault(
        f"The spreadsheet {book.id} is not shared with the service account, or only for reading.",
        why=_sentence(said),
        remedy=f"In the spreadsheet: Share, add {book.account.email} as Editor.",
    )  # fmt: skip


def _no_such(book: Asked) -> Fault:
    return Fault(
        f"There is no spreadsheet with the id {book.id}.",
        remedy="Copy the browser's address while the spreadsheet is open: the id stands between /d/ and /edit.",
    )


def _office(book: Asked) -> Fault:
    return Fault(
        f"{book.id} is an Excel file that lies in Google Drive, not a spreadsheet of Google's.",
        remedy="Open it, choose File > Save as Google Sheets, and use the address of what that makes.",
    )


def _too_large(book: Asked, said: str) -> Fault:
    return Fault(
        f"The spreadsheet {book.id} has no room for the tabs.", why=_sentence(said),
        remedy="Delete tabs of yours that are not needed, or use a spreadsheet of its own.",
    )  # fmt: skip


def _protected(book: Asked, said: str) -> Fault:
    return Fault(
        f"A part of the hidden tabs of {book.id} is protected.", why=_sentence(said),
        remedy=f"Data > Protected sheets and ranges: let {book.account.email} edit it, or remove the protection.",
    )  # fmt: skip


def _sentence(said: str) -> str:
    return f"Google says: {said.rstrip('.')}." if said else ""


def _detail(told: Mapping[str, Any]) -> Mapping[str, Any]:
    found = [d for d in told.get("details", ()) if isinstance(d, Mapping) and "reason" in d]
    return found[0] if found else {}
