"""Notes: what people write beside a day of a product, or of the shop."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import LiteralString

from psycopg.rows import class_row

from chalkola.store.board.asking import Look, NotUnderstood, looking, written
from chalkola.store.board.product_shapes import Note
from chalkola.store.connection import Pool, database_errors

LONGEST = 2_000
"""Characters."""
_COLUMNS: LiteralString = "id, asin, day, author, text, written_at"


async def add_note(pool: Pool, *, asin: str | None, day: date, author: str, text: str, now: datetime) -> Note:
    """Write a note down. Raises `NotUnderstood` for one without a text, or of more than 2,000 characters."""
    text = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not text or len(text) > LONGEST:
        raise NotUnderstood(
            "A note without a text is none." if not text else f"A note has {LONGEST:,} characters at most."
        )
    query: LiteralString = (
        f"INSERT INTO sp_notes (asin, day, author, text, written_at) VALUES (%s, %s, %s, %s, %s) RETURNING {_COLUMNS}"
    )
    with database_errors():
        async with pool.connection() as connection, connection.cursor(row_factory=class_row(Note)) as cursor:
            await cursor.execute(query, (asin, day, author, text, now))
            note = await cursor.fetchone()
    written(pool)
    assert note is not None
    return note


async def delete_note(pool: Pool, note_id: int, *, author: str | None) -> bool:
    """Delete a note; `author`: only if it is theirs. Return whether there was one to delete."""
    query: LiteralString = "DELETE FROM sp_notes WHERE id = %s AND author = coalesce(%s, author)"
    with database_errors():
        async with pool.connection() as connection:
            gone = (await connection.execute(query, (note_id, author))).rowcount > 0
    written(pool)
    return gone


async def notes_of(pool: Pool, asins: Sequence[str]) -> tuple[Note, ...]:
    """Return the notes of some products and those of the shop, as `read_notes` does. Raises as `looking` does."""
    async with looking(pool) as look:
        return await read_notes(look, asins)


async def read_notes(look: Look, asins: Sequence[str]) -> tuple[Note, ...]:
    """Return the notes of some products and those of the shop, the latest day first: once for everybody."""
    query: LiteralString = (
        f"SELECT {_COLUMNS} FROM sp_notes WHERE asin = ANY (%s) OR asin IS NULL ORDER BY day DESC, id DESC LIMIT 500"
    )

    async def read() -> tuple[Note, ...]:
        return tuple(Note(**row) for row in await look.rows(query, (list(asins),)))

    return await look.once(("notes", look.notes, *asins), read)
