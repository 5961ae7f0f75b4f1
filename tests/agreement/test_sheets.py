"""Script, push, template and docs/sheets.md agree on the hidden tabs, the periods and the words for them."""

import json
import re
from typing import Any

import psycopg
import pytest

from chalkola.settings import SETTINGS
from chalkola.surfaces.sheets import layout
from chalkola.surfaces.sheets.templating import DEFAULT_FILE
from workflows import ROOT, step

PAGE = (ROOT / "docs" / "sheets.md").read_text(encoding="utf-8")
GORILLA = (ROOT / "docs" / "sheets-gorilla.md").read_text(encoding="utf-8")


def source(name: str) -> str:
    return (ROOT / "sheets" / "src" / name).read_text(encoding="utf-8")


def test_the_script_writes_meta_where_push_and_template_have_it() -> None:
    said = source("meta_tab.js")
    for key, wanted in (("facts", layout.META), ("columns", layout.META_TABLE)):
        found = re.search(rf"{key}: (\[.*?\])", said)
        assert found
        assert tuple(json.loads(found[1].replace("'", '"'))) == wanted
    assert f"table: {layout.META_TABLE_ROW}," in said
    assert f"rows: {layout.META_ROWS}," in said


def test_the_script_makes_tabs_as_large_as_formulas_look() -> None:
    wanted = (
        f"items: {{ rows: {layout.ITEM_ROWS}, columns: {layout.COLUMNS} }}, "
        f"_daily: {{ rows: {layout.DAILY_ROWS}, columns: {layout.COLUMNS} }}"
    )
    assert wanted in source("snapshot_tab.js")


def words() -> list[str]:
    table = PAGE.split("## Period words")[1].split("\n## ")[0]
    firsts = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return [word for first in firsts for word in re.findall(r"`([^`]+)`", first)]


@pytest.mark.parametrize("word", [word for word in words() if word != "Custom"])
def test_every_period_of_the_page_is_understood(database: psycopg.Connection[dict[str, Any]], word: str) -> None:
    row = database.execute("SELECT (sp_sheet_period(%s, '2026-11-26', '2026-11-24')).*", (word,)).fetchone()
    assert row
    assert row["first"] <= row["last"]


def test_the_page_has_every_period_that_a_refusal_lists(database: psycopg.Connection[dict[str, Any]]) -> None:
    row = database.execute("SELECT sp_sheet_period_words() AS said").fetchone()
    assert row
    listed = {part.strip().split(" (")[0].casefold() for part in row["said"].split(",")} - {"year)", "year ago)"}
    known = {word.casefold() for word in words()}
    assert {one for one in listed if one not in known} <= {
        "month",
        "quarter",
        "quarter)",
        "custom with start and end",
    }


def test_the_page_has_every_function_of_gorillas_that_is_translated_or_has_no_equivalent() -> None:
    assert set(re.findall(r"GORILLA_[A-Z]+", GORILLA)) == set(re.findall(r"GORILLA_[A-Z]+", PAGE))
    for name in set(re.findall(r"AMZ_[A-Z]+", PAGE)):
        assert f"function {name}(" in (ROOT / "sheets" / "Code.gs").read_text(encoding="utf-8")


def test_names_on_the_page_are_those_of_the_settings_the_workflow_and_the_menu() -> None:
    passed_on = step("daily-pull.yml", "Push to spreadsheets").env
    known = {setting.name for setting in SETTINGS} | set(passed_on)
    assert set(re.findall(r"`((?:CHALKOLA|GOOGLE)_[A-Z_]+)`", PAGE)) <= known
    assert f"**{DEFAULT_FILE}**" in PAGE
    assert "Connect …" in source("menu.js")
    for picture in re.findall(r"\]\((pictures/[^)]+)\)", PAGE):
        assert (ROOT / "docs" / picture).stat().st_size < 200_000
