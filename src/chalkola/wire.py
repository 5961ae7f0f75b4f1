"""The one HTTP client: its connections, its patience, and what it must not log. Times here are the machine's."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator

import httpx2

from chalkola.errors import ChalkolaError

CALL_PATIENCE = httpx2.Timeout(connect=10, read=60, write=30, pool=120)
DOWNLOAD_PATIENCE = httpx2.Timeout(connect=10, read=120, write=30, pool=120)

_NOTHING_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_NO_PROXY = ("all://127.0.0.1", "all://localhost", "all://[::1]")

_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "name not found"),
    (ssl.SSLCertVerificationError, "certificate"),
    (httpx2.PoolTimeout, "no connection free"),
    (httpx2.ConnectTimeout, "no connection in time"),
    (httpx2.TimeoutException, "timeout"),
    (TimeoutError, "timeout"),
    (httpx2.ConnectError, "no connection"),
    (httpx2.ProxyError, "proxy"),
    (httpx2.NetworkError, "reset"),
    (httpx2.RemoteProtocolError, "reset"),
    (asyncio.CancelledError, "stopped"),
)
"""What went wrong with a call, in words: the first row that fits the error or one that it came from."""


def open_client() -> httpx2.AsyncClient:
    """Return a client for every address we speak to. A proxy of the environment is used, but not for loopback.

    Connections are dropped after 30 idle seconds, before Amazon's side drops them in the middle of a creation.
    """
    _hide_addresses()
    return httpx2.AsyncClient(
        timeout=CALL_PATIENCE,
        limits=httpx2.Limits(max_connections=32, max_keepalive_connections=32, keepalive_expiry=30),
        mounts=dict.fromkeys(_NO_PROXY),
    )


def was_never_sent(error: httpx2.RequestError) -> bool:
    """Return whether a call certainly did not reach the other side."""
    return isinstance(error, _NOTHING_SENT)


def what_failed(error: BaseException) -> str:
    """Return in a word or two what went wrong with a connection; the error's name for what is in no row, and empty
    for what we make of an answer that came: its status says it."""
    if isinstance(error, ChalkolaError):
        return ""
    chain = list(_causes(error))
    found = (word for kind, word in _FAILURES if any(isinstance(one, kind) for one in chain))
    return next(found, type(error).__name__)


def in_words(error: BaseException) -> str:
    """Return what went wrong with a connection as a sentence: its kind, and what it was in a word or two."""
    return f"{type(error).__name__}: {what_failed(error)}."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what it came from; httpx2's transport carries the system's error as its argument."""
    while error is not None:
        yield error
        error = error.__cause__ or next((one for one in error.args if isinstance(one, BaseException)), None)


def _hide_addresses() -> None:
    """Keep the query of addresses out of httpx2's log, whatever its level: a presigned one opens a document."""
    logging.getLogger("httpx2").addFilter(_without_query)


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(_bare(value) for value in record.args)
    return True


def _bare(value: object) -> object:
    return value.copy_with(query=None) if isinstance(value, httpx2.URL) else value
