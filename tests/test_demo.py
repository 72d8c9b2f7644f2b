"""The demo as a newcomer meets it: in a real terminal, with keys."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sandbox import demo, play, stories, words

ROOT = Path(__file__).resolve().parent.parent
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")
RUNNER = """
import sys
from pathlib import Path
from sandbox import demo
sys.exit(demo.run(sys.argv[2:], Path(sys.argv[1])))
"""


class Terminal:
    """A terminal with the demo in it."""

    def __init__(self, folder: Path, *words: str, lang: str = "en_US.UTF-8") -> None:
        self.folder = folder
        self.screen, self._bytes, self.at = "", b"", 0
        master, slave = pty.openpty()
        subprocess.run(["stty", "rows", "50", "cols", "130"], stdin=slave, check=True)
        env = {k: v for k, v in os.environ.items() if not k.startswith("LC_")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(folder), *words],
            cwd=ROOT,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**env, "LANG": lang, "TERM": "xterm-256color"},
            preexec_fn=lambda: _own(slave),
        )
        os.close(slave)
        self.master = master

    def _read(self, seconds: float) -> None:
        if select.select([self.master], [], [], seconds)[0]:
            try:
                got = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.02)
                return
            if b"\x1b[6n" in got:  # where is the cursor?
                os.write(self.master, b"\x1b[1;1R")
            self._bytes += got
            self.screen = ESCAPES.sub("", self._bytes.decode("utf-8", "replace"))

    def until(self, text: str, seconds: float = 60) -> str:
        """Wait until this is on the screen, after what was waited for before."""
        deadline = time.monotonic() + seconds
        while (found := self.screen.find(text, self.at)) < 0:
            assert time.monotonic() < deadline, f"{text!r} not seen:\n{self.screen[-3000:]}"
            self._read(0.1)
        shown, self.at = self.screen[self.at : found + len(text)], found + len(text)
        return shown

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def ended(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it has not ended:\n{self.screen[-1500:]}"
            self._read(0.05)
        while select.select([self.master], [], [], 0)[0] and self._more():
            pass
        return self.process.returncode

    def _more(self) -> bool:
        before = len(self._bytes)
        self._read(0)
        return len(self._bytes) > before

    def processes(self) -> list[str]:
        """What is left of it: processes that name its folder."""
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
        return [line for line in listed.splitlines() if str(self.folder) in line]


def _own(slave: int) -> None:
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for one in opened:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGTERM)
            one.process.wait(20)
        os.close(one.master)


def test_a_newcomer_types_and_sees_what_happens_at_once(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    seen = Terminal(tmp_path, "--quiet")
    terminals.append(seen)
    seen.until("Starting stand-ins", 10)
    seen.until("alice@dingtalk:ops>")
    seen.type('restart web-03 reason="[[person]] one"\r')
    shown = seen.until("Reject")
    assert "#1 restart" in shown, "the card came without another key"
    assert "[[person]]" in shown, "what is typed is no markup"
    assert "waiting for approval" in shown, "an English newcomer reads English"
    seen.type('restart web-01 reason="two"\r')
    assert "#2 restart" in seen.until("Reject")
    seen.type("/as Bob\r")
    seen.until("bob@dingtalk:ops>")
    seen.type("/approve 1\r")
    seen.until("Bob presses [Approve] on: 🟠 waiting for approval · #1 restart")
    assert "#2" not in seen.until("#1 restart succeeded")
    seen.type("/reject 2 not during the freeze\r")
    seen.until("rejected by Bob")
    seen.until(": not during the freeze")
    seen.type("/approve 9\r")
    seen.until("The card of #9 does not offer 'approve' now")
    seen.type("/on lark\r")
    seen.until("bob@lark:ops>")
    seen.type("whoa")
    seen.until("whoa")
    seen.type("\t")
    seen.until("mi")  # only the letters that are new are sent to a terminal
    seen.type("\r")
    seen.until("You are Bob")
    seen.type("\x03")
    assert seen.ended(8) == 0
    assert "Traceback" not in seen.screen
    assert not seen.processes()


def test_without_a_word_for_the_terminal_it_is_a_page(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    """Its address is printed; Ctrl-C is how it ends."""
    seen = Terminal(tmp_path, "--no-open")
    terminals.append(seen)
    seen.until("?key=")
    seen.until("\n")
    address = re.search(r"http://127\.0\.0\.1:(\d+)/\?key=\S+", seen.screen)
    assert address is not None
    with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(address[0]) as page:
        assert page.url == f"http://127.0.0.1:{address[1]}/"
        assert b"Countersign" in page.read()
    again = Terminal(tmp_path, "--no-open", "--port", address[1])
    terminals.append(again)
    again.until(f"Port {address[1]} cannot be used")
    assert again.ended(20) == 1
    seen.type("\x03")
    seen.until("The demo is over")
    assert seen.ended(20) == 0
    assert "Traceback" not in seen.screen
    assert not seen.processes()


def test_ctrl_c_while_it_starts_ends_it_without_a_word(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    seen = Terminal(tmp_path, "--quiet")
    terminals.append(seen)
    seen.until("Starting stand-ins")
    seen.type("\x03")
    assert seen.ended(20) == demo.INTERRUPTED
    assert "Traceback" not in seen.screen


def test_ctrl_d_at_the_prompt_and_ctrl_c_in_a_story_end_it(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    seen = Terminal(tmp_path, "--quiet", "--locale", "zh-CN")
    terminals.append(seen)
    seen.until("你在群里")
    seen.until("alice@dingtalk:ops>")
    seen.type("\x04")
    assert seen.ended(8) == 0

    seen = Terminal(tmp_path, "--story", "expired", lang="zh_CN.UTF-8")
    terminals.append(seen)
    seen.until("催办，然后过期")
    seen.until("待审批")
    seen.type("\x03")
    assert seen.ended(8) == demo.INTERRUPTED
    assert "Traceback" not in seen.screen
    assert not seen.processes()


@pytest.mark.parametrize(
    ("chosen", "seen"),
    [
        (("restart", "clock"), ("+31 minutes", "-31 minutes")),
        pytest.param(
            stories.NAMES,
            ("kill -9", "script ran 1 time", "+31 minutes", "-31 minutes", "E200 is set up"),
            marks=pytest.mark.slow,
            id="all",
        ),
    ],
)
async def test_the_stories_are_told_as_they_happen(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    chosen: Sequence[str],
    seen: Sequence[str],
) -> None:
    """Those that were chosen on both platforms, with status 0; each under a heading, waiting cards
    with their buttons."""
    named = [] if chosen is stories.NAMES else [f"--story={name}" for name in chosen]
    options = demo.arguments(["--once", "--locale", "en", *named])
    status = await asyncio.wait_for(demo.main(options, tmp_path), 150)
    shown = capfd.readouterr().out
    assert status == 0, shown[-6000:]
    places = [shown.find(f"▶ {words.say('en', name)}") for name in chosen]
    assert -1 not in places
    assert places == sorted(places), "in their order"
    told = chosen.index("restart")
    story = shown[places[told] : places[told + 1]]
    waiting, pressed = story.find("Approve    Reject"), story.find("Bob presses [Approve]")
    assert 0 < waiting < pressed < story.find("Audit"), "the waiting card before what became of it"
    for words_ in seen:
        assert words_ in shown
    for name in chosen:
        row = re.search(rf"^  {re.escape(words.say('en', name))}.*$", shown, re.MULTILINE)
        assert row is not None
        assert row[0].count("✓") == 2, row[0]


def test_the_language_is_that_of_the_terminal() -> None:
    assert words.usual({"LANG": "zh_CN.UTF-8"}) == "zh-CN"
    assert words.usual({"LANG": "en_US.UTF-8"}) == "en"
    assert words.usual({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}) == "en"
    assert words.usual({}) == "en"


def test_a_failed_story_is_told_and_the_status_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(stage: play.Play) -> None:
        raise play.StoryFailed("[[x]] did not come")

    monkeypatch.setitem(stories.SHORT, "restart", failing)
    options = demo.arguments(["--once", "--locale", "en", "--story", "restart"])
    assert asyncio.run(demo.main(options, tmp_path)) == 1
    assert "[[x]] did not come" in capfd.readouterr().out


@pytest.mark.slow
async def test_the_stories_are_told_by_several_bots(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    names = ("in-words", "kill-9", "clock")
    chosen = [f"--story={name}" for name in names]
    options = demo.arguments(["--once", "--locale", "en", "--replicas", "3", *chosen])
    status = await asyncio.wait_for(demo.main(options, tmp_path), 150)
    shown = capfd.readouterr().out
    assert status == 0, shown[-6000:]
    assert shown.count("✓") >= 2 * len(names)
    logs = [tmp_path / f"bot-{number}" / "bot.log" for number in (1, 2, 3)]
    assert all("ready after" in log.read_text("utf-8") for log in logs)
    assert "the database is gone" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [("en", "Several bots share"), ("zh-CN", "几个机器人要共用")],
    ids=["en", "zh-CN"],
)
def test_several_bots_without_a_database_are_told_how_to_get_one(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    locale: str,
    sentence: str,
) -> None:
    """Where the package is missing, and where the server that is named does not answer."""
    words_ = ["--no-open", "--locale", locale, "--replicas", "3"]
    monkeypatch.setenv(demo.SERVER, "postgresql://nobody@127.0.0.1:9/none")
    assert demo.run(words_, tmp_path) == 1
    assert sentence in capfd.readouterr().err
    monkeypatch.setitem(sys.modules, "sandbox.postgres", None)
    monkeypatch.delattr("sandbox.postgres", raising=False)
    assert demo.run(words_, tmp_path) == 1
    told = capfd.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1
    assert 'make demo ARGS="--replicas 3"' in told
    assert demo.SERVER in told
