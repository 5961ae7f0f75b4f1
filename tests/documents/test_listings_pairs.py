"""Each folder of `listings.report` is one list: of which marketplace, what Amazon sent, and what we store of it.

Or why we refuse it. `sent.txt` is UTF-8 here, and sent in the charset, and with the ends of lines, that `asked.json`
names.
"""

import csv
import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chalkola.datasets import source
from chalkola.datasets.model import Answer, Box
from chalkola.datasets.reading import NEXT
from chalkola.documents import document_of
from chalkola.errors import Refusal
from chalkola.marketplaces import marketplace

CASES = sorted((Path(__file__).parent / "listings.report").iterdir())
MONDAY = date(2026, 11, 16)


def _those(file: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [case for case in CASES if (case / file).exists()], ids=lambda c: c.name)


@_those("stored.json")
def test_a_list_is_stored_as_in_its_pair(case: Path) -> None:
    assert _shown(_read(case)) == json.loads((case / "stored.json").read_text())


@_those("refused.txt")
def test_a_list_is_refused_with_the_sentence_of_its_pair(case: Path) -> None:
    with pytest.raises(Refusal) as caught:
        _read(case)
    message = str(caught.value)
    assert message.removesuffix(NEXT).strip() == (case / "refused.txt").read_text().strip()
    assert message.endswith(NEXT)


def test_every_folder_is_a_pair() -> None:
    halves = [{file.name for file in case.iterdir()} - {"asked.json", "sent.txt"} for case in CASES]
    assert all(len(half) == 1 for half in halves)


def _read(case: Path) -> Answer:
    asked = json.loads((case / "asked.json").read_text())
    text = (case / "sent.txt").read_bytes().decode().replace("\n", asked.get("ends", "\n"))
    sent = text.encode(asked.get("charset", "utf-8"))
    box = Box(account="EU", marketplaces=(marketplace(asked["marketplace"]),), first=MONDAY, last=MONDAY)
    plain, packed = (source("listings.report").read(document_of(each), box) for each in (sent, gzip.compress(sent)))
    assert _shown(plain) == _shown(packed)
    return plain


def _shown(answer: Answer) -> dict[str, Any]:
    (batch,) = answer.batches
    names = [column.name for column in batch.columns]
    lines = [line.decode() for block in batch.spool.blocks() for _, line in block]
    cells = csv.reader(lines)
    return {
        batch.table.name: [dict(zip(names, _nulls(row), strict=True)) for row in cells],
        "counts": {f"{s.scope} {s.day}": count.row_count for s, count in batch.counts.items()},
        "notes": answer.notes,
        "drift": sorted(answer.drift),
    }


def _nulls(row: list[str]) -> list[str | None]:
    return [None if cell == "null" else cell for cell in row]
