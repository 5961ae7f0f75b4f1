"""Rows on their way from a document into the tables: as lines of CSV, by slice, in memory or beyond it on disk."""

import struct
import tempfile
from collections.abc import Collection, Iterator
from typing import IO

import msgspec

_IN_MEMORY_BYTES = 4_000_000
_LENGTH = struct.Struct("<I")

Numbered = tuple[int, bytes]
"""The number of a slice, and one row of it as a line of CSV without its end."""


class Spool:
    """Lines in the order in which they came. Close it to let go of them."""

    def __init__(self) -> None:
        self._place: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115

    def write(self, block: list[Numbered]) -> None:
        """Add a block of lines."""
        packed = msgspec.msgpack.encode(block)
        self._place.write(_LENGTH.pack(len(packed)))
        self._place.write(packed)

    def blocks(self, slices: Collection[int] | None = None) -> Iterator[list[Numbered]]:
        """Yield the lines again, block by block; only those of `slices` where they are given."""
        self._place.seek(0)
        while head := self._place.read(_LENGTH.size):
            block = _DECODER.decode(self._place.read(_LENGTH.unpack(head)[0]))
            yield block if slices is None else [line for line in block if line[0] in slices]

    def close(self) -> None:
        """Let go of the lines."""
        self._place.close()


_DECODER = msgspec.msgpack.Decoder(list[Numbered])
