"""The simulated Amazon as a process of the demo's own: it ends with the demo, however the demo ends."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from chalkola.errors import Fault

_STOPS_WITHIN_SECONDS = 5


@contextmanager
def simulated_amazon(home: Path, *, start: datetime, speed: float) -> Iterator[Mapping[str, str]]:
    """Give the settings that lead to a simulated Amazon whose time is `start` now and runs `speed` times as fast.

    Its reports outlive it in `home`. Raises `Fault` when it does not start.
    """
    log = home / "log" / "simulator.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said, _started(_command(home, start, speed), said) as process:
        try:
            yield _settings(process, log)
        finally:
            _end(process)


def _command(home: Path, start: datetime, speed: float) -> list[str]:
    return [
        sys.executable, "-P", "-m", "amazon_simulator", "--until-stdin-closes",
        "--clock-start", start.isoformat(), "--clock-speed", f"{speed:g}",
        "--journal", str(home / "simulator" / "journal.jsonl"),
    ]  # fmt: skip


def _started(command: list[str], said: IO[bytes]) -> "subprocess.Popen[bytes]":
    # A group of its own: Ctrl-C is ours to receive, and what is in hand may still ask Amazon.
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said,
        start_new_session=sys.platform != "win32", creationflags=flags,
    )  # fmt: skip


def _settings(process: "subprocess.Popen[bytes]", log: Path) -> Mapping[str, str]:
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise Fault(
            "The simulated Amazon did not start.",
            why=log.read_text(encoding="utf-8", errors="replace")[-500:].strip(),
            remedy="`chalkola simulate` starts it alone and shows more.",
        )
    environment: dict[str, str] = json.loads(line)["env"]
    return environment


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    try:
        process.wait(_STOPS_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
