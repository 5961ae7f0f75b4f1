"""A query without needless whitespace; GraphQL's own reference implementation is the measure."""

import pytest
from graphql import GraphQLSyntaxError, parse, print_ast, strip_ignored_characters
from hypothesis import given
from hypothesis import strategies as st

from chalkola.amazon.graphql import compact

SPACE = st.text(alphabet=" \t\n\ufeff", max_size=3)
STRING = st.text(alphabet='ab {}#:,\u00e9"\\', max_size=6).map(
    lambda s: '"' + s.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
VALUE = st.one_of(STRING, st.integers().map(str), st.floats(allow_nan=False, allow_infinity=False).map(str),
                  st.sampled_from(["DAY", "true", "$day", '"""a  "b" """']))  # fmt: skip


@st.composite
def queries(draw):
    """Return a query as tokens; to be joined with any whitespace, as long as there is some."""
    values = draw(st.lists(VALUE, min_size=1, max_size=4))
    fields = draw(st.lists(st.sampled_from(["sales", "traffic", "marketplaceId"]), min_size=1, max_size=3))
    return ["query", "{", "domain", "(", "among", ":", "[", *values, "]", ")", "{", *fields, "}", "}"]


def meaning(text):
    try:
        return print_ast(parse(text))
    except GraphQLSyntaxError as error:
        raise AssertionError(f"{text!r} is no GraphQL") from error


@given(tokens=queries(), data=st.data())
def test_whitespace_between_tokens_makes_no_difference(tokens, data):
    airy = "".join(token + " " + data.draw(SPACE) for token in tokens)
    assert compact(airy) == compact(" ".join(tokens))


@given(tokens=queries())
def test_a_compact_query_means_the_same_and_has_no_needless_whitespace(tokens):
    text = "\n".join(tokens)
    assert meaning(compact(text)) == meaning(text)
    assert len(compact(text)) <= len(strip_ignored_characters(text)) + len(tokens)
    assert strip_ignored_characters(compact(text)) == strip_ignored_characters(text)
    assert compact(compact(text)) == compact(text)


@given(text=st.text(alphabet="ab1.-_ \n\t#{}()[]:,$!@", max_size=40))
def test_compacting_takes_any_text_and_twice_is_once(text):
    assert compact(compact(text)) == compact(text)
    assert len(compact(text)) <= len(text)


@pytest.mark.parametrize(
    ("text", "compacted"),
    [
        ("", ""),
        ('{ a ( b : "x  y" , c : -1.5e+3 ) { d\n  e } }', '{a(b:"x  y",c:-1.5e+3){d e}}'),
        ("{ a # the first\n b }", "{a b}"),
        ('[ "" "a" ]', '["" "a"]'),
        ('{ a(b: "no end) }', '{a(b:"no end)}'),
    ],
)
def test_examples(text, compacted):
    assert compact(text) == compacted
