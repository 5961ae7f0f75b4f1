"""docs/setup.md names settings, workflows and pages as they are, and says at each step what one should see."""

import re

import pytest

from chalkola.marketplaces import MARKETPLACES, Region
from chalkola.settings import SETTINGS
from workflows import ROOT, WORKFLOWS, read

PAGE = (ROOT / "docs" / "setup.md").read_text(encoding="utf-8")
STEPS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
NAMES = {s.name for s in SETTINGS} | {f"SP_REFRESH_TOKEN_{m.code}" for m in MARKETPLACES}
OF_WORKFLOWS = "CHALKOLA_BACKFILL"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.splitlines()[0])
def test_every_step_says_what_one_should_see_and_what_to_do_if_not(step: str) -> None:
    assert step.index("**You should see**") < step.index("**If not**")


def test_steps_are_numbered_and_point_to_steps_that_there_are() -> None:
    assert [int(step.partition(".")[0]) for step in STEPS] == list(range(1, len(STEPS) + 1))
    assert all(1 <= int(number) <= len(STEPS) for number in re.findall(r"steps? (\d+)", PAGE))


def test_every_setting_that_is_named_exists_and_those_without_which_nothing_works_are_named() -> None:
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)`", PAGE))
    assert named - NAMES == {OF_WORKFLOWS}
    assert named >= {
        "SP_LWA_CLIENT_ID",
        "SP_LWA_CLIENT_SECRET",
        "DATABASE_URL",
        *(f"SP_REFRESH_TOKEN_{r}" for r in Region),
    }


@pytest.mark.parametrize("region", Region)
def test_each_marketplace_is_told_under_its_regions_token(region: Region) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.endswith(f"| `SP_REFRESH_TOKEN_{region}` |")]
    assert {m.name for m in MARKETPLACES if m.name in row} == {m.name for m in MARKETPLACES if m.region is region}


def test_workflows_and_their_fields_are_called_as_they_are() -> None:
    known = {path.stem for path in WORKFLOWS}
    assert set(re.findall(r"\*\*Actions > ([\w-]+) > Run workflow", PAGE)) <= known
    backfill = ROOT / ".github" / "workflows" / "backfill.yml"
    fields = re.findall(r"the field \*(\w+)\*", PAGE)
    assert fields
    assert set(fields) <= set(read(backfill)["on"]["workflow_dispatch"]["inputs"])
    assert f"vars.{OF_WORKFLOWS} == 'on'" in backfill.read_text(encoding="utf-8")


def test_links_lead_to_headings_of_the_other_page() -> None:
    headings = {h.lower().replace(" ", "-") for h in re.findall(r"^#+ (.+)$", OPERATING, re.MULTILINE)}
    assert set(re.findall(r"\(operating\.md#([\w-]+)\)", PAGE)) <= headings
