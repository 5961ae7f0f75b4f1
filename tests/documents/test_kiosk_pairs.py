"""Each folder of a Data Kiosk source is one document: what was asked, what Amazon sent, and what we store of it.

Or why we refuse it. A row that is stored has its slice in front.
"""

import json
from collections.abc import Iterator
from datetime import date
from gzip import compress
from pathlib import Path
from typing import Any

import pytest

from chalkola.datasets import source
from chalkola.datasets.model import Answer, AsinFilter, Batch, Box
from chalkola.datasets.reading import NEXT
from chalkola.documents import document_of
from chalkola.errors import Refusal
from chalkola.marketplaces import marketplace

FOLDER = Path(__file__).parent
SOURCES = ("sales_and_traffic.by_asin", "sales_and_traffic.trends", "daily_totals.by_date", "daily_parents.by_asin")
CASES = [(name, path) for name in SOURCES for path in sorted((FOLDER / name).iterdir())]


def _those(file: str) -> pytest.MarkDecorator:
    there = [(name, path) for name, path in CASES if (path / file).exists()]
    return pytest.mark.parametrize(("name", "case"), there, ids=[f"{name}-{path.name}" for name, path in there])


@_those("stored.json")
def test_a_document_is_stored_as_in_its_pair(name: str, case: Path) -> None:
    assert _shown(_read(name, case)) == json.loads((case / "stored.json").read_text())


@_those("refused.txt")
def test_a_document_is_refused_with_the_sentence_of_its_pair(name: str, case: Path) -> None:
    with pytest.raises(Refusal) as caught:
        _read(name, case)
    message = str(caught.value)
    assert message.removesuffix(NEXT).strip() == (case / "refused.txt").read_text().strip()
    assert message.endswith(NEXT)


def test_every_folder_is_a_pair() -> None:
    halves = [{file.name for file in path.iterdir()} - {"asked.json", "sent.jsonl"} for _, path in CASES]
    assert all(len(half) == 1 for half in halves)


def _read(name: str, case: Path) -> Answer:
    sent = (case / "sent.jsonl").read_bytes()
    plain, packed = (source(name).read(document_of(each), _box(case)) for each in (sent, compress(sent)))
    assert _shown(plain) == _shown(packed)
    return plain


def _box(case: Path) -> Box:
    asked = json.loads((case / "asked.json").read_text())
    days = [date.fromisoformat(asked[name]) for name in ("first", "last")]
    filters = [
        AsinFilter(marketplace=marketplace(each["marketplace"]), asins=tuple(each["asins"]))
        for each in asked.get("filters", [])
    ]
    return Box(
        account="EU", marketplaces=tuple(map(marketplace, asked["marketplaces"])), first=days[0], last=days[1],
        filters=tuple(filters),
    )  # fmt: skip


def _shown(answer: Answer) -> dict[str, Any]:
    (batch,) = answer.batches
    return {
        batch.table.name: list(_rows(batch)),
        "counts": {f"{s.scope} {s.day}": count.row_count for s, count in batch.counts.items()},
        "notes": answer.notes,
        "drift": sorted(answer.drift),
    }


def _rows(batch: Batch) -> Iterator[dict[str, object]]:
    slices = list(batch.counts)
    for block in batch.spool.blocks():
        for number, line in block:
            cells = zip((column.name for column in batch.columns), json.loads(b"[%b]" % line), strict=True)
            yield {"slice": f"{slices[number].scope} {slices[number].day}", **dict(cells)}
