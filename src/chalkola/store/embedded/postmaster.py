"""Make, start, probe and stop one server.

Its output goes to files and never through pipes: a server that inherits a pipe keeps the reader waiting for ever.
"""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from chalkola.errors import Fault
from chalkola.store.embedded.binaries import Binaries
from chalkola.store.embedded.conf import server_conf
from chalkola.store.embedded.place import DATABASE, ROLE, Card, Place

_ATTEMPTS = 20
_START_SECONDS = 120
_PORTS = range(20_000, 32_000)  # below what systems hand out for outgoing connections, so it is still free tomorrow


def version_if_up(card: Card) -> str | None:
    """Return the version (`18.6`) if our server answers, None if nobody does or it is somebody else's."""
    try:
        return _version(card, DATABASE)
    except psycopg.OperationalError:
        return None


def is_alive(place: Place, card: Card) -> bool:
    """Tell whether the process in postmaster.pid is this cluster's server, whether or not it answers yet.

    A pid proves nothing: it may be a zombie that nobody reaps, or belong to another program since a power cut. The
    token in its command line does, or that it is a PostgreSQL at work in this data folder (started by hand).
    """
    import psutil  # here: wanted only when the server does not answer

    pid = _pid(place)
    try:
        process = psutil.Process(pid) if pid else None
        if process is None or any(card.token in word for word in process.cmdline()):
            return process is not None
        return _is_postgres(process) and Path(process.cwd()) == place.data.resolve()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    except psutil.AccessDenied:
        return _is_postgres(psutil.Process(pid))  # ours, as far as we may know


def make(place: Place, card: Card, programs: Binaries) -> None:
    """Create the data folder. It gets its name when it is complete, so a broken attempt leaves no half database."""
    draft = place.fresh_folder("data.new")
    with place.secret_file("password.new", card.password):
        done = _run(
            place,
            [
                *(programs.program("initdb"), "-D", draft.name, "-U", ROLE, "--pwfile", "password.new"),
                *("-A", "scram-sha-256", "--locale=C", "-E", "UTF8"),
            ],
        )
    if not done:
        raise _fault(place, "could not be set up")
    no_follow = getattr(os, "O_NOFOLLOW", 0)  # root writes in a folder that is another account's
    with os.fdopen(os.open(draft / "postgresql.conf", os.O_WRONLY | os.O_APPEND | no_follow), "w") as file:
        file.write("\ninclude '../server.conf'\n")
    draft.rename(place.data)


def start(home: Path, place: Place, card: Card, programs: Binaries, settings: Mapping[str, str]) -> Card:
    """Start the server and wait until it answers; return the card with the port it has.

    Raises `Fault` with the server's last lines when it does not start.
    """
    if _answers_soon(place, card):
        return card
    for _ in range(_ATTEMPTS):
        (place.data / "postmaster.pid").unlink(missing_ok=True)
        card = replace(card, port=_free_port(card.port))
        card.write(home)
        _write_conf(place, card, settings)
        said_before = place.log.stat().st_size
        if _run(place, _start_command(programs, card)):
            return card
        if not _may_pass(place, said_before):
            break
        time.sleep(0.5)  # noqa: TID251 (machine time: a server of ours starts)
    raise _fault(place, "did not start")


def stop(place: Place, programs: Binaries) -> None:
    """Stop the server, ending its sessions and finishing its files. Raises `Fault` when it does not stop."""
    if not _run(place, [programs.program("pg_ctl"), "stop", "-D", "data", "-m", "fast", "-w", "-t", "60"]):
        raise _fault(place, "did not stop")


def create_database(card: Card) -> None:
    """Create our database if it is not there."""
    with psycopg.connect(card.url("postgres"), autocommit=True) as connection:
        known = connection.execute("select from pg_database where datname = %s", [DATABASE]).fetchone()
        if known is None:
            connection.execute(f"create database {DATABASE}")


def _version(card: Card, database: str) -> str | None:
    # require_auth: whoever sits on our port while the server is down must not be able to ask for the password
    with psycopg.connect(card.url(database), connect_timeout=2, require_auth="scram-sha-256") as connection:
        found = connection.execute("select current_setting('cluster_name')").fetchone()
        version = connection.info.parameter_status("server_version")
    return version.split()[0] if version and found == (card.token,) else None


def _answers_soon(place: Place, card: Card) -> bool:
    """A server that is alive and silent is starting, recovering from a crash, or stopping: wait for what comes."""
    problem = ""
    deadline = time.monotonic() + _START_SECONDS
    while is_alive(place, card):
        try:
            if _version(card, "postgres"):
                return True
        except psycopg.OperationalError as error:
            problem = str(error).strip()
        if time.monotonic() > deadline or "password authentication failed" in problem:
            raise _fault(place, "runs but does not answer", problem)
        time.sleep(0.1)  # noqa: TID251 (machine time: a server of ours starts)
    return False


def _is_postgres(process: Any) -> bool:
    return str(process.name()).lower().startswith("postgres")


def _pid(place: Place) -> int | None:
    try:
        return int((place.data / "postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _start_command(programs: Binaries, card: Card) -> list[str]:
    # Paths are relative to the place's folder: pg_ctl puts them into a shell command without quoting $ or `.
    return [
        *(programs.program("pg_ctl"), "start", "-D", "data", "-l", "server.log"),
        *("-o", f"-c cluster_name={card.token}", "-w", "-t", str(_START_SECONDS)),
    ]


def _run(place: Place, command: list[str]) -> bool:
    """Run a program to its end, as the place's account, out of reach of this terminal's Ctrl-C."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    identity = place.account.identity() if place.account else {}
    with (place.folder / "control.log").open("wb") as output:
        done = subprocess.run(
            command,
            cwd=place.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=flags,
            check=False,
            **identity,
        )
    return done.returncode == 0


def _environment() -> dict[str, str]:
    """Ours without PGPORT and its like; the C locale, without which macOS makes the server multithreaded."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("PG")}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _write_conf(place: Place, card: Card, settings: Mapping[str, str]) -> None:
    path = place.folder / "server.conf"
    path.write_text(server_conf({**settings, "port": str(card.port), "cluster_name": card.token}), encoding="utf-8")
    path.chmod(0o644)


def _may_pass(place: Place, said_before: int) -> bool:
    """Another program took the port in between, or children of a killed server are still leaving."""
    with place.log.open("rb") as file:
        file.seek(said_before)
        said = file.read()
    return b"could not bind" in said or b"is still in use" in said


def _free_port(wished: int) -> int:
    while not (wished and _is_free(wished)):
        wished = secrets.choice(_PORTS)
    return wished


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        if sys.platform != "win32":  # as PostgreSQL does; on Windows it would mean sharing the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _fault(place: Place, what: str, problem: str = "") -> Fault:
    return Fault(
        f"The embedded PostgreSQL {what}.",
        why=problem or place.last_words(),
        remedy=f"Its whole log is {place.log}. Or set DATABASE_URL to a PostgreSQL of your own.",
    )
