"""`chalkola sheets template` as a person calls it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chalkola.surfaces.cli import main
from workbooks import tab_names

Template = Callable[..., int]


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Template:
    """Call the command in a folder of its own."""
    monkeypatch.setenv("CHALKOLA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return lambda *words: main(["sheets", "template", *words])


def test_a_workbook_for_some_marketplaces_is_written(
    template: Template, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert template("shop.xlsx", "--marketplace", "usa,UK", "--currency", "gbp") == 0

    assert tab_names(tmp_path / "shop.xlsx") == [
        "Dashboard", "Products", "Compare", "Help", "_calc", "_list", "_meta", "_daily", "_ALL", "_US", "_UK",
    ]  # fmt: skip
    said = capsys.readouterr().out
    assert said.startswith("Wrote shop.xlsx (")
    assert said.endswith(" for US UK. In Google Sheets: File > Import > Upload.\n")


@pytest.mark.parametrize(("words", "said"), [
    (("shop.csv",), "shop.csv does not end in .xlsx.\nName a workbook, like chalkola.xlsx.\n"),
    (("there.xlsx",), "there.xlsx is there already.\nName another file, or write over it with --force.\n"),
    (("x.xlsx", "--currency", "DM"), "There is no currency 'DM' here.\nKnown: USD, CAD, MXN,"),
    (("x.xlsx", "--marketplace", "XX"), "There is no marketplace 'XX'.\n"),
    (("nowhere/x.xlsx",), "There is no folder nowhere.\n"),
])  # fmt: skip
def test_what_cannot_be_done_is_said_before_anything_is_written(
    template: Template, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    Path("there.xlsx").write_text("mine")

    assert template(*words) == 2

    assert capsys.readouterr().err.startswith(said)
    assert {path.name for path in tmp_path.iterdir()} == {"there.xlsx"}
    assert Path("there.xlsx").read_text() == "mine"


def test_a_file_is_written_over_when_asked_to(template: Template) -> None:
    Path("there.xlsx").write_text("mine")
    assert template("there.xlsx", "--marketplace", "DE", "--force") == 0
    assert "_DE" in tab_names(Path("there.xlsx"))
