"""GitHub stops the schedules of a repository that nobody changes: said in time, and told by the last commit."""

from datetime import UTC, datetime, timedelta

import pytest

from chalkola.errors import Fault
from chalkola.pipeline.health.model import Concern, Health
from chalkola.pipeline.health.upkeep import schedules_end
from chalkola.settings import read_settings

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def seen(since: datetime | None) -> list[Concern]:
    return list(schedules_end(Health(now=NOW, repository_active=since)))


@pytest.mark.parametrize(("age", "grade"), [(45, 1), (52, 1), (53, 2), (60, 3), (200, 3)])
def test_it_is_said_after_45_days_and_again_as_the_end_comes_near(age: int, grade: int) -> None:
    (concern,) = seen(NOW - age * DAY)
    assert concern.grade == grade
    assert concern.what == f"The repository on GitHub was last changed {age} days ago, on {(NOW - age * DAY).date()}."
    assert "Enable workflow" in concern.todo


def test_nothing_is_said_before_that_nor_elsewhere_than_on_github() -> None:
    assert seen(NOW - 45 * DAY + timedelta(seconds=1)) == []
    assert seen(None) == []


def test_the_workflows_say_when_it_was_changed_as_git_prints_it() -> None:
    settings = read_settings({"CHALKOLA_REPOSITORY_ACTIVE": "2026-11-20T04:00:00+02:00"})
    assert settings.repository_active == NOW


@pytest.mark.parametrize("typed", ["yesterday", "2026-11-20T04:00:00"])
def test_what_is_no_instant_is_said(typed: str) -> None:
    with pytest.raises(Fault, match="is not an instant like"):
        read_settings({"CHALKOLA_REPOSITORY_ACTIVE": typed})


def test_a_machine_of_githubs_needs_a_database_elsewhere() -> None:
    ours = {"SP_LWA_CLIENT_ID": "a", "SP_LWA_CLIENT_SECRET": "b", "SP_REFRESH_TOKEN_EU": "c"}
    hosted = {
        "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "me/shop", "GITHUB_RUN_ID": "7",
        "RUNNER_ENVIRONMENT": "github-hosted",
    }  # fmt: skip
    with pytest.raises(Fault, match="forgets what is on its disk"):
        read_settings({**ours, **hosted}, for_amazon=True)
    assert read_settings({**ours, **hosted, "RUNNER_ENVIRONMENT": "self-hosted"}, for_amazon=True).github
    assert read_settings({**ours, **hosted, "DATABASE_URL": "postgresql://x/y"}, for_amazon=True).github
