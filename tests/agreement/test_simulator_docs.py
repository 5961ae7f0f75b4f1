"""docs/simulator.md and the simulator agree."""

import json
import re
from pathlib import Path

from amazon_simulator import KINDS, Fault

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


def test_the_page_lists_every_fault_in_the_words_of_the_code():
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)

    assert listed == [(kind, stage.name.lower(), text) for kind, (stage, text) in KINDS.items()]


def test_the_faults_that_the_page_shows_can_be_set_up():
    shown = json.loads(re.search(r"```json\n(.+?)```", PAGE, re.DOTALL)[1])

    assert [Fault.from_json(values).kind for values in shown] == ["late_day", "throttled", "token_revoked"]
