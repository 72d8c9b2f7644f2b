"""Captures: written beside the bot, bounded, and read whatever they hold."""

from __future__ import annotations

import dataclasses
import errno
import json
import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import capture
from bot.__main__ import main
from bot.app import adapters, capturing, reload
from bot.capture import recorder, records
from bot.cli import replay
from bot.commands import loader
from bot.model import traffic
from bot.redact.disguise import Disguise, Terms
from sandbox import process, world
from tests.properties import examples

FRAME = {"type": "SYSTEM", "headers": {"topic": "ping", "messageId": "m1"}, "data": "{}"}


class Plain:
    """Frames that are JSON."""

    def opened(self, frame: traffic.Frame) -> Sequence[object]:
        return [json.loads(frame.data)]

    def closed(self, content: object) -> Sequence[str | bytes]:
        return [json.dumps(content)]


def frame(number: int = 0, size: int = 0) -> traffic.Frame:
    return traffic.Frame("chat", "in", json.dumps({"n": number, "pad": "x" * size}))


def recorded(folder: Path, size: int = 1 << 20) -> capture.Recorder:
    return capture.Recorder(folder, size, Disguise(Terms(["u-bob"])), {"chat": Plain})


def bodies(folder: Path) -> list[dict[str, Any]]:
    """All lines but the headers."""
    lines = list(capture.of_folder(folder))
    assert all(isinstance(line, capture.Record) for line in lines), lines
    return [dict(line.body) for line in lines if isinstance(line, capture.Record)]


def test_frames_and_calls_are_written_in_their_order_for_the_owner_alone(tmp_path: Path) -> None:
    one = recorded(tmp_path / "a" / "seen")
    one.start()
    one(frame(1))
    one(traffic.Exchange("chat", "POST", "https://h/x?userId=u-bob", body=b'{"a": 1}', status=200))
    one(traffic.Exchange("chat", "GET", "https://h/y", error="TimeoutError"))
    one.close()
    first, call, lost = bodies(tmp_path / "a" / "seen")
    assert (first["frame"], first["content"]["n"]) == ("in", 1)
    assert call["body"] == {"a": 1}
    assert "bob" not in call["url"]
    assert (lost["error"], lost.get("status")) == ("TimeoutError", 0)
    [file] = (tmp_path / "a" / "seen").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    header = json.loads(file.read_text().splitlines()[0])
    assert header[records.KEY] == capture.FORMAT


def test_it_stays_within_its_size_and_says_what_it_removed(tmp_path: Path) -> None:
    for _ in range(2):  # a second run counts what the first has left
        one = recorded(tmp_path / "seen", 64 << 10)
        one.start()
        for number in range(300):
            one(frame(number, 1000))
        one.close()
        files = sorted((tmp_path / "seen").iterdir())
        assert sum(file.stat().st_size for file in files) <= 64 << 10
        kept = bodies(tmp_path / "seen")
        assert [each["content"]["n"] for each in kept if "frame" in each][-1] == 299
        assert any(each.get("removed") for each in kept)


def test_what_is_too_much_is_left_out_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "MOST_WAITING", 10)
    one = recorded(tmp_path / "seen")
    for number in range(25):  # nothing is written yet
        one(frame(number))
    one(frame(0, 1 << 26))
    one.start()
    one.close()
    kept = bodies(tmp_path / "seen")
    assert sum("frame" in each for each in kept) == 10
    assert [each["left_out"] for each in kept if "left_out" in each] == [{"too much at once": 16}]


def test_what_cant_be_disguised_is_not_kept(tmp_path: Path) -> None:
    one = recorded(tmp_path / "seen")
    one.start()
    one(traffic.Frame("chat", "in", "u-bob is no JSON"))
    deep: object = []
    for _ in range(5000):
        deep = [deep]
    one(traffic.Exchange("chat", "POST", "https://h/", body=deep, status=200))
    one(frame(7))
    one.close()
    kept = bodies(tmp_path / "seen")
    assert sum(sum(each.get("left_out", {}).values()) for each in kept) == 2
    assert [each["content"]["n"] for each in kept if "frame" in each] == [7]


def test_a_full_disk_ends_the_capture_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wrote = threading.Event()
    real = os.write

    def full(descriptor: int, data: Any) -> int:
        if b'"frame"' in bytes(data):
            wrote.set()
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr("bot.capture.folder.os.write", full)
    one = recorded(tmp_path / "seen")
    one.start()
    one(frame(1))
    assert wrote.wait(5)
    one.close()
    for number in range(10_000):
        one(frame(number))  # of no use, and of no harm
    assert one._queue.qsize() <= 1
    assert "No space left" in caplog.text


@pytest.mark.parametrize("wrong", ["file", "shared"])
def test_a_folder_that_wont_do_is_not_used(
    wrong: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "seen"
    if wrong == "file":
        place.write_text("x")
    else:
        place.mkdir(mode=0o755)
        place.chmod(0o755)
        (place / "notes").write_text("somebody's")
    one = recorded(place)
    one.start()
    one(frame(1))
    one.close()
    assert caplog.records[-1].levelno == logging.ERROR
    assert str(place) in caplog.text


# ----------------------------------------------------------------------------- replay


@pytest.fixture(scope="module")
def config_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return process.configuration(tmp_path_factory.mktemp("config"), dict(world.PORTS))


def replayed(folder: Path, path: Path) -> tuple[int, dict[str, Any]]:
    arguments = ["replay", "--config", str(path), str(folder), "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def written(folder: Path, *lines: bytes, header: bytes = b'{"countersign-capture":1}') -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "capture-1-a-00001.jsonl").write_bytes(b"\n".join([header, *lines, b""]))
    return folder


def line(**body: object) -> bytes:
    return json.dumps({"at": "2026-11-30T07:00:00+00:00", **body}).encode()


BAD: dict[str, tuple[bytes, str]] = {
    "cut off": (b'{"party":"dingtalk","frame":"in","con', "no JSON"),
    "no JSON": (b"\xff\xfe\x00", "not UTF-8"),
    "a list": (b"[1]", "no JSON object"),
    "deep": (b"[" * 100_000, "nested too deeply"),
    "a long number": (b'{"n":' + b"9" * 100_000 + b"}", "no JSON"),
    "nothing of ours": (line(x=1), "neither a frame nor a call"),
    "another platform": (line(party="irc", frame="in", content={}), "no platform"),
    "no frame": (line(party="dingtalk", frame="in", content=7), "an object or a text"),
    "text as frame": (line(party="dingtalk", frame="in", content="x"), "no JSON object"),
    "no topic": (line(party="dingtalk", frame="in", content={"type": "CALLBACK"}), "not a topic"),
    "numbers": (line(party="lark", frame="in", content={"seq_id": "1"}), "is none"),
    "headers": (line(party="lark", frame="in", content={"headers": {"a": 1}}), "no pairs"),
    "malformed": (line(party="lark", frame="in", content={"malformed": "x"}), "could be read"),
    "a status": (line(party="lark", exchange="out", status="200"), "no HTTP status"),
    "a page": (line(party="lark", exchange="out", status=200, url="http://h/", answer="<html>"),
               "not Lark's"),
    "an address": (line(party="lark", exchange="out", status=200, url="http://[", answer="{}"),
                   "address"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_each_line_that_is_not_understood_is_named_with_its_reason(
    what: str, tmp_path: Path, config_path: Path
) -> None:
    wrong, reason = BAD[what]
    good = line(party="dingtalk", frame="in", content=FRAME)
    folder = written(tmp_path / "seen", good, wrong, good)
    status, report = replayed(folder, config_path)
    assert status == 1
    [unread] = report["not_understood"]
    assert (unread["file"], unread["line"]) == ("capture-1-a-00001.jsonl", 3)
    assert reason in unread["reason"]
    assert report["understood"] == {"dingtalk system ping": 2}


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b'{"countersign-capture":2}', "format 2"),
        (b'{"countersign-capture":true}', "does not begin"),
        (b"", "no JSON"),
        (b"x" * 9_000_000, "longer than"),
    ],
)
def test_a_file_of_another_kind_is_not_read(
    header: bytes, reason: str, tmp_path: Path, config_path: Path
) -> None:
    good = line(party="dingtalk", frame="in", content=FRAME)
    status, report = replayed(written(tmp_path / "seen", good, header=header), config_path)
    assert status == 1
    assert reason in report["not_understood"][0]["reason"]
    assert report["understood"] == {}


def test_the_example_replays_whole(replayed: Callable[[str], replay.Report]) -> None:
    report = replayed("first-approval")
    assert not report.unread
    for platform in ("dingtalk", "lark"):
        assert report.understood[f"{platform} MessageReceived restart"] == 1
        assert report.understood[f"{platform} CardAction approve"] == 1


def test_a_capture_of_nothing_but_faults_is_counted(tmp_path: Path, config_path: Path) -> None:
    status, report = replayed(written(tmp_path / "seen", b"\n" * 50_000), config_path)
    assert status == 1
    assert len(report["not_understood"]) + report["not_listed"] == 50_001
    assert len(report["not_understood"]) == replay.MOST_LISTED


def test_a_reader_that_fails_is_what_the_replay_tells(
    tmp_path: Path, config_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.dingtalk.events.to_event", lambda *_: 1 // 0)
    chat = {"type": "CALLBACK", "headers": {"topic": "/v1.0/im/bot/messages/get"}, "data": "{}"}
    folder = written(tmp_path / "seen", line(party="dingtalk", frame="in", content=chat))
    assert "ZeroDivisionError" in replayed(folder, config_path)[1]["not_understood"][0]["reason"]


def test_links_and_empty_files_are_named_and_not_followed(
    tmp_path: Path, config_path: Path
) -> None:
    folder = tmp_path / "seen"
    folder.mkdir()
    (folder / "capture-1-a-00001.jsonl").symlink_to("/etc/hostname")
    (folder / "capture-1-a-00002.jsonl").touch()
    os.mkfifo(folder / "capture-1-a-00003.jsonl")
    status, report = replayed(folder, config_path)
    assert status == 1
    reasons = [each["reason"] for each in report["not_understood"]]
    assert reasons == ["not a plain file", "empty", "not a plain file"]


def test_what_a_terminal_would_obey_is_not_printed(tmp_path: Path, config_path: Path) -> None:
    evil = {"type": "SYSTEM", "headers": {"topic": "\x1b]0;owned\x07\u202e"}}
    folder = written(tmp_path / "seen", line(party="dingtalk", frame="in", content=evil))
    result = CliRunner().invoke(main, ["replay", "--config", str(config_path), str(folder)])
    assert result.exit_code == 0
    assert result.stdout.replace("\n", "").isprintable()


def test_a_folder_without_captures_is_an_error(tmp_path: Path, config_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        arguments = ["replay", "--config", str(config_path), str(folder)]
        assert CliRunner().invoke(main, arguments).exit_code == 2


@given(
    st.lists(
        st.binary(max_size=60)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=10),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            *(
                                "party",
                                "frame",
                                "exchange",
                                "content",
                                "headers",
                                "payload",
                                "type",
                            ),
                            *(
                                "data",
                                "status",
                                "answer",
                                "url",
                                "method",
                                "body",
                                "seq_id",
                                "gzip",
                            ),
                        ]
                    ),
                    inner | st.sampled_from(["dingtalk", "lark", "in", "out", "CALLBACK", "EVENT"]),
                    max_size=6,
                )
            ),
            max_leaves=10,
        ).map(lambda value: json.dumps(value).encode()),
        max_size=6,
    )
)
@settings(max_examples=examples(150), deadline=None)
def test_a_replay_survives_whatever_it_is_given(
    tmp_path_factory: pytest.TempPathFactory, config_path: Path, lines: list[bytes]
) -> None:
    folder = written(tmp_path_factory.mktemp("hostile"), *lines)
    loaded = adapters.load(config_path, secrets=False)
    report = replay.Replay(loaded, loader.load(loaded.commands, ())).folder(folder)
    assert all(each.line and each.reason for each in report.unread)
    assert json.dumps(report.entry())


def test_the_configuration_tells_whom_and_what_to_replace(config_path: Path) -> None:
    loaded = adapters.load(config_path)
    deployed = dataclasses.replace(reload.deployment_of(loaded), key=b"k" * 32)
    disguise = Disguise(capturing.terms_of(loaded, deployed))
    for person in loaded.book.people.values():
        for text in (person.id, person.name, *(account[-1] for account in person.accounts)):
            assert text.lower() not in disguise.text(f"{text} and {text}").lower()
    folder = config_path.parent / "secrets"
    for secret in (path.read_text().strip() for path in folder.iterdir()):
        assert secret not in disguise.text(f"it is {secret}")
    assert "k" * 32 not in disguise.text("k" * 32)
