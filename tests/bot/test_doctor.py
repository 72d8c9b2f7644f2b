"""``python -m bot doctor``: its frame, and what it says of the machine and the network."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import outbound
from bot import __main__ as cli
from bot import model, store
from bot.doctor import machine, network, probe, report, running
from bot.model import checks
from bot.store import highwater
from tests.bot import doctor_stage
from tests.bot.configured import SMALL

NOWHERE = "http://127.0.0.1:9"
HOSTS = f'hosts = ["{NOWHERE}"]'
CLOUD = f"""\
endpoint = "{NOWHERE}"
endpoints = {{ "*" = "{NOWHERE}" }}
[aliyun.credentials]
type = "key"
key_id = "key"
key_secret = {{ env = "SECRET" }}
"""
TITLE = checks.Sentence(("组", "Group"))


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small good configuration, with a platform and a cloud on a port where nobody listens."""
    monkeypatch.setenv("SECRET", "s3cr3t-Value")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "bot.toml"
    text = SMALL.replace("[dingtalk]", f'[dingtalk]\nendpoint = "{NOWHERE}"\nwebhook_{HOSTS}')
    text = text.replace("[[person]]", CLOUD + "[[person]]", 1)
    path.write_text(text + f'[webhook]\n{HOSTS}\n[bot]\ndata = "data"\nlocale = "en"\n')
    return path


def database(path: Path) -> Path:
    return path.parent / "data" / "countersign.db"


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def filled(path: Path, entries: int = 3) -> None:
    """A store with audit entries, and its mark."""
    with closing(store.Store(database(path))) as opened:
        writer = opened.writer
        assert writer is not None
        assert writer.keeper is not None
        writer.begin()
        for number in range(entries):
            writer.append(model.AuditEntry("ann", "asked", number, {}), 1_700_000_000_000 + number)
        writer.commit()
        writer.keeper.write()


# ----------------------------------------------------------------------------- the frame


async def test_a_check_that_hangs_or_fails_is_a_line_and_holds_nobody_up() -> None:
    async def hang() -> Sequence[checks.Finding]:
        await asyncio.Event().wait()
        return ()

    async def fail() -> Sequence[checks.Finding]:
        raise RuntimeError("secret-in-the-message")

    async def good() -> Sequence[checks.Finding]:
        return [checks.ok("good", ("好 {n}", "fine {n}"), n=1)]

    each = (checks.Check("slow", hang), checks.Check("bad", fail), checks.Check("good", good))
    began = time.monotonic()
    sections = await running.sections([running.Group("all", TITLE, each)], 0.2)
    assert time.monotonic() - began < 2
    entries = report.entries("en", sections)
    assert [(one["id"], one["state"]) for one in entries] == [
        ("slow", "problem"),
        ("bad", "unsure"),
        ("good", "ok"),
    ]
    assert "no result within" in entries[0]["sentence"]
    assert "--seconds" in entries[0]["mend"]
    assert "RuntimeError" in entries[1]["sentence"]
    assert "secret-in-the-message" not in json.dumps(entries)


def test_a_thread_that_hangs_is_left_behind() -> None:
    release = threading.Event()

    async def main() -> str:
        try:
            await asyncio.wait_for(asyncio.to_thread(release.wait), 0.05)
        except TimeoutError:
            return "late"
        return "done"

    began = time.monotonic()
    assert running.run(main()) == "late"
    assert time.monotonic() - began < 2
    release.set()


def test_lines_fit_the_terminal_in_both_languages() -> None:
    pair = ("很长的一句话，" * 20, "many words of a sentence " * 20)
    finding = checks.problem("x", pair, ("看 https://example.invalid/a" * 3, "see that" * 30))
    sections = [running.Section(running.Group("g", TITLE, ()), (finding,))]
    for locale in ("zh-CN", "en"):
        rows = list(report.lines(locale, sections, 60))
        assert all(report.columns(str(row)) <= 60 for row in rows if "https" not in row.text)
        assert (rows[1].kind, rows[1].label) == (
            "problem",
            "  问题" if locale == "zh-CN" else "  problem",
        )
        text = "".join(row.text.strip() for row in rows if row.kind == "problem")
        assert text.count("很长的一句话，" if locale == "zh-CN" else "sentence") == 20
        assert not any(row.text.strip().startswith("，") for row in rows)


def test_a_bracket_that_opens_is_on_the_line_of_what_it_encloses() -> None:
    assert report.wrapped("Security (安全设置)", 11) == ["Security", "(安全设置)"]
    assert report.wrapped("检查设置（安全）", 10) == ["检查设置", "（安全）"]


def test_neighbours_with_one_mend_have_it_once_below_the_last() -> None:
    mend = ("修", "mend it")
    findings = [checks.problem(name, (name, name), mend) for name in ("one", "two")]
    findings += [checks.problem("three", ("three", "three"), ("别", "another"))]
    sections = [running.Section(running.Group("g", TITLE, ()), tuple(findings))]
    rows = [row.text.strip() for row in report.lines("en", sections, 60)][1:6]
    assert rows == ["one", "two", "→ mend it", "three", "→ another"]
    assert [one["mend"] for one in report.entries("en", sections)] == ["mend it"] * 2 + ["another"]


def test_only_one_kind_of_page_is_printed(small: Path) -> None:
    arguments = ["doctor", "--config", str(small), "--ram", "--scopes"]
    result = CliRunner().invoke(cli.main, arguments)
    assert (result.exit_code, "one of --ram, --scopes and --try" in result.output) == (2, True)


def test_the_command_prints_leaves_with_a_status_and_speaks_both_languages(small: Path) -> None:
    small.write_text(small.read_text().replace('chat = "c"', 'chat = "c"\nnaem = 1'))
    said = CliRunner().invoke(cli.main, ["doctor", "--config", str(small), "--locale", "en"])
    assert said.exit_code == 1
    assert "group.naem: unknown key, did you mean name?" in " ".join(said.output.split())
    assert "1 problem" in said.output
    said = CliRunner().invoke(cli.main, ["doctor", "--config", str(small)])
    assert "Mend it, then run" in said.output
    said = CliRunner().invoke(
        cli.main, ["doctor", "--config", str(small), "--json", "--locale", "zh-CN"]
    )
    [entry] = json.loads(said.stdout)
    assert entry["state"] == "problem"
    assert entry["group"] == entry["id"] == "configuration"
    assert "改好后" in entry["mend"]


def test_a_host_that_hangs_never_hangs_the_doctor(small: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        small.write_text(small.read_text().replace(NOWHERE, url))
        threads, began = set(threading.enumerate()), time.monotonic()
        said = CliRunner().invoke(
            cli.main, ["doctor", "--config", str(small), "--json", "--seconds", "1"]
        )
        assert time.monotonic() - began < 10
    hanging = [one for one in threading.enumerate() if one not in threads and not one.daemon]
    assert not hanging, "the program's end would wait for these"
    assert said.exit_code == 1
    states = {f"{one['group']}.{one['id']}": one for one in json.loads(said.stdout)}
    address = states[f"network.address.{url.removeprefix('http://')}"]
    assert "doesn't answer" in address["sentence"]
    assert "no result within 1 second" in states["dingtalk.credentials"]["sentence"]
    assert states["machine.store"]["state"] == "ok"


# ----------------------------------------------------------------------------- the machine


def older(path: Path) -> None:
    filled(path)
    mark = highwater.place(database(path))
    highwater.write(mark, highwater.Mark("x", 9, "f" * 64, 7))


def unmarked(path: Path) -> None:
    filled(path)
    highwater.place(database(path)).unlink()


def damaged(path: Path) -> None:
    filled(path)
    with database(path).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)


def foreign(path: Path) -> None:
    database(path).parent.mkdir()
    database(path).write_bytes(b"no database at all" * 100)


def newer(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(database(path))) as connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('countersign', 'm999_future', '2030')"
        )
        connection.execute("UPDATE meta SET value = 'm999_future' WHERE name LIKE '%schema%'")
        connection.commit()


def blocked(path: Path) -> None:
    (path.parent / "data").write_text("a file where the folder should be")


MACHINE: dict[str, tuple[Callable[[Path], None], str, str, str, str]] = {
    "older": (older, "machine.mark", "problem", "is an older copy", "put back on purpose"),
    "unmarked": (unmarked, "machine.mark", "unsure", "no high-water mark", "writes it anew"),
    "damaged": (damaged, "machine.store", "problem", "database", "bot restore"),
    "foreign": (foreign, "machine.store", "problem", "cannot be read", "Don't delete it"),
    "newer": (newer, "machine.store", "problem", "newer release", "Install the release"),
    "blocked": (blocked, "machine.data", "problem", "can't be written", "[bot] data"),
}


@pytest.mark.parametrize("name", MACHINE)
async def test_what_is_wrong_with_the_store_is_said_with_its_mend(small: Path, name: str) -> None:
    break_, line, state, sentence, mend = MACHINE[name]
    break_(small)
    before = database(small).read_bytes() if database(small).exists() else b""
    entries = await doctor_stage.machine_lines(small)
    [entry] = [one for one in entries if f"{one['group']}.{one['id']}" == line]
    assert entry["state"] == state
    assert sentence in entry["sentence"]
    assert mend in entry["mend"]
    assert not before or database(small).read_bytes() == before


async def test_a_whole_store_is_ok_and_so_is_one_that_a_bot_runs_on(small: Path) -> None:
    entries = await doctor_stage.machine_lines(small)
    assert "There is no store" in next(one for one in entries if one["id"] == "store")["sentence"]
    filled(small)
    assert not doctor_stage.of(await doctor_stage.machine_lines(small), "problem")
    with closing(store.Store(database(small))):
        entries = await doctor_stage.machine_lines(small)
        used = next(one for one in entries if one["id"] == "store")
        assert used["state"] == "ok"
        assert "a bot runs on it" in used["sentence"]
        assert store.in_use(database(small))
    assert not store.in_use(database(small))


def test_a_store_too_large_to_be_looked_through_is_not_called_damaged(small: Path) -> None:
    filled(small, 3000)
    assert store.health(database(small)).damage == ""
    health = store.health(database(small), seconds=-1)
    assert (health.partial, health.damage) == (True, "")


async def test_a_full_disk_is_a_problem(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(small.parent)._replace(free=100 << 20)
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: usage)
    entries = await doctor_stage.machine_lines(small)
    disk = next(one for one in entries if one["id"] == "disk")
    assert disk["state"] == "problem"
    assert "only 100.0 MB left; there should be 512.0 MB" in disk["sentence"]
    assert "Make room" in disk["mend"]


async def test_a_port_is_free_the_bots_own_or_somebody_elses(small: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        append(small, f'[http]\nlisten = "127.0.0.1:{number}"\n')
        entry = next(x for x in await doctor_stage.machine_lines(small) if x["id"] == "listener")
        assert (entry["state"], "Another program" in entry["sentence"]) == ("problem", True)
        assert f"sport = :{number}" in entry["mend"]
        with closing(store.Store(database(small))):
            entry = next(
                x for x in await doctor_stage.machine_lines(small) if x["id"] == "listener"
            )
            assert (entry["state"], "The bot listens" in entry["sentence"]) == ("ok", True)
    entry = next(x for x in await doctor_stage.lines(small) if x["id"] == "listener")
    assert (entry["state"], "is free" in entry["sentence"]) == ("ok", True)


# ----------------------------------------------------------------------------- the network


async def answering(
    context: ssl.SSLContext | None = None, date: datetime | None = None
) -> tuple[asyncio.Server, str]:
    """A server that answers every request with a date, and its origin."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        now = (date or datetime.now(UTC)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        writer.write(f"HTTP/1.1 404 Not Found\r\nServer: x\r\nDate: {now}\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    scheme = "https" if context else "http"
    return server, f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def seen(
    *addresses: checks.Address, clock: doctor_stage.Clock | None = None, seconds: float = 2.0
) -> list[dict[str, str]]:
    ways = network.Network(addresses, clock or doctor_stage.Clock(), seconds)
    group = running.Group("network", TITLE, ways.all())
    return report.entries("en", await running.sections([group], seconds + 1))


@pytest.mark.parametrize(
    ("offset", "state", "sentence"),
    [
        (timedelta(), "ok", "agrees with 1 server"),
        (timedelta(seconds=20), "ok", "agrees with 1 server"),
        (timedelta(minutes=7, seconds=30), "problem", "The clock is 7 min"),
        (timedelta(minutes=-7, seconds=-30), "problem", "The clock is 7 min"),
    ],
)
async def test_the_clock_is_compared_with_the_others(
    offset: timedelta, state: str, sentence: str
) -> None:
    server, url = await answering()
    async with server:
        entries = await seen(checks.Address(url), clock=doctor_stage.Clock(offset))
    clock = entries[0]
    assert clock["id"] == "clock"
    assert clock["state"] == state
    assert sentence in clock["sentence"]
    assert ("ahead" in clock["sentence"]) == (offset > timedelta(minutes=1))
    assert ("time synchronisation" in clock["mend"]) == (state == "problem")


async def test_a_certificate_is_trusted_by_the_authority_that_is_named(tmp_path: Path) -> None:
    own, bundle = outbound.certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    server, url = await answering(context)
    async with server:
        *_, named, usual = await seen(checks.Address(url, str(bundle)), checks.Address(url))
        assert usual["state"] == "problem"
        assert "is not trusted" in usual["sentence"]
        assert "ca_file" in usual["mend"]
        assert named["state"] == "ok" or "ends in" in named["sentence"]
        later = doctor_stage.Clock(timedelta(days=36500))
        *_, ended = await seen(checks.Address(url, str(bundle)), clock=later)
        assert ended["state"] == "problem"
        assert "renew it" in ended["mend"]
        *_, public = await seen(checks.Address(url, str(bundle), public=True))
        assert "points into your own network" in public["sentence"]
        assert "[[endpoint]]" in public["mend"]


@pytest.mark.parametrize(
    ("hosts", "inside"),
    [
        (("10.1.2.3",), True),
        (("100.100.100.200",), True),
        (("169.254.0.1",), True),
        (("8.8.8.8", "192.168.0.1"), True),
        (("8.8.8.8",), False),
        (("198.18.0.7",), False),
    ],
)
def test_an_address_of_the_own_network_is_told_from_others(
    hosts: tuple[str, ...], inside: bool
) -> None:
    assert probe.Result(checks.Address("https://robots.example"), hosts=hosts).inside == inside


async def test_names_ways_and_answers_that_fail_say_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}"
        addresses = [
            checks.Address(url) for url in ("https://no.such.host.invalid", closed, hanging)
        ]
        entries = await seen(*addresses, seconds=0.3)
    name, way, answer = entries[2:]
    assert "The name no.such.host.invalid is not known" in name["sentence"]
    assert "getent hosts" in name["mend"]
    assert "can't be connected to" in way["sentence"]
    assert "firewall" in way["mend"]
    assert "take the sandbox's addresses out" in way["mend"], "it is an address of this machine"
    assert "takes connections, but doesn't answer" in answer["sentence"]
    server, url = await answering()
    async with server:
        *_, plain = await seen(checks.Address(url.replace("http:", "https:")))
    assert "takes connections, but doesn't answer" in plain["sentence"], "there is no TLS"
    assert {one["state"] for one in (name, way, answer)} == {"problem"}
    assert entries[0]["state"] == "unsure"


async def test_a_proxy_is_used_only_by_those_that_do_and_told_where_it_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        dead = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("https_proxy", f"http://user:word@{dead}")
    monkeypatch.setenv("no_proxy", "direct.invalid")
    through = checks.Address("https://through.invalid", proxied=True)
    around = checks.Address("https://direct.invalid", proxied=True)
    entries = await seen(through, around, checks.Address("https://chat.invalid"))
    _, proxy, first, second, third = entries
    assert "is used for through.invalid; the others" in proxy["sentence"]
    assert dead in proxy["sentence"]
    assert f"through the proxy {dead}" in first["sentence"]
    assert "HTTPS_PROXY" in first["mend"]
    assert "is not known" in second["sentence"]
    assert "is not known" in third["sentence"]
    assert "user:" not in json.dumps(entries)


async def test_a_proxy_that_answers_is_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    address = checks.Address("https://through.invalid", proxied=True)
    async with server:
        result = await probe.Look(address, doctor_stage.Clock(), 2.0).result()
    assert asked[0].startswith(b"CONNECT through.invalid:443 HTTP/1.1\r\n")
    assert result.failed == "proxy"
    assert "403" in result.reason
