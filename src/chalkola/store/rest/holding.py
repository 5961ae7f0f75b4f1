"""The transaction that ends a pull, through an API that has none but a call.

Rows are staged, a few hundred in a call; changes are kept; and at the end one call does everything: it locks again
what was held, looks again at all that was looked at, and only if that is as it was does it change anything. So it is
as if the lines had been locked from the beginning. Where something has changed it is `Overtaken`, and tried again.
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import count, islice

from psycopg import sql
from psycopg.abc import Params

from chalkola.datasets.cells import cells_of
from chalkola.store.database import NeedsDatabaseUrl, Query, Selected, Shape
from chalkola.store.rest.api import Api, Step
from chalkola.store.rest.connection import RestConnection
from chalkola.store.rest.lines import as_query, names, typed
from chalkola.store.rest.rows import Answer
from chalkola.store.rest.statements import composed, only_holds, only_reads, with_count

STAGED_AT_ONCE = 500
_PARTS = count(1)
"""No two parts that this process stages have the same number; no two processes hold the same generation."""


class RestHolding(RestConnection):
    """A pull's transaction on its way. `finish` does what it has gathered."""

    def __init__(self, api: Api, pull_id: int, generation: int) -> None:
        super().__init__(api)
        self._pull_id, self._generation = pull_id, generation
        self._seen: list[Step] = []
        self._changes: list[Step] = []

    async def later(self, query: Query, params: Params | None = None) -> None:
        statement = composed(query, params)
        self._changes.append(Step(statement=with_count(statement) or statement))

    async def lines(self, selected: Selected) -> AsyncIterator[bytes]:
        for (line,) in await (await self.execute(as_query(selected))).fetchall():
            yield line.encode()

    async def write_lines(self, table: str, shape: Shape, lines: Iterable[bytes]) -> None:
        source = await self.stage(table, shape, lines)
        insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} s")
        await self.later(insert.format(sql.Identifier(table), names(shape), names(shape), source))

    async def stage(self, name: str, shape: Shape, lines: Iterable[bytes]) -> sql.Composable:
        part, place = next(_PARTS), 0
        for block in _blocks(lines):
            await self._api.stage(self._pull_id, self._generation, part, place, [cells_of(line) for line in block])
            place += len(block)
        key = self._pull_id, self._generation, part
        await self.later("SELECT sp_expect_staged(%s, %s, %s, %s)", (*key, place))
        rows = sql.SQL("(SELECT {} FROM sp_staged WHERE (pull_id, generation, part) = ({}, {}, {}) ORDER BY place)")
        return rows.format(typed(shape), *map(sql.Literal, key))

    async def finish(self) -> None:
        """Do it all, or nothing. Raises what `Overtaken` is made of where something has changed."""
        await self._api.write([*self._seen, *self._changes])

    async def _ask(self, statement: str) -> Answer:
        if only_reads(statement):
            (answer,) = await self._api.read([statement])
        elif only_holds(statement):
            (answer,) = await self._api.write([Step(statement=statement)])
        else:
            raise NeedsDatabaseUrl
        self._seen.append(Step(statement=statement, digest=answer.digest))
        return answer


def _blocks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    left = iter(lines)
    while block := list(islice(left, STAGED_AT_ONCE)):
        yield block
