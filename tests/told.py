"""News as values, for whoever renders them."""

from datetime import UTC, datetime
from typing import Any

from chalkola.pipeline.health import BY_NAME
from chalkola.pipeline.health.lifecycle import News, Told
from chalkola.settings import GitHubRun
from chalkola.store.alerts import KnownAlert

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
GITHUB = GitHubRun(
    run="https://github.com/me/shop/actions/runs/7",
    workflow="https://github.com/me/shop/actions/workflows/daily-pull.yml",
    docs="https://github.com/me/shop/blob/HEAD/docs/",
)


def alert(rule: str = "late", subject: str = "DE", **facts: Any) -> KnownAlert:
    blank: dict[str, Any] = {
        "id": 1, "severity": BY_NAME[rule].severity.value, "grade": 1, "message": f"{subject} is what it is.",
        "why": "Because.", "done": "This was done.", "todo": "Do that.", "cause": None, "raised_at": NOW,
        "found_at": NOW, "cured_at": None, "told": {}, "told_over": [],
    }  # fmt: skip
    return KnownAlert(rule=rule, subject=subject, **{**blank, **facts})


def news(*worse: KnownAlert | Told, over: tuple[KnownAlert, ...] = ()) -> News:
    return News(worse=tuple(one if isinstance(one, Told) else Told(alert=one) for one in worse), over=over)
