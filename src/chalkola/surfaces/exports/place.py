"""Where a file is to be: checked first, written beside it, and only a whole one takes its name."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chalkola.errors import Fault, UsageError
from chalkola.store.export import Part
from chalkola.surfaces.exports import Format

_ENDINGS = ", ".join(f".{form}" for form in Format)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A file's name and format; `path` is None for standard output."""

    path: Path | None
    form: Format
    force: bool = False

    def check(self) -> None:
        """Raise `UsageError` when nothing can be written here or something would be lost."""
        if self.path is None:
            return
        if self.path.is_dir():
            raise UsageError(f"{self.path} is a folder.", remedy="Name a file in it.")
        if not self.path.parent.is_dir():
            raise UsageError(f"There is no folder {self.path.parent}.", remedy="Make it first, or name another file.")
        if self.path.exists() and not self.force:
            raise UsageError(
                f"{self.path} is there already.", remedy="Name another file, or write over it with --force."
            )

    @contextmanager
    def beside(self, path: Path) -> Iterator[Path]:
        """Give a path to write to; what is there in the end takes the place's name, after an error nothing does."""
        try:
            with tempfile.TemporaryDirectory(
                prefix=".chalkola-", dir=path.parent, ignore_cleanup_errors=True
            ) as folder:
                yield Path(folder, "file")
                self.check()  # somebody may have written there meanwhile
                Path(folder, "file").replace(path)
        except OSError as error:
            raise Fault(
                f"{path} cannot be written.",
                why=f"{os.strerror(error.errno) if error.errno else error}.",
                remedy="No half a file was left there. Free some room, or name a file elsewhere.",
            ) from error


def place(output: str | None, form: str | None, force: bool, *, table: str, part: Part) -> Place:
    """Return where the rows go and in which format. Raises `UsageError` when what was typed contradicts itself."""
    if output == "-":
        return _standard_output(form)
    if output is None:
        chosen = Format(form or Format.CSV)
        return Place(path=Path(f"{default_stem(table, part)}.{chosen}"), form=chosen, force=force)
    return Place(path=Path(output).expanduser(), form=_format(output, form), force=force)


def default_stem(table: str, part: Part) -> str:
    """Return a name that says what is in the file: `sp_daily_totals_2026-11-01_to_2026-11-30_DE`."""
    first, last = part.first, part.last
    days = {(False, False): "", (True, False): f"from_{first}", (False, True): f"to_{last}"}.get(
        (first is not None, last is not None), f"{first}" if first == last else f"{first}_to_{last}"
    )
    words = [table, days, *(m.code for m in part.marketplaces)]
    return re.sub(r"[^\w.-]", "_", "_".join(filter(None, words)))


def _standard_output(form: str | None) -> Place:
    if form not in (None, Format.CSV):
        raise UsageError("Only CSV can be written to standard output.", remedy="Name a file after --output.")
    return Place(path=None, form=Format.CSV)


def _format(output: str, form: str | None) -> Format:
    ending = Path(output).suffix.removeprefix(".").lower()
    known = ending in list(Format)
    if form is None and not known:
        raise UsageError(f"The ending of {output} names no format.", remedy=f"Accepted: {_ENDINGS}; or --format.")
    if form is not None and known and ending != form:
        raise UsageError(f"{output} ends in .{ending}, and --format says {form}.", remedy="Leave --format out.")
    return Format(form or ending)
