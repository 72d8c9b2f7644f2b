"""The page's entrance, attacked: by other pages in the same browser, by names that point to
loopback, by whoever has no key, and by bodies that no page of ours would send."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from sandbox.page import playground
from sandbox.page.entrance import HEADERS
from sandbox.page.server import ACTS, MOST_BYTES, Server
from tests.page.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
MARKUP = "<img src=x onerror=alert(1)><script>alert(1)</script>\"'&amp;\u2028"
PATHS = ("/", "/feed", "/static/app.js", "/api/say", "/nothing", "/static/nothing")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A page without a bot: nobody needs one to be kept out."""
    folder: Path = tmp_path_factory.mktemp("page")
    async with playground.open_page(folder, "en", launch=False) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(server: Server) -> AsyncIterator[Visitor]:
    async with Visitor(server) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(server: Server) -> AsyncIterator[Visitor]:
    async with Visitor(server, enter=False) as visitor:
        yield visitor


async def ask(who: Visitor, method: str, path: str, **more: Any) -> aiohttp.ClientResponse:
    """An answer of which the headers keep other pages away, and what is wrong is said twice."""
    headers = more.pop("headers", {})
    url = URL(who.base + path, encoded=True)
    answer = await who.http.request(
        method,
        url,
        headers=headers,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(5),
        **more,
    )
    for name, value in HEADERS.items():
        assert answer.headers[name] == value, f"{method} {path}: {name}"
    if answer.status >= 400 and path.partition("?")[0] == "/" and method == "GET":
        assert answer.content_type == "text/plain"
        assert re.search(r"[\u4e00-\u9fff].*。\n\n[A-Z].*\.$", await answer.text())
    elif answer.status >= 400:
        assert answer.content_type == "application/json"
        said = (await answer.json())["error"]
        assert said["zh-CN"].strip()
        assert said["en"].strip()
        assert said["zh-CN"] != said["en"]
    return answer


def own(who: Visitor) -> dict[str, str]:
    return {"Origin": who.base, "Content-Type": "application/json"}


# ----------------------------------------------------------------------------- key and cookie


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_cookie_nothing_is_served(stranger: Visitor, path: str) -> None:
    assert (await ask(stranger, "GET", path)).status == 401
    assert (await ask(stranger, "POST", path, headers=own(stranger), data="{}")).status in (
        401,
        405,
    )


@pytest.mark.parametrize("path", PATHS)
async def test_another_cookie_does_not_open(stranger: Visitor, path: str) -> None:
    port = URL(stranger.base).port
    for value in ("", "x", "é", "0" * 43, stranger.server.address.partition("=")[2]):
        cookie = {"Cookie": f"countersign-{port}={value}"}
        assert (await ask(stranger, "GET", path, headers=cookie)).status == 401


async def test_the_key_is_traded_for_a_cookie_that_no_script_and_no_other_page_has(
    stranger: Visitor,
) -> None:
    """In as many browsers as its owner likes."""
    path = stranger.server.address.removeprefix(stranger.base)
    for _ in range(2):
        answer = await ask(stranger, "GET", path)
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"countersign-{URL(stranger.base).port}=")
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert path.partition("=")[2] not in cookie, "the cookie is another secret"
        stranger.http.cookie_jar.clear()


@pytest.mark.parametrize(
    "key", ["", "x", "{key}x", "{key}&key={key}", "x&key={key}", "%00", "%C3%A9"]
)
async def test_another_key_and_a_key_given_twice_do_not_open(stranger: Visitor, key: str) -> None:
    right = stranger.server.address.partition("=")[2]
    answer = await ask(stranger, "GET", f"/?key={key.replace('{key}', right)}")
    assert answer.status in (401, 403)
    assert "Set-Cookie" not in answer.headers


async def test_from_a_link_on_another_site_the_cookie_still_comes_along(stranger: Visitor) -> None:
    """A strict cookie is not sent on a way that began elsewhere, so the page goes on by itself."""
    path = stranger.server.address.removeprefix(stranger.base)
    answer = await ask(stranger, "GET", path, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, answer.headers["Refresh"]) == (200, "0; url=/")


# ----------------------------------------------------------------------------- other places


@pytest.mark.parametrize(
    "host",
    ["evil.test", "evil.test:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil.test:{port}",
     "evil@127.0.0.1:{port}", "[::1]:{port}", "0.0.0.0:{port}", ""],
)  # fmt: skip
async def test_a_name_that_points_here_is_not_ours(visitor: Visitor, host: str) -> None:
    """DNS rebinding: the browser believes to talk to the attacker's own site."""
    named = {"Host": host.replace("{port}", str(URL(visitor.base).port))}
    key = visitor.server.address.removeprefix(visitor.base)
    for path in (*PATHS, key):
        assert (await ask(visitor, "GET", path, headers=named)).status == 403
    posted = await ask(visitor, "POST", "/api/bot.stop", headers=own(visitor) | named, data="{}")
    assert posted.status == 403


@pytest.mark.parametrize(
    "origin",
    ["http://evil.test", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}", "",
     "http://localhost:{port}", "http://127.0.0.1:{port}.evil.test", "http://127.0.0.1:{port}/"],
)  # fmt: skip
async def test_pages_of_another_origin_are_kept_out(visitor: Visitor, origin: str) -> None:
    """Even with the cookie, as it would come along from another port of this machine."""
    foreign = {"Origin": origin.replace("{port}", str(URL(visitor.base).port))}
    for path in PATHS:
        assert (await ask(visitor, "GET", path, headers=foreign)).status == 403
    said = json.dumps({"platform": "lark", "person": "alice", "chat": "ops", "text": "x"})
    posted = await ask(visitor, "POST", "/api/say", headers=own(visitor) | foreign, data=said)
    assert posted.status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_what_a_browser_says_comes_from_elsewhere_is_kept_out(
    visitor: Visitor, site: str
) -> None:
    from_elsewhere = {"Sec-Fetch-Site": site}
    for path in ("/feed", "/static/app.js"):
        assert (await ask(visitor, "GET", path, headers=from_elsewhere)).status == 403
    headers = own(visitor) | from_elsewhere
    assert (await ask(visitor, "POST", "/api/bot.stop", headers=headers, data="{}")).status == 403


async def test_an_action_wants_its_own_origin_and_json(visitor: Visitor) -> None:
    headers = own(visitor)
    no_origin = {"Content-Type": "application/json"}
    assert (await ask(visitor, "POST", "/api/bot.stop", headers=no_origin, data="{}")).status == 403
    kinds = (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
        "text/json",
    )
    for kind in kinds:
        answer = await ask(
            visitor, "POST", "/api/bot.stop", headers=headers | {"Content-Type": kind}, data="{}"
        )
        assert answer.status == 415, kind
    form = aiohttp.FormData({"{}": "x"})
    origin = {"Origin": visitor.base}
    assert (await ask(visitor, "POST", "/api/bot.stop", headers=origin, data=form)).status == 415
    assert (await ask(visitor, "POST", "/api/bot.stop", headers=headers, data="{}")).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_no_other_method_acts(visitor: Visitor, method: str) -> None:
    for action in ("bot.stop", "say"):
        answer = await visitor.http.request(
            method, f"{visitor.base}/api/{action}", headers={"Origin": visitor.base}
        )
        assert answer.status == 405
        assert answer.headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["../server.py", "..%2fserver.py", "%2e%2e/server.py", "%2e%2e%2fserver.py", "..%5cserver.py",
     "/etc/passwd", "%2fetc%2fpasswd", ".", "..", "%00", "app.js%00.css", "app.js/../../index.html",
     "x" * 3000, "panels/../../acts.py"],
)  # fmt: skip
async def test_no_file_outside_is_served(visitor: Visitor, path: str) -> None:
    assert (await ask(visitor, "GET", f"/static/{path}")).status == 404


async def test_files_are_what_they_are(visitor: Visitor) -> None:
    answer = await ask(visitor, "GET", "/static/app.js")
    assert answer.content_type == "text/javascript"
    index = await ask(visitor, "GET", "/")
    page = (await index.text()).lower()
    assert index.content_type == "text/html"
    assert "onload" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count('<script type="module" src="/static/')


# ----------------------------------------------------------------------------- bodies


async def test_a_body_that_is_no_json_object_is_refused(visitor: Visitor) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    for body in ("", "{", "[]", "1", "null", '"x"', "{'a': 1}", "\x00", deep, "NaN"):
        answer = await ask(visitor, "POST", "/api/say", headers=own(visitor), data=body)
        assert answer.status == 400, body[:20]
    answer = await ask(visitor, "POST", "/api/say", headers=own(visitor), data=b"\xff\xfe\xff")
    assert answer.status == 400


async def test_a_body_that_is_too_long_is_refused(visitor: Visitor) -> None:
    body = json.dumps({"text": "x" * MOST_BYTES})
    answer = await ask(visitor, "POST", "/api/say", headers=own(visitor), data=body)
    assert answer.status == 413


SAY: dict[str, Any] = {"platform": "lark", "person": "alice", "chat": "ops", "text": "whoami"}
CLICK: dict[str, Any] = {"platform": "lark", "person": "bob", "ref": "om_x", "action": "approve"}
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("nothing", {}),
    ("__class__", {}),
    ("say", {}),
    ("say", SAY | {"world": {}}),
    ("say", SAY | {"text": 1}),
    ("say", SAY | {"text": None}),
    ("say", SAY | {"text": ["a"]}),
    ("say", SAY | {"text": " \n"}),
    ("say", SAY | {"text": "x" * 20_001}),
    ("say", SAY | {"text": "\ud800"}),
    ("say", SAY | {"platform": "console"}),
    ("say", SAY | {"platform": ["lark"]}),
    ("say", SAY | {"person": "eve"}),
    ("say", SAY | {"person": MARKUP}),
    ("say", SAY | {"chat": "board"}),
    ("say", SAY | {"chat": "direct:bob"}),
    ("say", SAY | {"quote": "om_nothing"}),
    ("say", SAY | {"mention": "bob"}),
    ("say", SAY | {"mention": [1]}),
    ("say", SAY | {"mention": ["eve"]}),
    ("click", CLICK),
    ("click", CLICK | {"platform": "dingtalk"}),
    ("click", CLICK | {"revision": "0"}),
    ("click", CLICK | {"revision": True}),
    ("click", CLICK | {"revision": 10**12}),
    ("click", CLICK | {"values": {"a": 1}}),
    ("click", CLICK | {"values": []}),
    ("recall", {"platform": "lark", "message": "om_nothing"}),
    ("recall", {"platform": "dingtalk", "message": "nothing"}),
    ("form.file", {"platform": "lark", "person": "alice", "form": "x", "fields": {}}),
    ("form.file", {"platform": "lark", "person": "alice", "form": "new-hire", "fields": {}}),
    ("form.decide", {"platform": "lark", "id": "x", "person": "bob", "decision": "agree"}),
    ("form.decide", {"platform": "lark", "id": "x", "person": "bob", "decision": "silent"}),
    ("form.revoke", {"platform": "dingtalk", "id": "x"}),
    ("bot.stop", {"force": True}),
    ("bot.locale", {"locale": "de"}),
    ("clock.move", {"seconds": "600"}),
    ("clock.move", {"seconds": 1e12}),
    ("clock.move", {"seconds": 500 * 86400}),
    ("machine.agent", {"id": "i-none", "running": True}),
    ("machine.agent", {"id": "i-sandbox0web01", "running": 1}),
    ("machine.slow", {"id": "i-sandbox0web01", "seconds": -1}),
    ("machine.status", {"id": "i-sandbox0web01", "status": "Released"}),
    ("machine.remove", {"id": "../web"}),
    ("machine.file", {"id": "i-sandbox0web01", "name": "../x", "text": ""}),
    ("machine.file", {"id": "i-sandbox0web01", "name": "/etc/x", "text": ""}),
    ("machine.file", {"id": "i-sandbox0web01", "name": "bin/systemctl", "text": ""}),
    ("machine.file", {"id": "i-sandbox0web01", "name": "", "text": ""}),
    ("machine.file", {"id": "i-sandbox0web01", "name": "a\x00b", "text": ""}),
    ("machine.file", {"id": "i-sandbox0web01", "name": "x" * 300, "text": ""}),
    ("fault.add", {"platform": "lark", "kind": "nothing"}),
    ("fault.add", {"platform": "lark", "kind": "throttle", "times": 0}),
    ("fault.clear", {"platform": "bot"}),
    ("wire.disconnect", {"platform": "lark", "how": "hard"}),
    ("wire.repeat", {"platform": "aliyun"}),
    ("events.post", {"kind": "Fire", "platform": "lark", "emp_id": "E1"}),
    ("letters.redrive", {"id": "1"}),
]


@pytest.mark.parametrize(("action", "body"), WRONG)
async def test_what_is_wrong_with_an_action_is_said_in_both_languages(
    visitor: Visitor, action: str, body: dict[str, Any]
) -> None:
    answer = await ask(
        visitor, "POST", f"/api/{action}", headers=own(visitor), data=json.dumps(body)
    )
    assert answer.status == 400
    said = (await answer.json())["error"]
    assert "Traceback" not in said["en"]
    assert "Error:" not in said["en"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in said["zh-CN"])
    assert said["en"].isascii() or body, said


async def test_every_action_checks_its_fields(visitor: Visitor) -> None:
    for action in ACTS:
        said = await visitor.refused(action, no_such_field=1)
        assert "no_such_field" in said["en"], action


async def test_markup_in_any_text_comes_back_as_json_and_stays_text(visitor: Visitor) -> None:
    """In messages, names of files and their contents, forms, and what went over the wire."""
    for platform in ("dingtalk", "lark"):
        for chat in ("ops", "direct"):
            await visitor.act("say", platform=platform, person="bob", chat=chat, text=MARKUP)
        fields = {"emp_id": MARKUP, "role": "dev"}
        given = {"platform": platform, "person": "alice", "form": "new-hire", "fields": fields}
        await visitor.act("form.file", **given)
    name = "<b>&.txt"
    await visitor.act("machine.file", id="i-sandbox0web03", name=name, text=MARKUP)
    await visitor.refused("events.post", kind="Raise", platform="lark", emp_id=MARKUP)

    def there(one: Visitor) -> bool:
        texts = [json.dumps(message["payload"]) for message in one.all("messages")]
        files = [file for machine in one.all("machines") for file in machine["files"]]
        return (
            sum(json.dumps(MARKUP)[1:-1] in text for text in texts) >= 4
            and any(form["fields"].get("emp_id") == MARKUP for form in one.all("forms"))
            and {"name": name, "text": MARKUP} in files
            and any(MARKUP in json.dumps(r["request"], ensure_ascii=False).replace("\\", "") or
                    json.dumps(MARKUP)[1:-1] in json.dumps(r["request"]) for r in one.all("wire"))
        )  # fmt: skip

    await visitor.read(there)


async def test_the_feed_has_no_secret(visitor: Visitor) -> None:
    from sandbox import world
    from sandbox.page.watch_wire import KNOWN

    await visitor.act("say", platform="dingtalk", person="bob", chat="ops", text="whoami")
    await visitor.read(lambda one: any("push.chat" in row["name"] for row in one.all("wire")))
    everything = json.dumps([*visitor.seen.values()])
    for secret in (*KNOWN, world.ALIYUN_KEY_SECRET, visitor.server.address.partition("=")[2]):
        assert secret not in everything
    row = next(row for row in visitor.all("wire") if row["name"] == "push.chat")
    assert row["request"]["sessionWebhook"].endswith("session=…")


# ----------------------------------------------------------------------------- coming back


async def test_a_page_that_comes_back_gets_what_it_missed(visitor: Visitor) -> None:
    await visitor.read(lambda one: one.all("people"))
    assert visitor.events == ["snapshot"]
    count = len(visitor.all("messages"))
    await visitor.act("say", platform="lark", person="carol", chat="hr", text="missed")
    await visitor.read(lambda one: len(one.all("messages")) == count + 1)
    assert set(visitor.events[1:]) == {"changes"}
    visitor.mark = "other-17"
    await visitor.read(lambda one: one.events[-1] == "snapshot")
    assert len(visitor.all("messages")) == count + 1
