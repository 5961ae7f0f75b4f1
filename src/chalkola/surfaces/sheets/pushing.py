"""Bring a spreadsheet's hidden tabs to a snapshot: what differs is written, and nothing else.

What a tab holds is compared with what it should hold: so a run that was cut off goes on, a tab that was edited or
deleted is mended, and a second run writes nothing. Each tab is staged, read back, and put in its place in one step;
`_meta` comes last, so its version never promises what is not there.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalkola.errors import Fault
from chalkola.surfaces.sheets import changes, layout
from chalkola.surfaces.sheets.google import Book, Sheet, trimmed
from chalkola.surfaces.sheets.snapshot import Grid, Snapshot

_ROUNDS = 3
_FORGOTTEN = timedelta(hours=1)
"""After so long a staging tab is one that a run left behind when it was cut off."""
_STAMP = "%Y%m%dT%H%M%S"
_HOW_OTHERS_DIFFER = ("made_at", "written_at", "written_by")


@dataclass(frozen=True, kw_only=True)
class Pushed:
    """What has become of a spreadsheet: the tabs that were written, and the cells in all of them."""

    written: tuple[str, ...]
    cells: int


def push(book: Book, snapshot: Snapshot, now: datetime, say: Callable[[str], None] = lambda _: None) -> Pushed:
    """Write what differs. Raises `Fault` when Google refuses, or somebody else's tab has one of our names."""
    return _Push(book, snapshot, now, say).carry_out()


class _Push:
    def __init__(self, book: Book, snapshot: Snapshot, now: datetime, say: Callable[[str], None]) -> None:
        self._book, self._now, self._say = book, now, say
        self._wanted: dict[str, Grid] = {tab.name: tab.grid for tab in snapshot.tabs}
        self._meta = snapshot.meta(written_at=now, by="push")
        self._written: list[str] = []
        self._sheets: dict[str, Sheet] = {}
        self._staging = ""

    def carry_out(self) -> Pushed:
        self._sheets = self._book.sheets()
        held = self._held()
        self._refuse_others(held)
        for _ in range(_ROUNDS):
            wrong = [name for name, grid in self._wanted.items() if held.get(name) != trimmed(grid)]
            if not wrong:
                return self._finish(held.get("_meta", ()))
            self._prepare(wrong)
            for name in wrong:
                self._replace(name)
            held = self._held()
        raise Fault(
            f"The tabs {', '.join(wrong)} of {self._book.id} do not stay as they are written.",
            why="Somebody or something else writes into them at the same time.",
            remedy="Use either the script or `chalkola sheets push` for a spreadsheet, not both.",
        )

    def _held(self) -> Mapping[str, Grid]:
        ours = [self._sheets[name] for name in (*self._wanted, "_meta") if name in self._sheets]
        return self._book.values(ours) if ours else {}

    def _refuse_others(self, held: Mapping[str, Grid]) -> None:
        if others := changes.somebody_elses(held):
            raise Fault(
                f"{self._book.id} has tabs of somebody's own with names of ours: {', '.join(others)}.",
                why="Nothing was written.", remedy="Rename them, or use a spreadsheet of its own.",
            )  # fmt: skip

    def _prepare(self, wrong: list[str]) -> None:
        """Make room: tabs, rows and columns that lack, a staging tab of this run; and away with old ones."""
        sizes = {name: changes.room(name, grid) for name, grid in self._all().items()}
        steps: list[changes.Change] = []
        for name, (rows, columns) in sizes.items():
            known = self._sheets.get(name)
            steps += changes.grown(known, rows, columns) if known else [changes.added(name, rows, columns)]
        if wrong and self._staging not in self._sheets:
            self._staging = f"{changes.STAGING}{self._now:{_STAMP}}-{secrets.token_hex(3)}"
            largest = [self._wanted[name] for name in wrong]
            steps.append(changes.added(self._staging, max(map(len, largest)), max(len(grid[0]) for grid in largest)))
        steps += changes.deleted(self._left_behind())
        if steps:
            self._book.update(steps)
            self._sheets = self._book.sheets()

    def _all(self) -> dict[str, Grid]:
        return {**self._wanted, "_meta": self._meta}

    def _left_behind(self) -> list[Sheet]:
        return [
            sheet for title, sheet in self._sheets.items()
            if title.startswith(changes.STAGING) and title != self._staging and self._is_old(title)
        ]  # fmt: skip

    def _is_old(self, title: str) -> bool:
        stamp = title.removeprefix(changes.STAGING).partition("-")[0]
        try:
            begun = datetime.strptime(stamp, _STAMP).replace(tzinfo=self._now.tzinfo)
        except ValueError:
            return False
        return self._now - begun > _FORGOTTEN

    def _replace(self, name: str) -> None:
        grid, staging = self._wanted[name], self._sheets[self._staging]
        self._say(f"{name}: {len(grid) - 1:,} rows ...")
        needed = changes.grown(staging, len(grid), len(grid[0]))
        if needed:
            self._book.update(needed)
        self._book.write(staging.title, grid)
        if self._book.values([staging])[staging.title] != trimmed(grid):
            raise Fault(
                f"What was staged for {name} did not arrive as it was sent.", why=f"{name} was left as it was.",
                remedy="Run it again.",
            )  # fmt: skip
        self._book.update(changes.swapped(staging, self._sheets[name], grid))
        self._written.append(name)

    def _finish(self, held: Grid) -> Pushed:
        """Write `_meta` when it says anything else than it should, and take the staging tab away in the same step."""
        if self._written or _lasting(held) != _lasting(trimmed(self._meta)):
            if "_meta" not in self._sheets:
                self._prepare([])
            self._write_meta(self._sheets["_meta"])
        cells = sum(len(grid) * len(grid[0]) for grid in self._wanted.values())
        return Pushed(written=tuple(dict.fromkeys(self._written)), cells=cells)

    def _write_meta(self, meta: Sheet) -> None:
        staging = [self._sheets[self._staging]] if self._staging in self._sheets else []
        self._book.update([*changes.meta_written(meta, self._meta), *changes.deleted(staging)])
        if self._book.values([meta])["_meta"] != trimmed(self._meta):
            raise Fault(f"_meta of {self._book.id} did not stay as it was written.", remedy="Run it again.")
        self._written.append("_meta")


def _lasting(meta: Grid) -> Grid:
    """What `_meta` says, without what is another at each run."""
    passing = [layout.META.index(name) for name in _HOW_OTHERS_DIFFER]
    return tuple(row for number, row in enumerate(meta) if number not in passing)
