"""`python -m chalkola.surfaces.docs [--check]`: the pages written from tables, in a checkout of the project.

.env.example           from SETTINGS
docs/catalog.md        from CATALOG
supabase/migrations/   from the scripts of the store
supabase/paste.sql     all of them in one, for Supabase's SQL editor
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from chalkola.datasets import CATALOG, SOURCES
from chalkola.datasets.model import Column, Dataset, Past, Proof, Reread, Source
from chalkola.settings import SETTINGS, Setting
from chalkola.store.as_sql import FOLDER, PASTED, printed, supabase_files
from chalkola.store.migrate import scripts

_HOUR = timedelta(hours=1)
ROOT = Path(__file__).parents[3]
_COMMAND = "python -m chalkola.surfaces.docs"


def env_example() -> str:
    """Return `.env.example`: every setting with its meaning and where its value is found."""
    head = (
        f"# Every setting of Chalkola. Written by `{_COMMAND}` from the table in src/chalkola/settings/table.py.\n"
        "# Copy this file to .env and fill in what you need; an empty value counts as not set. What is set in the\n"
        "# environment goes before what is in .env. Never commit .env.\n"
    )
    return head + "".join(f"\n{_setting(s)}" for s in SETTINGS)


def _setting(s: Setting) -> str:
    lines = [f"# {s.meaning[0].upper()}{s.meaning[1:]}."]
    lines += [f"# Found at {s.found_at}."] if s.found_at else []
    lines += ["# Secret."] if s.secret else []
    # A name with a placeholder cannot be read as it stands.
    return "\n".join([*lines, f"# {s.name}=" if "<" in s.name else f"{s.name}="]) + "\n"


def catalog() -> str:
    """Return `docs/catalog.md`: what is collected, column by column, and how it is asked for."""
    parts = [
        "# The catalog\n\nWhat is collected, and how Amazon is asked for it. Written by"
        f" `{_COMMAND}` from `src/chalkola/datasets/`.\n",
        *map(_dataset, CATALOG),
        "\n## Sources\n\nA source is a declared way to ask. Its quota is the tighter one that Amazon has for this"
        " very question, beside the operation's\nown; `CHALKOLA_QUOTAS` overrides it under the source's name.\n\n",
        "| source | asked by | fills | one question spans | quota |\n|---|---|---|---|---|\n",
        *map(_source, SOURCES),
    ]
    return "".join(parts)


def _dataset(d: Dataset) -> str:
    facts = (
        f"\n## {d.name}\n\n{d.meaning[0].upper()}{d.meaning[1:]}. Rows go to `{d.table.name}`, one for each"
        f" {', '.join((*d.table.slice_key, *d.table.key))}.\n\n"
        f"- Sources, in order of preference: {', '.join(f'`{s.name}`' for s in d.sources)}\n"
        f"- {d.cadence}\n"
    )
    if d.rereads:
        facts += f"- Read again {', '.join(map(_reread, d.rereads))}, for Amazon restates it\n"
    facts += f"- {_PAST[d.past].format(days=d.kept_for.days)}\n"
    if d.proof in _PROOF:
        facts += f"- {_PROOF[d.proof]}\n"
    if d.totals_in:
        facts += f"- Held against Amazon's own totals in `{d.totals_in}`\n"
    if d.of_the_world:
        facts += "- Belongs to no marketplace, and is asked for without an account\n"
    head = "\n| column | type | Amazon's field | meaning |\n|---|---|---|---|\n"
    return facts + head + "".join(map(_column, d.table.columns)) + "".join(_not_kept(d.not_kept))


_PAST: Mapping[Past, str] = {
    Past.BACKFILL: "Answered {days} days back",
    Past.AT_ONCE: "Its past, {days} days, is had by one question: a pull asks for all that is lacking of it",
    Past.GONE: "Its past cannot be asked for: an answer says how it is now",
}
_PROOF: Mapping[Proof, str] = {
    Proof.LIST_BEFORE: "Held against the list that is there: one that lacks much of it is believed when it is said"
    " twice, the better part of a day apart",
    Proof.PUBLICATION: "Held against nothing: a day was published, or not yet",
}


def _reread(r: Reread) -> str:
    hours = r.every / _HOUR
    every = "every night" if hours <= 24 else f"every {round(hours / 24)} days"
    return f"{every} for {r.within.days} days"


def _column(c: Column) -> str:
    path = f"`{c.path}`" if c.path else ""
    return f"| `{c.name}` | {c.type} | {path} | {c.meaning} |\n"


def _not_kept(reasons: Mapping[str, str]) -> Iterator[str]:
    if reasons:
        yield "\nNot kept:\n\n"
    for path, reason in sorted(reasons.items()):
        yield f"- `{path}`: {reason}\n"


def _source(s: Source) -> str:
    spans = f"{s.limits.marketplaces} marketplace(s), {s.limits.days} day(s)"
    if s.limits.filters:
        spans += f", {s.limits.filters} filters of ASINs"
    return f"| `{s.name}` | {s.creation} | {', '.join(s.fills)} | {spans} | {s.quota or 'none'} |\n"


PAGES: Mapping[str, Callable[[], str]] = {".env.example": env_example, "docs/catalog.md": catalog}


def pages() -> Mapping[str, str]:
    """Return every generated file by its path."""
    pasted = printed(scripts(), "This is all of it; where there is a part of it already, the rest is added.")
    return {**{name: page() for name, page in PAGES.items()}, **supabase_files(), PASTED: pasted}


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` name those that are not as they would be written. Return the exit code."""
    wanted = pages()
    stale = [name for name, text in wanted.items() if _read(ROOT / name) != text]
    gone = [
        f"{FOLDER}/{path.name}" for path in (ROOT / FOLDER).glob("*.sql") if f"{FOLDER}/{path.name}" not in wanted
    ]
    if "--check" in arguments:
        for name in (*stale, *gone):
            print(f"{name} is out of date: run `{_COMMAND}`.", file=sys.stderr)
        return 1 if stale or gone else 0
    for name in stale:
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_text(wanted[name], encoding="utf-8", newline="\n")
        print(f"Wrote {name}.")
    for name in gone:
        (ROOT / name).unlink()
        print(f"Removed {name}: no script of ours is written there.")
    return 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
