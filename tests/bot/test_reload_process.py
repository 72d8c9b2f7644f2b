"""The bot as a process: SIGHUP, ``python -m bot reload``, and what a terminal that closes does."""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot import __main__ as cli
from bot import store
from bot.app import control
from sandbox import process
from sandbox.console import company


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A configuration that needs nobody else, with command files of its own."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        path = process.configuration(tmp_path, dict.fromkeys(process.world.PORTS, port))
    company.furnish(path, tmp_path / "console.sock")
    shutil.copytree(process.ROOT / "commands", tmp_path / "commands")
    text = path.read_text("utf-8").replace(f'"{process.ROOT}/commands"', '"commands"')
    path.write_text(text, "utf-8")
    return path


Bot = subprocess.Popen[bytes]


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


@contextmanager
def running(
    path: Path,
    *wrapper: str,
    module: str = "bot",
    terminal: int = subprocess.DEVNULL,
    crash_at: str = "",
) -> Iterator[Bot]:
    """The bot, started like any program that has no terminal, unless a ``wrapper`` gives it one."""
    words = (*wrapper, sys.executable, "-m", module, "run", "--config", str(path))
    with path.with_name("bot.log").open("ab") as log:
        bot = subprocess.Popen(
            words,
            cwd=process.ROOT,
            stdin=terminal,
            stdout=log,
            stderr=log,
            start_new_session=not wrapper,
            env={**os.environ, "CRASH_AT": crash_at},
        )
    try:
        yield bot
    finally:
        bot.kill()
        bot.wait()


def up(path: Path, bot: Bot) -> None:
    """Wait until the bot listens to who comes by its socket."""

    def answers() -> bool:
        with socket.socket(socket.AF_UNIX) as line, control.reachable(data(path)) as place:
            return line.connect_ex(place) == 0

    until(lambda: bot.poll() is not None or answers())
    assert bot.poll() is None, path.with_name("bot.log").read_text()


def data(path: Path) -> Path:
    return path.parent / "data"


def entries(path: Path) -> list[tuple[str, object]]:
    opened = store.Store(data(path) / "countersign.db", readonly=True)
    with opened.reading() as reader:
        rows = [row for row in reader.chain() if row.action.startswith("configuration.")]
    opened.close()
    return [(row.action.partition(".")[2], row.facts["by"]) for row in rows]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def reload(path: Path) -> Result:
    return CliRunner().invoke(cli.main, ["reload", "--config", str(path)])


def test_by_signal_and_by_command_and_over_a_start(path: Path) -> None:
    nobody = reload(path)
    assert nobody.exit_code == 1
    assert "no bot runs on" in nobody.output
    with running(path) as bot:
        up(path, bot)
        assert entries(path) == []
        edit(path, 'timezone = "Asia/Shanghai"', 'timezone = "UTC"')
        bot.send_signal(signal.SIGHUP)
        until(lambda: entries(path) == [("changed", "signal")])
        edit(path, 'timezone = "UTC"', 'timezone = "Asia/Tokyo"')
        done = reload(path)
        assert done.exit_code == 0, done.output
        assert re.fullmatch(r"taken up, configuration [0-9a-f]{8}: ~bot.timezone\n", done.output)
        same = reload(path)
        assert same.output.endswith("nothing is different\n")
        edit(path, "[security]", "[security]\nsafe = true")
        faulty = reload(path)
        assert faulty.exit_code == 1
        assert "security.safe: unknown key" in faulty.output
        assert bot.poll() is None
        bot.send_signal(signal.SIGHUP)
        until(lambda: entries(path)[-1] == ("refused", "signal"))
        edit(path, "[security]\nsafe = true", "[security]")
        edit(path, 'region = "cn-hangzhou"', 'region = "cn-beijing"')
        bound = reload(path)
        assert (bound.exit_code, bound.output.split("\n")[0]) == (
            1,
            "needs a restart: aliyun.region",
        )
        assert bot.poll() is None
        bot.send_signal(signal.SIGTERM)
        assert bot.wait(20) == 0
    with running(path) as bot:
        up(path, bot)
        assert entries(path)[-1] == ("changed", "start")


def test_sigterm_while_the_commands_are_loaded_is_a_clean_end(path: Path) -> None:
    ends = "import os, signal\n\nos.kill(os.getpid(), signal.SIGTERM)\n"
    (path.parent / "commands" / "ends.py").write_text(ends, "utf-8")
    with running(path) as bot:
        assert bot.wait(20) == 0


def test_a_signal_before_it_is_ready_is_a_reload_once_it_is(path: Path) -> None:
    with running(path) as bot:
        until((data(path) / "countersign.db.lock").exists)
        edit(path, 'timezone = "Asia/Shanghai"', 'timezone = "UTC"')
        bot.send_signal(signal.SIGHUP)
        up(path, bot)
        until(lambda: entries(path) == [("changed", "signal")])
        assert bot.poll() is None


@pytest.mark.parametrize(
    "point", ["reload.swapped", pytest.param("reload.read", marks=pytest.mark.slow)]
)
def test_killed_in_the_middle_the_next_start_takes_it(path: Path, point: str) -> None:
    with running(path, module="tests.crash.child", crash_at=f"{point}:1") as bot:
        up(path, bot)
        edit(path, 'timezone = "Asia/Shanghai"', 'timezone = "UTC"')
        done = reload(path)
        assert done.exit_code == 1
        assert "ended before it said" in done.output
        assert bot.wait(20) == -signal.SIGKILL
    assert "no bot runs on" in reload(path).output
    assert entries(path) == []
    with running(path) as bot:
        up(path, bot)
        assert entries(path) == [("changed", "start")]
        assert (
            CliRunner().invoke(cli.main, ["audit", "verify", "--config", str(path)]).exit_code == 0
        )


@pytest.mark.skipif(shutil.which("setsid") is None, reason="there is no setsid")
@pytest.mark.parametrize("wrapper", [(), ("nohup",)])
def test_a_terminal_that_is_closed_ends_what_was_started_in_it(
    path: Path, wrapper: tuple[str, ...]
) -> None:
    outside, inside = pty.openpty()
    with running(path, "setsid", "--ctty", *wrapper, terminal=inside) as bot:
        os.close(inside)
        up(path, bot)
        edit(path, 'timezone = "Asia/Shanghai"', 'timezone = "UTC"')
        bot.send_signal(signal.SIGHUP)
        until(lambda: entries(path) == [("changed", "signal")])
        edit(path, 'timezone = "UTC"', 'timezone = "Asia/Tokyo"')
        os.close(outside)
        if wrapper:
            until(lambda: len(entries(path)) == 2)
            assert bot.poll() is None
        else:
            assert bot.wait(20) == 0
