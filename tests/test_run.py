"""`run.py` on a project of three files: what a first start does, and what it does when something is wrong.

The small project is built by a backend of its own, so nothing is downloaded.
"""

import ast
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

RUN = Path(__file__).parent.parent / "run.py"
INSTALLING = "Installing into .venv, this once ..."
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PYTHONWARNINGS": "ignore"}

PYPROJECT = """
    [build-system]
    requires = []
    build-backend = "backend"
    backend-path = ["."]
    [project]
    name = "chalkola"
    version = "1"
"""
BACKEND = """
    import os, pathlib, time, zipfile
    def build_editable(folder, config_settings=None, metadata_directory=None):
        pathlib.Path("building").touch()
        time.sleep(float(os.environ.get("SLOW", 0)))
        with zipfile.ZipFile(pathlib.Path(folder) / "chalkola-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr("small.py", pathlib.Path("small.py").read_text())
            info = {"METADATA": "Metadata-Version: 2.1\\nName: chalkola\\nVersion: 1\\n",
                    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
                    "entry_points.txt": "[console_scripts]\\nchalkola = small:main\\n", "RECORD": ""}
            for name, text in info.items():
                wheel.writestr(f"chalkola-1.dist-info/{name}", text)
        return "chalkola-1-py3-none-any.whl"
"""
COMMAND = """
    import sys
    def main():
        print("called with", sys.argv[1:], "input", sys.stdin and sys.stdin.read())
        return 7
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after its first start."""
    root = lay_out(tmp_path_factory.mktemp("a folder with spaces"))
    first = run(root, "status")
    assert (first.returncode, INSTALLING in first.stderr) == (7, True), first.stderr
    return root


def test_the_second_start_installs_nothing_and_passes_everything_through(installed: Path) -> None:
    second = run(installed, "status", "--json", "it's")
    assert second.returncode == 7
    assert second.stdout == "called with ['status', '--json', \"it's\"] input \n"
    assert second.stderr == ""


def test_a_closed_stdin_blocks_nothing(installed: Path) -> None:
    if sys.platform == "win32":
        return
    closed = subprocess.run(["sh", "-c", f"exec '{sys.executable}' run.py status <&-"], cwd=installed, timeout=30)
    assert closed.returncode == 7


def test_test_is_pytest_in_the_projects_folder_from_the_development_lock(installed: Path) -> None:
    tested = run(installed, "test", "--version", cwd=installed.parent)
    assert INSTALLING in tested.stderr, "the second lock was not installed yet"
    assert "No module named pytest" in tested.stderr
    assert tested.returncode == 1
    assert run(installed, "status").stderr == "", "what the development lock brings is enough for the commands"


def test_a_changed_lock_is_installed(installed: Path) -> None:
    (installed / "requirements.lock").write_text("# another\n")
    assert INSTALLING in run(installed, "status").stderr
    assert INSTALLING not in run(installed, "status").stderr


def test_without_arguments_it_says_what_it_can_do(installed: Path) -> None:
    asked, empty = run(installed, "--help"), run(installed)
    assert "python3 run.py demo" in asked.stdout
    assert (asked.returncode, empty.returncode) == (0, 2)


def test_two_starts_at_once_install_once_and_a_cut_off_installation_is_begun_afresh(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    cut_off(root)
    assert (root / ".venv" / "unfinished").exists()
    shutil.rmtree(next((root / ".venv").rglob("site-packages")) / "pip" / "_internal")

    both = [start(root, "status", SLOW="0.5") for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]

    assert [process.returncode for process in both] == [7, 7], said
    assert sum(INSTALLING in text for text in said) == 1
    assert not (root / ".venv" / "unfinished").exists()


def test_a_failed_installation_shows_the_last_lines_and_what_to_do(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    (root / "requirements.lock").write_text("nowhere==1 --hash=sha256:" + "0" * 64 + "\n")
    failed = run(root, "demo")
    assert failed.returncode == 1
    assert "No matching distribution found for nowhere==1" in failed.stderr
    assert "Start again when that is solved" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_debian_without_venv_is_told_the_one_line(tmp_path: Path) -> None:
    root = lay_out(tmp_path)
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian" / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None")
    (tmp_path / "debian" / "apt").write_text("")
    (tmp_path / "debian" / "apt").chmod(0o755)
    path = f"{tmp_path / 'debian'}{os.pathsep}{os.environ['PATH']}"
    told = run(root, "demo", PYTHONPATH=str(tmp_path / "debian"), PATH=path)
    assert (told.returncode, told.stdout, told.stderr) == (1, "", "sudo apt install python3-venv\n")


def test_an_old_python_can_read_as_far_as_the_sentence_about_its_age() -> None:
    ast.parse(RUN.read_text(encoding="utf-8"), feature_version=(3, 7))


def lay_out(root: Path) -> Path:
    shutil.copy(RUN, root / "run.py")
    files = {"pyproject.toml": PYPROJECT, "backend.py": BACKEND, "small.py": COMMAND}
    for name, text in files.items():
        (root / name).write_text(textwrap.dedent(text))
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (root / lock).write_text("# nothing\n")
    return root


def start(root: Path, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(root / "run.py"), *arguments],
        cwd=cwd or root,
        env={**os.environ, **OFFLINE, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(root: Path, *arguments: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    process = start(root, *arguments, cwd=cwd, **variables)
    stdout, stderr = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)


def cut_off(root: Path) -> None:
    """Press Ctrl-C in the middle of the installation."""
    process = start(root, "status", SLOW="60")
    deadline = time.monotonic() + 60
    while not (root / "building").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    if sys.platform == "win32":
        process.kill()
        process.communicate()
        return
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "Stopped."
    assert "Traceback" not in stderr
