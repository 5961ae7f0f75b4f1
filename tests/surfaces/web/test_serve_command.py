"""`chalkola serve` as a process of its own: where it listens, what it says, how it stops, what it takes."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from postgres import migrated, running_server

MOST_BYTES = 200e6


@dataclass
class Process:
    """A server at work, and what it has said so far."""

    process: "subprocess.Popen[str]"
    address: str = ""
    said: str = ""

    def read_until(self, pattern: str) -> str:
        assert self.process.stdout
        while not (found := re.search(pattern, self.said)):
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line
        return found[1]

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        request = urllib.request.Request(
            self.address + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout
        self.said += self.process.stdout.read()
        return self.process.wait(timeout=60)


@contextmanager
def serving(commands: Any, *options: str, **settings: str) -> Iterator[Process]:
    process = Process(commands.start("serve", "--port", "0", *options, **settings))
    try:
        process.address = process.read_until(r"(http://[\d.]+:\d+)")
        yield process
    finally:
        process.process.kill()
        process.process.communicate()


def test_it_says_where_it_is_answers_and_stops_in_good_order(alone: Any, database_url: str) -> None:
    with serving(alone, DATABASE_URL=database_url) as web:
        assert web.address.startswith("http://127.0.0.1:")
        assert web.ask("/health")[0] == 200
        assert web.ask("/rest/v1/rpc/cs_abc_0123456789abcdefgh", {})[0] == 404
        assert psutil.Process(web.process.pid).memory_info().rss < MOST_BYTES
        assert web.stop() == 0
    assert "for this machine alone" in web.said
    assert re.search(r"POST /rest/v1/rpc/\[hidden\]  404 PGRST202  \d+ ms", web.said)
    assert web.said.rstrip().endswith("Stopped in good order.")
    assert "Traceback" not in web.said


def test_it_says_its_events_in_json_where_that_is_asked_for(alone: Any, database_url: str) -> None:
    with serving(alone, "--only-sheets", "--host", "0.0.0.0", DATABASE_URL=database_url, CHALKOLA_LOG="json") as web:
        web.address = web.address.replace("0.0.0.0", "127.0.0.1")
        web.ask("/rest/v1/rpc/none", {})
        assert web.stop() == 0
    events = [json.loads(line) for line in web.said.splitlines()]
    assert [event["event"] for event in events] == ["listening", "request", "stopping", "stopped"]
    assert events[0]["reached_by"] == "others"
    assert (events[1]["status"], events[1]["answer"], events[1]["address"]) == (404, "PGRST202", "127.0.0.1")


def test_it_outlives_its_database_and_says_so_meanwhile(alone: Any, tmp_path: Path) -> None:
    with running_server() as server:
        asyncio.run(migrated(server.url))
        with serving(alone, DATABASE_URL=server.url) as web:
            server.stop()
            assert web.ask("/rest/v1/rpc/none", {})[0] in (404, 503)
            status, health = web.ask("/health")
            assert (status, health["database"]) == (503, False)
            server.start()
            ends = time.monotonic() + 20
            while web.ask("/rest/v1/rpc/none", {})[0] != 404:  # a pooler takes its time to notice
                assert time.monotonic() < ends
                time.sleep(0.2)
            assert web.stop() == 0
    assert "Traceback" not in web.said


def test_others_are_not_let_in_without_a_token(alone: Any) -> None:
    said = alone("serve", "--host", "0.0.0.0")
    assert (said.code, said.out) == (2, "")
    assert "nobody would have to sign in" in said.err
    assert "--only-sheets" in said.err


def test_a_supabase_project_without_the_address_of_its_database_is_said(alone: Any) -> None:
    said = alone("serve", SUPABASE_URL="https://x.supabase.co", SUPABASE_SERVICE_KEY="sb_secret_0123456789abcdef")
    assert said.code == 1
    assert "DATABASE_URL is missing" in said.err


def test_a_sign_in_that_is_set_up_in_part_is_said(alone: Any) -> None:
    said = alone("serve", GOOGLE_CLIENT_ID="x", ALLOWED_EMAIL_DOMAIN="example.com")
    assert said.code == 1
    assert "GOOGLE_CLIENT_SECRET is missing" in said.err
    assert "SESSION_SECRET is missing" in said.err


def test_with_a_sign_in_others_may_reach_the_pages(alone: Any, database_url: str) -> None:
    google = {
        "GOOGLE_CLIENT_ID": "x", "GOOGLE_CLIENT_SECRET": "GOCSPX-swordfish", "ALLOWED_EMAIL_DOMAIN": "example.com",
        "SESSION_SECRET": "s" * 32,
    }  # fmt: skip
    with serving(alone, "--host", "0.0.0.0", DATABASE_URL=database_url, **google) as web:
        web.address = web.address.replace("0.0.0.0", "127.0.0.1")
        assert web.ask("/api/v1/x")[0] == 401
        with psycopg.connect(database_url) as connection:
            assert connection.execute("SELECT domain FROM sp_reader_domains").fetchall() == [("example.com",)]
        assert psutil.Process(web.process.pid).memory_info().rss < MOST_BYTES
        assert web.stop() == 0
    assert "sign in to the pages with Google" in web.said
    assert "swordfish" not in web.said


def test_a_port_that_is_taken_is_said(alone: Any, database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = alone("serve", DATABASE_URL=database_url, PORT=port)
    assert said.code == 1
    assert f"127.0.0.1:{port}" in said.err
    assert "--port" in said.err


def test_a_database_that_is_not_there_is_said(alone: Any) -> None:
    said = alone("serve", "--port", "0", DATABASE_URL="postgresql://me:swordfish@127.0.0.1:1/x")
    assert said.code == 1
    assert "cannot be reached" in said.err
    assert "swordfish" not in said.err + said.out


@pytest.mark.parametrize("arguments", [("--port", "70000"), ("--port", "x"), ("extra",)])
def test_wrong_usage_is_said(alone: Any, arguments: tuple[str, ...]) -> None:
    assert alone("serve", *arguments).code == 2


def test_what_is_being_answered_when_it_is_told_to_stop_is_answered_and_it_stays_small_at_work(
    alone: Any, database_url: str
) -> None:
    with serving(alone, DATABASE_URL=database_url) as web, psycopg.connect(database_url) as holder:
        for path in ("/", "/coverage", "/coverage/now", "/alerts", "/alerts/rules", "/settings") * 5:
            with urllib.request.urlopen(web.address + path, timeout=30) as answer:
                assert answer.status == 200, path
        assert psutil.Process(web.process.pid).memory_info().rss < MOST_BYTES
        holder.execute("LOCK TABLE sp_slices IN ACCESS EXCLUSIVE MODE")
        with ThreadPoolExecutor(1) as asking:
            month = f"{web.address}/coverage/DE/{datetime.now(UTC):%Y-%m}"
            slow = asking.submit(urllib.request.urlopen, month, timeout=30)
            waits = "SELECT count(*) FROM pg_locks WHERE relation = 'sp_slices'::regclass AND NOT granted"
            ends = time.monotonic() + 20
            while holder.execute(waits).fetchone() == (0,):
                assert time.monotonic() < ends
                time.sleep(0.05)
            web.process.send_signal(signal.SIGTERM)
            web.read_until("(Stopping)")
            assert web.process.poll() is None, "it waits for the answer"
            holder.rollback()
            with slow.result(timeout=30) as answer:
                assert answer.status == 200
                assert b"</html>" in answer.read()
        assert web.process.wait(timeout=60) == 0
        web.said += web.process.stdout.read() if web.process.stdout else ""
    assert web.said.rstrip().endswith("Stopped in good order.")
