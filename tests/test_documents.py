"""Documents as Amazon sends them: compressed or not, whole or not."""

import gzip
import tracemalloc
import zlib
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalkola.documents import IN_MEMORY_BYTES, document_of
from chalkola.errors import Damaged

TEXT = b'{"salesAndTrafficByAsin": [' + b'{"parentAsin": "B0TESTTEST"},' * 400 + b"]}"


@given(st.binary(max_size=5000))
def test_a_document_is_what_was_sent_whether_compressed_or_not(content: bytes) -> None:
    if content[:2] != b"\x1f\x8b":
        assert document_of(content).content() == content
    assert document_of(gzip.compress(content)).content() == content


def test_whether_it_is_compressed_is_told_by_its_first_bytes() -> None:
    assert document_of(gzip.compress(TEXT)).compressed
    assert not document_of(TEXT).compressed
    assert not document_of(b"").compressed


@settings(deadline=timedelta(seconds=5))
@given(st.data())
def test_a_document_that_is_cut_short_anywhere_is_damaged(data: st.DataObject) -> None:
    packed = gzip.compress(TEXT)
    cut = data.draw(st.integers(2, len(packed) - 1))
    with pytest.raises(Damaged):
        document_of(packed[:cut]).content()


@settings(deadline=timedelta(seconds=5))
@given(st.data())
def test_a_document_with_a_wrong_byte_is_damaged_or_says_the_same(data: st.DataObject) -> None:
    packed = bytearray(gzip.compress(TEXT, mtime=0))
    packed[data.draw(st.integers(10, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(Damaged):
        assert document_of(bytes(packed)).content() == TEXT


def test_why_it_is_damaged_is_said() -> None:
    with pytest.raises(Damaged, match="cut short"):
        document_of(gzip.compress(TEXT)[:-4]).content()
    with pytest.raises(Damaged, match="cannot be inflated"):
        document_of(gzip.compress(TEXT)[:-8] + b"12345678").content()


def test_a_document_is_read_twice_from_its_beginning() -> None:
    document = document_of(gzip.compress(TEXT))
    with document.open() as stream:
        stream.read(7)
    assert document.content() == TEXT
    assert document.content() == TEXT


def test_reading_in_pieces_gives_the_whole() -> None:
    with document_of(gzip.compress(TEXT)).open() as stream:
        assert b"".join(iter(lambda: stream.read(100), b"")) == TEXT


def test_a_large_document_is_read_in_little_memory() -> None:
    packed = zlib.compressobj(9, wbits=31)
    pieces = [packed.compress(b"0" * 1_000_000) for _ in range(60)]
    document = document_of(b"".join([*pieces, packed.flush()]))
    tracemalloc.start()
    with document.open() as stream:
        size = sum(len(piece) for piece in iter(lambda: stream.read(65536), b""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size == 60_000_000
    assert peak < IN_MEMORY_BYTES


@given(st.lists(st.binary(max_size=2000), min_size=1, max_size=5), st.integers(1, 3000))
def test_several_gzip_members_end_to_end_are_one_document(parts: list[bytes], size: int) -> None:
    document = document_of(b"".join(map(gzip.compress, parts)))
    assert document.content() == b"".join(parts)
    with document.open() as stream:
        assert b"".join(iter(lambda: stream.read(size), b"")) == b"".join(parts)


def test_a_second_member_that_is_cut_short_is_damaged() -> None:
    with pytest.raises(Damaged, match="cut short"):
        document_of(gzip.compress(b"[1,") + gzip.compress(b"2]")[:-9]).content()
