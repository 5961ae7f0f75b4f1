"""`chalkola export` as a person calls it: the file that they asked for, or a sentence and nothing."""

import csv
import json
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet
import pytest
from python_calamine import CalamineWorkbook

from chalkola.surfaces.cli import main

Database = psycopg.Connection[dict[str, Any]]
Export = Callable[..., int]

_THREE_DAYS = """
INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, child_asin, units_ordered,
  ordered_product_sales, sessions, created_at, currency_code)
SELECT day, m.id, m.amazon_marketplace_id, 'B0' || n, n, 19.90 * n, NULL, '2026-11-05 01:02:03.25+00', 'EUR'
FROM generate_series('2026-11-01'::date, '2026-11-03', '1 day') day, generate_series(1, 4) n, marketplaces m
WHERE m.code IN ('DE', 'US')
"""


@pytest.fixture
def export(database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    """Call the command in a folder of its own, on a database with 24 rows of three days and two marketplaces."""
    database.execute(_THREE_DAYS)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CHALKOLA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: main(["export", *arguments])


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_csv_has_a_header_and_every_row_chosen(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export("sp_daily_asin_data", "--from", "2026-11-02", "--to", "2026-11-03", "--marketplace", "de") == 0

    name = "sp_daily_asin_data_2026-11-02_to_2026-11-03_DE.csv"
    with (tmp_path / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["date"], row["marketplace"]) for row in rows] == [("2026-11-02", "DE")] * 4 + [
        ("2026-11-03", "DE")
    ] * 4
    assert {row["ordered_product_sales"] for row in rows} == {"19.90", "39.80", "59.70", "79.60"}
    assert {row["sessions"] for row in rows} == {""}
    assert {row["created_at"] for row in rows} == {"2026-11-05 01:02:03.25+00"}
    said = capsys.readouterr()
    assert said.out.startswith("Wrote 8 rows, ")
    assert said.out.endswith(f", to {name}.\n")
    assert said.err == ""


@pytest.mark.parametrize("view", ["sp_coverage", "sp_unattributed"])
def test_the_views_of_the_ledger_are_exported_by_day_and_marketplace(
    database: Database, export: Export, tmp_path: Path, view: str
) -> None:
    database.execute(
        """INSERT INTO sp_slices (dataset, scope, first_day, state, residual)
        SELECT 'sales_and_traffic', s, day, 'differs', '{"units": 7, "sales": "9.50"}'
        FROM unnest(ARRAY['marketplace:DE', 'marketplace:US']) s,
          generate_series(date '2026-11-01', '2026-11-03', '1 day') day"""
    )

    assert export(view, "--from", "2026-11-02", "--marketplace", "de", "-o", "view.csv") == 0

    with (tmp_path / "view.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["date"], row["marketplace"]) for row in rows] == [("2026-11-02", "DE"), ("2026-11-03", "DE")]
    assert {row.get("ordered_product_sales", row.get("residual_sales")) for row in rows} == {"9.50"}


def test_excel_has_typed_cells_below_a_frozen_header(export: Export, tmp_path: Path) -> None:
    assert export("sp_daily_asin_data", "--date", "2026-11-02", "-o", "day.xlsx") == 0

    header, *rows = CalamineWorkbook.from_path(str(tmp_path / "day.xlsx")).get_sheet_by_index(0).to_python()
    row = dict(zip(header, rows[3], strict=True))
    assert len(rows) == 8
    assert (row["date"], row["units_ordered"], row["ordered_product_sales"]) == (date(2026, 11, 2), 4, 79.6)
    assert row["created_at (UTC)"].isoformat() == "2026-11-05T01:02:03.250000"
    assert row["sessions"] == ""
    sheet = zipfile.ZipFile(tmp_path / "day.xlsx").read("xl/worksheets/sheet1.xml").decode()
    assert '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>' in sheet


def test_excel_keeps_whole_what_it_has_no_number_for(database: Database, export: Export, tmp_path: Path) -> None:
    values = {
        "digits": "1234567890123456::bigint", "exact": "0.1234567890123456::numeric", "small": "-0.00000012::numeric",
        "nan": "'NaN'::numeric", "early": "'1899-12-31'::date", "never": "'infinity'::timestamptz", "yes": "true",
        "formula": "'=1+1'", "markup": "'<r>a & b</r>'", "link": "'https://x.example'",
        "control": r"E'a\x01b _x0041_'",
        "float": "1e300::float8", "many": "ARRAY[1, 2]", "zero": "0",
    }  # fmt: skip
    chosen = ", ".join(f'{value} AS "{name}"' for name, value in values.items())
    database.execute(f"CREATE VIEW odd AS SELECT {chosen}".encode())

    assert export("odd", "-o", "odd.xlsx") == 0

    (header, row) = CalamineWorkbook.from_path(str(tmp_path / "odd.xlsx")).get_sheet_by_index(0).to_python()
    assert dict(zip(header, row, strict=True)) == {
        "digits": "1234567890123456", "exact": "0.1234567890123456", "small": -0.00000012, "nan": "NaN",
        "early": "1899-12-31", "never (UTC)": "infinity", "yes": True, "formula": "=1+1", "markup": "<r>a & b</r>",
        "link": "https://x.example", "control": "a\x01b _x0041_", "float": 1e300, "many": "[1,2]", "zero": 0,
    }  # fmt: skip


def test_parquet_has_exact_types(database: Database, export: Export, tmp_path: Path) -> None:
    database.execute(
        "CREATE VIEW typed AS SELECT 19.90::numeric(12,2) AS sales, 1.5::numeric AS ratio, 3::smallint AS small,"
        " 4::bigint AS large, '2026-11-02'::date AS date, '2026-11-05 03:00+02'::timestamptz AS at, false AS no,"
        " E'a\n\"b\"' AS text, '' AS empty, NULL::text AS nothing, NULL::numeric(9,3) AS no_number"
    )

    assert export("typed", "--output", "typed.parquet") == 0

    read = pyarrow.parquet.read_table(tmp_path / "typed.parquet")
    assert read.to_pylist() == [
        {
            "sales": Decimal("19.90"), "ratio": 1.5, "small": 3, "large": 4, "date": date(2026, 11, 2),
            "at": datetime(2026, 11, 5, 1, tzinfo=UTC), "no": False, "text": 'a\n"b"', "empty": "", "nothing": None,
            "no_number": None,
        }
    ]  # fmt: skip
    assert [str(field.type) for field in read.schema][:4] == ["decimal128(12, 2)", "double", "int16", "int64"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_no_rows_make_a_file_with_a_header(export: Export, tmp_path: Path, form: str) -> None:
    assert export("sp_daily_totals", "--format", form) == 0

    path = tmp_path / f"sp_daily_totals.{form}"
    match form:
        case "csv":
            assert path.read_text().startswith("id,date,marketplace,marketplace_id,")
            assert path.read_text().count("\n") == 1
        case "xlsx":
            assert len(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()) == 1
        case _:
            assert pyarrow.parquet.read_table(path).num_rows == 0


def test_json_says_what_was_written(export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export("marketplaces", "--marketplace", "DE,US", "--json") == 0

    said = json.loads(capsys.readouterr().out)
    path = tmp_path / "marketplaces_DE_US.csv"
    assert said["columns"][:2] == ["id", "code"]
    assert (said["rows"], said["bytes"], said["file"]) == (2, path.stat().st_size, path.name)
    assert (said["format"], said["marketplaces"], said["first_day"]) == ("csv", ["DE", "US"], None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "There are: fx_rates, marketplaces, product_variants, products, sp_accounts"),
        (["sp_daily_total"], "Is it sp_daily_totals?\nThere are: fx_rates, marketplaces,"),
        (["pg_authid"], "There is no table or view 'pg_authid' that this role can read."),
        (["products", "--date", "2026-11-01"], "The rows of products have no day."),
        (["products", "--marketplace", "DE"], "The rows of products do not tell their marketplace."),
        (["sp_slices", "--from", "2026-11-02", "--to", "2026-11-01"], "before they start"),
        (["sp_slices", "--date", "2026-11-02", "--to", "2026-11-03"], "one or the other"),
        (["sp_slices", "--date", "02.11.2026"], "Write days as 2026-11-20."),
        (["sp_slices", "--marketplace", "XX"], "Accepted: US CA MX"),
        (["sp_slices", "-o", "a.txt"], "Accepted: .csv, .xlsx, .parquet; or --format."),
        (["sp_slices", "-o", "a.csv", "--format", "xlsx"], "ends in .csv, and --format says xlsx"),
        (["sp_slices", "-o", "nowhere/a.csv"], "There is no folder nowhere."),
        (["sp_slices", "-o", "folder.csv"], "folder.csv is a folder."),
        (["sp_slices", "-o", "-", "--format", "parquet"], "Only CSV can be written to standard output."),
        (["sp_slices", "-o", "-", "--json"], "both want standard output"),
        (["sp_slices", "-o", "kept.csv"], "or write over it with --force"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_written(
    export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "kept.csv").write_text("mine")

    assert export(*arguments) == 2

    out, err = capsys.readouterr()
    assert said in err
    assert out == ""
    assert files(tmp_path) == {"folder.csv", "kept.csv"}
    assert (tmp_path / "kept.csv").read_text() == "mine"


def test_a_file_is_written_over_when_told_to(export: Export, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")

    assert export("marketplaces", "-o", "a.csv", "--force") == 0

    assert (tmp_path / "a.csv").read_text().startswith("id,code,")
    assert files(tmp_path) == {"a.csv"}


def test_more_rows_than_a_sheet_holds_are_refused_before_anything_is_written(
    database: Database, export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database.execute("CREATE VIEW long AS SELECT n FROM generate_series(1, 1048576) n")

    assert export("long", "--format", "xlsx") == 2

    err = capsys.readouterr().err
    assert "1,048,576 rows do not fit into an Excel sheet, which holds 1,048,575 below its header." in err
    assert "--format csv, --format parquet" in err
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("value", "form", "said"),
    [
        ("repeat('x', 32768)", "xlsx", "Row 1 has a text in odd that is too long for Excel."),
        ("repeat('<r>', 20000)", "xlsx", "Row 1 has a text in odd that is too long for Excel."),
        ("'NaN'::numeric(9,2)", "parquet", "Parquet cannot hold one of the values."),
        ("'infinity'::date", "parquet", "Parquet cannot hold one of the values."),
        ("1 / (random() * 0)::integer", "csv", "division by zero"),
    ],
)
def test_what_a_format_cannot_hold_is_never_cut(
    database: Database, export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str], value: str, form: str,
    said: str,
) -> None:  # fmt: skip
    database.execute(f"CREATE VIEW bad AS SELECT {value} AS odd".encode())

    assert export("bad", "--format", form) == 1

    assert said in capsys.readouterr().err
    assert files(tmp_path) == set()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit to set")
@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_a_full_disk_leaves_no_half_file(
    database: Database, alone: Any, database_url: str, tmp_path: Path, form: str
) -> None:
    database.execute("CREATE VIEW much AS SELECT md5(n::text) FROM generate_series(1, 20000) n")
    script = f"ulimit -f 40; exec {sys.executable} -m chalkola.surfaces.cli export much --format {form}"

    said = subprocess.run(
        ["sh", "-c", script], env=alone.variables(DATABASE_URL=database_url), cwd=tmp_path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert (said.returncode, said.stdout) == (1, ""), said.stderr
    assert f"much.{form} cannot be written.\nFile too large.\nNo half a file was left there." in said.stderr
    assert files(tmp_path) == set()


def test_without_pyarrow_one_is_told_how_to_get_it(alone: Any, database_url: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "sitecustomize.py").write_text("import sys; sys.modules['pyarrow'] = None\n")

    said = alone(
        "export", "marketplaces", "--format", "parquet", DATABASE_URL=database_url, PYTHONPATH=str(tmp_path / "empty")
    )

    assert said.code == 2
    assert "-m pip install pyarrow`, or write CSV." in said.err
    assert files(tmp_path) == {"empty"}


@pytest.mark.skipif(sys.platform == "win32", reason="/dev/full")
def test_a_pipe_that_takes_nothing_is_an_error(alone: Any, database_url: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        said = subprocess.run(
            [sys.executable, "-m", "chalkola.surfaces.cli", "export", "marketplaces", "-o", "-"],
            env=alone.variables(DATABASE_URL=database_url), cwd=tmp_path, stdout=full, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip

    assert said.returncode == 1
    assert said.stderr == "Standard output cannot be written.\nNo space left on device.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_export_that_is_interrupted_leaves_nothing(
    database: Database, alone: Any, database_url: str, tmp_path: Path
) -> None:
    database.execute("CREATE VIEW endless AS SELECT n, repeat('x', 1000) FROM generate_series(1, 100000000) n")
    with alone.start("export", "endless", "-o", "endless.csv", DATABASE_URL=database_url) as process:
        while not any(path.stat().st_size for path in tmp_path.glob(".chalkola-*/file")):
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stdout.read().strip() == "Stopped."

    assert files(tmp_path) == set()


@pytest.mark.skipif(sys.platform == "win32", reason="head")
def test_who_reads_a_pipe_may_stop_early(database: Database, alone: Any, database_url: str, tmp_path: Path) -> None:
    database.execute("CREATE VIEW much AS SELECT md5(n::text) AS word FROM generate_series(1, 300000) n")
    script = f"{sys.executable} -m chalkola.surfaces.cli export much -o - | head -n 2"

    said = subprocess.run(
        ["sh", "-c", script], env=alone.variables(DATABASE_URL=database_url), cwd=tmp_path, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert said.stdout == "word\nc4ca4238a0b923820dcc509a6f75849b\n"
    assert said.stderr == ""
