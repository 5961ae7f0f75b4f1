"""The workflows of GitHub Actions: read, and their steps carried out as GitHub does it, in a clean copy."""

import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass(frozen=True)
class Step:
    """A step of a workflow; `run` is empty for one that uses an action."""

    workflow: str
    job: str
    name: str
    run: str
    uses: str
    env: Mapping[str, str]


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def steps(path: Path) -> Iterator[Step]:
    """Yield the steps of a workflow."""
    for job, said in read(path)["jobs"].items():
        for step in said["steps"]:
            yield Step(
                workflow=path.name, job=job, name=step.get("name", step.get("uses", "")), run=step.get("run", ""),
                uses=step.get("uses", ""), env=step.get("env", {}),
            )  # fmt: skip


def step(workflow: str, name: str) -> Step:
    """Return one step."""
    return next(one for one in steps(ROOT / ".github" / "workflows" / workflow) if one.name == name)


def evaluated(text: str, contexts: Mapping[str, Mapping[str, str]]) -> str:
    """Return a value with its expressions filled in: names in `contexts`, texts, and `||` between them."""
    return _EXPRESSION.sub(lambda found: _value(found[1], contexts), text)


def _value(expression: str, contexts: Mapping[str, Mapping[str, str]]) -> str:
    for part in expression.split(" || "):
        context, _, name = part.strip().partition(".")
        value = part.strip("'") if part.startswith("'") else contexts[context].get(name, "")
        if value:
            return value
    return ""


@dataclass(frozen=True)
class Done:
    """How a step ended, what it said, and what it put on the run's page."""

    code: int
    said: str
    page: str

    def annotations(self, kind: str) -> list[str]:
        return [line for line in self.said.splitlines() if line.startswith(f"::{kind} ")]


@dataclass(kw_only=True)
class Runner:
    """A machine of GitHub's: a copy of the project without its history, and what the repository's settings hold."""

    folder: Path
    machine: Mapping[str, str]
    """The environment that the machine itself has, the simulated clock for instance."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def carry_out(self, one: Step, **inputs: str) -> Done:
        """Carry out a `run:` step. docs.github.com/actions/reference/workflow-syntax: `shell: bash`."""
        files = {name: self.folder / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_OUTPUT")}
        for path in files.values():
            path.write_text("")
        script = self.folder / "step.sh"
        script.write_text(one.run, encoding="utf-8")
        contexts = {"secrets": self.secrets, "vars": self.variables, "inputs": inputs}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=self.folder / "project",
            env={
                **self._environment(one.workflow), **{name: str(path) for name, path in files.items()},
                **{name: evaluated(value, contexts) for name, value in one.env.items()},
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
            timeout=240, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"))

    def _environment(self, workflow: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "PYTHONUTF8": "1", "CI": "true",
            "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "me/shop",
            "GITHUB_RUN_ID": "7", "GITHUB_WORKFLOW_REF": f"me/shop/.github/workflows/{workflow}@refs/heads/main",
            "RUNNER_ENVIRONMENT": "github-hosted",
            "RUNNER_TEMP": str(self.folder), "RUNNER_OS": "Linux", **self.machine,
        }  # fmt: skip


def clean_copy(folder: Path, *, changed: str) -> Path:
    """Return a copy of what the working tree has under version control or would add to it, committed once, `changed`
    being that day. What it needs of others is lent by this Python: installing is what tests/test_run.py is about."""
    project = folder / "project"
    project.mkdir()
    listed = _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_bytes((ROOT / name).read_bytes())
            (project / name).chmod((ROOT / name).stat().st_mode)
    _git(project, "init", "-q")
    _git(project, "add", "--all")
    _git(project, "-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-q", "-m", "all", at=changed)
    _lend(project)
    return project


def _lend(project: Path) -> None:
    """Make the .venv that run.py would make, with the dependencies of this one."""
    venv = project / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "lent.pth").write_text(f"{project / 'src'}\n{sysconfig.get_path('purelib')}\n")
    command = venv / "bin" / "chalkola"
    command.write_text(
        f"#!{venv / 'bin' / 'python'}\nimport sys\nfrom chalkola.surfaces.cli import main\nsys.exit(main())\n"
    )
    command.chmod(0o755)
    spec = importlib.util.spec_from_file_location("run_of_the_copy", project / "run.py")
    assert spec
    assert spec.loader
    run = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(run)
    run.STAMP.write_text(f'{{"{run.RUNTIME}": "{run.fingerprint(run.RUNTIME)}"}}')


def _git(folder: Path, *words: str, at: str = "") -> str:
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}
    return subprocess.run(
        ["git", *words], cwd=folder, env={**os.environ, **dates}, check=True, capture_output=True, text=True
    ).stdout
