"""docs/operating.md and the rules for alerts agree."""

import re
from pathlib import Path

import pytest

from chalkola.pipeline.health import RULES
from chalkola.pipeline.health.model import Rule
from chalkola.surfaces.alerts.message import PAGE

TEXT = (Path(__file__).parents[2] / "docs" / PAGE).read_text(encoding="utf-8")
ALERTS = TEXT.partition("\n## Alerts\n")[2].partition("\n## ")[0]


def test_every_rule_has_its_section_in_the_order_in_which_they_are_told_and_no_other_has_one() -> None:
    assert re.findall(r"^### (.+)$", ALERTS, re.MULTILINE) == [rule.name for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_section_says_what_it_means_what_was_done_and_what_to_do(rule: Rule) -> None:
    section = ALERTS.partition(f"### {rule.name}\n")[2].partition("\n### ")[0]
    assert re.findall(r"^(Means|Done|To do): \S", section, re.MULTILINE) == ["Means", "Done", "To do"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rules_anchor_is_the_one_that_its_heading_gets(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z-]+", rule.anchor)
    assert rule.anchor == rule.name.lower().replace(" ", "-")


def test_the_table_of_thresholds_is_the_rules_own() -> None:
    table = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", ALERTS, re.MULTILINE)[1:]
    assert table == [
        (rule.name, one.means, f"{one.usual:g} {one.unit}", f"{one.least:g} to {one.most:g}")
        for rule in RULES
        for one in rule.thresholds
    ]
