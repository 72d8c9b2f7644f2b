"""What runs send to robots: values of a template are text wherever in the message they land."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.core import notices as sent
from bot.oos.engine import calls, notices
from bot.oos.expr import language
from bot.oos.expr.expressions import Scope

HOSTILE = '<at user_id="all">x</at> [click](http://evil.example) **b**'
OPEN = ("<at", "](http", "://evil")


def content(written: Any, uri: str = "robot:ops", approve: bool = False, **values: Any) -> Any:
    """What is sent of a Content as a template has it, with these parameters."""
    scope = Scope(parameters={name.lower(): value for name, value in values.items()})
    properties = {"webhook": {"URI": uri, "Content": written}}
    notice = notices.notice(properties, lambda raw: language.evaluate(raw, scope), True)
    if approve:
        return sent.escaped(calls.Approve(notice=notice)).notice.content
    return sent.escaped(notice).content


@pytest.mark.parametrize("approve", [False, True])
@pytest.mark.parametrize(
    "written",
    [
        {"msgtype": "text", "text": {"content": "Notify: {{ note }}"}},
        {"msgtype": "markdown", "markdown": {"title": "{{ note }}", "text": "**Hi** {{ note }}"}},
        {"msgtype": "text", "text": {"content": {"Fn::Join": [" ", ["{{ note }}", "!"]]}}},
        {"msgtype": "text", "text": "{{ note }}"},
        {"msg_type": "text", "content": {"text": "Notify: {{ note }}"}},
        {"msg_type": "text", "content": '{"text": "Notify: {{ note }}"}'},
        {"msg_type": "post", "content": {"post": {"zh_cn": {"title": "{{ note }}", "content": [
            [{"tag": "text", "text": "{{ note }}"}, {"tag": "a", "href": "{{ note }}", "text": "x"}]
        ]}}}},
        {"msg_type": "interactive", "card": {"elements": [
            {"tag": "markdown", "content": "{{ note }}"}
        ]}},
        '{"msgtype": "text", "text": {"content": "Notify: {{ note }}"}}',
        "Notify: {{ note }}",
        "{{ note }}",
    ],
)  # fmt: skip
def test_a_value_is_text_wherever_it_lands(written: Any, approve: bool) -> None:
    told = content(written, approve=approve, note=HOSTILE)
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    for acting in OPEN:
        assert acting not in text
    assert "＜at" in text or "evil.example" not in text


def test_what_the_author_wrote_stays_markup_and_calls_whom_it_calls() -> None:
    told = content(
        {
            "msgtype": "markdown",
            "markdown": {"title": "t", "text": "**Restart** [open]({{ url }}) @138 {{ names }}"},
            "at": {"atMobiles": "{{ mobiles }}", "isAtAll": "{{ all }}"},
        },
        url="https://oos.example/run?id=1",
        names=["web-01", "web-02"],
        mobiles=["13800000000"],
        all="false",
    )
    text = told["markdown"]["text"]
    assert text.startswith("**Restart** [open](https://oos.example/run?id=1) @138 ")
    assert "web-01" in text
    assert told["at"] == {"atMobiles": ["13800000000"], "isAtAll": "false"}


def test_what_costs_a_dollar_and_what_is_null_are_told() -> None:
    written = '{"msgtype": "text", "text": {"content": "US${{ price }} {{ nothing }}"}}'
    assert content(written, price=5, nothing=None)["text"]["content"] == "US$5 null"
    assert content(written.replace("US", "${x}"), price=5, nothing=None)["text"]["content"] == (
        "${x}$5 null"
    )


def test_a_text_of_json_gets_no_field_of_a_value() -> None:
    written = '{"msgtype": "text", "{{ note }}": 1, "text": {"content": "{{ note }}"}}'
    told = content(written, note='x": 1, "at": {"isAtAll": true}, "y')
    assert "at" not in told
    assert told["text"]["content"].startswith('x": 1')


@pytest.mark.parametrize(
    "written",
    [{"event": "done", "note": "{{ note }}"}, "done: {{ note }}", "{{ note }}", "no", None],
)
def test_what_a_server_of_ones_own_gets_is_data(written: Any) -> None:
    told = content(written, uri="https://audit.example/in", note=HOSTILE)
    expected = json.loads(json.dumps(written).replace("{{ note }}", json.dumps(HOSTILE)[1:-1]))
    assert told == expected


def test_a_message_that_a_parameter_is_calls_nobody() -> None:
    body = {"msgtype": "text", "text": {"content": HOSTILE}, "at": {"isAtAll": True}}
    for given in (body, json.dumps(body)):
        told = content("{{ body }}", body=given)
        assert "at" not in told
        assert "<at" not in told["text"]["content"]
    scope = Scope(parameters={"hook": {"URI": "robot:ops", "Content": body}})
    notice = notices.notice(
        {"webhook": "{{ hook }}"}, lambda raw: language.evaluate(raw, scope), False
    )
    assert "at" not in sent.escaped(notice).content
