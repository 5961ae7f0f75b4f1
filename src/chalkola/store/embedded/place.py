"""Where a cluster's files are and whose they are, and the card that remembers it.

PostgreSQL refuses to run as root. For root the server therefore runs as `postgres`, or `nobody` where there is no
such account; no account is made. That account must reach its files. A home of mode 0700 is closed to it, and
opening a person's folders would be worse than moving: then, and only then, the files go to /var/lib/chalkola/TOKEN,
the data in it 0700 as everywhere. A home that is open (a container's volume) holds its own data, for root too.
"""

import json
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from chalkola.errors import Fault

SYSTEM_FOLDER = Path("/var/lib/chalkola")
ROLE = DATABASE = "chalkola"

_LOG_KEPT_BYTES = 10_000_000
_LOG_LINES_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is remembered of a cluster between starts. `folder` is None when the files are beside the card."""

    path: str
    token: str
    password: str
    port: int
    folder: str | None
    bin: str = ""
    ready: bool = False

    @staticmethod
    def read(home: Path) -> "Card | None":
        """Return the card of `home`, None when there is none. Raises `Fault` when it is unreadable."""
        path = _card_path(home)
        try:
            return Card(path=str(path), **json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError) as error:
            raise Fault(
                f"{path} cannot be read, so the password of the embedded PostgreSQL is not known.",
                why=f"{type(error).__name__}: {error}.",
                remedy="Run as the user who made it, or restore it from a backup.",
            ) from error

    @staticmethod
    def new(home: Path) -> "Card":
        """Return a card for a cluster that does not exist yet."""
        token = f"chalkola-{secrets.token_hex(4)}"
        closed = _account_if_root() is not None and not _open_to_others(home.resolve())
        return Card(
            path=str(_card_path(home)),
            token=token,
            password=secrets.token_urlsafe(24),
            port=0,
            folder=str(SYSTEM_FOLDER / token) if closed else None,
        )

    def write(self, home: Path) -> None:
        """Replace the card on disk in one step, readable by its owner alone."""
        path = _card_path(home)
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({key: value for key, value in asdict(self).items() if key != "path"}, file, indent=1)
        if sys.platform != "win32" and os.geteuid() == 0:
            os.chown(draft, path.parent.stat().st_uid, -1)  # root in another user's home leaves it theirs
        draft.replace(path)

    def url(self, database: str = DATABASE) -> str:
        """Return a libpq URL. TLS is off by name, so that a PGSSLMODE in the environment does not matter."""
        return f"postgresql://{ROLE}:{quote(self.password)}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def folder_under(self, home: Path) -> Path:
        """Return the folder that holds the data; beside the card it moves when the home is moved."""
        return Path(self.folder) if self.folder else home.resolve() / "postgres"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whom the server runs as, when we are root."""

    name: str
    uid: int
    gid: int

    def identity(self) -> dict[str, Any]:
        """Return the arguments that make `subprocess` run a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A cluster's folder and the account that owns the data in it (None: ourselves)."""

    folder: Path
    account: Account | None

    @staticmethod
    def of(home: Path, card: Card) -> "Place":
        """Return the place that the card names; data that exists decides the account by its owner."""
        folder = card.folder_under(home)
        return Place(folder=folder, account=_account_if_root(owner_of=folder / "data"))

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    def made_by(self) -> int | None:
        """Return the major version that made the data, None when there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def prepare(self) -> None:
        """Make the folder (ours; the account may only pass through) and the log (the account's)."""
        if self.folder.parent == SYSTEM_FOLDER:
            make_system_folder()
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if sys.platform != "win32" and self.account is not None and self.folder.stat().st_uid == 0:
            os.chown(self.folder, 0, self.account.gid)
            self.folder.chmod(0o750)
        if self.log.exists() and self.log.stat().st_size > _LOG_KEPT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        self.log.touch(mode=0o600)
        self.give(self.log)

    def give(self, path: Path) -> None:
        """Make a file or folder of ours the account's own."""
        if sys.platform != "win32" and self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def fresh_folder(self, name: str) -> Path:
        """Return an empty folder (0700) that is the account's; what a broken start left there is removed."""
        path = self.folder / name
        if path.exists():
            shutil.rmtree(path)
        path.mkdir(mode=0o700)
        self.give(path)
        return path

    @contextmanager
    def secret_file(self, name: str, text: str) -> Iterator[None]:
        """Hold a file that only the account can read, for as long as the block runs."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
            self.give(path)
            yield
        finally:
            path.unlink(missing_ok=True)

    def last_words(self) -> str:
        """Return the last lines of the programs' and the server's output, for an error message."""
        said = [_last_lines(path) for path in (self.folder / "control.log", self.log)]
        return "\n".join(part for part in said if part) or f"Nothing was said in {self.log}."


def make_system_folder() -> None:
    """Make /var/lib/chalkola if it is not there, open to be passed through whatever the umask is."""
    if not SYSTEM_FOLDER.exists():
        SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
        SYSTEM_FOLDER.chmod(0o755)


def _card_path(home: Path) -> Path:
    return home / "postgres" / "cluster.json"


def _last_lines(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 10_000))
        lines = file.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-_LOG_LINES_SHOWN:])


def _open_to_others(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _account_if_root(owner_of: Path | None = None) -> Account | None:
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    if owner_of is not None and owner_of.exists() and (owner := owner_of.stat()).st_uid != 0:
        return Account(name=str(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise Fault(
        "The embedded PostgreSQL does not run as root.",
        why="PostgreSQL refuses to, and this machine has no account `postgres` or `nobody` to run it as.",
        remedy="Run the command as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own.",
    )
