"""How large the data will become, and whether there is room for it. Pure."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from chalkola.pipeline.checkup.finding import Area, Finding, Level

BYTES_PER_ROW = 330
"""Indexes included, as measured."""
DAYS_KEPT = 730
ROWS_A_DAY = 12_000
"""Where nothing is known yet: twelve marketplaces with a thousand ASINs each, 8.8 million rows in two years."""
FREE_PLAN_BYTES = 500_000_000
"""Of a Supabase project without a paid plan; beyond it the database can only be read (supabase.com/pricing)."""
TIGHT_BYTES = 1_000_000_000
SUPABASE_USAGE = "Supabase > your organization > Usage, and Billing"


@dataclass(frozen=True, kw_only=True)
class Size:
    """The database now, and the rows that a day adds; None where no day has been loaded."""

    size_bytes: int
    row_count: int
    rows_a_day: int | None = None
    rows_added: int | None = None
    """What is about to be loaded; None: nothing in particular, and two years are reckoned with."""

    @property
    def expected_bytes(self) -> int:
        """Return the size after two years, or after what is about to be loaded, with all that is there already."""
        if self.rows_added is not None:
            return self.size_bytes + self.rows_added * BYTES_PER_ROW
        rows = DAYS_KEPT * (ROWS_A_DAY if self.rows_a_day is None else self.rows_a_day)
        return self.size_bytes + max(0, rows - self.row_count) * BYTES_PER_ROW

    def __str__(self) -> str:
        if self.rows_added is not None:
            return (
                f"The database has {in_words(self.size_bytes)}, and about {in_words(self.expected_bytes)} with this."
            )
        basis = "1,000 ASINs in 12 marketplaces" if self.rows_a_day is None else f"{self.rows_a_day:,} rows a day"
        return (
            f"The database has {in_words(self.size_bytes)} and about {self.row_count:,} rows of data; two years take"
            f" about {in_words(self.expected_bytes)} ({basis}, {BYTES_PER_ROW} bytes each)."
        )


def is_supabase(url: str) -> bool:
    """Return whether an address is one of Supabase's."""
    return (urlsplit(url).hostname or "").endswith((".supabase.co", ".supabase.com"))


def judge_room(size: Size, *, supabase: bool, free_bytes: int | None) -> Finding:
    """Return whether two years fit. `free_bytes` is what is left on our disk, None for a server elsewhere."""
    if supabase:
        return _on_supabase(size)
    if free_bytes is None:
        remedy = "See that the server has that much; from here its disk cannot be seen."
        return Finding(area=Area.DATABASE, level=Level.NOTE, what=str(size), remedy=remedy)
    left = f"{size} {in_words(free_bytes)} are free on this disk."
    if free_bytes >= max(size.expected_bytes - size.size_bytes, TIGHT_BYTES):
        return Finding(area=Area.DATABASE, level=Level.OK, what=left)
    return Finding(
        area=Area.DATABASE,
        level=Level.FAULT if free_bytes < TIGHT_BYTES else Level.WARNING,
        what=left,
        why="PostgreSQL stops when its disk is full. What was loaded stays.",
        remedy="Make room on the disk, or set CHALKOLA_HOME to a larger one before the first pull.",
    )


def _on_supabase(size: Size) -> Finding:
    if max(size.expected_bytes, size.size_bytes) <= FREE_PLAN_BYTES:
        what = f"{size} That fits Supabase's free plan of {in_words(FREE_PLAN_BYTES)}."
        return Finding(area=Area.DATABASE, level=Level.OK, what=what)
    return Finding(
        area=Area.DATABASE,
        level=Level.WARNING,
        what=f"{size} Supabase's free plan holds {in_words(FREE_PLAN_BYTES)}; which plan yours has cannot be seen.",
        why="Beyond its limit Supabase makes the database read-only, and nothing more can be loaded.",
        remedy="On the free plan, change to a paid one before it is full, or keep fewer marketplaces or days.",
        where=SUPABASE_USAGE,
    )


def in_words(byte_count: int) -> str:
    """Return an amount of bytes as it reads: `812 MB`, `2.9 GB`."""
    return f"{byte_count / 1e9:.1f} GB" if byte_count >= 999_500_000 else f"{byte_count / 1e6:.0f} MB"
