"""Our table of operations agrees with Amazon's models."""

import json
import re
from pathlib import Path

import pytest

from chalkola.amazon.operations import OPERATIONS

MODELS = Path(__file__).parents[3] / "shared" / "amazon-models" / "models"
FILES = (
    "reports-api-model/reports_2021-06-30.json",
    "data-kiosk-api-model/dataKiosk_2023-11-15.json",
    "sales-api-model/sales.json",
    "sellers-api-model/sellers.json",
)
_PLAN = re.compile(
    r"\|\s*Rate \(requests per second\)\s*\|\s*Burst\s*\|\n\|[-| ]+\|\n\|\s*([\d.]+)\s*\|\s*(\d+)\s*\|"
)

pytestmark = pytest.mark.skipif(not MODELS.is_dir(), reason=f"Amazon's models are not at {MODELS}")


def published():
    for file in FILES:
        for path, methods in json.loads((MODELS / file).read_text(encoding="utf-8"))["paths"].items():
            for method, operation in methods.items():
                if isinstance(operation, dict) and "operationId" in operation:
                    plan = _PLAN.search(operation["description"])
                    assert plan, f"{operation['operationId']} has no usage plan that can be read"
                    yield operation["operationId"], (method.upper(), path, float(plan[1]), int(plan[2]))


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_as_amazon_publishes_it(name):
    ours = OPERATIONS[name]
    assert (ours.method, ours.path, ours.rate_per_second, ours.burst) == dict(published())[name]
    assert ours.name == name
