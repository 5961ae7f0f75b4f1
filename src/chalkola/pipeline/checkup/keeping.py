"""Whether Amazon's documents can be kept where the settings say."""

from chalkola.pipeline.checkup.finding import Area, Finding, Level
from chalkola.settings import Settings
from chalkola.store.archive import Archive, NotKept

_BUCKETS = "Supabase > Storage"


async def check_archive(settings: Settings, archive: Archive) -> Finding:
    """Return whether documents can be kept; a bucket that is missing is made, private. No fault keeps data away."""
    try:
        said = await archive.look()
    except NotKept as refused:
        return Finding(
            area=Area.ARCHIVE, level=Level.WARNING, what=refused.what, remedy=refused.remedy, where=_BUCKETS,
            why=f"{refused.why} Rows are loaded all the same, and cannot be rebuilt from documents.".strip(),
        )  # fmt: skip
    if said is not None:
        return Finding(area=Area.ARCHIVE, level=Level.OK, what=said)
    return Finding(
        area=Area.ARCHIVE, level=Level.NOTE, what="Amazon's documents are not kept.",
        why="`chalkola reload` has nothing to rebuild rows from, and an answer cannot be looked up.",
        remedy=_ON_GITHUB if settings.github else "Set CHALKOLA_ARCHIVE to a folder, or to supabase:<bucket>.",
    )  # fmt: skip


_ON_GITHUB = (
    "Set the secrets SUPABASE_URL and SUPABASE_SERVICE_KEY: then they are kept in a bucket of your Supabase project."
)
