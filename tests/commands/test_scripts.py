"""The scripts that ship, run by a real bash in a folder of their own."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from bot.commands import api, rendering
from tests.commands import rig

SYSTEMCTL = """#!/bin/bash
cd "$(dirname "$0")" || exit 9
echo "$*" >> calls
unit=${!#}
case $1 in
  restart) [ ! -e "refuses-$unit" ] || { echo "Job for $unit failed" >&2; exit 1; }
           [ ! -e "dies-$unit" ] || { echo failed > "state-$unit"; exit 0; }
           echo active > "state-$unit" ;;
  is-active) cat "state-$unit" 2>/dev/null || { echo inactive; exit 3; } ;;
  status) echo "$unit: $(cat "state-$unit" 2>/dev/null)" ;;
esac
"""


def run(line: str, where: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Plan the line, render it, and run it as the far end would: from a file, in ``where``."""
    script = rig.ask(line)
    assert isinstance(script, api.Script)
    file = where / "script.sh"
    file.write_text(rendering.render(script), "utf-8")
    file.chmod(0o700)
    environment = {"PATH": f"{where / 'bin'}:{os.environ['PATH']}", "HOME": str(where), **more}
    return subprocess.run(
        [str(file)],
        capture_output=True,
        text=True,
        cwd=where,
        env=environment,
        timeout=30,
        check=False,
    )


@pytest.fixture
def systemd(tmp_path: Path) -> Path:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "systemctl").write_text(SYSTEMCTL)
    (tools / "systemctl").chmod(0o755)
    return tools


# ----------------------------------------------------------------------------- restart


def test_restart_says_what_it_did(systemd: Path) -> None:
    (systemd / "state-nginx").write_text("active\n")
    done = run("restart web-01", systemd.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nginx was active\nnginx restarted, now active\n"
    assert "restart -- nginx" in (systemd / "calls").read_text().splitlines()


def test_restart_starts_what_was_down(systemd: Path) -> None:
    done = run("restart web-01 service=redis@6379", systemd.parent)
    assert done.stdout == "redis@6379 was inactive\nredis@6379 restarted, now active\n"


def test_a_restart_that_is_refused_fails(systemd: Path) -> None:
    (systemd / "refuses-nginx").touch()
    done = run("restart web-01", systemd.parent)
    assert done.returncode == 1
    assert "Job for nginx failed\n" in done.stderr
    assert "now active" not in done.stdout


def test_a_service_that_dies_at_once_is_a_failure(systemd: Path) -> None:
    (systemd / "dies-nginx").touch()
    done = run("restart web-01", systemd.parent)
    assert done.returncode == 1
    assert "nginx is failed after the restart" in done.stderr


def test_restart_without_systemd_says_so(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "bash").symlink_to("/bin/bash")
    done = run("restart web-01", tmp_path, PATH=str(tmp_path / "bin"))
    assert done.returncode == 127
    assert "systemctl: command not found" in done.stderr


# ----------------------------------------------------------------------------- provision


def tree(place: Path) -> dict[str, str]:
    return {
        str(path.relative_to(place)): path.read_text() if path.is_file() else "/"
        for path in sorted(place.rglob("*"))
    }


def test_provision_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    first = run("provision E123 devops", tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    home = tmp_path / "provisioned" / "E123"
    assert first.stdout == f"E123 provisioned as devops: home {home}\n"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    before = tree(tmp_path)
    second = run("provision E123 devops", tmp_path)
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == "E123 (devops) is already provisioned, nothing to do\n"
    assert tree(tmp_path) == before


def test_provision_tells_a_change_of_role(tmp_path: Path) -> None:
    run("provision E123 dev", tmp_path)
    assert run("provision E123 ops", tmp_path).stdout == "E123 changed from dev to ops\n"
    assert "already provisioned" in run("provision E123 ops", tmp_path).stdout


def test_provision_mends_what_was_left_half_done(tmp_path: Path) -> None:
    run("provision E123 dev", tmp_path)
    (tmp_path / "provisioned" / "E123").rmdir()
    assert "had no home folder" in run("provision E123 dev", tmp_path).stdout
    assert "already provisioned" in run("provision E123 dev", tmp_path).stdout


def test_provision_keeps_its_state_where_it_is_told(tmp_path: Path) -> None:
    other = tmp_path / "a place"
    run("provision E7 dev", tmp_path, COUNTERSIGN_HOME=str(other))
    assert (other / "provisioned" / "E7.role").read_text() == "dev\n"
    assert not (tmp_path / "provisioned").exists()


def test_provision_fails_aloud_where_it_may_not_write(tmp_path: Path) -> None:
    (tmp_path / "provisioned").write_text("in the way")
    done = run("provision E7 dev", tmp_path)
    assert done.returncode != 0
    assert "provisioned" in done.stderr
    assert done.stdout == ""


# ----------------------------------------------------------------------------- run


def test_run_runs_exactly_what_was_typed(tmp_path: Path) -> None:
    done = run("run web-01\nx='a  b'; echo \"$x\" | tr a-z A-Z\nexit 3\n", tmp_path)
    assert (done.returncode, done.stdout) == (3, "A  B\n")


def test_run_keeps_the_interpreter_of_the_script(tmp_path: Path) -> None:
    done = run("run web-01\n#!/usr/bin/env python3\nprint('{{ kept }}', 6 * 7)\n", tmp_path)
    assert (done.returncode, done.stdout) == (0, "{{ kept }} 42\n")


# ----------------------------------------------------------------------------- injection


@pytest.mark.parametrize("name", ["restart", "provision"])
@pytest.mark.parametrize(
    "value", ["x; touch pwned", "$(touch pwned)", "`touch pwned`", "x' ; touch pwned ; '", "a\nb"]
)
def test_even_a_value_that_slipped_by_stays_in_its_slot(
    name: str, value: str, systemd: Path
) -> None:
    """Parsing refuses such values; should one get past it, the script still sees only data."""
    found = rig.CATALOG.find(name)
    assert found is not None
    values = (
        {"targets": (), "service": value} if name == "restart" else {"emp_id": value, "role": value}
    )
    script = found.call(None, values)
    assert isinstance(script, api.Script)
    subprocess.run(
        ["bash", "-s"],
        input=rendering.render(script).encode(),
        cwd=systemd.parent,
        env={"PATH": f"{systemd}:{os.environ['PATH']}", "HOME": str(systemd.parent / "home")},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert not list(systemd.parent.rglob("pwned"))
