"""What Railway is told agrees with what there is: docs.railway.com/config-as-code/reference."""

import json
import shlex
from typing import Any

import pytest

from chalkola.surfaces.docs import ROOT
from chalkola.surfaces.web.command import serve_command
from chalkola.surfaces.web.serving import ANSWERED_WITHIN_SECONDS

COLLECTS, SERVES = "railway.json", "railway.serve.json"
KNOWN = {
    "build": {"builder", "dockerfilePath"},
    "deploy": {
        "startCommand", "healthcheckPath", "healthcheckTimeout", "restartPolicyType", "restartPolicyMaxRetries",
        "drainingSeconds",
    },
}  # fmt: skip


def read(name: str) -> dict[str, Any]:
    found = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert found.pop("$schema") == "https://railway.com/railway.schema.json"
    return dict(found)


@pytest.mark.parametrize("name", [COLLECTS, SERVES])
def test_a_service_is_built_from_our_dockerfile_asked_how_it_is_and_given_time_to_stop(name: str) -> None:
    said = read(name)
    assert {part: set(fields) - KNOWN[part] for part, fields in said.items()} == {"build": set(), "deploy": set()}
    assert said["build"]["builder"] == "DOCKERFILE"
    assert (ROOT / said["build"]["dockerfilePath"]).is_file()
    assert said["deploy"]["healthcheckPath"] == "/health"
    assert said["deploy"]["restartPolicyType"] == "ON_FAILURE"
    assert said["deploy"]["drainingSeconds"] > ANSWERED_WITHIN_SECONDS


def test_the_one_that_is_found_without_being_named_starts_what_the_image_starts_and_the_other_one_serves() -> None:
    collects, serves = read(COLLECTS), read(SERVES)
    program, command, *options = shlex.split(serves["deploy"].pop("startCommand"))
    assert collects == serves
    assert program == "chalkola"
    assert command == "serve"
    assert serve_command.make_context(command, options).params["host"] == "0.0.0.0"


def test_the_documents_name_the_files() -> None:
    for page, name in (("running.md", COLLECTS), ("serving.md", SERVES)):
        assert name in (ROOT / "docs" / page).read_text(encoding="utf-8")
