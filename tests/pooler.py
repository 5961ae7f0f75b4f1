"""A PgBouncer between tests and their server: a client's transactions go to any session, as on Supabase's port 6543.

CHALKOLA_TEST_PGBOUNCER names the program, for instance Debian's /usr/sbin/pgbouncer; else nothing is in between.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

PROGRAM = os.environ.get("CHALKOLA_TEST_PGBOUNCER")
_READY_SECONDS = 10.0
_SETTINGS = """
[databases]
* = host={host} port={server_port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 15
max_client_conn = 500
auth_type = scram-sha-256
auth_file = {users}
auth_user = {user}
auth_query = SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1
server_login_retry = 0.2
query_wait_timeout = 20
logfile = {log}
log_connections = 0
log_disconnections = 0
"""


@contextmanager
def pooled(url: str, folder: Path) -> Iterator[str]:
    """Give a server's address through a pooler, which lives in `folder`; `url` itself where there is none."""
    if PROGRAM is None:
        yield url
        return
    port = _free_port()
    process = subprocess.Popen([PROGRAM, *_account(), str(_configured(url, port, folder))], stdin=subprocess.DEVNULL)
    try:
        _wait_until_it_listens(port, process)
        yield url.replace(f":{urlsplit(url).port}/", f":{port}/")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _configured(url: str, port: int, folder: Path) -> Path:
    parts = urlsplit(url)
    folder.mkdir()
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{parts.username}" "{unquote(parts.password or "")}"\n')
    settings.write_text(_SETTINGS.format(
        host=parts.hostname, server_port=parts.port, port=port, users=users, user=parts.username,
        log=folder / "pgbouncer.log",
    ))  # fmt: skip
    if _account():
        for path in (folder, users, settings):
            shutil.chown(path, "nobody")
    return settings


def _account() -> list[str]:
    return ["-u", "nobody"] if os.geteuid() == 0 else []  # it does not run as root


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, "PgBouncer did not start"
            assert time.monotonic() < ends, "PgBouncer does not listen"
            time.sleep(0.02)
