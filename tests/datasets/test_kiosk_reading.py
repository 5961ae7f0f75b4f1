"""Documents of Data Kiosk however they come: in any order, on any pages, wrapped or not, large."""

import json
import tracemalloc
from datetime import date
from functools import reduce
from gzip import compress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalkola.datasets import source
from chalkola.datasets.model import Answer, AsinFilter, Box
from chalkola.datasets.sales_and_traffic_trends import SECTION
from chalkola.documents import document_of, joined
from chalkola.errors import Damaged, Refusal
from chalkola.marketplaces import MARKETPLACES, marketplace, marketplaces

TRENDS = source("sales_and_traffic.trends")
ASINS = tuple(f"B0CHALK{number:03}" for number in range(4))
ASKED = tuple(marketplaces(["DE", "UK", "JP"]))
DAYS = (date(2026, 11, 17), date(2026, 11, 18), date(2026, 11, 19))
BOX = Box(
    account="EU", marketplaces=ASKED, first=DAYS[0], last=DAYS[-1],
    filters=tuple(AsinFilter(marketplace=each, asins=ASINS) for each in ASKED),
)  # fmt: skip

counts = st.integers(0, 2**31 - 1)
numbers = st.one_of(st.integers(0, 10**7), st.floats(0, 10**7).map(lambda number: round(number, 2)))


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    """One line of a document: of any marketplace, day and ASIN that was asked for."""
    asked = draw(st.sampled_from(ASKED))
    return _line(asked.amazon_id, draw(st.sampled_from(DAYS)), draw(st.sampled_from(ASINS)), asked.currency, draw)


def _line(marketplace_id: str, day: date, child: str, currency: str, draw: Any = None) -> dict[str, Any]:
    line: dict[str, Any] = {"startDate": day.isoformat(), "endDate": day.isoformat(), "marketplaceId": marketplace_id}
    for column in SECTION.columns:
        *objects, leaf = column.path.split(".")
        holder = reduce(lambda node, name: node.setdefault(name, {}), objects, line)
        kind = st.just(1) if draw is None else counts if column.type == "integer" else numbers
        figure = kind if column.required else st.one_of(st.none(), kind)
        holder[leaf] = draw(figure) if draw else 1
        if leaf == "amount":
            holder["currencyCode"] = currency
    line["sales"]["orderedProductSales"]["currencyCode"] = currency
    return line | {"parentAsin": "B0CHALKP01", "childAsin": child}


def _unlike(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({(row["startDate"], row["marketplaceId"], row["childAsin"]): row for row in rows}.values())


def _sent(rows: list[Any]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def _read(sent: bytes) -> Answer:
    return TRENDS.read(document_of(sent), BOX)


def _summary(answer: Answer) -> object:
    (batch,) = answer.batches
    spooled = sorted(line for block in batch.spool.blocks() for line in block)
    return list(batch.counts.items()), spooled, answer.drift


@given(st.lists(lines(), max_size=12).map(_unlike), st.randoms())
@settings(deadline=None, max_examples=50)
def test_the_order_of_the_lines_changes_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert _summary(_read(_sent(rows))) == _summary(_read(_sent(shuffled)))


@given(st.lists(lines(), max_size=8).map(_unlike), st.randoms())
@settings(deadline=None, max_examples=50)
def test_a_line_that_comes_again_changes_nothing(rows: list[dict[str, Any]], random: Any) -> None:
    again = rows + random.sample(rows, random.randint(0, len(rows)))
    answer = _read(_sent(again))
    assert _summary(answer) == _summary(_read(_sent(rows)))
    dropped = [f"identical lines dropped: {len(again) - len(rows)}"] if len(again) > len(rows) else []
    assert [note for note in answer.notes if note != "no rows"] == dropped


@given(st.lists(lines(), max_size=12))
@settings(deadline=None, max_examples=50)
def test_each_child_is_one_row_a_day_and_no_unit_is_lost(rows: list[dict[str, Any]]) -> None:
    (batch,) = _read(_sent(rows)).batches
    unlike = {json.dumps(row): row for row in rows}.values()
    assert batch.row_count == len(_unlike(rows))
    units = sum(count.sums.units for count in batch.counts.values())
    assert units == sum(row["sales"]["unitsOrdered"] for row in unlike)


@given(st.lists(lines(), max_size=8).map(_unlike), st.integers(0, 3))
@settings(deadline=None, max_examples=50)
def test_what_is_around_the_rows_changes_nothing(rows: list[dict[str, Any]], way: int) -> None:
    ways: list[list[Any]] = [
        [{"data": row} for row in rows],
        [{"analytics_salesAndTraffic_2024_04_24": {"salesAndTrafficTrends": rows}}],
        [{"data": {"salesAndTrafficTrends": rows}, "errors": []}],
        [rows],
    ]
    assert _summary(_read(_sent(ways[way]))) == _summary(_read(_sent(rows)))


@given(st.lists(lines(), max_size=8).map(_unlike), st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=3))
@settings(deadline=None, max_examples=50)
def test_pages_are_read_as_one_document(rows: list[dict[str, Any]], cuts: list[tuple[int, bool]]) -> None:
    """Compressed, plain or both; the last line of a page need not end."""
    ends = [*sorted(cuts), (len(rows), True)]
    starts = [0, *(end for end, _ in ends)]
    pages = [
        document_of(compress(page) if packed else page)
        for start, (end, packed) in zip(starts, ends, strict=False)
        for page in [_sent(rows[start:end]).rstrip(b"\n")]
    ]
    assert _summary(TRENDS.read(joined(pages), BOX)) == _summary(_read(_sent(rows)))


def test_one_page_is_the_document_itself() -> None:
    page = document_of(b"{}")
    assert joined([page]) is page


def test_pages_that_are_compressed_stay_so() -> None:
    pages = [document_of(compress(b"1")), document_of(compress(b"2"))]
    whole = joined(pages)
    assert (whole.compressed, whole.content()) == (True, b"1\n2")
    whole.raw.seek(0)
    assert whole.size_bytes == len(whole.raw.read())


def test_a_page_that_is_cut_short_damages_the_whole() -> None:
    packed = compress(_sent([_line(ASKED[0].amazon_id, DAYS[0], ASINS[0], "EUR")]))
    with pytest.raises(Damaged):
        TRENDS.read(joined([document_of(packed[:-10]), document_of(packed)]), BOX)


def test_a_line_far_down_is_named_by_its_number() -> None:
    good = _many(3_000)
    bad = good[0] | {"childAsin": "B0CHALK999"}
    with pytest.raises(Refusal, match=r"^Line 3002 has childAsin B0CHALK999"):
        TRENDS.read(document_of(_sent([*good, *good[:1], bad])), _large_box(3_000))


@pytest.mark.parametrize("text", [b"<html><body>503</body></html>", b"\xff\xfe", b'{"a": ' * 3_000, b"null"])
def test_what_is_no_list_of_rows_is_refused(text: bytes) -> None:
    with pytest.raises(Refusal, match=r"^Line 1 (of the document is not JSON|has the value = null)"):
        _read(text)


def test_a_large_document_is_read_in_little_memory() -> None:
    document = document_of(compress(_sent(_many(16_000)), 1))
    tracemalloc.start()
    (batch,) = TRENDS.read(document, _large_box(16_000)).batches
    passed = sum(map(len, batch.spool.blocks()))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert passed == batch.row_count == 16_000
    assert peak_bytes < 16_000_000


def _many(count: int) -> list[dict[str, Any]]:
    line = _line(marketplace("DE").amazon_id, DAYS[0], "", "EUR")
    return [line | {"childAsin": f"B0{number:08}"} for number in range(count)]


def _large_box(count: int) -> Box:
    asins = tuple(f"B0{number:08}" for number in range(count))
    filters = (AsinFilter(marketplace=marketplace("DE"), asins=asins),)
    return Box(account="EU", marketplaces=MARKETPLACES, first=DAYS[0], last=DAYS[0], filters=filters)
