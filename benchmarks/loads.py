"""One document into the tables by the product's own code: ledger, reading, judging, writing, commit."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalkola.clock import RealClock
from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import Box, Pull, Source
from chalkola.documents import Document
from chalkola.pipeline.load import Loaded, Loader, Received
from chalkola.store.connection import Pool
from chalkola.store.ledger import Ledger
from chalkola.store.pulls import Claimed
from chalkola.store.survey import fits_of

_WORKER = "benchmark"
_CREATION: Mapping[str, str] = {"reports": "createReport", "data_kiosk": "createQuery"}


@dataclass(frozen=True, kw_only=True)
class Took:
    """Seconds of reading a document (inflating, decoding, checking, spooling) and of its load, COMMIT included."""

    reading: float
    loading: float

    @property
    def both(self) -> float:
        return self.reading + self.loading


class Desk:
    """Plans, claims and loads, as a worker does it."""

    def __init__(self, pool: Pool) -> None:
        self.clock = RealClock()
        self._pool, self._ledger = pool, Ledger(pool, self.clock)

    async def claimed(self, source: Source, boxes: Sequence[Box]) -> list[Claimed]:
        """Write questions down in the ledger and claim them, so that their answers may be loaded."""
        pulls = [Pull(source=source, box=box, settled=True) for box in boxes]
        buckets = [[f"{_CREATION[source.driver]}@{box.account}"] for box in boxes]
        ids = await self._ledger.plan(pulls, buckets)
        accounts = sorted({box.account for box in boxes})
        claimed = await self._ledger.claim(_WORKER, accounts=accounts, wanted=ids, most=len(ids))
        return sorted(claimed, key=lambda pull: ids.index(pull.id))

    async def loader(self) -> Loader:
        """Return what a run loads with."""
        return Loader(
            datasets={dataset.name: dataset for dataset in CATALOG},
            sources={source.name: source for source in SOURCES},
            fits=await fits_of(self._pool, [dataset.table for dataset in CATALOG]),
        )

    async def load(
        self, loader: Loader, source: Source, pull: Claimed, box: Box, document: Document, *, in_thread: bool = False
    ) -> tuple[Loaded, Took]:
        """Read a document, in a thread if others are to go on meanwhile, and load it."""
        begun = time.perf_counter()
        answer = await asyncio.to_thread(source.read, document, box) if in_thread else source.read(document, box)
        read = time.perf_counter()
        try:
            received = Received(answer=answer, box=box, byte_count=document.size_bytes, archived_as=None)
            loaded = await loader.load(self._ledger, pull, received, self.clock.now())
        finally:
            answer.close()
        return loaded, Took(reading=read - begun, loading=time.perf_counter() - read)
