"""The script of a spreadsheet against a real server on a real database; what it does is in sheets/test/live/."""

import json
import shutil
import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chalkola.surfaces.sheets import layout
from script_shop import fill
from scripted import SHEETS, Server, controlled, node
from sheeting import NOW

LOOPBACK = {
    "LWA_TOKEN_URL": "http://127.0.0.1:9",
    "FX_RATES_URL": "http://127.0.0.1:9",
    **{f"SP_API_ENDPOINT_{region}": "http://127.0.0.1:9" for region in ("NA", "EU", "FE")},
}
LIVE = sorted((SHEETS / "test" / "live").glob("*.test.js"))

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="the script of a spreadsheet is tried in Node")


@pytest.mark.parametrize("file", LIVE, ids=lambda file: file.name.split(".")[0])
def test_the_script_and_the_server_agree(file: Any, alone: Any, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as database:
        book = fill(database)
    clock = f"{NOW.isoformat()}@{time.time()}"
    settings = {**LOOPBACK, "DATABASE_URL": database_url, "CHALKOLA_CLOCK_START": clock}
    server = Server(start_on=lambda port: alone.start("serve", "--port", port, **settings))
    with controlled(server, database_url) as control:
        server.start()
        done = node(
            "--test", str(file), CHALKOLA_SHEETS_ADDRESS=server.address, CHALKOLA_SHEETS_TOKEN=book.token,
            CHALKOLA_SHEETS_CONTROL=control, CHALKOLA_SHEETS_NOW=f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr + server.said
    assert "\n# fail 0\n" in done.stdout
    assert "\n# pass 0\n" not in done.stdout
    assert "Traceback" not in server.said
    assert book.token.rsplit("_", 1)[1] not in server.said


def test_script_and_layout_mean_the_same_tabs() -> None:
    done = node(
        "--input-type=module",
        "-e",
        "import { open } from './test/google/index.js';"
        "console.log(JSON.stringify(open().inside('({ META_, GRID_, SNAPSHOT_, TRIGGER_ })')))",
    )
    assert done.returncode == 0, done.stderr
    script = json.loads(done.stdout)
    assert tuple(script["META_"]["facts"]) == layout.META
    assert tuple(script["META_"]["columns"]) == layout.META_TABLE
    assert (script["META_"]["table"], script["META_"]["rows"]) == (layout.META_TABLE_ROW, layout.META_ROWS)
    assert script["GRID_"] == {
        "items": {"rows": layout.ITEM_ROWS, "columns": layout.COLUMNS},
        "_daily": {"rows": layout.DAILY_ROWS, "columns": layout.COLUMNS},
    }
    assert tuple(script["SNAPSHOT_"]["metrics"]) == layout.METRICS
    assert tuple(script["SNAPSHOT_"]["periods"]) == layout.SLUGS
    assert timedelta(minutes=script["TRIGGER_"]["minutes"]) <= timedelta(minutes=10)
