"""Our columns and Amazon's schema of the sales and traffic report agree, field by field."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalkola.datasets.model import Column
from chalkola.datasets.sales_and_traffic_report import LAYOUT, OPTIONS
from chalkola.datasets.shapes import Section

SCHEMA = Path(__file__).resolve().parents[3] / "shared/amazon-models/schemas/reports/sellerSalesAndTrafficReport.json"
SECTIONS = pytest.mark.parametrize("section", LAYOUT.sections, ids=lambda section: section.name)
POSTGRESQL = {"integer": ("integer",), "number": ("numeric",), "string": ("text",)}

pytestmark = pytest.mark.skipif(not SCHEMA.exists(), reason=f"Amazon's schemas are not at {SCHEMA.parent}")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text())
    return found


@SECTIONS
def test_every_field_of_amazon_is_a_column_or_has_a_reason_not_to_be(
    section: Section, schema: dict[str, Any]
) -> None:
    accounted = {*_columns(section), *map(section.spelled, section.not_kept)}
    assert accounted == set(_fields(schema, section))


@SECTIONS
def test_a_column_is_required_exactly_when_amazon_promises_its_field(
    section: Section, schema: dict[str, Any]
) -> None:
    promised = {path for path, (_, required) in _fields(schema, section).items() if required}
    kept = _columns(section)
    assert {path for path, column in kept.items() if column.required} == promised & set(kept)


@SECTIONS
def test_a_column_has_the_type_of_amazons_field(section: Section, schema: dict[str, Any]) -> None:
    fields = _fields(schema, section)
    wrong = [path for path, column in _columns(section).items() if not _fits(column, fields[path][0])]
    assert wrong == []


@SECTIONS
def test_every_integer_of_amazon_is_a_count(section: Section, schema: dict[str, Any]) -> None:
    """Reading refuses negative integers in every column, which is right only as long as this holds."""
    integers = [field for field, _ in _fields(schema, section).values() if field["type"] == "integer"]
    assert {field["minimum"] for field in integers} == {0}


def test_daily_totals_keep_all_42_figures_under_amazons_names(schema: dict[str, Any]) -> None:
    sales, traffic = (schema["definitions"][name]["properties"] for name in ("SalesByDate", "TrafficByDate"))
    columns = next(section.columns for section in LAYOUT.sections if section.name == "salesAndTrafficByDate")
    figures = {c.path.split(".")[1] for c in columns}
    assert (len(sales), len(traffic)) == (19, 23)
    assert figures == {*sales, *traffic}
    assert len(columns) == 42 + 1  # and one currency for all amounts


def test_the_reader_knows_every_part_of_the_document(schema: dict[str, Any]) -> None:
    assert {LAYOUT.specification, *(s.name for s in LAYOUT.sections)} == set(schema["properties"])
    specification = schema["properties"]["reportSpecification"]["properties"]
    assert set(specification["reportOptions"]["properties"]) == set(OPTIONS)


def _columns(section: Section) -> dict[str, Column]:
    """Return the section's columns by their paths in the document."""
    return {section.spelled(column.path): column for column in section.columns}


def _fields(schema: dict[str, Any], section: Section) -> dict[str, tuple[dict[str, Any], bool]]:
    """Return dotted path → (the field's schema, whether it is there in every row)."""
    element = schema["properties"][section.name]["items"]["$ref"].rsplit("/", 1)[1]
    return dict(_walk(schema["definitions"], element, "", True))


def _walk(
    definitions: dict[str, Any], name: str, prefix: str, promised: bool
) -> Iterator[tuple[str, tuple[dict[str, Any], bool]]]:
    for field, about in definitions[name]["properties"].items():
        required = promised and field in definitions[name]["required"]
        if "$ref" in about:
            yield from _walk(definitions, about["$ref"].rsplit("/", 1)[1], f"{prefix}{field}.", required)
        else:
            yield f"{prefix}{field}", (about, required)


def _fits(column: Column, field: dict[str, Any]) -> bool:
    return column.type.startswith(POSTGRESQL[field["type"]])
