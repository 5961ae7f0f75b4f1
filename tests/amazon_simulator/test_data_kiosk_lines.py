"""The lines of a document, which are written from figures, say what the rows say, which are made field by field."""

import gzip
import json
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from amazon_simulator import Fault, Simulator, SimulatorSettings
from amazon_simulator.amounts import percentages
from amazon_simulator.kiosk.blocks import blocks
from amazon_simulator.kiosk.lines import lines
from amazon_simulator.kiosk.query_book import Query
from amazon_simulator.kiosk.question import KioskQuestion, Scope
from amazon_simulator.kiosk.rows import rows, selected
from amazon_simulator.kiosk.schema import BY_ASIN, METRICS, TRENDS
from amazon_simulator.marketplaces import MARKETPLACES

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHOP = Simulator(SimulatorSettings(parents=12, children=60, moved=0.5, restated=0.2), lambda: NOW)
ASINS = [child.asin for child in SHOP.world.catalog.children]


def fields_of(part):
    names = [name for names in METRICS[part].values() for name in names.split()]
    return st.lists(
        st.sampled_from([*names, *(f"{name}B2B" for name in names)]), unique=True, min_size=1, max_size=8
    ).map(lambda chosen: {name: amount(name) for name in chosen})


def amount(name):
    return {"currencyCode": None, "amount": None} if "ProductSales" in name else None


FRAME = ("startDate", "endDate", "marketplaceId", "parentAsin", "childAsin", "sku")


@st.composite
def questions(draw):
    kind = draw(st.sampled_from([BY_ASIN, TRENDS]))
    parts = {"sales": fields_of("ByAsinSales"), "traffic": fields_of("ByAsinTraffic")}
    named = draw(st.lists(st.sampled_from([*FRAME, *parts]), unique=True, min_size=1))
    selection = {name: draw(parts[name]) if name in parts else None for name in named}
    asins = tuple(draw(st.lists(st.sampled_from(ASINS), unique=True, min_size=1, max_size=30)))
    places = draw(st.lists(st.sampled_from(["DE", "JP", "AE"]), unique=True, min_size=1))
    start = draw(st.dates(date(2026, 9, 25), date(2026, 11, 19)))
    return KioskQuestion(
        kind=kind,
        start=start,
        end=min(start + timedelta(days=draw(st.integers(0, 12))), date(2026, 11, 19)),
        scopes=tuple(
            Scope(marketplace=MARKETPLACES[code], asins=asins if kind == TRENDS else None) for code in places
        ),
        asin_granularity=draw(st.sampled_from(["CHILD", "PARENT", "SKU"])) if kind == BY_ASIN else "CHILD",
        date_granularity=draw(st.sampled_from(["DAY", "WEEK"])) if kind == TRENDS else "DAY",
        selection=selection,
    )


@settings(max_examples=60, deadline=None)
@given(asked=questions())
def test_lines_say_what_the_rows_say_in_the_fields_and_the_order_asked_for(asked):
    def as_of(market, day):
        return NOW

    said = b"".join(lines(asked, blocks(SHOP.world, asked, as_of))).splitlines()
    true = [selected(row, asked.selection) for row in rows(SHOP.world, asked, as_of)]

    assert [json.loads(line) for line in said] == true
    assert [list(json.loads(line)) for line in said] == [list(row) for row in true]


@settings(max_examples=30, deadline=None)
@given(asked=questions(), size=st.integers(1, 40))
def test_pages_are_the_whole_cut_in_pieces_and_only_full_ones_are_followed(asked, size):
    simulator = Simulator(SimulatorSettings(parents=12, children=60, query_page_rows=size), lambda: NOW)
    documents, offset, pages = simulator._kiosk.documents, 0, []
    while True:
        query = asking(asked, offset=offset)
        pages.append(gzip.decompress(documents.render(query)).splitlines())
        follows = documents.next_page(query)
        if follows is None:
            break
        offset = follows.offset
    whole = b"".join(lines(asked, blocks(simulator.world, asked, lambda market, day: NOW))).splitlines()

    assert [line for page in pages for line in page] == whole
    assert documents.has_data(asking(asked)) is bool(whole)
    assert {len(page) for page in pages[:-1]} <= {size}


def test_a_document_of_several_faults_has_them_all_and_keeps_back_what_it_should():
    asked = KioskQuestion(
        kind=TRENDS,
        start=date(2026, 11, 1),
        end=date(2026, 11, 5),
        scopes=(Scope(marketplace=MARKETPLACES["DE"], asins=tuple(ASINS[:30])),),
        selection={"startDate": None, "childAsin": None, "traffic": {"unitSessionPercentage": None}},
    )
    faults = (
        Fault(kind="empty_asin_list", day=date(2026, 11, 2)),
        Fault(kind="asins_missing", asins=tuple(ASINS[:10])),
        Fault(kind="percentage_above_999"),
    )

    said = gzip.decompress(SHOP._kiosk.documents.render(asking(asked, contents=faults))).splitlines()
    rows_ = [json.loads(line) for line in said]

    assert {row["startDate"][-2:] for row in rows_} == {"01", "03", "04", "05"}
    assert not {row["childAsin"] for row in rows_} & set(ASINS[:10])
    assert rows_[0]["traffic"]["unitSessionPercentage"] == 1250.0


@settings(max_examples=500)
@given(part=st.integers(0, 10**6), whole=st.integers(0, 10**7))
def test_percentages_are_those_that_rounding_gives(part, whole):
    assert percentages([part], [whole]) == [round(100 * part / whole, 2) if whole else 0.0]


def test_halves_of_a_hundredth_are_rounded_as_python_rounds_them():
    for whole in (16, 32, 80, 160, 200, 800, 2000, 20_000):
        parts = range(3 * whole)
        assert percentages(parts, [whole] * len(parts)) == [round(100 * part / whole, 2) for part in parts]


NUMBERS = iter(range(10**11, 10**12))


def asking(asked, **more):
    """Return a finished query, unlike any other."""
    times = dict.fromkeys(("created", "starts", "ends", "as_of"), NOW)
    return Query(account="EU", query_id=str(next(NUMBERS)), text="", question=asked, **times, **more)
