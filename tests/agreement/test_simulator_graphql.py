"""The simulated Amazon's GraphQL schema and Amazon's own agree: types, fields, nullability, arguments, enums.

Amazon's schema is not part of this project; it is looked for beside it.
"""

import re
from pathlib import Path

import pytest
from graphql import build_schema, is_enum_type, is_input_object_type, is_introspection_type, is_object_type

from amazon_simulator.kiosk.query_book import KEPT
from amazon_simulator.kiosk.reading import MOST_ASINS
from amazon_simulator.kiosk.schema import DATASET, SCHEMA

FILE = Path(__file__).parents[3] / "shared" / "amazon-models" / "schemas" / "data-kiosk" / f"{DATASET}.graphql"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"Amazon's schema is not at {FILE}")


@pytest.fixture(scope="module")
def text():
    return FILE.read_text(encoding="utf-8")


def _structure(schema):
    """Return a schema's types without their descriptions and directives."""
    types = schema.type_map.values()
    return {kind.name: _parts(kind) for kind in types if not is_introspection_type(kind) and kind.name != "Boolean"}


def _parts(kind):
    if is_enum_type(kind):
        return set(kind.values)
    if is_input_object_type(kind):
        return {name: str(field.type) for name, field in kind.fields.items()}
    if is_object_type(kind):
        return {name: (str(field.type), _arguments(field)) for name, field in kind.fields.items()}
    return kind.__class__.__name__


def _arguments(field):
    return {name: str(argument.type) for name, argument in field.args.items()}


def test_the_schema_has_amazons_types_fields_arguments_and_enums(text):
    assert _structure(SCHEMA) == _structure(build_schema(text))


def test_no_argument_has_a_default(text):
    assert not re.search(r"^ +\w+: [\w!\[\]]+ = ", text, re.MULTILINE)


def test_queries_are_kept_as_long_as_every_field_says(text):
    assert set(re.findall(r'@resultRetention\(duration : "(\w+)"\)', text)) == {f"P{KEPT.days}D"}


def test_as_many_asins_fit_a_filter_as_the_schema_says(text):
    assert f"list is {MOST_ASINS}." in " ".join(text.split())
