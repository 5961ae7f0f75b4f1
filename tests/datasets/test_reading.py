"""Two ways to read one document: they must not differ, and the second must not need memory."""

import json
import tracemalloc
from datetime import date
from gzip import compress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from chalkola.datasets.model import Answer, Batch, Box, Count
from chalkola.datasets.reading import WHOLE_BYTES
from chalkola.datasets.sales_and_traffic_report import read
from chalkola.documents import document_of
from chalkola.errors import Refusal
from chalkola.marketplaces import marketplace

GERMANY = Box(
    account="EU", marketplaces=(marketplace("DE"),), first=date(2026, 11, 18), last=date(2026, 11, 18)
)  # fmt: skip
PLAIN = json.loads(
    (Path(__file__).parents[1] / "documents/sales_and_traffic/business_customers/sent.json").read_text()
)

counts = st.integers(min_value=0, max_value=2**31 - 1)
amounts = st.decimals(min_value=0, max_value=10**9, places=2).map(float)
percentages = st.one_of(st.integers(0, 100), st.floats(0, 5000).map(lambda number: round(number, 2)))
asins = st.integers(0, 30).map(lambda number: f"B0CHALK{number:03}")
OPTIONAL = ("unitsOrderedB2B", "sessionsB2B", "buyBoxPercentageB2B", "unitSessionPercentageB2B")


@st.composite
def elements(draw: st.DrawFn) -> dict[str, Any]:
    """One line of the by-ASIN list, with the liberties that Amazon takes."""
    element: dict[str, Any] = json.loads(json.dumps(PLAIN["salesAndTrafficByAsin"][0]))
    element |= {"parentAsin": draw(asins), "childAsin": draw(st.one_of(asins, st.none()))}
    for figures in (element["salesByAsin"], element["trafficByAsin"]):
        for name in figures:
            figures[name] = draw(_figure(name))
        for name in draw(st.sets(st.sampled_from(OPTIONAL))):
            figures.pop(name, None)
    if draw(st.integers(0, 9)) == 0:
        element[draw(st.sampled_from(("brand", "colour")))] = draw(st.one_of(st.none(), st.just({"a": [1]})))
    return element


def _figure(name: str) -> st.SearchStrategy[Any]:
    if name.startswith("orderedProductSales"):
        money = st.fixed_dictionaries({"amount": amounts, "currencyCode": st.just("EUR")})
        bare = st.fixed_dictionaries({"amount": amounts})
        return st.one_of(money, bare, st.none()) if name.endswith("B2B") else money
    kind = percentages if "Percentage" in name else counts
    return st.one_of(kind, st.none()) if name in OPTIONAL else kind


def _sent(rows: list[dict[str, Any]], indent: int | None = None) -> bytes:
    return json.dumps(PLAIN | {"salesAndTrafficByAsin": rows}, indent=indent).encode()


def _read(content: bytes, whole_bytes: int = WHOLE_BYTES) -> Answer:
    return read(document_of(content), GERMANY, whole_bytes=whole_bytes)


def _summary(content: bytes, whole_bytes: int) -> object:
    answer = _read(content, whole_bytes)
    return [(_lines(batch), _count(batch)) for batch in answer.batches], answer.notes, answer.drift


def _lines(batch: Batch) -> list[bytes]:
    return [line for block in batch.spool.blocks() for _, line in block]


def _count(batch: Batch) -> Count:
    (count,) = batch.counts.values()
    return count


@given(st.lists(elements(), max_size=12), st.sampled_from([None, 1]))
@settings(deadline=None, max_examples=60)
def test_streaming_gives_the_same_answer_as_decoding_whole(rows: list[dict[str, Any]], indent: int | None) -> None:
    sent = _sent(rows, indent)
    assert _summary(sent, WHOLE_BYTES) == _summary(compress(sent), 0)


@given(st.lists(elements(), min_size=1, max_size=12), st.randoms())
@settings(deadline=None, max_examples=60)
def test_the_order_of_the_rows_changes_neither_checksum_nor_sums(rows: list[dict[str, Any]], random: Any) -> None:
    unlike = list({row["childAsin"] or row["parentAsin"]: row for row in rows}.values())
    shuffled = list(unlike)
    random.shuffle(shuffled)
    assert _count(_read(_sent(unlike)).batches[0]) == _count(_read(_sent(shuffled)).batches[0])


@given(st.lists(elements(), min_size=1, max_size=12))
@settings(deadline=None, max_examples=60)
def test_each_child_is_one_row_and_no_unit_is_lost(rows: list[dict[str, Any]]) -> None:
    batch = _read(_sent(rows)).batches[0]
    place = [column.name for column in batch.columns].index("child_asin")
    children = [json.loads(b"[%b]" % line)[place] for line in _lines(batch)]
    assert len(children) == len(set(children)) == batch.row_count
    assert _count(batch).sums.units == sum(row["salesByAsin"]["unitsOrdered"] for row in rows)


@pytest.mark.parametrize("whole_bytes", [WHOLE_BYTES, 0], ids=["whole", "streamed"])
def test_a_bad_row_at_the_end_refuses_before_the_first_row_is_handed_on(whole_bytes: int) -> None:
    bad = json.loads(json.dumps(PLAIN["salesAndTrafficByAsin"][0])) | {"childAsin": "B0CHALK999"}
    del bad["trafficByAsin"]
    with pytest.raises(Refusal, match="B0CHALK999 lacks trafficByAsin"):
        read(document_of(_sent([*_many(1_200), bad])), GERMANY, whole_bytes=whole_bytes)


@pytest.mark.parametrize("whole_bytes", [WHOLE_BYTES, 0], ids=["whole", "streamed"])
def test_an_element_that_is_no_object_is_named_by_its_number(whole_bytes: int) -> None:
    sent = _sent([*_many(1_200), None])  # type: ignore[list-item]
    with pytest.raises(Refusal, match=r"salesAndTrafficByAsin number 1201 has the value = null"):
        read(document_of(sent), GERMANY, whole_bytes=whole_bytes)


@pytest.mark.parametrize("whole_bytes", [WHOLE_BYTES, 0], ids=["whole", "streamed"])
def test_a_gzip_stream_cut_short_is_refused(whole_bytes: int) -> None:
    with pytest.raises(Refusal, match="cut short"):
        read(document_of(compress(_sent(_many(3)))[:-20]), GERMANY, whole_bytes=whole_bytes)


def test_a_new_section_is_drift_in_a_document_held_in_memory() -> None:
    sent = json.dumps(PLAIN | {"salesAndTrafficByHour": []}).encode()
    assert _read(sent).drift == {"salesAndTrafficByHour"}


def test_another_day_is_said_before_anything_that_is_wrong_with_the_rows() -> None:
    box = structs.replace(GERMANY, first=date(2026, 11, 17), last=date(2026, 11, 17))
    with pytest.raises(Refusal, match="dataStartTime is 2026-11-18, not 2026-11-17"):
        read(document_of(_sent([{}])), box)


def test_a_large_document_is_read_in_little_memory() -> None:
    document = document_of(compress(_sent(_many(12_000)), 1))
    tracemalloc.start()
    batch = read(document, GERMANY).batches[0]
    passed = sum(map(len, batch.spool.blocks()))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert passed == batch.row_count == 12_000
    assert peak_bytes < 24_000_000  # of these, 16 MB may be spooled


def _many(count: int) -> list[dict[str, Any]]:
    first = PLAIN["salesAndTrafficByAsin"][0]
    return [first | {"childAsin": f"B0{number:08}"} for number in range(count)]
