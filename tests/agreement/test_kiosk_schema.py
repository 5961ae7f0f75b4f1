"""Our questions to Data Kiosk and Amazon's GraphQL schema agree: each is valid there, each field is accounted for.

The schema is not part of this project; it is looked for beside it.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_non_null_type,
    parse,
    validate,
)

from chalkola.datasets import (
    DAILY,
    SOURCES,
    daily_parents_by_asin,
    daily_totals_by_date,
    sales_and_traffic_by_asin,
    sales_and_traffic_trends,
)
from chalkola.datasets.kiosk import DATASET
from chalkola.datasets.model import AsinFilter, Box, Column, Source
from chalkola.datasets.shapes import Section
from chalkola.marketplaces import marketplaces

FILE = Path(__file__).resolve().parents[3] / f"shared/amazon-models/schemas/data-kiosk/{DATASET}.graphql"
MODULES = (sales_and_traffic_by_asin, sales_and_traffic_trends, daily_totals_by_date, daily_parents_by_asin)
POSTGRESQL = {"Long": "integer", "Float": "numeric", "String": "text"}

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"Amazon's schemas are not at {FILE.parent}")

EACH_SECTION = pytest.mark.parametrize(
    "section", [each.SECTION for each in MODULES], ids=[each.__name__.rpartition(".")[2] for each in MODULES]
)
EACH_SOURCE = pytest.mark.parametrize(
    "source", [each for each in SOURCES if each.driver == "data_kiosk"], ids=lambda each: each.name
)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(FILE.read_text())


@EACH_SOURCE
def test_a_question_is_valid_in_amazons_schema(source: Source, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(str(source.question(_box())["query"]))) == []


@EACH_SOURCE
def test_a_question_is_a_body_with_nothing_but_the_query(source: Source) -> None:
    assert set(source.question(_box())) == {"query"}


@EACH_SECTION
def test_every_field_of_amazon_is_a_column_or_has_a_reason_not_to_be(section: Section, schema: GraphQLSchema) -> None:
    accounted = {column.path for column in section.columns} | set(section.not_kept) | set(section.labels)
    assert accounted == set(_fields(schema, section))
    assert all(section.not_kept.values())


@EACH_SECTION
def test_a_column_is_required_exactly_when_amazon_promises_its_field(section: Section, schema: GraphQLSchema) -> None:
    fields = _fields(schema, section)
    assert {c.path for c in section.columns if c.required} == {c.path for c in section.columns if fields[c.path][1]}


@EACH_SECTION
def test_a_column_has_the_type_of_amazons_field(section: Section, schema: GraphQLSchema) -> None:
    fields = _fields(schema, section)
    assert [column.name for column in section.columns if not _fits(column, fields[column.path][0])] == []


def test_every_column_of_a_table_is_filled_by_data_kiosk() -> None:
    filled = {each.SECTION.columns for each in MODULES}
    assert filled == {each.table.columns for each in DAILY}


def _box() -> Box:
    known, asins = marketplaces(["DE", "UK"]), ("B0CHALK001", "B0CHALK002")
    filters = tuple(AsinFilter(marketplace=each, asins=asins) for each in known)
    day = date(2026, 11, 18)
    return Box(account="EU", marketplaces=known, first=day, last=day, filters=filters)


def _fields(schema: GraphQLSchema, section: Section) -> dict[str, tuple[GraphQLNamedType, bool]]:
    """Return dotted path → (the field's type, whether it is there in every row)."""
    root = schema.query_type
    assert root is not None
    queries = get_named_type(root.fields[DATASET].type)
    assert isinstance(queries, GraphQLObjectType)
    row = get_named_type(queries.fields[section.name].type)
    assert isinstance(row, GraphQLObjectType)
    return dict(_walk(row, "", True))


def _walk(of: GraphQLObjectType, prefix: str, promised: bool) -> Iterator[tuple[str, tuple[GraphQLNamedType, bool]]]:
    for name, field in of.fields.items():
        kind, required = get_named_type(field.type), promised and is_non_null_type(field.type)
        if isinstance(kind, GraphQLObjectType):
            yield from _walk(kind, f"{prefix}{name}.", required)
        else:
            yield f"{prefix}{name}", (kind, required)


def _fits(column: Column, kind: GraphQLNamedType) -> bool:
    return column.type.startswith(POSTGRESQL[kind.name])
