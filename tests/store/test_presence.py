"""Who is alive on this machine."""

import subprocess
import sys
from pathlib import Path

from chalkola.store.presence import dead, presence

WAITING = """
import sys
from pathlib import Path
from chalkola.store.presence import presence
with presence(Path(sys.argv[1])) as name:
    print(name, flush=True)
    sys.stdin.read()
"""


def test_a_living_worker_is_not_dead_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with presence(tmp_path) as one, presence(tmp_path) as other:
        assert one != other
        assert dead(tmp_path, [one, other]) == []
    assert list((tmp_path / "workers").iterdir()) == []


def test_a_worker_that_was_killed_is_dead_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    assert dead(tmp_path, [name]) == []
    process.kill()
    process.communicate(timeout=30)
    assert dead(tmp_path, [name]) == [name]


def test_a_worker_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    assert dead(tmp_path, ["elsewhere-17-0badcafe"]) == []
