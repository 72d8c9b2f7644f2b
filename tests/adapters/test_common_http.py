"""What adapters share of calls: what a missing answer means, when to come back, what is masked."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from adapters.common import http, masking
from bench import outbound
from bot import model
from tests.adapters import test_private_authority
from tests.adapters.outlet_stage import AT


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """Answers by the path: moves, hangs up, says much, or never ends."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        match request.path:
            case "/moved":
                raise web.HTTPFound("/elsewhere")
            case "/hang-up":
                assert request.transport is not None
                request.transport.abort()
            case "/much":
                return web.Response(text="x" * 1_000_000)
            case "/endless":
                stream = web.StreamResponse()
                await stream.prepare(request)
                await asyncio.Event().wait()
            case "/early" | "/undated":
                at = "Sun, 01 Mar 2026 08:00:00 GMT" if request.path == "/early" else "soon"
                return web.Response(headers={"Date": at})
            case "/who":
                return web.json_response(dict(request.headers))
        return web.json_response([asked])

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[http.Http]:
    made = http.Http(timeout=0.15, connect_timeout=0.1, keep=0)
    yield made
    await made.close()


async def test_a_redirect_is_an_answer_and_is_not_followed(server: str, client: http.Http) -> None:
    answer = await client.call("POST", f"{server}/moved", b"secret")
    assert answer.status == 302
    assert (await client.call("GET", f"{server}/")).text == '[["/moved", "/"]]'


async def test_an_answer_is_read_up_to_a_limit(server: str, client: http.Http) -> None:
    answer = await client.call("GET", f"{server}/much", most=1000)
    assert 1000 <= len(answer.text) < 1_000_000
    assert answer.object() == {}


async def test_where_the_status_says_all_a_body_without_end_is_no_matter(
    server: str, client: http.Http
) -> None:
    assert (await client.call("POST", f"{server}/endless", most=0)).status == 200
    with pytest.raises(http.NoAnswer) as lost:
        await client.call("POST", f"{server}/endless")
    assert (lost.value.sent, lost.value.kind) == (True, "TimeoutError")


async def test_what_is_asked_is_nobody_s_but_ours(
    server: str, client: http.Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither credentials nor a proxy come out of the environment."""
    (tmp_path / ".netrc").write_text("default login me password hunter2\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    answer = await client.call("GET", f"{server}/who")
    assert "hunter2" not in answer.text
    assert "Authorization" not in answer.object()


async def test_a_missing_answer_says_whether_the_call_may_have_arrived(
    server: str, client: http.Http
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{held.getsockname()[1]}/?ticket=hush"
        for url, sent in ((closed, False), ("http://[::1/", False), (f"{server}/hang-up", True)):
            with pytest.raises(http.NoAnswer) as problem:
                await client.call("POST", url)
            assert problem.value.sent is sent
            assert "hush" not in str(problem.value)
            outcomes = [problem.value.outcome("far", again, token="t") for again in (True, False)]
            if sent:
                said = f"far: no answer ({problem.value.kind})"
                assert outcomes == [model.NotSent(said, uncertain=True), model.Unknown(said, "t")]
            else:
                assert outcomes == [model.NotSent(f"far: no connection ({problem.value.kind})")] * 2


async def test_a_certificate_that_is_not_trusted_is_told_as_such(
    client: http.Http, tmp_path: Path
) -> None:
    own, bundle = outbound.certificate(tmp_path)
    runner, url = await test_private_authority.served(own)
    with pytest.raises(http.NoAnswer) as problem:
        await client.call("POST", url)
    trusting = http.Http(5.0, 5.0, str(bundle))
    assert (await trusting.call("POST", url)).status == 200
    await trusting.close()
    await runner.cleanup()
    assert problem.value.outcome("far", False, "name it in ca_file") == model.NotSent(
        "far: its certificate is not trusted; name it in ca_file", http.UNTRUSTED
    )


async def test_without_its_file_of_certificates_nothing_is_sent(tmp_path: Path) -> None:
    client = http.Http(1.0, 1.0, str(tmp_path / "gone.pem"))
    with pytest.raises(http.NoAnswer) as problem:
        await client.call("POST", "http://127.0.0.1:9/")
    assert (problem.value.sent, problem.value.kind) == (False, "FileNotFoundError")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0.0),
        ("30", 30.0),
        (" 5 ", 5.0),
        ("1.5", 1.5),
        ("99999999999", 3600.0),
        ("-1", 0.0),
        ("soon", 0.0),
        ("٣", 0.0),
        ("Fri, 02 Jan 2026 03:05:06 GMT", 60.321099),
        ("Fri, 02 Jan 2026 03:05:06 -0000", 60.321099),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600.0),
        ("Mon, 99999999999999999999 Jan 2024 00:00:00 GMT", 0.0),
    ],
)
def test_when_to_come_back(text: str, seconds: float) -> None:
    assert http.seconds(text, AT) == pytest.approx(seconds)
    assert http.Answer(429, "", {"Retry-After": text}).retry_after(AT) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("127.example.com", False),
        ("128.0.0.1", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_loopback_are_the_very_machine(host: str, here: bool) -> None:
    assert http.local(host) is here


@pytest.mark.parametrize(
    ("text", "number"), [("7", 7), ("1000040350", 1000040350), ("9" * 5000, 0), ("-1", 0), ("", 0)]
)
def test_a_number_is_read_of_any_text(text: str, number: int) -> None:
    assert http.number_of(text) == number


def test_a_header_of_the_party_s_own_goes_first() -> None:
    answer = http.Answer(429, "", {"Retry-After": "9", "x-reset": "4"})
    assert (answer.retry_after(AT, "x-reset"), answer.retry_after(AT, "x-other")) == (4.0, 9.0)


@given(st.text(max_size=60))
def test_any_text_says_when_to_come_back(text: str) -> None:
    assert 0.0 <= http.seconds(text, datetime(2026, 1, 1, tzinfo=UTC)) <= http.LONGEST


def test_secrets_are_taken_out_of_text() -> None:
    url = "wss://h/ws?device_id=7&access_key=AK&service_id=3&ticket=TK-1"
    assert masking.masked(url) == "wss://h/ws?device_id=7&access_key=***&service_id=3&ticket=***"
    assert masking.masked('{"AppSecret": "abc"}') == '{"AppSecret": "***"}'
    assert masking.masked("sendBySession?session=HEX&x=1") == "sendBySession?session=***&x=1"
    assert masking.masked('"tenant_access_token":"t-1"') == '"tenant_access_token":"***"'
    assert masking.masked("app_access_token=a-1") == "app_access_token=***"
    assert masking.masked("tenantAccessToken: a-1") == "tenantAccessToken: ***"
    assert masking.masked("encrypt_key=k, x") == "encrypt_key=***, x"
    assert masking.masked("Authorization: Bearer t-1, x") == "Authorization: Bearer ***, x"
    assert masking.masked("{'Authorization': 'abc'}") == "{'Authorization': '***'}"
    assert masking.masked(f"sent Bearer {'t' * 20}.") == "sent Bearer ***"
    assert masking.masked("the bearer of news; design: x") == "the bearer of news; design: x"


def test_a_record_loses_its_secrets_and_so_does_its_traceback() -> None:
    mask = masking.Masking()
    mask.secrets.add("hunter2")
    try:
        raise ValueError("https://h/?ticket=TK-1 of hunter2")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "token %s", ("hunter2",), info)
    assert mask.filter(record)
    text = logging.Formatter().format(record)
    assert "token ***" in text
    assert "ticket=***" in text
    assert "hunter2" not in text


async def test_the_other_side_s_clock_is_compared_once_a_minute(
    server: str, client: http.Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.call("GET", f"{server}/undated")
    assert client.ahead is None
    await client.call("GET", f"{server}/early")
    assert client.ahead is None, "it was looked at just now"
    monkeypatch.setattr(http, "COMPARE_EVERY", 0.0)
    await client.call("GET", f"{server}/")
    assert client.ahead is not None
    assert abs(client.ahead) < 5
    await client.call("GET", f"{server}/early")
    early = datetime(2026, 3, 1, 8, tzinfo=UTC) - datetime.now(UTC)
    assert abs(client.ahead - early.total_seconds()) < 5
