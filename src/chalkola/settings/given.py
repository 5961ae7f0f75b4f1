"""What is set, in the environment or else in `.env`, and what can be told of it whatever is wrong with the rest."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from dotenv import dotenv_values

from chalkola.settings.table import SETTINGS, Setting
from chalkola.settings.values import GitHubRun


def given_in(environment: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return what is set in `environment` (None: the process's own over `.env` in the current folder), without the
    blanks around it; what is blank is not set."""
    given = _environment() if environment is None else environment
    return {name: value.strip() for name, value in given.items() if value.strip()}


def read_home(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of `CHALKOLA_HOME`, whatever is wrong with the other settings."""
    return home_in(given_in(environment))


def read_log_json(environment: Mapping[str, str] | None = None) -> bool:
    """Return whether `CHALKOLA_LOG` asks for JSON, whatever is wrong with the other settings."""
    return given_in(environment).get("CHALKOLA_LOG") == "json"


def read_step_summary(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return where GitHub Actions wants its summary, whatever is wrong with the other settings."""
    return step_summary_in(given_in(environment))


def secret_values(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return what must never be printed or logged: the value of every secret setting, the password in an address too.

    A password that is no more than the name of the role, database or host beside it is none.
    """
    given = given_in(environment)
    secret = [given[name] for name in given if any(_is_named(name, s) for s in SETTINGS if s.secret)]
    return (*secret, *filter(None, map(_password, secret)))


def given_names(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the names of the settings that are set, in the order of the table; nothing of their values."""
    given = sorted(given_in(environment))
    return tuple(dict.fromkeys(name for setting in SETTINGS for name in given if _is_named(name, setting)))


def home_in(given: Mapping[str, str]) -> Path:
    """Return the folder that everything is kept in."""
    home = given.get("CHALKOLA_HOME") or platformdirs.user_data_path("chalkola")
    return Path(home).expanduser().resolve()


def step_summary_in(given: Mapping[str, str]) -> Path | None:
    """Return where GitHub Actions wants its summary; None elsewhere."""
    path = given.get("GITHUB_STEP_SUMMARY")
    return Path(path) if path else None


def github_run_in(given: Mapping[str, str]) -> GitHubRun | None:
    """Return where a run of GitHub Actions can be seen; docs.github.com/actions names the variables."""
    server, repository, run = (given.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if not (server.startswith("https://") and repository and run.isdigit()):
        return None
    home = f"{server.rstrip('/')}/{repository}"
    # owner/name/.github/workflows/daily-pull.yml@refs/heads/main
    file = given.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].rpartition("/")[2]
    this = f"{home}/actions/runs/{run}"
    return GitHubRun(
        run=this, workflow=f"{home}/actions/workflows/{file}" if file else this, docs=f"{home}/blob/HEAD/docs/",
        is_hosted=given.get("RUNNER_ENVIRONMENT") == "github-hosted",
    )  # fmt: skip


def _environment() -> dict[str, str]:
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


def _is_named(name: str, setting: Setting) -> bool:
    stem, open_ended, _ = setting.name.partition("<")
    return name.startswith(stem) if open_ended else name == stem


def _password(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        named = (parts.username, parts.path.strip("/"), parts.hostname)
        return parts.password if parts.password not in named else None
    except ValueError:
        return None
