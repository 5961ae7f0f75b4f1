"""Lines of CSV, as COPY reads and writes them, taken apart."""

from hypothesis import example, given
from hypothesis import strategies as st

from chalkola.datasets.cells import cells_of

TEXTS = st.text(st.characters(blacklist_characters="\0", codec="utf-8"))


@given(st.lists(st.one_of(st.none(), TEXTS, st.integers())))
@example(["null", None, 'say "null"', "", 0])
@example(["two\nlines", 'a",null,"b', "\r\n"])
def test_a_line_comes_apart_as_copy_would_read_it(cells: list[str | int | None]) -> None:
    line = ",".join(
        "null" if cell is None else str(cell) if isinstance(cell, int) else '"' + cell.replace('"', '""') + '"'
        for cell in cells
    )
    assert cells_of(line.encode()) == [None if cell is None else str(cell) for cell in cells]
