"""A project at Supabase as an address: https://service_role:KEY@project.supabase.co, as secret as DATABASE_URL is."""

from urllib.parse import quote, unquote, urlsplit

from chalkola.settings import Supabase

_ROLE = "service_role"


def address_of(project: Supabase) -> str:
    """Return the address that leads to a project's API with its key."""
    scheme, _, place = project.url.partition("://")
    return f"{scheme}://{_ROLE}:{quote(project.key, safe='')}@{place}"


def project_at(url: str) -> Supabase | None:
    """Return the project that an address leads to, None for PostgreSQL's own addresses."""
    scheme, _, rest = url.partition("://")
    if scheme not in ("http", "https"):
        return None
    return Supabase(url=f"{scheme}://{rest.rpartition('@')[2]}", key=unquote(urlsplit(url).password or ""))
