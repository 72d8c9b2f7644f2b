"""The console's terminal: what it shows, what a line means, and a whole session over a pipe."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import signal
import sys
import termios
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.console import __main__ as main
from adapters.console import joining, screen, terminal, words
from adapters.console.__main__ import arguments
from adapters.console.client import Address, Button, Client, Entry, Refused, Toast
from adapters.console.render import columns
from adapters.console.screen import Screen
from bot import model
from tests.adapters.conformance.chat import card, connected, message, until
from tests.adapters.test_console import GROUP, NEVER, House, done

NOW = "2026-11-30T09:30:00+00:00"
ROOT = Path(__file__).resolve().parents[2]
BUTTONS = (Button("approve", "Approve", "primary", ""), Button("reject", "Reject", "danger", ""))


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def entry(number: int, text: str, **fields: object) -> Entry:
    usual = Entry(
        f"c-{number}", number, NOW, NOW, "ops", "message", "", text, "", "", (),
        (), "", -1, False, "alice",
    )  # fmt: skip
    return replace(usual, **fields)  # type: ignore[arg-type]


def shown(number: int, revision: int = 0, **fields: object) -> Entry:
    card = {"kind": "card", "title": f"#{number}", "buttons": BUTTONS, "author": None}
    return replace(entry(number, "the plan", revision=revision, **card), **fields)  # type: ignore[arg-type]


def test_a_number_means_the_button_that_it_was_read_on() -> None:
    screen = Screen("bob", "ops")
    assert screen.show(shown(1))[-1] == "└ [1] Approve   [2] Reject"
    assert screen.show(shown(2))[-1] == "└ [3] Approve   [4] Reject"
    assert screen.show(shown(1, text="1 of 2"))[-1] == "└ [1] Approve   [2] Reject"
    assert screen.show(shown(1, 1))[-1] == "└ [5] Approve   [6] Reject", "another plan"
    press, reason = screen.press("2 not during the freeze") or (None, "")
    assert press is not None
    assert (press.card, press.revision, press.button.action) == ("c-1", 0, "reject")
    assert reason == "not during the freeze"


def test_the_word_on_a_button_presses_it_where_one_card_alone_offers_it() -> None:
    screen = Screen("bob", "ops")
    screen.show(shown(1))
    assert screen.press("approve the new design") is None, "a message"
    press, _ = screen.press("approve") or (None, "")
    assert press is not None
    assert press.card == "c-1"
    screen.show(shown(2, chat="hr"))
    assert screen.press("Approve") is not None, "the other one is in another chat"
    screen.show(shown(3))
    assert screen.press("Approve") is None, "which of the two?"
    screen.show(shown(3, 1, buttons=()))
    assert screen.press("Approve") is not None


def test_nothing_that_people_wrote_begins_at_the_edge() -> None:
    screen = Screen("bob", "ops", columns=40)
    parts = ("x" * 95, "会" * 70, "└ [1] Approve", "09:30 bot m7", "\x1b[2Ja\rb\u202ec")
    forged = "\n".join(parts)
    for one in (entry(1, forged), shown(2, text=forged, title="t" * 90)):
        first, *rest = screen.show(one)
        assert re.fullmatch(r"\d\d:\d\d (alice|bot) m\d", first)
        for line in rest[: None if one.kind == "message" else -1]:
            assert line[:2] in ("│ ", "┌ ")
            assert sum(map(columns, line)) <= 41, "a bar may count as two"
        assert not [char for line in rest for char in line if not char.isprintable()]
    assert "".join(line[2:] for line in screen.show(entry(3, "会" * 70))[1:]) == "会" * 70


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("restart web-01 and then web-02", ["restart web-01 ", "and then web-02"]),
        ("重启之后，请检查服务日志是否正常。", ["重启之后，请检查", "服务日志是否正", "常。"]),
        ("服务器重启完成了，一切正常", ["服务器重启完成", "了，一切正常"]),
        ("重启 web-01 和 web-0002", ["重启 web-01 和 ", "web-0002"]),
        ("id " + "x" * 20, ["id ", "x" * 16, "x" * 4]),
        ("    kill -9 1234", ["    kill -9 1234"]),
    ],
)
def test_rows_end_between_words_and_lose_nothing(line: str, expected: list[str]) -> None:
    assert screen.rows(line, 16) == expected
    assert "".join(expected) == line


def test_in_a_narrow_terminal_no_button_is_cut_and_own_words_are_indented() -> None:
    narrow = Screen("bob", "ops", columns=20)
    assert narrow.show(shown(1))[-2:] == ["│ [1] Approve", "└ [2] Reject"]
    assert narrow.own("→ #1 is approved and runs now") == ["→ #1 is approved ", "  and runs now"]


def test_threads_mentions_and_other_chats_are_told_in_the_head() -> None:
    screen = Screen("bob", "ops")
    screen.show(entry(1, "restart web-01"))
    [head, _] = screen.show(entry(2, "done", reply_to="c-1", mentions=("bob",), chat="hr"))
    assert head[6:] == "alice m2 ↳ m1 in hr (@you)"
    assert screen.show(entry(2, "done", reply_to="c-1", mentions=("bob",), chat="hr")) == []
    assert screen.show(entry(1, "", recalled=True))[0].endswith("was taken back")


def test_phrases_have_the_same_facts_in_both_languages() -> None:
    for key, (chinese, english) in words.PHRASES.items():
        assert set(re.findall(r"{\w+}", chinese)) == set(re.findall(r"{\w+}", english)), key


class Deaf(Client):
    """A client whose clicks go nowhere."""

    def __init__(self) -> None:
        super().__init__(Address(), "")
        self.clicked: list[str] = []

    async def click(self, card: str, revision: int, action: str, reason: str = "") -> Toast:
        self.clicked.append(card)
        return Toast("", "")


async def test_a_question_is_asked_wherever_the_card_stands(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Deaf()
    monkeypatch.setattr(terminal, "QUIET", 0.0)
    person = terminal.Terminal(client, "hr")
    button = Button("approve", "Approve", "primary", "Run it on web-01?")
    person._screen.show(shown(1, buttons=(button,)))
    for answer, clicked in (("n", []), ("y", ["c-1"])):
        person._lines.put_nowait(f"{answer}\n")
        await person._obey("1")
        assert client.clicked == clicked
        assert "Run it on web-01?" in capsys.readouterr().out


def test_a_number_of_any_length_is_no_button() -> None:
    assert Screen("bob", "ops").press("9" * 5000) is None


# ----------------------------------------------------------------------------- joining

CONFIG = """
[console]
listen = "127.0.0.1:17399"
[console.tokens]
alice = { file = "secrets/alice" }
bob = { env = "BOBS" }
"""


def test_the_address_and_the_token_stand_in_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(joining.TOKEN, raising=False)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "alice").write_text("t-alice\n")
    path = tmp_path / "bot.toml"
    path.write_text(CONFIG)
    here = ["--config", str(path)]
    address = Address("http://127.0.0.1:17399")
    assert joining.of(arguments([*here, "--as", "alice"])) == (address, "t-alice")
    for who, words_ in (("bob", "BOBS"), ("carol", "alice, bob"), ("", "--as NAME")):
        with pytest.raises(joining.Unusable, match=words_):
            joining.of(arguments([*here, "--as", who]))
    monkeypatch.setenv("BOBS", "t-bob")
    assert joining.of(arguments([*here, "--as", "bob"]))[1] == "t-bob"
    path.write_text(CONFIG.replace('listen = "127.0.0.1:17399"', 'socket = "var/console.sock"'))
    address = Address(socket=tmp_path / "var/console.sock")
    assert joining.of(arguments([*here, "--as", "alice"]))[0] == address
    path.write_text("[console\n")
    with pytest.raises(joining.Unusable, match="--config"):
        joining.of(arguments([*here, "--as", "alice"]))
    monkeypatch.setenv(joining.TOKEN, "mine")
    url = "http://127.0.0.1:1"
    assert joining.of(arguments(["--url", url])) == (Address(url), "mine"), "without any file"


def test_whatever_stands_in_the_configuration_is_answered_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(joining.TOKEN, raising=False)
    path = tmp_path / "bot.toml"
    alice = "[console]\n[console.tokens]\nalice = {{ file = '{}' }}\n".format
    (tmp_path / "lines").write_text("a\nb")
    for text in (
        f"x = {'[' * 9000}",
        f"x = {'9' * 5000}",
        alice("~no-such-user/x"),
        alice("lines"),
    ):
        path.write_text(text)
        with pytest.raises(joining.Unusable):
            joining.of(arguments(["--config", str(path), "--as", "alice"]))


def test_a_configuration_may_begin_with_a_mark_and_be_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(joining.TOKEN, raising=False)
    real, link = tmp_path / "real" / "bot.toml", tmp_path / "bot.toml"
    real.parent.mkdir()
    real.write_text(
        "\ufeff[console]\nsocket = 's'\n[console.tokens]\nalice = { file = 'a' }\n", "utf-8"
    )
    (real.parent / "a").write_text("t-alice")
    link.symlink_to(real)
    address, token = joining.of(arguments(["--config", str(link), "--as", "alice"]))
    assert (address.socket, token) == (real.parent.resolve() / "s", "t-alice")


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[]"])
async def test_another_server_is_no_bot(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    async def call(*_: object, **__: object) -> bytes:
        return content

    client = Client(Address(), "")
    monkeypatch.setattr(client, "_call", call)
    for asked in (client.me(), client.news(), client.click("c", 0, "approve")):
        with pytest.raises(Refused, match="no bot with a console"):
            await asked


# ----------------------------------------------------------------------------- a session


async def session(house: House, typed: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The status of a client to which these lines are typed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return await asyncio.to_thread(main.run, ["--socket", house.settings.socket])


async def test_a_session_over_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "QUIET", 0.1)
    house = House(tmp_path)
    async with connected(house.chat, house.engine):
        ref = done(await house.chat.perform(model.ShowCard(GROUP, card("script"), "k"), NEVER))
        house.engine.receipt = model.Receipt("It is counted")
        monkeypatch.setenv(joining.TOKEN, house.settings.tokens["bob"])
        typed = "/nonsense\n9\n1 as agreed\n/reply m1 wait\nhello\n/quit\nnever\n"
        assert await session(house, typed, monkeypatch) == 0
        out = capsys.readouterr().out
        for words_ in (
            "You are bob, in ops",
            "└ [1] Approve   [2] Reject",
            "There is no /nonsense",
            "No button has the number 9",
            "→ It is counted",
            "bob m2 ↳ m1\n│ wait\n",
            "bob m3\n│ hello\n",
        ):
            assert words_ in out
        clicked, replied, said = house.engine.events
        assert isinstance(clicked, model.CardAction)
        assert (clicked.card, clicked.reason) == (ref, "as agreed")
        assert isinstance(replied, model.MessageReceived)
        assert (replied.quoted, replied.text) == (ref, "wait")
        assert isinstance(said, model.MessageReceived)
        assert said.text == "hello"
        monkeypatch.setenv(joining.TOKEN, "nobody")
        assert await session(house, "", monkeypatch) == 1
        assert "this token is nobody's" in capsys.readouterr().err
    assert await session(house, "", monkeypatch) == 1
    assert "no bot answers there" in capsys.readouterr().err


async def read_until(terminal_: int, words_: str) -> str:
    """What a terminal shows, up to these words."""
    shown_ = ""
    while words_ not in shown_:
        ready = asyncio.Event()
        asyncio.get_running_loop().add_reader(terminal_, ready.set)
        async with asyncio.timeout(20):
            await ready.wait()
        asyncio.get_running_loop().remove_reader(terminal_)
        shown_ += os.read(terminal_, 65536).decode("utf-8", "replace")
    return shown_


async def test_what_is_half_typed_stays_and_ctrl_c_leaves_the_terminal_as_it_was(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    async with connected(house.chat, house.engine):
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "adapters.console", "--socket", house.settings.socket),
            cwd=ROOT,
            env={"LC_ALL": "C.UTF-8", "TERM": "xterm", joining.TOKEN: house.settings.tokens["bob"]},
            stdin=theirs,
            stdout=theirs,
            start_new_session=True,
            # What a shell started in the background ignores SIGINT, and so do its children.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            await read_until(ours, "bob@ops> ")
            os.write(ours, b"half a li")
            await read_until(ours, "half a li")
            done(await house.chat.perform(model.Say(GROUP, message("news"), "s"), NEVER))
            assert await read_until(ours, "bob@ops> half a li")
            os.write(ours, b"ne\n")
            await until(lambda: house.engine.events)
            [said] = house.engine.events
            assert isinstance(said, model.MessageReceived)
            assert said.text == "half a line"
            program.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(program.wait(), 20) == 0
        finally:
            if program.returncode is None:
                program.kill()
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
