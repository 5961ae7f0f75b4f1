"""The workflows agree with the settings, with GitHub's schema, and with what is asked of each of them."""

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from chalkola.marketplaces import MARKETPLACES
from chalkola.settings import SETTINGS
from workflows import ROOT, WORKFLOWS, read, steps

BY_NAME = {path.name: path for path in WORKFLOWS}
OURS = ("daily-pull.yml", "backfill.yml", "doctor.yml")
NOT_SET = {
    "CHALKOLA_HOME": "the disk of a hosted machine is gone afterwards",
    "CHALKOLA_REPOSITORY_ACTIVE": "the step itself sets it, from the last commit",
    "CHALKOLA_SCHEDULE": "of `chalkola run`, which stays; here the workflow has the hours",
    "PORT": "of `chalkola run` too",
    **dict.fromkeys(
        (
            "GOOGLE_CLIENT_ID",
            "GOOGLE_CLIENT_SECRET",
            "GOOGLE_DISCOVERY_URL",
            "ALLOWED_EMAIL_DOMAIN",
            "SESSION_SECRET",
            "CHALKOLA_OWNERS",
        ),
        "of `chalkola serve`, which stays too",
    ),
    "GOOGLE_SERVICE_ACCOUNT_FILE": "the step that pushes makes it of a secret",
    **dict.fromkeys(("CHALKOLA_SHEETS", "CHALKOLA_CURRENCY", "SHEETS_API_ENDPOINT"), "of the step that pushes"),
    "CHALKOLA_CLOCK_SPEED": "simulation only",
    "CHALKOLA_CLOCK_START": "simulation only",
}
KEPT_AS_SECRETS = ("SP_LWA_CLIENT_ID", "SUPABASE_URL")
"""No secrets, and the owner has them among these already."""
SCRIPTS = Path(sysconfig.get_path("scripts"))


def wanted() -> dict[str, bool]:
    """Return every setting that a workflow passes on, and whether it is a secret of the repository's."""
    found = {}
    for setting in SETTINGS:
        if setting.name in NOT_SET:
            continue
        names = [setting.name.replace("<CODE>", m.code) for m in MARKETPLACES] if "<" in setting.name else []
        found |= dict.fromkeys(names or [setting.name], setting.secret or setting.name in KEPT_AS_SECRETS)
    return found


@pytest.mark.parametrize("name", OURS)
def test_a_workflow_passes_on_every_setting_and_secrets_only_as_secrets(name: str) -> None:
    (env,) = [step.env for step in steps(BY_NAME[name]) if step.run and step.name != "Push to spreadsheets"]
    inputs = {key for key, value in env.items() if "inputs." in value}
    assert {key: "secrets." in value for key, value in env.items() if key not in inputs} == wanted()
    for key, value in env.items():
        assert key in inputs or re.match(rf"\$\{{\{{ (secrets|vars)\.{key} ", value), key


@pytest.mark.parametrize("name", OURS)
def test_other_spellings_of_a_marketplaces_token_are_passed_on_as_well(name: str) -> None:
    text = BY_NAME[name].read_text(encoding="utf-8")
    for m in MARKETPLACES:
        for spelling in m.spellings:
            assert f"secrets.SP_REFRESH_TOKEN_{m.code} || secrets.SP_REFRESH_TOKEN_{spelling} " in text


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_has_a_time_out_reads_only_and_cancels_no_pull(path: Path) -> None:
    said = read(path)
    assert said["permissions"] == {}
    assert said["concurrency"]["group"]
    assert path.name == "tests.yml" or said["concurrency"]["cancel-in-progress"] is False
    for job in said["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
        assert 0 < job["timeout-minutes"] < 360
        assert job["defaults"]["run"]["shell"] == "bash"


def test_the_hours_are_those_that_were_asked_for() -> None:
    assert [one["cron"] for one in read(BY_NAME["daily-pull.yml"])["on"]["schedule"]] == ["0 2 * * *", "17 19 * * *"]
    assert "schedule" not in read(BY_NAME["doctor.yml"])["on"]
    assert read(BY_NAME["backfill.yml"])["on"]["schedule"]


def test_actions_are_pinned_by_one_commit_each_with_its_version_beside_it() -> None:
    pins = {
        found
        for path in WORKFLOWS
        for found in re.findall(r"uses: (\S+)@(\S+)(.*)", path.read_text(encoding="utf-8"))
    }
    assert len({name for name, _, _ in pins}) == len(pins)
    for _, commit, version in pins:
        assert re.fullmatch(r"[0-9a-f]{40}", commit)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", version)


def test_no_step_writes_an_expression_into_its_script() -> None:
    assert [step for path in WORKFLOWS for step in steps(path) if "${{" in step.run] == []


@pytest.mark.parametrize("schema", ["vendor.github-workflows", "custom.github-workflows-require-timeout"])
def test_github_accepts_them(schema: str) -> None:
    _passes("check-jsonschema", "--builtin-schema", schema, *map(str, WORKFLOWS))


def test_zizmor_finds_nothing() -> None:
    _passes("zizmor", "--offline", "--persona", "pedantic", "--no-progress", str(ROOT / ".github" / "workflows"))


def _passes(program: str, *words: str) -> None:
    done = subprocess.run([str(SCRIPTS / program), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
