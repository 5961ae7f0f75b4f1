"""Each folder of `sales_and_traffic` is one report: what Amazon sent, and what we store of it or why we refuse it."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chalkola.datasets.model import Answer, Batch, Box
from chalkola.datasets.reading import NEXT, WHOLE_BYTES
from chalkola.datasets.sales_and_traffic_report import read
from chalkola.documents import document_of
from chalkola.errors import Refusal
from chalkola.marketplaces import marketplace

FOLDER = Path(__file__).parent / "sales_and_traffic"
STORED = sorted(path.parent.name for path in FOLDER.glob("*/stored.json"))
REFUSED = sorted(path.parent.name for path in FOLDER.glob("*/refused.txt"))
WAYS = pytest.mark.parametrize("whole_bytes", [WHOLE_BYTES, 0], ids=["whole", "streamed"])


@WAYS
@pytest.mark.parametrize("case", STORED)
def test_a_document_is_stored_as_in_its_pair(case: str, whole_bytes: int) -> None:
    expected = json.loads((FOLDER / case / "stored.json").read_text())
    answer = _read(case, whole_bytes, **expected.pop("asked"))
    assert _shown(answer) == expected


@WAYS
@pytest.mark.parametrize("case", REFUSED)
def test_a_document_is_refused_with_the_sentence_of_its_pair(case: str, whole_bytes: int) -> None:
    with pytest.raises(Refusal) as caught:
        _read(case, whole_bytes)
    message = str(caught.value)
    assert message.startswith((FOLDER / case / "refused.txt").read_text().strip())
    assert message.endswith(NEXT)


def test_every_folder_is_a_pair() -> None:
    folders = sorted(path.name for path in FOLDER.iterdir())
    assert folders == sorted(STORED + REFUSED)


def _read(case: str, whole_bytes: int, *, marketplace: str = "DE", day: str = "2026-11-18") -> Answer:
    document = document_of((FOLDER / case / "sent.json").read_bytes())
    return read(document, _box(marketplace, date.fromisoformat(day)), whole_bytes=whole_bytes)


def _box(code: str, day: date) -> Box:
    return Box(account="EU", marketplaces=(marketplace(code),), first=day, last=day)


def _shown(answer: Answer) -> dict[str, Any]:
    tables = {batch.table.name: list(_rows(batch)) for batch in answer.batches}
    return {**tables, "notes": answer.notes, "drift": sorted(answer.drift)}


def _rows(batch: Batch) -> Iterator[dict[str, object]]:
    """Yield the spooled rows by column: without anything to escape, a line of ours reads as a JSON list too."""
    for block in batch.spool.blocks():
        for _, line in block:
            yield dict(zip((column.name for column in batch.columns), json.loads(b"[%b]" % line), strict=True))
