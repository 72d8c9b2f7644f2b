"""The first command of a newcomer: what ``make`` does about the interpreter and the environment,
and what ``pip install .`` takes along."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
PROJECT = """
[project]
dependencies = []
[project.optional-dependencies]
demo = []
replicas = []
dev = []
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that needs nothing from an index."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("setup.sh", "Makefile"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "requirements.lock").write_text("")
    return folder


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter, which makes one environment and then hands out copies of it: making one
    takes three seconds."""
    folder = tmp_path_factory.mktemp("interpreter")
    subprocess.run([PYTHON, "-m", "venv", str(folder / "venv")], check=True)
    copy = f'rm -rf .venv && exec cp -a "{folder}/venv" .venv'
    text = f'case "$*" in "-m venv --clear .venv") {copy} ;; *) exec {PYTHON} "$@" ;; esac'
    return script(folder / "python3", text)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


OF_MAKE = ("PYTHON", "LOCK", "ARGS", "MAKEFLAGS", "MAKELEVEL")
"""What a make that runs these tests hands down."""


def make(checkout: Path, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k not in OF_MAKE}
    kept["PATH"] = path or kept["PATH"]
    command = [str(shutil.which("make")), *words]
    return subprocess.run(command, cwd=checkout, env=kept, capture_output=True, text=True)


def test_an_old_interpreter_is_refused_before_anything_is_made(checkout: Path) -> None:
    (checkout / "bin").mkdir()
    old = 'case "$1" in -V) echo Python 3.10.12 ;; *) exit 1 ;; esac'
    script(checkout / "bin" / "python3", old)
    for number in (11, 12, 13, 14):
        text = old if number != 12 else f'exec {PYTHON} "$@"'
        script(checkout / "bin" / f"python3.{number}", text)
    told = make(checkout, "install", path=f"{checkout / 'bin'}:{os.environ['PATH']}")
    assert told.returncode != 0
    assert '"python3" is Python 3.10.12. Countersign needs Python 3.11 or newer.' in told.stderr
    assert "make PYTHON=python3.12 install" in told.stderr
    assert not (checkout / ".venv").exists()

    told = make(checkout, "demo", "PYTHON=python3.99")
    assert 'no interpreter "python3.99"' in told.stderr
    assert not (checkout / ".venv").exists()


@pytest.mark.slow
def test_an_environment_of_another_interpreter_or_half_made_is_made_anew(
    checkout: Path, interpreter: str
) -> None:
    path = f"{Path(interpreter).parent}:{os.environ['PATH']}"

    def named(python: str) -> None:
        told = make(checkout, "setup", f"PYTHON={python}", path=path)
        assert told.returncode == 0, told.stderr

    mark = checkout / ".venv" / "mark"
    named(interpreter)
    assert (checkout / ".venv" / ".made").read_text().startswith("dev ")
    mark.touch()
    named(interpreter)
    assert mark.exists(), "the same interpreter: it stays as it is"
    assert make(checkout, "setup", path=path).returncode == 0
    assert mark.exists(), "no interpreter is named: any that will do stays"

    (checkout / ".venv" / ".making").touch()
    named(interpreter)
    assert not mark.exists(), "a set-up that broke off is begun anew"

    mark.touch()
    other = f'case "$*" in *base_prefix*) echo 3.99 /other ;; *) exec {interpreter} "$@" ;; esac'
    named(script(checkout / "other", other))
    assert not mark.exists(), "another interpreter"

    mark.touch()
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.10")
    assert make(checkout, "setup", path=path).returncode == 0
    assert not mark.exists(), "its interpreter is gone"


@pytest.mark.slow
def test_what_cannot_be_installed_is_told_with_a_way_out(checkout: Path, interpreter: str) -> None:
    path = f"{Path(interpreter).parent}:{os.environ['PATH']}"
    text = PROJECT.replace("dependencies = []", 'dependencies = ["nothing==1"]', 1)
    (checkout / "pyproject.toml").write_text(text)
    (checkout / "requirements.lock").write_text("nothing==2\n")
    told = make(checkout, "install", path=path)
    assert told.returncode != 0
    assert "make LOCK= install" in told.stderr
    (checkout / "pyproject.toml").write_text(PROJECT)
    assert make(checkout, "install", path=path).returncode == 0
    assert (checkout / ".venv" / ".made").read_text().startswith("production ")
    told = make(checkout, "setup", path=path)
    assert told.returncode == 0
    assert 'the set "dev"' in told.stderr


def test_the_lock_has_every_dependency_in_a_version_that_is_allowed() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    for line in [*project["dependencies"], *(line for lines in extras.values() for line in lines)]:
        wanted = Requirement(line)
        version = locked.get(canonicalize_name(wanted.name))
        assert version, f"{line} is not in requirements.lock: make lock"
        assert wanted.specifier.contains(version), f"{line} but {version} is locked: make lock"
    assert "://" not in text, "the lock names no index"


def test_the_package_runs_without_a_checkout(tmp_path: Path) -> None:
    source, out, site = (tmp_path / name for name in ("source", "out", "site"))
    source.mkdir()
    for name in ("bot", "adapters", "commands", "sandbox"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=skip)
    for name in ("pyproject.toml", "README.md", "LICENSE", "bot.toml"):
        shutil.copy(ROOT / name, source / name)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", build, str(out)], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    there = {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
    for room in ("bot", "adapters", "commands"):
        for path in (source / room).rglob("*"):
            wanted = path.is_file() and "__pycache__" not in path.parts
            assert not wanted or path.relative_to(source) in there, f"{path} is left out"
    assert not (site / "sandbox").exists()
    settings = next(site.rglob("share/countersign/bot.toml"))
    text = settings.read_text("utf-8").replace('commands = "commands"', "")
    (tmp_path / "my.toml").write_text(text, "utf-8")
    for words in (["--version"], ["check", "--no-secrets", "--config", "my.toml"]):
        told = subprocess.run(
            [sys.executable, "-m", "bot", *words],
            env={**os.environ, "PYTHONPATH": str(site)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert told.returncode == 0, told.stdout + told.stderr


def test_several_bots_bring_their_database_along(checkout: Path) -> None:
    (checkout / "setup.sh").write_text("echo set $1\n")
    assert make(checkout, "demo-setup").stdout == "set demo\n"
    assert make(checkout, "demo-setup", "ARGS=--replicas 3 --once").stdout == "set replicas\n"


def test_the_demo_needs_nothing_but_its_own_set() -> None:
    """Whatever the sandbox imports, by name or when it is asked, comes with ``make demo``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["demo"]]
    given = {canonicalize_name(Requirement(line).name) for line in lines}
    more = {canonicalize_name(Requirement(line).name) for line in extras["replicas"]}
    owners = packages_distributions()
    for path in sorted((ROOT / "sandbox").rglob("*.py")):
        text = path.read_text("utf-8")
        names = re.findall(r"^\s*(?:import|from) (\w+)", text, re.MULTILINE)
        names += re.findall(r"\"(alibabacloud_\w+)\.", text)
        for name in set(names) - {"bot", "sandbox", *sys.stdlib_module_names}:
            owner = {canonicalize_name(each) for each in owners.get(name, [name])}
            here = given | more if path.name == "postgres.py" else given
            assert owner & here, f"{path.name} imports {name}: add it to the set `demo`"
