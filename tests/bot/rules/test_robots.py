"""Messages to robots: what comes of an event is text wherever it lands, and the author's text stays
markup."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules import escapes, robots, transform
from tests import properties
from tests.bot.rules.test_transform import anything, told

AT, LINK, LURE = '<at user_id="all">x</at>', "[click](http://evil.example)", "dtmd://x/send?c=ok"
EVERY = (AT, "<at id=all></at>", LINK, LURE, "@all", "](http://evil.example)", "**b**", "# big")


def post(*nodes: Any) -> dict[str, Any]:
    return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": "t", "content": [nodes]}}}}


def card(*elements: Any) -> dict[str, Any]:
    return {"msg_type": "interactive", "card": {"schema": "2.0", "body": {"elements": elements}}}


MESSAGES: list[Any] = [
    {"msgtype": "text", "text": {"content": "a ${x}"}},
    {"msgtype": "text", "text": "${x}"},
    {"msgtype": "text", "text": '{"content": "${x}"}'},
    {"msgtype": "markdown", "markdown": {"title": "${x}", "text": "**a** ${x} b"}},
    {"msgtype": "actionCard", "actionCard": {"text": "${x}", "singleTitle": "${x}"}},
    {"msgtype": "link", "link": {"title": "${x}", "text": "${x}", "messageUrl": "${x}"}},
    {"msgtype": "feedCard", "feedCard": {"links": [{"title": "${x}", "messageURL": "${x}"}]}},
    {"msg_type": "text", "content": {"text": "${x}"}},
    {"msg_type": "text", "content": "${x}"},
    {"msg_type": "text", "content": '{"text": "a ${x}"}'},
    post({"tag": "text", "text": "a ${x}"}, {"tag": "md", "text": "${x}"}),
    post({"tag": "a", "text": "${x}", "href": "${x}"}, {"tag": "at", "user_id": "${x}"}),
    card({"tag": "markdown", "content": "**a** ${x}"}),
    card({"tag": "div", "text": {"tag": "lark_md", "content": "${x}"}}),
    card({"tag": "div", "text": {"tag": "plain_text", "content": "${x}"}}),
    card({"tag": "button", "behaviors": [{"type": "open_url", "default_url": "${x}"}]}),
    card({"tag": "div", "fields": "${x}"}),
    {"msg_type": "interactive", "card": '{"elements": [{"tag": "markdown", "content": "${x}"}]}'},
    {"msg_type": "interactive", "card": "${x}"},
]


def made(message: Any, value: Any) -> Any:
    text = message if isinstance(message, str) else json.dumps(message)
    form = transform.compile("TEMPLATE", {"x": "$.data.x"}, text)
    return transform.render(form, {"data": {"x": value}}, "robot")


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if _is_list(value) else ():
        yield from leaves(inner)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def acts(text: str) -> bool:
    """Does a text do something in a chat?"""
    if text.startswith(escapes.NOWHERE) or re.fullmatch(r"https?://[^\s<>\[\]()]+", text):
        return False
    return bool(
        re.search(r"</?\s*at\b|\]\(|://|(?<![A-Za-z0-9])@", text, re.IGNORECASE)
        or text.strip().lower() == "all"
    )


@pytest.mark.parametrize("value", [*EVERY, "all", "\\u003cat id=all>", {"tag": "at", "x": AT}])
@pytest.mark.parametrize("message", MESSAGES)
def test_no_value_acts_wherever_it_lands(message: Any, value: Any) -> None:
    body = made(message, value)
    assert not [text for text in leaves(body) if acts(text) and text != "all"], body
    assert set(body) == set(message)
    parts = [part for part in body.values() if isinstance(part, str)]
    assert not [part for part in parts if part.startswith("{")], "it would be read as JSON"
    for nodes in leaves_of(body, "at"):
        assert nodes.get("user_id") != "all"


def leaves_of(value: Any, tag: str) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and value.get("tag") == tag:
        yield value
    for inner in value.values() if isinstance(value, dict) else value if _is_list(value) else ():
        yield from leaves_of(inner, tag)


@settings(max_examples=properties.examples(100), deadline=None)
@given(st.sampled_from(MESSAGES), told)
def test_any_value_leaves_the_message_a_message(message: Any, value: Any) -> None:
    body = made(message, value)
    assert set(body) == set(message)
    assert not [text for text in leaves(body) if re.search(r"</?at\b|://(?!no-address)", text)]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("**bold** <at id=all></at> [site](https://a.example/d/7)", None),
        ("[site](https://a.example/d?q=${x}&r=1)", "[site](https://a.example/d?q={q}&r=1)"),
        ("see https://a.example/${x}", "see https://a.example/{q}"),
        ("[site](${x})", f"[site]({escapes.NOWHERE})"),
        ("<font color='${x}'>a</font>", "<font color='clickhttpevil.example'>a</font>"),
    ],
)
def test_the_author_writes_markup(message: str, shown: str | None) -> None:
    for body in (
        {"msgtype": "markdown", "markdown": {"title": "t", "text": message}},
        card({"tag": "markdown", "content": message}),
    ):
        found = list(leaves(made(body, LINK)))
        encoded = "%5Bclick%5D%28http%3A%2F%2Fevil.example%29"
        assert (shown or message).replace("{q}", encoded) in found


def test_an_address_of_the_web_is_one() -> None:
    url = "https://grafana.example/d/1?from=1&to=2#x"
    text = made({"msgtype": "markdown", "markdown": {"title": "t", "text": "[open](${x})"}}, url)
    assert text["markdown"]["text"] == f"[open]({url})"
    link = made({"msgtype": "link", "link": {"title": "t", "messageUrl": "${x}"}}, url)
    assert link["link"]["messageUrl"] == url
    for lure in (LURE, "javascript:alert(1)", "http://", "//evil.example", " x", "https://a b"):
        assert escapes.link(lure) == escapes.NOWHERE
    assert escapes.link("https://a.example/)[x](y") == "https://a.example/%29%5Bx%5D%28y"


def test_a_constant_is_the_authors_and_who_is_called_is_called() -> None:
    body = {"msg_type": "text", "content": {"text": "${tag} ${x}"}}
    form = transform.compile("TEMPLATE", {"tag": AT, "x": "$.data"}, json.dumps(body))
    assert transform.render(form, {"data": AT}, "robot")["content"]["text"] == (
        f'{AT} ＜at user_id="all">x＜/at>'
    )
    called = {"msgtype": "text", "text": {"content": "a"}, "at": {"atMobiles": "${x}"}}
    assert made(called, "+8613800000000")["at"] == {"atMobiles": "+8613800000000"}
    at = post({"tag": "at", "user_id": "${x}"})
    assert next(leaves_of(made(at, "ou_bob"), "at"))["user_id"] == "ou_bob"


@pytest.mark.parametrize("as_text", [False, True])
def test_a_message_that_comes_whole_calls_nobody(as_text: bool) -> None:
    nodes = [{"tag": "at", "user_id": "all", "user_name": "all"}, {"tag": "text", "text": AT}]
    for message in (
        {"msgtype": "text", "text": {"content": "@all"}, "at": {"isAtAll": True}},
        post(*nodes),
        card({"tag": "markdown", "content": "<at id=all></at> [a](http://evil.example)"}),
    ):
        given_ = json.dumps(message) if as_text else message
        form = transform.compile("JSONPATH", "$.data")
        body = transform.render(form, {"data": given_}, "robot")
        assert not [text for text in leaves(body) if acts(text)], body
        assert "at" not in body
        assert not list(leaves_of(body, "at"))


def test_data_for_a_server_stays_data() -> None:
    data = {"summary": AT, "list": [{"tag": "at"}]}
    assert robots.foreign(data) == data
    assert made('{"to": "${x}", "all": ${x}}', AT) == {"to": AT, "all": AT}
    assert made("${x}", data) == data


@settings(max_examples=properties.examples(100), deadline=None)
@given(told)
def test_a_query_keeps_its_structure(value: Any) -> None:
    url = f"https://example.com/x?a={escapes.query(value)}&b=1#end"
    parts = urlsplit(url)
    shown = escapes.text(value).encode(errors="replace").decode()
    assert parse_qs(parts.query, keep_blank_values=True) == {"a": [shown], "b": ["1"]}


@settings(max_examples=properties.examples(150), deadline=None)
@given(anything, told)
def test_markdown_stays_text(one: str, value: Any) -> None:
    line = escapes.markdown(one) + escapes.markdown(value)
    assert not set(line) & set("*[]`\\|~<>&@\n\r\0\u2028\u202e\u200b")
    assert "://" not in line
    assert not line.lstrip().startswith(("#", "- ", "+ ", "---", "===", "1. "))
