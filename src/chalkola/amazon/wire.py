"""The one HTTP client: its connections, its patience, and what it must not log. Times here are the machine's."""

import logging

import httpx2

CALL_PATIENCE = httpx2.Timeout(connect=10, read=60, write=30, pool=120)
DOWNLOAD_PATIENCE = httpx2.Timeout(connect=10, read=120, write=30, pool=120)

_NOTHING_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_NO_PROXY = ("all://127.0.0.1", "all://localhost", "all://[::1]")


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
    """Return whether a call certainly did not reach Amazon."""
    return isinstance(error, _NOTHING_SENT)


def _hide_addresses() -> None:
    """Keep the query of addresses out of httpx2's log, whatever its level: a presigned one opens a document."""
    logging.getLogger("httpx2").addFilter(_without_query)


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(_bare(value) for value in record.args)
    return True


def _bare(value: object) -> object:
    return value.copy_with(query=None) if isinstance(value, httpx2.URL) else value
