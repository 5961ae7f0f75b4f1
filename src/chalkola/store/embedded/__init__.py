"""An embedded PostgreSQL: a server of our own, started when it is needed and left running until `stop`.

Only the programs come from elsewhere (`binaries.py`); starting them is ours, because it has to work for root as for
an ordinary user, in any folder, after any kind of death, and for several first starts at once.

    HOME/postgres/cluster.json   the card (0600): token, port, password, and where the files are
    HOME/postgres/lock           held while a server is being started or stopped
    FOLDER/data                  PostgreSQL's data folder (0700), bound to the major version that made it
    FOLDER/server.conf           our settings, written anew at each start and included by postgresql.conf
    FOLDER/server.log            what the server says
                                 FOLDER is HOME/postgres; for root it may have to be elsewhere: see `place.py`

The server listens on 127.0.0.1 alone and asks for a random password (scram-sha-256). "It runs" means that it answers
on its port and gives our token as its `cluster_name`; no pid file is believed.

Linux is tested. Windows and macOS are written for (no sockets in folders, no signals, `pg_ctl` for administrators,
a hidden console so that Ctrl-C does not reach the server) but have not been run.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import filelock
import psycopg

from chalkola.errors import Fault
from chalkola.store.embedded import binaries as programs_on_this_machine
from chalkola.store.embedded import postmaster
from chalkola.store.embedded.binaries import Binaries
from chalkola.store.embedded.place import Card, Place

__all__ = ["Cluster", "ensure", "psql", "running", "stop"]

_LOCK_SECONDS = 180
_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A running server. `url` is a libpq URL with the password in it: never log it."""

    url: str
    data: Path
    version: str
    psql: Path | None


def ensure(home: Path, *, binaries: Path | None = None, settings: Mapping[str, str] = _NO_SETTINGS) -> Cluster:
    """Return the running server of `home`, starting it (the first time: making it) if needed.

    Safe to call from several processes at once: one starts, the others wait and share. It blocks, so call it before
    an event loop runs: some 10 ms when the server is up, about a second the first time.

    `binaries` is a `bin` folder to use instead of the one that is found. `settings` are PostgreSQL's own
    (`{"work_mem": "32MB"}`) on top of ours; a server that runs already keeps those it was started with.

    Raises `Fault` when no programs are found, they are of another major version than the data, or the server does
    not start (with the last lines it said).
    """
    with _plainly_said(home):
        return running(home) or _started(home, binaries, settings)


def stop(home: Path) -> bool:
    """Stop the server of `home`, ending its sessions; return False when none was running.

    Raises `Fault` when it does not stop.
    """
    with _plainly_said(home):
        card = Card.read(home)
        if card is None:
            return False
        with _lock(home):
            place = Place.of(home, card)
            if not postmaster.is_alive(place, card):
                return False
            postmaster.stop(place, _programs_of(card, None, place))
            return True


def running(home: Path) -> Cluster | None:
    """Return the server of `home` if it answers, else None. Starts nothing and creates no file.

    Raises `Fault` when what is remembered of it cannot be read.
    """
    card = Card.read(home)
    version = postmaster.version_if_up(card) if card is not None and card.ready else None
    if card is None or version is None:
        return None
    return Cluster(url=card.url(), data=card.folder_under(home) / "data", version=version, psql=psql(home))


def psql(home: Path) -> Path | None:
    """Return the `psql` that came with the server of `home`, else one on the PATH, else None."""
    card = Card.read(home)
    ours = shutil.which("psql", path=card.bin) if card is not None and card.bin else None
    found = ours or shutil.which("psql")
    return Path(found) if found else None


def _started(home: Path, explicit: Path | None, settings: Mapping[str, str]) -> Cluster:
    home.mkdir(parents=True, exist_ok=True)
    (home / "postgres").mkdir(mode=0o700, exist_ok=True)
    with _lock(home):
        card = Card.read(home) or Card.new(home)  # if another process was first, each step finds its work done
        place = Place.of(home, card)
        programs = _programs_of(card, explicit, place)
        card = replace(card, bin=str(programs.folder))
        card.write(home)
        place.prepare()
        if not place.data.exists():
            _refuse_to_replace_lost_data(card, place)
            postmaster.make(place, card, programs)
        card = postmaster.start(home, place, card, programs, settings)
        postmaster.create_database(card)
        replace(card, ready=True).write(home)
        return _answer(home, place)


def _answer(home: Path, place: Place) -> Cluster:
    if cluster := running(home):
        return cluster
    raise Fault(
        "The embedded PostgreSQL was started and stopped again at once.",
        why=place.last_words(),
        remedy="Start the command once more; if it happens again, the lines above say what is wrong.",
    )


def _programs_of(card: Card, explicit: Path | None, place: Place) -> Binaries:
    last = Path(card.bin) if card.bin and Path(card.bin).is_dir() else None
    return programs_on_this_machine.choose(explicit, last=last, place=place)


def _refuse_to_replace_lost_data(card: Card, place: Place) -> None:
    if card.ready:
        raise Fault(
            f"The data of the embedded PostgreSQL is no longer at {place.data}.",
            why="It has been moved or deleted since the last start.",
            remedy=f"Put it back; or delete {card.path} to begin with an empty database.",
        )


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    lock = filelock.FileLock(home / "postgres" / "lock", timeout=_LOCK_SECONDS)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise Fault(
            "The embedded PostgreSQL could not be started.",
            why=f"Another process has been starting or stopping it for {_LOCK_SECONDS} seconds.",
            remedy=f"End that process (it holds {home / 'postgres' / 'lock'}) and start again.",
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _plainly_said(home: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, psycopg.Error) as error:
        raise Fault(
            f"The embedded PostgreSQL in {home} cannot be used.",
            why=f"{type(error).__name__}: {error}.",
            remedy="CHALKOLA_HOME must be a folder that you own, on a disk with room; or set DATABASE_URL instead.",
        ) from error
