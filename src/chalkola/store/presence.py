"""Who is alive on this machine: each worker holds a file lock that the operating system lets go when it dies.

So a run that follows a `kill -9` need not wait for leases to end. Workers on other machines are left alone: their
leases end by the database's clock.
"""

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout


@contextmanager
def presence(home: Path) -> Iterator[str]:
    """Give the name of this worker, which is known to be alive until the block ends."""
    folder = home / "workers"
    folder.mkdir(parents=True, exist_ok=True)
    worker = f"{platform.node()}-{os.getpid()}-{uuid4().hex[:8]}"
    path = folder / worker
    with FileLock(path):
        yield worker
    path.unlink(missing_ok=True)


def dead(home: Path, workers: Iterable[str]) -> list[str]:
    """Return those of `workers` that ran on this machine and do so no longer."""
    return [worker for worker in workers if _is_dead(home / "workers" / worker)]


def _is_dead(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with FileLock(path, timeout=0):
            path.unlink(missing_ok=True)
    except Timeout:
        return False
    return True
