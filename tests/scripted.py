"""The script of a spreadsheet against a real `chalkola serve`: what its tests in Node may ask for, over HTTP.

The script's calls block Node as they block a spreadsheet, so whoever stops the server or changes a row while one is
under way has to be elsewhere: here.
"""

import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

SHEETS = Path(__file__).parents[1] / "sheets"

Start = Callable[[str], "subprocess.Popen[str]"]
"""Starts a server on a port."""


@dataclass(kw_only=True)
class Server:
    """`chalkola serve` on one port, stopped and started at will."""

    start_on: Start
    port: str = "0"
    said: str = ""
    process: "subprocess.Popen[str] | None" = field(default=None)

    @property
    def address(self) -> str:
        """Where it listens, also while it does not."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it where it was and wait until it listens."""
        self.process = self.start_on(self.port)
        assert self.process.stdout
        listening = None
        while listening is None:
            line = self.process.stdout.readline()
            self.said += line
            assert line, self.said
            listening = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        self.port = listening[1]

    def stop(self) -> None:
        """Kill it, as a machine does that goes away."""
        if self.process:
            self.process.kill()
            self.said += self.process.communicate()[0]
            self.process = None


@contextmanager
def controlled(server: Server, database_url: str) -> Iterator[str]:
    """Give the address at which POST /sql executes a statement, and POST /stop and /start do it to the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            match self.path:
                case "/stop":
                    answer: Any = server.stop()
                case "/start":
                    answer = server.start()
                case _:
                    answer = _rows(database_url, json.loads(body)["sql"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer, default=str).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_address[1]}"
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
        server.stop()


def _rows(database_url: str, statement: str) -> list[dict[str, Any]]:
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def node(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run Node in `sheets/`."""
    return subprocess.run(
        ["node", *arguments], cwd=SHEETS, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
    )  # fmt: skip
