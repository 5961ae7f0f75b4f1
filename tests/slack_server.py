"""A strict stand-in for Slack's incoming webhooks: it refuses what Slack refuses, in Slack's words.

Limits and errors: docs.slack.dev/reference/block-kit/blocks, docs.slack.dev/apis/web-api/rate-limits and
docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/services/T0CHALKOLA/B0ALERTS/swordfishswordfishswordf"
_BARE = re.compile(r"&(?!amp;|lt;|gt;)")
_TOKEN = re.compile(r"<[^<>|]+(?:\|[^<>]*)?>")


@dataclass
class SlackServer:
    """What was posted and accepted, and what is answered next instead of judging a post."""

    url: str = ""
    messages: list[Mapping[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    next_answers: list[tuple[int, str, Mapping[str, str]]] = field(default_factory=list)
    posts: int = 0
    gone: bool = False

    def answers(self, status: int, said: str, *, times: int = 1, **headers: str) -> None:
        """Answer the next posts so, whatever they are."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.next_answers += [(status, said, named)] * times

    @property
    def texts(self) -> list[str]:
        """All that each message says, block by block."""
        return ["\n".join(block["text"]["text"] for block in message["blocks"]) for message in self.messages]

    def judge(self, path: str, content_type: str, body: bytes) -> tuple[int, str, Mapping[str, str]]:
        """Return how a post is answered, and keep its message if it is accepted."""
        self.posts += 1
        if self.gone or path != PATH:
            return 404, "no_service", {}
        if self.next_answers:
            return self.next_answers.pop(0)
        if not content_type.startswith("application/json"):
            return 400, "invalid_payload", {}
        try:
            message = json.loads(body)
        except ValueError:
            return 400, "invalid_payload", {}
        if wrong := wrong_with(message):
            self.refused.append(wrong)
            return 400, "invalid_blocks" if "block" in wrong else "invalid_payload", {}
        self.messages.append(message)
        return 200, "ok", {}


def wrong_with(message: Any) -> str:
    """Return why Slack would refuse a message, empty for a good one."""
    if not isinstance(message, dict) or message.keys() - {"text", "blocks"}:
        return "the payload has other fields than text and blocks"
    if not isinstance(message.get("text"), str) or not 0 < len(message["text"]) <= 40_000:
        return "the text is missing, or longer than 40,000"
    blocks = message.get("blocks")
    if not isinstance(blocks, list) or not 0 < len(blocks) <= 50:
        return "there are no blocks, or more than 50"
    return next(filter(None, map(_wrong_with_block, blocks)), "")


def _wrong_with_block(block: Any) -> str:
    if not isinstance(block, dict) or block.get("type") not in ("header", "section", "divider"):
        return f"unknown block {block!r}"
    if block["type"] == "divider":
        return "" if block.keys() <= {"type", "block_id"} else "a divider block has no other fields"
    text = block.get("text")
    if block.keys() != {"type", "text"} or not isinstance(text, dict) or text.keys() != {"type", "text"}:
        return f"a {block['type']} block has a type and a text, and the text a type and a text"
    kinds, longest = (("plain_text",), 150) if block["type"] == "header" else (("plain_text", "mrkdwn"), 3_000)
    if text["type"] not in kinds:
        return f"a {block['type']} block's text is not {text['type']}"
    if not isinstance(text["text"], str) or not 0 < len(text["text"]) <= longest:
        return f"a {block['type']} block's text has {len(text['text'])} characters, 1 to {longest} are allowed"
    if text["type"] == "mrkdwn" and (_BARE.search(text["text"]) or "<" in _TOKEN.sub("", text["text"])):
        return f"a block's text is not escaped: {text['text']!r}"
    return ""


@contextmanager
def running_slack() -> Iterator[SlackServer]:
    """Give a Slack on this machine."""
    slack = SlackServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            status, said, headers = slack.judge(self.path, self.headers.get("content-type", ""), body)
            self.send_response(status)
            for name, value in {"content-type": "text/html", "content-length": str(len(said)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    slack.url = f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield slack
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
