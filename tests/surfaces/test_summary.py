"""The page of a run on GitHub, word for word, and the annotations beside it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from chalkola.datasets.model import SliceState
from chalkola.errors import Fault
from chalkola.marketplaces import marketplace
from chalkola.pipeline.checkup import Area, Finding, Level
from chalkola.store.buckets import Bucket
from chalkola.surfaces.standing import Late, Standing
from chalkola.surfaces.summary import (
    Day,
    History,
    Summary,
    Trouble,
    annotation,
    annotations,
    compose,
    compose_failure,
    compose_findings,
    failure_as_annotation,
    findings_as_annotations,
    publish,
    table,
)

NOW = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)
SETTLED = date(2026, 11, 17)
US, DE, JP = map(marketplace, ("US", "DE", "JP"))
LATE = Late(
    day=SETTLED, datasets=("sales_and_traffic",), state=SliceState.DUE, next_at=NOW + timedelta(hours=4),
    why="Amazon has totals for the day (12 units) but lists no ASIN: its data is late",
)  # fmt: skip


def standing(m: object, *late: Late) -> Standing:
    return Standing(
        marketplace=m, newest_settled=SETTLED, newest_closed=SETTLED, newest_loaded=SETTLED, closed_days=9,
        late=late,
    )  # type: ignore[arg-type]  # fmt: skip


NIGHT = Summary(
    title="chalkola pull: some days failed or are late",
    ended="12 pulls loaded, 78 rows, in 14 min 0 s.",
    exit_code=3,
    now=NOW,
    days=(
        Day(marketplace=US, day=SETTLED + DAY, state="preliminary", asins=3, units=7, sales=Decimal("81.50")),
        Day(marketplace=US, day=SETTLED, state="proven", asins=1038, units=1871, sales=Decimal("57249.29")),
        Day(marketplace=DE, day=SETTLED, state="due", asins=0, units=12, sales=None),
        Day(marketplace=JP, day=SETTLED, state="proven", asins=2, units=4, sales=Decimal("5100")),
    ),
    standings=(standing(US), standing(DE, LATE, replace(LATE, day=SETTLED - DAY)), standing(JP)),
    buckets=(
        Bucket(key="createQuery@EU", seconds_per_turn=60, burst=15, daily=None, full_at=NOW + timedelta(minutes=3)),
        Bucket(key="report", seconds_per_turn=900, burst=1, daily=96, full_at=NOW, turns=(NOW, NOW)),
    ),
    history=History(closed=120, days=8760, questions=1064, done_at=NOW + timedelta(hours=20)),
)


def test_a_night_with_a_late_day_has_a_row_for_each_day_its_reason_quotas_and_the_history() -> None:
    assert (
        compose(NIGHT)
        == """\
## chalkola pull: some days failed or are late

12 pulls loaded, 78 rows, in 14 min 0 s.

| marketplace | day | state | ASINs | units | sales | late, and why |
| --- | --- | --- | ---: | ---: | ---: | --- |
| US | 2026-11-18 | preliminary | 3 | 7 | 81.50 USD |  |
| US | 2026-11-17 | proven | 1,038 | 1,871 | 57,249.29 USD |  |
| DE | 2026-11-17 | due | 0 | 12 |  | 2026-11-17 due: Amazon has totals for the day (12 units) but lists no ASIN: \
its data is late; asked again from 2026-11-20 06:30 UTC; and 1 day more |
| JP | 2026-11-17 | proven | 2 | 4 | 5,100 JPY |  |

History: 120 of 8,760 marketplace-days are closed. 1,064 questions to Amazon are left: about 20 h of asking by its \
quotas, so 2026-11-20 22:30 UTC at the earliest.

<details><summary>What Amazon's quotas leave for asking</summary>

| quota | turns left | left today |
| --- | ---: | ---: |
| createQuery@EU | 12 of 15 |  |
| report | 1 of 1 | 94 of 96 |

</details>
"""
    )


def test_late_days_are_one_warning() -> None:
    (said,) = annotations(NIGHT)
    assert said.startswith("::warning title=Some days failed or are late::DE 2026-11-17 due: Amazon has totals")
    assert annotations(replace(NIGHT, exit_code=0)) == []


def test_what_a_person_must_do_stands_first_and_is_an_error() -> None:
    trouble = Trouble(subject="Account EU", what="Login with Amazon refuses it.", remedy="Authorise the app again.")
    night = Summary(title="t", ended="e", exit_code=1, now=NOW, troubles=[trouble], warnings=[trouble])
    assert compose(night) == (
        "## t\n\ne\n\n❌ **Account EU**: Login with Amazon refuses it. Authorise the app again."
        "\n\n⚠️ **Account EU**: Login with Amazon refuses it. Authorise the app again.\n"
    )
    assert annotations(night) == [
        f"::{kind} title=Account EU::Login with Amazon refuses it. Authorise the app again."
        for kind in ("error", "warning")
    ]


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (None, ""),
        (History(closed=0, days=0, questions=0, done_at=None), ""),
        (
            History(closed=4, days=4, questions=0, done_at=None),
            "History: all 4 marketplace-days are closed. The backfill's schedule has nothing left to do: set the"
            " variable CHALKOLA_BACKFILL to off.",
        ),
        (
            History(closed=3, days=4, questions=0, done_at=None),
            "History: 3 of 4 marketplace-days are closed; nothing more can be asked now.",
        ),
    ],
)
def test_the_history_says_what_is_left(history: History | None, said: str) -> None:
    page = compose(Summary(title="t", ended="e", exit_code=0, now=NOW, history=history))
    assert page == f"## t\n\ne\n{f'{chr(10)}{said}{chr(10)}' if said else ''}"


def test_findings_are_a_table_and_their_faults_annotations() -> None:
    found = [
        Finding(area=Area.DATABASE, level=Level.OK, what="PostgreSQL 17 answers."),
        Finding(area=Area.ACCOUNT, level=Level.FAULT, what="Data Kiosk is closed.", why="No rows come in.",
                remedy="Add the role.", where="Seller Central", account="EU"),
        Finding(area=Area.ALERTS, level=Level.WARNING, what="Nobody is told.", remedy="Set SLACK_WEBHOOK_URL."),
    ]  # fmt: skip
    assert (
        compose_findings(found)
        == """\
## chalkola doctor

1 fault and 1 warning. Mend the faults first, then run `chalkola doctor` again.

|  | about | what | why, and what to do | where |
| --- | --- | --- | --- | --- |
| ✅ | database | PostgreSQL 17 answers. |  |  |
| ❌ | EU | Data Kiosk is closed. | No rows come in. Add the role. | Seller Central |
| ⚠️ | alerts | Nobody is told. | Set SLACK_WEBHOOK_URL. |  |
"""
    )
    assert findings_as_annotations(found) == [
        "::error title=EU::Data Kiosk is closed. Add the role.",
        "::warning title=alerts::Nobody is told. Set SLACK_WEBHOOK_URL.",
    ]


def test_a_failure_says_its_three_sentences() -> None:
    fault = Fault("Settings need attention:\n  - X is missing\n", why="So it is.", remedy="Set it.")
    assert compose_failure(fault) == (
        "## ❌ A person is needed\n\nSettings need attention:\n  - X is missing\n\nSo it is.\n\nSet it.\n"
    )
    assert failure_as_annotation(fault) == (
        "::error title=A person is needed::Settings need attention:%0A  - X is missing Set it."
    )


def test_nothing_that_amazon_says_breaks_a_table_or_an_annotation() -> None:
    assert table(("a", ">b"), [("x|y\n::error::z", "100 %")]) == (
        "| a | b |\n| --- | ---: |\n| x\\|y ::error::z | 100 % |"
    )
    assert annotation("warning", "a: b, c", "100 %\r\n::error::z") == (
        "::warning title=a%3A b%2C c::100 %25%0D%0A::error::z"
    )


def test_a_page_is_added_without_secrets_and_the_annotations_go_to_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SP_REFRESH_TOKEN_EU", "Atzr|very-secret-token")
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    publish(path, "## t\n\nAtzr|very-secret-token\n", ["::warning::x"])
    assert path.read_text() == "before\n## t\n\n[hidden]\n\n"
    assert capsys.readouterr().err == "::warning::x\n"


def test_a_page_that_cannot_be_written_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(tmp_path / "gone" / "summary.md", "## t\n", ["::error::y"])
    said = capsys.readouterr().err
    assert said.startswith("The summary could not be written: ")
    assert said.endswith("::error::y\n")
