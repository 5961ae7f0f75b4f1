"""Slack's incoming webhooks: a message as blocks, within Slack's limits.

docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and docs.slack.dev/reference/block-kit/blocks: at
most 50 blocks, 3,000 characters in a section's text, 150 in a header's; `&`, `<` and `>` are escaped.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec

from chalkola.redaction import without_secrets
from chalkola.surfaces.alerts.message import Link, Message, Section, aligned
from chalkola.surfaces.alerts.undelivered import Undelivered
from chalkola.wire import open_client, what_failed

MOST_BLOCKS = 50
LONGEST_TEXT = 3_000
LONGEST_HEADER = 150
_LONGEST_LINE = 600
_LONGEST_FACTS = {"Why": 1_200}
_PATIENCE = httpx2.Timeout(connect=10, read=15, write=15, pool=10)  # machine time
_LONGEST_WAIT_SECONDS = 30.0  # machine time
_ICONS = {"fault": "🔴 ", "warning": "🟠 ", "note": "🔵 "}
_REMEDIES = {
    "no_service": "The webhook was switched off or removed: make a new one and set SLACK_WEBHOOK_URL.",
    "no_active_hooks": "The webhook was switched off or removed: make a new one and set SLACK_WEBHOOK_URL.",
    "invalid_token": "The webhook's address is not right: copy SLACK_WEBHOOK_URL again.",
    "channel_is_archived": "The webhook's channel is archived: make a new webhook for another one.",
    "channel_not_found": "The webhook's channel is gone: make a new webhook for another one.",
    "action_prohibited": "An administrator of Slack does not allow it: ask them.",
    "posting_to_general_channel_denied": "An administrator of Slack does not allow it: ask them.",
}


@dataclass(frozen=True, kw_only=True)
class Slack:
    """A channel of Slack's, by its webhook."""

    webhook: str = field(repr=False)
    name: str = "Slack"

    async def send(self, message: Message) -> str:
        """Post a message, once more where that may help. Return what Slack says. Raises `Undelivered`."""
        if not _is_safe(self.webhook):
            raise Undelivered("SLACK_WEBHOOK_URL is not an https address.", remedy=_COPY)
        body = msgspec.json.encode(render(message))
        with _unlogged(self.webhook):
            async with open_client() as client:
                answer = await _post(client, self.webhook, body)
                if (wait := answer.worth_waiting()) is not None:
                    await asyncio.sleep(wait)  # noqa: TID251  machine time: Slack is not simulated
                    answer = await _post(client, self.webhook, body)
        if answer.status != 200:
            raise Undelivered(f"Slack did not take the message: {answer}.", remedy=_REMEDIES.get(answer.said, ""))
        return str(answer)


_COPY = "Copy it from api.slack.com > Your Apps > your app > Incoming Webhooks."


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """What came back; `status` is None where nothing did."""

    status: int | None
    said: str
    retry_after_seconds: float | None = None

    def __str__(self) -> str:
        return f"HTTP {self.status} {self.said}" if self.status is not None else self.said

    def worth_waiting(self) -> float | None:
        """Return after how many seconds to try once more, None for not at all."""
        if self.status == 429:
            wait = self.retry_after_seconds or 1.0
            return wait if wait <= _LONGEST_WAIT_SECONDS else None
        return 1.0 if self.status is None or self.status >= 500 else None


async def _post(client: httpx2.AsyncClient, webhook: str, body: bytes) -> _Answer:
    headers = {"content-type": "application/json; charset=utf-8"}
    try:
        response = await client.post(webhook, content=body, headers=headers, timeout=_PATIENCE)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return _Answer(status=None, said=f"it cannot be reached ({what_failed(error)})")
    said = without_secrets(" ".join(response.text.split())[:100], webhook, urlsplit(webhook).path)
    try:
        after = float(response.headers.get("retry-after", ""))
    except ValueError:
        after = None
    return _Answer(status=response.status_code, said=said, retry_after_seconds=after)


def _is_safe(webhook: str) -> bool:
    try:
        parts = urlsplit(webhook)
        return bool(parts.hostname) and (
            parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1")
        )
    except ValueError:
        return False


@contextmanager
def _unlogged(webhook: str) -> Iterator[None]:
    """Keep the webhook's address, which is all that it takes to post there, out of httpx2's log."""

    def without(record: logging.LogRecord) -> bool:
        return webhook not in record.getMessage()

    logger = logging.getLogger("httpx2")
    logger.addFilter(without)
    try:
        yield
    finally:
        logger.removeFilter(without)


def render(message: Message) -> dict[str, Any]:
    """Return a message as Slack's payload, cut to its limits."""
    blocks: list[dict[str, object]] = [{"type": "header", "text": {"type": "plain_text", "text": _header(message)}}]
    texts = [text for section in message.sections for text in _section(section)]
    if message.over:
        texts.append(_within([], [f"✅ {_escaped(line)}" for line in message.over]))
    if message.links:
        texts.append(" · ".join(_link(link) for link in message.links))
    room = MOST_BLOCKS - len(blocks)
    if len(texts) > room:
        texts = [*texts[: room - 1], f"And {len(texts) - room + 1} more: `chalkola alerts list` has them all."]
    blocks += [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in texts]
    first = next((line for section in message.sections for line in section.lines), next(iter(message.over), ""))
    return {"text": _escaped(f"{message.title}. {first}".strip()), "blocks": blocks}


def _header(message: Message) -> str:
    gravest = next((_ICONS.get(section.severity, "") for section in message.sections), "")
    return _cut(f"{gravest}{message.title}", LONGEST_HEADER)


def _section(section: Section) -> Iterable[str]:
    head = [f"{_ICONS.get(section.severity, '')}*{_escaped(section.title)}*"] if section.title else []
    facts = [f"*{name}:* {_escaped(said, _LONGEST_FACTS.get(name, _LONGEST_LINE))}" for name, said in section.facts]
    tail = [*facts, *([_link(section.link)] if section.link else [])]
    if head or section.lines or tail:
        yield _within(head, [f"• {_escaped(line)}" for line in section.lines], tail)
    if section.table:
        yield _within(["```"], [_escaped(row) for row in aligned(section.table)], ["```"])


def _within(head: list[str], lines: list[str], tail: list[str] | None = None) -> str:
    """Return all of it as one text, with as many of `lines` as fit, and how many do not."""
    kept, tail = list(lines), tail or []
    while len(text := "\n".join([*head, *kept, *_more(len(lines) - len(kept)), *tail])) > LONGEST_TEXT and kept:
        kept.pop()
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _more(dropped: int) -> list[str]:
    return [f"And {dropped} more: see chalkola alerts list."] if dropped else []


def _link(link: Link) -> str:
    return f"<{link.url}|{_escaped(link.text)}>"


def _escaped(text: str, longest: int = _LONGEST_LINE) -> str:
    """Return text as Slack wants it, cut where it would be longer than `longest`."""
    made = _entities(text)
    while len(made) > longest:  # cut before it is escaped: half an entity would be read as it stands
        text = text[: len(text) - max(2, (len(made) - longest) // 5)]
        made = _entities(f"{text}…")
    return made


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
