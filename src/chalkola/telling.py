"""Telling whoever writes calls down about each of them, however it ends. Times here are the machine's."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2

from chalkola.calls import Call, Sink, pull_in_hand
from chalkola.clock import Clock
from chalkola.wire import what_failed

_REQUEST_IDS = ("x-amzn-requestid", "x-amz-rid", "x-amz-request-id")
"""The API's, Login with Amazon's, the storage's."""
_LOOKS_LIKE_AN_ID = re.compile(r"[\w.:=+/-]{1,100}", re.ASCII)


@dataclass(kw_only=True)
class Heard:
    """What is known of a call while it is made."""

    status: int | None = None
    request_id: str = ""
    rate_per_second: float | None = None

    def answer(self, response: httpx2.Response) -> None:
        """Note what the head of an answer says."""
        self.status = response.status_code
        self.request_id = _request_id(response.headers)
        self.rate_per_second = _rate(response.headers)


class Teller:
    """Tells a sink, if there is one, about every call that is made in its `telling`."""

    def __init__(self, clock: Clock, sink: Sink | None) -> None:
        self._clock, self._sink = clock, sink

    @contextmanager
    def telling(self, operation: str, account: str) -> Iterator[Heard]:
        """Give what hears of the one call that is made inside; the sink is told once it is over."""
        heard, begun, failure = Heard(), time.perf_counter(), ""
        try:
            yield heard
        except BaseException as error:
            failure = what_failed(error)
            raise
        finally:
            if self._sink is not None:
                seconds = time.perf_counter() - begun
                self._sink(_call(heard, operation, account, self._clock, seconds, failure))


def _call(heard: Heard, operation: str, account: str, clock: Clock, seconds: float, failure: str) -> Call:
    return Call(
        at=clock.now(), account=account, operation=operation, seconds=seconds, status=heard.status, failure=failure,
        request_id=heard.request_id, rate_per_second=heard.rate_per_second, pull=pull_in_hand(),
    )  # fmt: skip


def _request_id(headers: httpx2.Headers) -> str:
    given = next((headers[name] for name in _REQUEST_IDS if name in headers), "")
    return given if _LOOKS_LIKE_AN_ID.fullmatch(given) else ""


def _rate(headers: httpx2.Headers) -> float | None:
    try:
        return float(headers["x-amzn-ratelimit-limit"])
    except (KeyError, ValueError):
        return None
