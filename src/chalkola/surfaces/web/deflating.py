"""Texts that are compressed once and joined often: a page's pieces, with each one's own between them. Pure.

What is joined is one stream of the coding `deflate` (RFC 9110: a zlib stream, RFC 1950). Each part of it ends on a
byte of its own and refers to nothing before it: parts can stand in any order, and the length of a secret one tells
nothing of what stands beside it.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

_LEVEL = 6
_RAW = -15  # without zlib's own head and checksum: those are of the whole
_HEAD = b"\x78\x9c"
_END = b"\x03\x00"  # an empty last block
_BASE = 65_521  # the largest prime below 2 ** 16, by which Adler-32 divides


@dataclass(frozen=True)
class Deflated:
    """A compressed text. `adler`: its checksum; `length`: its bytes before."""

    blocks: bytes
    adler: int
    length: int


def deflated(text: bytes) -> Deflated:
    """Return a text, compressed."""
    made = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    blocks = made.compress(text) + made.flush(zlib.Z_FULL_FLUSH)
    return Deflated(blocks=blocks, adler=zlib.adler32(text), length=len(text))


@dataclass(frozen=True)
class Stream:
    """Some texts, one after the other, in the coding `deflate`."""

    coded: bytes

    def text(self) -> bytes:
        """Return them as they were."""
        return zlib.decompress(self.coded)


def joined(parts: Iterable[Deflated]) -> Stream:
    """Return some texts, one after the other."""
    every, adler = [_HEAD], 1
    for part in parts:
        every.append(part.blocks)
        adler = _both(adler, part.adler, part.length)
    return Stream(b"".join((*every, _END, adler.to_bytes(4, "big"))))


def _both(before: int, after: int, length: int) -> int:
    """Return the Adler-32 of two texts from theirs, and from the length of the second."""
    low = ((before & 0xFFFF) + (after & 0xFFFF) - 1) % _BASE
    high = ((before >> 16) + (after >> 16) + length * ((before & 0xFFFF) - 1)) % _BASE
    return high << 16 | low
