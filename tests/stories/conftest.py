"""A Supabase project with our tables, and its API, for stories that know nothing but the project's two keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lite import Lite, lite
from postgres import Server, migrated, running_server
from supabase import add_roles, project


@pytest.fixture(scope="module")
def supabase() -> Iterator[Server]:
    with running_server() as server:
        add_roles(server)
        yield server


@pytest.fixture
async def project_url(supabase: Server) -> Any:
    with project(supabase) as url:
        await migrated(url)
        yield url


@pytest.fixture
def api(project_url: str, tmp_path: Path) -> Iterator[Lite]:
    with lite(project_url, tmp_path / "lite") as opened:
        yield opened
