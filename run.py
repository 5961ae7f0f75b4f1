#!/usr/bin/env python3
"""Chalkola on a machine that has nothing but Python and git.

    python3 run.py demo             the main job, on a simulated Amazon and a PostgreSQL of its own
    python3 run.py test [...]       the tests (what follows goes to pytest)
    python3 run.py COMMAND [...]    any other command of chalkola, for instance: status, plan, stop

The first start makes .venv and installs what the lock names into it, once; nothing outside this folder is changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Iterator  # noqa: UP035  Standard library only, and it must parse on an old Python to say so.

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
SUFFIX = ".exe" if os.name == "nt" else ""
PYTHON = SCRIPTS / f"python{SUFFIX}"

RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
STAMP = VENV / "installed.json"  # lock's name -> fingerprint of what was installed from it
UNFINISHED = VENV / "unfinished"  # there while an installation is under way


class InstallationFailed(Exception):
    """What was being done, and the last lines that it said."""


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):  # noqa: UP036  the whole point
        return end(f"Chalkola needs Python 3.11 or newer; this is {sys.version.split()[0]} ({sys.executable}).", 1)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments else 2
    try:
        lock = DEVELOPMENT if arguments[0] == "test" else RUNTIME
        if not is_installed(lock):
            with alone():
                if not is_installed(lock):  # another start may have done it while we waited
                    install(lock)
        return become(command(arguments))
    except (InstallationFailed, OSError) as failure:
        return end(str(failure), 1)
    except KeyboardInterrupt:
        return end("\nStopped.", 130)


def command(arguments: list[str]) -> list[str]:
    if arguments[0] != "test":
        return [str(SCRIPTS / f"chalkola{SUFFIX}"), *arguments]
    os.chdir(ROOT)
    return [str(PYTHON), "-m", "pytest", *arguments[1:]]


def become(program: list[str]) -> int:
    """Hand over to the program: its exit code, its Ctrl-C, its terminal."""
    if os.name != "nt":
        os.execv(program[0], program)
    with subprocess.Popen(program) as process:
        while True:
            with suppress(KeyboardInterrupt):  # the program has received it as well, and decides
                return process.wait()


def is_installed(lock: str) -> bool:
    if UNFINISHED.exists() or not PYTHON.exists():  # a .venv whose Python was removed has a link to nothing
        return False
    return stamps().get(lock) == fingerprint(lock)


def install(lock: str) -> None:
    if importlib.util.find_spec("ensurepip") is None:
        raise InstallationFailed(without_ensurepip())
    began = time.monotonic()
    say("Installing into .venv, this once ...")
    if UNFINISHED.exists() or not has_pip():
        make_venv()
    UNFINISHED.touch()
    # Ready-made files alone: building one would fetch build tools that no hash vouches for. For the same reason
    # the project itself is installed with the setuptools that the lock names instead of one fetched for the build.
    pip("--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(ROOT / lock))
    pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))
    locks = [RUNTIME, DEVELOPMENT] if lock == DEVELOPMENT else [RUNTIME]  # the second contains the first
    STAMP.write_text(json.dumps({**stamps(), **{name: fingerprint(name) for name in locks}}))
    UNFINISHED.unlink()
    say(f"Installed in {time.monotonic() - began:.0f} s.")


def make_venv() -> None:
    """Make .venv anew; it counts as unfinished from its first moment on."""
    if VENV.exists():
        shutil.rmtree(VENV)
    VENV.mkdir()
    UNFINISHED.touch()
    base = getattr(sys, "_base_executable", "") or sys.executable  # not the .venv that was just removed
    run_quietly([base, "-m", "venv", str(VENV)])


def pip(*arguments: str) -> None:
    run_quietly([str(PYTHON), "-m", "pip", "install", "--no-input", "--progress-bar", "off", *arguments])


def run_quietly(program: list[str]) -> None:
    """Run an installer with one changing line in a terminal; what it said is shown only when it fails."""
    environment = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    said: deque[str] = deque(maxlen=15)
    with subprocess.Popen(
        program,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environment,
    ) as process:
        for line in process.stdout or ():
            said.append(line.rstrip())
            show_progress(line)
    show_progress("")
    if process.returncode != 0:
        raise InstallationFailed(
            "\n".join(said) + "\n\nThe installation did not finish; the lines above are its last."
            "\nMostly it is the network or pip's index settings. Start again when that is solved: it begins afresh."
        )


def show_progress(line: str) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        words = " ".join(line.split()[:2]) if line[:1].isalpha() else ""
        if words or not line:
            sys.stderr.write(f"\r{words[:70]:70}\r")
            sys.stderr.flush()


def has_pip() -> bool:
    """Tell whether .venv can install; one made where ensurepip was missing has no pip."""
    if not PYTHON.exists():
        return False
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.run([str(PYTHON), "-m", "pip", "--version"], check=False, **quiet).returncode == 0


def without_ensurepip() -> str:
    if shutil.which("apt"):
        return "sudo apt install python3-venv"
    return "This Python came without `ensurepip`: install Python 3.11 or newer from python.org and start again."


def stamps() -> dict[str, str]:
    with suppress(OSError, ValueError):
        return dict(json.loads(STAMP.read_text()))
    return {}


def fingerprint(lock: str) -> str:
    """Change when the lock or pyproject.toml does, or when the folder was moved (.venv holds paths)."""
    parts = [(ROOT / lock).read_bytes(), (ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@contextmanager
def alone() -> Iterator[None]:
    """Let one start install at a time. The system's lock on this file ends with its holder, so none goes stale."""
    with Path(__file__).open("r+b") as file:
        if not acquire(file.fileno()):
            say("Another start is installing; waiting for it.")
            while not acquire(file.fileno()):
                time.sleep(0.2)
        yield


def acquire(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # beyond the end: Windows would keep others from reading it
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass  # a disk that knows no locks
    return True


def end(text: str, code: int) -> int:
    say(text)
    return code


def say(text: str) -> None:
    """To stderr: stdout belongs to the command."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
