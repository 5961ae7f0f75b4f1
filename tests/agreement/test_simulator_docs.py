"""docs/simulator.md and the simulator agree."""

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path

from amazon_simulator import KINDS, LIST_KINDS, QUERY_KINDS, Fault, ReportTypeQuota, SimulatorSettings

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_the_page_lists_every_fault_in_the_words_of_the_code():
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)

    kinds = KINDS | QUERY_KINDS | LIST_KINDS
    assert listed == [(kind, stage.name.lower(), text) for kind, (stage, text) in kinds.items()]


def test_the_faults_that_the_page_shows_can_be_set_up():
    shown = json.loads(re.search(r"```json\n(.+?)```", PAGE, re.DOTALL)[1])

    assert [Fault.from_json(values).kind for values in shown] == ["late_day", "throttled", "token_revoked"]


def test_the_page_lists_every_setting_with_its_default():
    listed = dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \| .+ \|$", PAGE, re.MULTILINE))
    defaults = {spec.name: repr(spec.default) for spec in fields(SimulatorSettings) if spec.default is not MISSING}
    made = {"marketplaces": "all twelve", "day_zones": "{}", "report_type_quota": "1/15min,daily=96,scope=app"}

    assert listed == defaults | made
    assert ReportTypeQuota.parse(made["report_type_quota"]) == SimulatorSettings().report_type_quota
