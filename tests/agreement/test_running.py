"""docs/running.md, the Dockerfile and the schedule of GitHub's workflow agree with the command and the settings."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import click

from chalkola.schedule import USUAL
from chalkola.settings import SETTINGS
from chalkola.surfaces.cli import commands
from chalkola.surfaces.screen import plain
from chalkola.surfaces.staying.health import LastPull, State, answer
from workflows import ROOT, WORKFLOWS, read

PAGE = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
NAMES = {s.name for s in SETTINGS}
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


def test_it_pulls_at_the_hours_of_the_workflow() -> None:
    (pull,) = [read(path) for path in WORKFLOWS if path.name == "daily-pull.yml"]
    crons = [one["cron"] for one in pull["on"]["schedule"]]
    assert crons == [f"{hour.minute} {hour.hour} * * *" for hour in USUAL]
    assert f"`{','.join(f'{hour:%H:%M}' for hour in USUAL)}`" in PAGE


def test_commands_and_options_that_are_named_exist() -> None:
    context = click.Context(commands)
    run = commands.get_command(context, "run")
    assert run is not None
    options = {option for one in run.params for option in one.opts}
    written = re.findall(r"chalkola run(( --?[\w-]+( [\w.]+)?)*)", PAGE) + re.findall(r'(--[\w-]+)(?=")', DOCKERFILE)
    assert {word for line in written for word in re.findall(r"--[\w-]+", str(line))} <= options
    named = set(re.findall(r"(?:exec chalkola|bin/chalkola|^) ?chalkola (\w+)", PAGE))
    assert named <= set(commands.list_commands(context))


def test_settings_that_are_named_exist() -> None:
    set_here = set(re.findall(r"^   ([A-Z][A-Z_]+)=", PAGE, re.MULTILINE))
    (environment,) = re.findall(r"^ENV (CHALKOLA_HOME.*)$", DOCKERFILE, re.MULTILINE)
    assert set_here
    assert set_here | set(re.findall(r"([A-Z_]+)=", environment)) <= {*NAMES, "MALLOC_ARENA_MAX"}


def test_the_answer_has_the_fields_that_the_page_shows() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    pulled = LastPull(began=NOW, ended=NOW, exit_code=0)
    state = State(since=NOW, doing_since=NOW, next_pull_at=NOW, last_pull=pulled)
    said = plain(answer(state, NOW, database=True))
    fields = {*said, *said.pop("state")} - {"state"}
    assert set(json.loads(shown)) == fields
    assert set(json.loads(shown)["last_pull"]) == set(plain(pulled))


def test_the_image_copies_what_is_there_and_installs_by_hash_as_nobody_special() -> None:
    copied = [word for line in re.findall(r"^COPY (.*) \./", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert {"requirements.lock", "pyproject.toml", "src"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in copied} <= set(allowed)
    assert "*" in allowed
    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER (?!root)", DOCKERFILE, re.MULTILINE)


def test_the_unit_waits_for_a_good_end_and_systemd_accepts_it(tmp_path: Path) -> None:
    (unit,) = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)
    assert "TimeoutStopSec=" in unit
    assert "RestartPreventExitStatus=1 2" in unit
    if shutil.which("systemd-analyze") is None:
        return
    file = tmp_path / "chalkola.service"
    file.write_text(unit.replace("/opt/chalkola/.venv/bin/chalkola", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
