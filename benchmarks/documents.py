"""Sales and traffic documents for the benchmarks, in Amazon's shape, as large as wanted."""

import gzip
import json
import random
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from amazon_simulator.catalog import Catalog
from amazon_simulator.document import Question, sales_and_traffic
from amazon_simulator.marketplaces import marketplace
from amazon_simulator.world import World

_LATE = datetime(2030, 1, 1, tzinfo=UTC)  # when the figures no longer move


def document(rows: int, code: str, day: date) -> dict[str, Any]:
    """Return a day's document with so many ASINs."""
    world = World(catalog=Catalog(seed=1, parents=max(rows // 5, 1), size=rows, full_shelves=True))
    question = Question(marketplace=marketplace(code), start=day, end=day, asin_granularity="CHILD")
    decoded: dict[str, Any] = json.loads(json.dumps(sales_and_traffic(world, question, _LATE), default=str))
    return decoded


def restated(document: dict[str, Any], share: float) -> dict[str, Any]:
    """Return the document with one unit more in that share of its rows, and in its totals."""
    changed = deepcopy(document)
    every = round(1 / share)
    rows = changed["salesAndTrafficByAsin"][::every]
    for row in rows:
        row["salesByAsin"]["unitsOrdered"] += 1
    changed["salesAndTrafficByDate"][0]["salesByDate"]["unitsOrdered"] += len(rows)
    return changed


def packed(document: dict[str, Any]) -> bytes:
    """Return a document as Amazon sends it."""
    return gzip.compress(json.dumps(document, separators=(",", ":")).encode(), 6)


def write_large(path: Path, rows: int, code: str, day: date) -> int:
    """Write a gzipped document with so many ASINs, never holding it. Return its size as JSON.

    Its rows are those of a thousand ASINs over and over, each time under other ASINs and with other shares.
    """
    small = document(1000, code, day)
    totals, size = deepcopy(small["salesAndTrafficByDate"][0]), 0
    _multiply(totals, rows // 1000)
    with gzip.open(path, "wb", compresslevel=6) as file:
        for piece in _pieces(small, totals, rows):
            size += file.write(piece)
    return size


def _pieces(small: dict[str, Any], totals: dict[str, Any], rows: int) -> Iterator[bytes]:
    chance = random.Random(1)
    head = {"reportSpecification": small["reportSpecification"], "salesAndTrafficByDate": [totals]}
    yield json.dumps(head, indent=4).encode()[:-2] + b',\n"salesAndTrafficByAsin": ['
    for number in range(rows):
        row = small["salesAndTrafficByAsin"][number % 1000]
        traffic = row["trafficByAsin"]
        shares = {name: round(chance.uniform(0, 100), 2) for name in traffic if name.endswith("Percentage")}
        asins = {"parentAsin": f"B1{number // 5:08d}", "childAsin": f"B0{chance.randrange(10**6):06d}{number:06d}"}
        row = {**row, **asins, "trafficByAsin": traffic | shares}
        yield (b"," if number else b"") + json.dumps(row, indent=4).encode()
    yield b"]}"


def _multiply(figures: dict[str, Any], by: int) -> None:
    """Multiply every count and amount, and leave the ratios."""
    for name, value in figures.items():
        if isinstance(value, dict):
            _multiply(value, by)
        elif isinstance(value, int | float) and "ercentage" not in name and "verage" not in name:
            figures[name] = round(value * by, 2)
