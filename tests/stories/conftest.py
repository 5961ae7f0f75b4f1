"""A Supabase project with our tables, and its API, for stories that know nothing but the project's two keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lite import Lite, lite


@pytest.fixture
def api(project_url: str, tmp_path: Path) -> Iterator[Lite]:
    with lite(project_url, tmp_path / "lite") as opened:
        yield opened
