"""The pages written from tables are as the tables are, and `.env.example` can be used as it stands."""

import re

import pytest
from dotenv import dotenv_values

from chalkola.settings import SETTINGS, read_settings
from chalkola.surfaces.docs import PAGES, ROOT


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_what_its_table_says(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == PAGES[name]()


def test_the_example_names_every_setting_once_and_no_other() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")

    named = re.findall(r"^#? ?([A-Z][A-Z_]+(?:<[A-Z]+>)?)=", text, re.MULTILINE)

    assert named == [setting.name for setting in SETTINGS]


def test_the_example_copied_as_it_is_sets_nothing() -> None:
    values = {name: value or "" for name, value in dotenv_values(ROOT / ".env.example").items()}

    assert len(values) == len([s for s in SETTINGS if "<" not in s.name])
    assert read_settings(values).accounts == ()
