"""Where Amazon's documents are to be kept. Pure."""

import re
from pathlib import Path

from chalkola.settings.values import Bucket, GitHubRun, Supabase

USUAL_BUCKET = "chalkola"
_BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""Narrower than what Storage takes (supabase/storage, src/storage/limits.ts): such a name needs no quoting."""


def read_archive(
    typed: str | None, home: Path, supabase: Supabase | None, github: GitHubRun | None
) -> Path | Bucket | None:
    """Return where documents are kept, None for nowhere. Raises `ValueError` for what is neither.

    The disk of a machine of GitHub's is gone when the run is over: by itself nothing is kept there.
    """
    if typed is None and github is not None and github.is_hosted:
        return Bucket(name=USUAL_BUCKET) if supabase else None
    if typed is None:
        return home / "archive"
    if typed == "off":
        return None
    kind, colon, name = typed.partition(":")
    if kind != "supabase":
        return Path(typed).expanduser().resolve()
    if not colon or not _BUCKET_NAME.fullmatch(name):
        raise ValueError(
            f"after supabase: comes the name of a bucket, letters, digits, dots and hyphens, like {USUAL_BUCKET}"
        )
    return Bucket(name=name)
