"""The pure parts of the webhook adapter: bodies, translations, answers, signatures."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import webhook
from adapters.common import http
from adapters.webhook import address, answers, bodies, sender
from adapters.webhook.hook import Webhook
from bot import model, source
from bot.model import ports
from tests import properties

DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=abc_DEF-123"
LARK = "https://open.feishu.cn/open-apis/bot/v2/hook/abc-123"


# ----------------------------------------------------------------------------- bodies


def test_the_product_template_names_every_kind_of_message() -> None:
    said = {"msgtype": "text", "text": {"content": "x"}, "link": {}, "markdown": {}, "at": {}}
    assert bodies.body("dingtalk", said) == {"msgtype": "text", "text": {"content": "x"}}


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("just words", {"msgtype": "text", "text": {"content": "just words"}}),
        ('{"msgtype":"text","text":"x"}', {"msgtype": "text", "text": {"content": "x"}}),
        (
            {"msgtype": "text", "text": '{"content":"x"}'},
            {"msgtype": "text", "text": {"content": "x"}},
        ),
        (
            {"msgtype": "text", "text": {"content": ["a", 1]}},
            {"msgtype": "text", "text": {"content": '["a", 1]'}},
        ),
        ({"a": 1}, {"a": 1}),
        ({"msgtype": "new", "new": {"x": 1}, "y": 2}, {"msgtype": "new", "new": {"x": 1}, "y": 2}),
    ],
)
def test_what_templates_write(content: Any, body: Any) -> None:
    assert bodies.body("dingtalk", content) == body


def test_a_message_keeps_its_own_id() -> None:
    said = {"msgtype": "text", "text": {"content": "x"}, "msgUuid": 7}
    assert bodies.body("dingtalk", said)["msgUuid"] == "7"  # type: ignore[index]


def test_content_that_nobody_could_read() -> None:
    content: dict[str, Any] = {}
    for _ in range(5000):
        content = {"a": [content]}
    with pytest.raises(source.Invalid, match="nested more than 50 times"):
        bodies.body("plain", content)


def test_a_dingtalk_text_in_lark() -> None:
    said = {
        "msgtype": "text",
        "text": {"content": 'go <at user_id="all">x</at>'},
        "at": {"isAtAll": "true", "atUserIds": ["ou_bob", "u-carol"], "atMobiles": ["138"]},
    }
    text = bodies.body("lark", said, ("#42",))["content"]["text"]  # type: ignore[index]
    assert text.endswith('<at user_id="ou_bob"></at> <at user_id="all">所有人</at>\n#42')
    assert text.startswith('go ＜at user_id="all">x＜/at>')


def test_a_dingtalk_card_in_lark() -> None:
    card = {
        "title": "T",
        "text": "### Go <at id=all></at>",
        "btns": [
            {"title": "Yes", "actionURL": "https://x.test/y"},
            {"title": "App", "actionURL": "dtmd://dingtalkclient/sendMessage?content=y"},
        ],
    }
    told: Any = bodies.body("lark", {"msgtype": "actionCard", "actionCard": card})
    assert told["msg_type"] == "interactive"
    assert told["card"]["header"]["title"]["content"] == "T"
    text, *buttons = told["card"]["body"]["elements"]
    assert text == {"tag": "markdown", "content": "### Go ＜at id=all>＜/at>"}
    assert [one["behaviors"][0]["default_url"] for one in buttons] == ["https://x.test/y"]


def test_dingtalk_links_in_lark() -> None:
    link = {"title": "T", "text": "more", "messageUrl": "https://x.test"}
    told: Any = bodies.body("lark", {"msgtype": "link", "link": link})
    lines = told["content"]["post"]["zh_cn"]["content"]
    assert lines == [
        [{"tag": "a", "text": "T", "href": "https://x.test"}],
        [{"tag": "text", "text": "more"}],
    ]


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (
            {"content": {"text": 'hi <at user_id="all">所有人</at><at user_id="ou_b">Bob</at>'}},
            {
                "msgtype": "text",
                "text": {"content": "hi ＠Bob"},
                "at": {"isAtAll": True},
            },
        ),
        (
            {"content": '{"text":"as JSON"}'},
            {"msgtype": "text", "text": {"content": "as JSON"}},
        ),
        (
            {
                "msg_type": "post",
                "content": {
                    "post": {
                        "en_us": {
                            "title": "T",
                            "content": [
                                [
                                    {"tag": "text", "text": "see "},
                                    {"tag": "a", "text": "this", "href": "https://x.test"},
                                    {"tag": "at", "user_id": "all"},
                                ]
                            ],
                        }
                    }
                },
            },
            {
                "msgtype": "markdown",
                "markdown": {"title": "T", "text": "#### T\n\nsee [this](https://x.test)"},
                "at": {"isAtAll": True},
            },
        ),
        (
            {
                "msg_type": "interactive",
                "card": {
                    "header": {"title": {"tag": "plain_text", "content": "T"}},
                    "elements": [
                        {"tag": "div", "text": {"tag": "lark_md", "content": "**a**"}},
                        {"tag": "hr"},
                        {
                            "tag": "action",
                            "actions": [
                                {
                                    "tag": "button",
                                    "url": "https://x.test",
                                    "text": {"tag": "plain_text", "content": "Go"},
                                    "value": {"content": "hidden"},
                                }
                            ],
                        },
                    ],
                },
            },
            {
                "msgtype": "markdown",
                "markdown": {"title": "T", "text": "#### T\n\n**a**\n\n[Go](https://x.test)"},
            },
        ),
    ],
)
def test_a_lark_message_in_dingtalk(said: dict[str, Any], body: Any) -> None:
    assert bodies.body("dingtalk", {"msg_type": "text", **said}) == body


_WORDS = """msgtype msg_type text markdown content card at post zh_cn title elements body header tag
isAtAll atMobiles atUserIds link feedCard actionCard btns links button a md behaviors href"""
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(_WORDS.split()) | st.text("<@at>"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_WORDS.split()), inner, max_size=4)
    ),
    max_leaves=10,
)
_KINDS = ("text", "markdown", "link", "actionCard", "feedCard", "post", "interactive", "x")


@settings(max_examples=properties.examples(300))
@given(
    st.sampled_from(["dingtalk", "lark", "plain"]),
    st.sampled_from(["msgtype", "msg_type", "other"]),
    st.sampled_from(_KINDS),
    st.tuples(_JSON, _JSON, _JSON),
)
def test_any_content_is_told_or_refused(kind: Any, name: str, value: str, parts: Any) -> None:
    part, other, at = parts
    content = {name: value, value: part, "content": part, "card": other, "at": at}
    for given_ in (content, part, other):
        try:
            told = bodies.body(kind, given_, ("#42",))
        except source.Invalid:
            continue
        assert json.loads(sender.encoded(told)) == json.loads(json.dumps(told))


# ----------------------------------------------------------------------------- answers

ROBOT = address.Target("dingtalk", DINGTALK, "ops", "SECx", ("会签",), "abc_DEF-123")


def judged(target: address.Target, text: str, status: int = 200) -> model.Outcome:
    answer = answers.answer(http.Answer(status, text, {}), datetime.now(UTC))
    return answers.outcome(target, answer, False)


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("keywords not in content, more: [https://x]", "keywords", "keywords: 会签"),
        ("description:关键词不匹配;solution:请联系群管理员", "keywords", "keywords: 会签"),
        ("错误描述:关键词不匹配;解决方案:请联系", "keywords", "keywords: 会签"),
        ("sign not match, more: [https://x]", "sign", "check its secret"),
        (
            "description:机器人发送签名不匹配;solution:请确认签名和时间戳",
            "sign",
            "check its secret",
        ),
        ("description:机器人发送签名过期;solution:签名生成时间和", "sign", "clock"),
        ("invalid timestamp", "sign", "clock"),
        ("ip 203.0.113.9 not in whitelist", "ip", "203.0.113.9"),
        ("错误描述:机器人消息的来源IP不在白名单", "ip", "IP list"),
        ("something new", "security", "something new"),
    ],
)
def test_why_a_robot_does_not_trust_us(said: str, code: str, words: str) -> None:
    outcome = judged(ROBOT, json.dumps({"errcode": 310000, "errmsg": said}))
    assert isinstance(outcome, model.Refused)
    assert outcome.code == code, outcome
    assert outcome.reason.startswith("ops: ")
    assert words in outcome.reason


@pytest.mark.parametrize(
    ("text", "status", "outcome"),
    [
        ('{"errcode":0,"errmsg":"ok"}', 200, "done"),
        ('{"errcode":"0","errmsg":"ok"}', 200, "done"),
        ('{"errcode":-1,"errmsg":"系统繁忙"}', 200, 1.0),
        ('{"errcode":130101,"errmsg":"send too fast"}', 200, 600.0),
        ('{"errcode":660026}', 200, 60.0),
        ('{"errcode":410100}', 200, 60.0),
        ('{"errcode":88,"sub_code":"90018","sub_msg":"qps"}', 200, 1.0),
        ('{"errcode":88,"sub_code":"40014","sub_msg":"x"}', 200, "no_robot"),
        ('{"status":1111,"wait":5,"source":"x5","punish":"deny"}', 200, 300.0),
        ('{"errcode":400102,"errmsg":"停用"}', 200, "no_robot"),
        ('{"errcode":430104}', 200, "unsafe"),
        ('{"errcode":999}', 200, "999"),
        ("<html>", 200, "unknown"),
        ("[]", 200, "unknown"),
        ('{"errcode":0}', 502, "unknown"),
        ("", 403, "403"),
    ],
)
def test_what_dingtalk_answers(text: str, status: int, outcome: str | float) -> None:
    assert told(judged(ROBOT, text, status)) == outcome


@pytest.mark.parametrize(
    ("text", "status", "outcome"),
    [
        ('{"code":0,"msg":"success","data":{},"StatusCode":0}', 200, "done"),
        ('{"Extra":null,"StatusCode":0,"StatusMessage":"success"}', 200, "done"),
        ('{"code":11232,"msg":"frequency limited psm[x]appID[1500]"}', 200, 5.0),
        ('{"code":9499,"msg":"too many request"}', 200, 5.0),
        ('{"code":9499,"msg":"Bad Request","data":{}}', 200, "content"),
        ('{"code":9499,"msg":"Bad Request"}', 400, "content"),
        ('{"StatusCode":19024,"StatusMessage":"Key Words Not Found"}', 200, "keywords"),
        ('{"code":19021,"msg":"sign match fail or timestamp"}', 200, "sign"),
        ('{"code":19022,"msg":"Ip Not Allowed"}', 200, "ip"),
        ('{"code":19001,"msg":"param invalid"}', 200, "no_robot"),
        ('{"code":11246,"msg":"bad card"}', 200, "11246"),
        ('{"code":99991400,"msg":"x"}', 429, 60.0),
        ("502 Bad Gateway", 502, "unknown"),
        ("<html>", 200, "unknown"),
    ],
)
def test_what_lark_answers(text: str, status: int, outcome: str | float) -> None:
    target = address.Target("lark", LARK, "ops", token="abc-123")
    assert told(judged(target, text, status)) == outcome


def told(outcome: model.Outcome) -> str | float:
    if isinstance(outcome, model.NotSent):
        return outcome.retry_after
    return outcome.code if isinstance(outcome, model.Refused) else outcome.kind


def test_the_platforms_words_lose_our_secrets() -> None:
    said = json.dumps({"errcode": 999, "errmsg": "no abc_DEF-123 with SECx\n" + "x" * 500})
    outcome = judged(ROBOT, said)
    assert isinstance(outcome, model.Refused)
    assert outcome.reason.startswith("ops: 999: no *** with *** xxx")
    assert len(outcome.reason) < 300


def test_signatures_of_known_cases() -> None:
    stamp, sign = "1700000000000", "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g="
    assert sender.dingtalk_sign(stamp, "SECtest") == sign
    sign = "rWW3ygiAdSmKEIysYTVjbdbv4Xnqjn35pAGLgGJZsNg="
    assert sender.lark_sign("1757900000", "lark-test-secret") == sign
    assert sender.lark_sign("1599360473", "demo") == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def test_a_line_that_cannot_be_formatted_is_told_at_once() -> None:
    with pytest.raises(webhook.BadAddress, match=r"\[webhook\] reference or answering"):
        Webhook(webhook.Settings(reference="#{number}"), _Clock())


class _Clock(ports.Clock):
    def now(self) -> Any:
        raise AssertionError("nobody asks")
