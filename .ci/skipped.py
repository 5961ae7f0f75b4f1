"""Fail when a test was skipped. Excepted: those that compare with Amazon's models, which are not in this repository.

python .ci/skipped.py REPORT.xml      (as `pytest --junitxml` writes it)
"""

import sys
from pathlib import Path
from xml.etree import ElementTree

EXCEPTED = "amazon-models"


def main(report: Path) -> int:
    """Print each test that should have run; return 1 if there is one."""
    skipped = [
        f"{case.get('classname')}::{case.get('name')}: {mark.get('message')}"
        for case in ElementTree.parse(report).iter("testcase")
        for mark in case.iter("skipped")
        if mark.get("type") != "pytest.xfail" and EXCEPTED not in (mark.get("message") or "") + (mark.text or "")
    ]
    for test in skipped:
        print(f"skipped, and must not be: {test}")
    return 1 if skipped else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
