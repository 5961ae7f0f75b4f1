"""Amazon's flat files: lines of cells with tabs between them. Nothing is quoted in them: a quotation mark is one.

Amazon encodes them differently by region and report. UTF-8 proves itself: a text that is valid as such is nothing
else. Otherwise it is what Amazon named with the download, or what is usual where it comes from. A document out of the
archive has no such name any more.
"""

import codecs
from collections.abc import Iterator, Sequence
from contextlib import suppress

from chalkola.documents import Document

_CHUNK_BYTES = 256 * 1024
_UTF_8 = "utf-8-sig"  # with or without the mark of its beginning
_NAMED = {
    "shift_jis": "cp932", "cp932": "cp932", "iso8859-1": "cp1252", "cp1252": "cp1252", "cp1250": "cp1250",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030",
}  # fmt: skip
"""Charsets that a download may name, each with the one of all its characters, and of those that Windows adds."""


def charset_of(document: Document, usual: Sequence[str]) -> str:
    """Return Python's name of the charset by which all of a document can be read, the last of `usual` where none
    fits: what that does not know is then read as U+FFFD. Raises `Damaged` for one that did not arrive whole."""
    for charset in (_UTF_8, *_named(document.charset), *usual):
        if _is_valid(document, charset):
            return charset
    return usual[-1]


def lines_of_text(document: Document, charset: str) -> Iterator[str]:
    """Yield the lines without their ends, the last one too where nothing ends it; none of an empty document."""
    rest = ""
    for text in _decoded(document, charset, "replace"):
        *whole, rest = (rest + text).split("\n")
        yield from (line.removesuffix("\r") for line in whole)
    if rest:
        yield rest


def _named(charset: str | None) -> Iterator[str]:
    with suppress(LookupError):
        if charset is not None:
            yield from filter(None, [_NAMED.get(codecs.lookup(charset).name)])


def _is_valid(document: Document, charset: str) -> bool:
    try:
        for _ in _decoded(document, charset, "strict"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _decoded(document: Document, charset: str, errors: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(charset)(errors)
    with document.open() as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)
