"""`chalkola psql` and `chalkola stop`: the database itself."""

import os
import subprocess
import sys
from pathlib import Path

import click
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chalkola.errors import Fault, UsageError
from chalkola.settings import read_home, read_settings
from chalkola.store import embedded
from chalkola.store.embedded.binaries import choose
from chalkola.store.embedded.place import Place
from chalkola.surfaces import screen
from chalkola.surfaces.opening import database_url


def demo_home() -> Path:
    """Return the demo's own folder, so that it never touches real data."""
    return read_home() / "demo"


@click.command("psql")
@click.option("-c", "--command", "statement", metavar="SQL", help="Run this and end.")
@click.option("--demo", "of_demo", is_flag=True, help="On the demo's database.")
def psql_command(statement: str | None, of_demo: bool) -> int:
    """Open psql on the database."""
    home = demo_home() if of_demo else read_home()
    url = _demo_url(home) if of_demo else database_url(read_settings(), "`chalkola psql`")
    address, secret = _apart(url)
    asked = ["-P", "pager=off", "-c", statement] if statement is not None else []
    return _become([str(_psql(home)), "-d", address, *asked], {**os.environ, **secret})


@click.command("stop")
def stop_command() -> int:
    """Stop the embedded PostgreSQL, and the demo's. The data stays."""
    stopped = [home for home in (read_home(), demo_home()) if embedded.stop(home)]
    for home in stopped:
        screen.say(f"Stopped the PostgreSQL of {home}. The data stays; the next command starts it again.")
    if not stopped:
        screen.say("No embedded PostgreSQL is running.")
    return 0


def _demo_url(home: Path) -> str:
    if not (home / "postgres" / "cluster.json").exists():
        raise UsageError("The demo has not been run here yet.", remedy="Run `chalkola demo` first.")
    return embedded.ensure(home).url


def _apart(url: str) -> tuple[str, dict[str, str]]:
    """Return the address for the command line, which everybody on the machine can read, and the password apart."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise Fault(
            "DATABASE_URL cannot be read.",
            why=f"{str(error).splitlines()[0]}.",
            remedy="Copy it again from Supabase > Connect > Session pooler.",
        ) from None
    password = parts.pop("password", None)
    return make_conninfo("", **parts), {"PGPASSWORD": str(password)} if password else {}


def _psql(home: Path) -> Path:
    """Return a psql: the one of the embedded server, one on the PATH, or the one that its package brought."""
    found = embedded.psql(home)
    if found is None:
        programs = choose(None, last=None, place=Place(folder=home / "postgres", account=None))
        found = Path(programs.program("psql"))
    if not found.exists():
        raise Fault(
            "There is no psql on this machine.",
            remedy="Install it (on Debian: apt install postgresql-client), or use any other client.",
        )
    return found


def _become(program: list[str], environment: dict[str, str]) -> int:
    sys.stdout.flush()
    if sys.platform != "win32":
        os.execve(program[0], program, environment)  # the terminal and its Ctrl-C are psql's own
    return subprocess.run(program, env=environment, check=False).returncode
