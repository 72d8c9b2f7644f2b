"""Which addresses a message may go to, and which sentence says why not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import webhook
from adapters.webhook import address
from tests import properties

HOSTS = webhook.Settings().hosts
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=abc_DEF-123"
LARK = "https://open.feishu.cn/open-apis/bot/v2/hook/abc-123"


def book(*robots: webhook.Robot, hosts: tuple[str, ...] = HOSTS) -> address.Book:
    return address.Book(webhook.Settings(hosts=hosts, robot=robots))


def refusal(uri: str, **more: Any) -> address.BadAddress:
    with pytest.raises(address.BadAddress) as caught:
        book(**more).target(uri)
    return caught.value


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        (DINGTALK, "dingtalk"),
        (DINGTALK.replace("https", "HTTPS").replace("oapi", "OAPI"), "dingtalk"),
        (DINGTALK.replace(".com", ".com:443"), "dingtalk"),
        (f"\n {DINGTALK}\t", "dingtalk"),
        (LARK, "lark"),
        (LARK.replace("feishu.cn", "larksuite.com"), "lark"),
    ],
)
def test_addresses_that_are_robots(uri: str, kind: str) -> None:
    target = book().target(uri)
    assert target.kind == kind
    assert target.url in (DINGTALK, LARK, LARK.replace("feishu.cn", "larksuite.com"))


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("", "uri"),
        ("oapi.dingtalk.com/robot/send?access_token=x", "scheme"),
        ("//oapi.dingtalk.com/robot/send?access_token=x", "scheme"),
        ("https:oapi.dingtalk.com/robot/send?access_token=x", "scheme"),
        ("https:/oapi.dingtalk.com/robot/send?access_token=x", "scheme"),
        ("https:///oapi.dingtalk.com/robot/send?access_token=x", "uri"),
        ("ftp://oapi.dingtalk.com/robot/send?access_token=x", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("javascript:alert(1)", "scheme"),
        (DINGTALK.replace("https", "http"), "scheme"),
        (DINGTALK.replace("oapi", "evil@oapi"), "uri"),
        (DINGTALK.replace("oapi", "oapi.dingtalk.com:443@evil"), "uri"),
        (DINGTALK.replace("https://", "https://:@"), "uri"),
        (DINGTALK.replace(".com", ".com.evil.com"), "host"),
        (DINGTALK.replace(".com", ".com."), "uri"),
        (DINGTALK.replace("oapi.dingtalk", "evil-oapi.dingtalk"), "host"),
        (DINGTALK.replace("oapi.dingtalk.com", "127.0.0.1"), "host"),
        (DINGTALK.replace("oapi.dingtalk.com", "[::1]"), "host"),
        (DINGTALK.replace("oapi.dingtalk.com", "[::1"), "uri"),
        (DINGTALK.replace("oapi.dingtalk.com", "2130706433"), "host"),
        (DINGTALK.replace(".com", ".com:8443"), "host"),
        (DINGTALK.replace(".com", ".com:80"), "host"),
        (DINGTALK.replace(".com", ".com:"), "uri"),
        (DINGTALK.replace(".com", ".com:x"), "uri"),
        (DINGTALK.replace(".com", ".com:99999"), "uri"),
        (DINGTALK.replace(".com", ".com:-1"), "uri"),
        (DINGTALK.replace(".com", ".com\\@evil.com"), "uri"),
        (DINGTALK.replace("oapi", "oapi%2e"), "uri"),
        (DINGTALK.replace("oapi", "\uff4fapi"), "uri"),
        (DINGTALK.replace("oapi", "o\tapi"), "uri"),
        (DINGTALK.replace("oapi", "o\napi"), "uri"),
        (DINGTALK + "#x", "uri"),
        (DINGTALK + "&timestamp=1&sign=x", "uri"),
        (DINGTALK + "&access_token=y", "uri"),
        (DINGTALK + "%26", "uri"),
        (DINGTALK.replace("/robot/send", "/robot/../robot/send"), "uri"),
        (DINGTALK.replace("/robot/send", "/gettoken"), "uri"),
        (DINGTALK.replace("/robot/send", "/robot/sendBySession"), "uri"),
        ("https://oapi.dingtalk.com", "uri"),
        ("https://oapi.dingtalk.com/robot/send?access_token=", "uri"),
        (LARK + "/more", "uri"),
        (LARK + "?a=b", "uri"),
        (LARK.replace("/bot/v2/hook/", "/im/v1/messages/"), "uri"),
        (LARK.replace("feishu.cn", "feishu.cn.evil.io"), "host"),
        ("https://" + "a" * 3000, "uri"),
        ("https://{{ host }}/", "uri"),
        ("robot:nobody", "robot"),
        ("robot:", "robot"),
    ],
)
def test_addresses_that_are_refused(uri: str, code: str) -> None:
    error = refusal(uri)
    assert error.code == code, error
    assert str(error)
    assert "abc_DEF" not in str(error)
    assert "abc-123" not in str(error)


def test_a_refusal_says_which_setting_to_change() -> None:
    said = str(refusal("https://hooks.example.com/x?y=secret"))
    assert said == (
        "messages to hooks.example.com are not allowed, only to oapi.dingtalk.com, open.feishu.cn, "
        "open.larksuite.com: whoever runs the bot can add it to hosts in [webhook]"
    )
    robot = webhook.Robot("ops", DINGTALK)
    with pytest.raises(address.BadAddress, match=r"in \[webhook\] robots; there are: ops$"):
        book(robot).target("robot:opps")


def test_other_hosts_are_plain() -> None:
    hosts = ("http://127.0.0.1:8080", "hooks.corp:8443", "Corp.example")
    allowed = book(hosts=hosts)
    assert allowed.target("http://127.0.0.1:8080/a?b=c").kind == "plain"
    assert allowed.target("https://hooks.corp:8443/").shown == "hooks.corp:8443"
    assert allowed.target("https://CORP.example").url == "https://corp.example/"
    assert allowed.target("https://corp.example/robot/send?access_token=x").kind == "dingtalk"
    for uri in (
        "https://127.0.0.1:8080/a",
        "http://127.0.0.1/a",
        "http://127.0.0.1:8081/a",
        "https://hooks.corp/",
        "http://hooks.corp:8443/",
        "http://corp.example/",
        DINGTALK,
    ):
        assert refusal(uri, hosts=hosts).code in ("host", "scheme")


@pytest.mark.parametrize(
    "entry",
    ["", "https://", "a b", "x@corp.example", "corp.example/path", "ftp://corp", "*.corp", "a:b:c"],
)
def test_hosts_that_cannot_be_meant(entry: str) -> None:
    with pytest.raises(address.BadAddress, match=r"^\[webhook\] hosts, "):
        book(hosts=(entry,))


def test_a_configured_robot_is_known_by_its_address() -> None:
    ops = webhook.Robot("ops", DINGTALK, "SECx", ("k",))
    gate = webhook.Robot("gate", "http://10.0.0.1:81/dt?key=s3cret", platform="lark")
    known = book(ops, gate)
    for uri in (DINGTALK, "robot:ops", " Robot: ops", DINGTALK.replace("oapi", "OApi")):
        target = known.target(uri)
        assert (target.shown, target.secret, target.keywords) == ("ops", "SECx", ("k",))
        assert target.token == "abc_DEF-123"
    assert known.target(DINGTALK + "4").secret == ""
    assert known.target("robot:gate").kind == "lark"
    assert known.target("robot:gate").token == "key=s3cret"
    with pytest.raises(address.BadAddress):
        known.target("http://10.0.0.1:81/dt?key=s3cret")


def test_robots_that_cannot_be_meant() -> None:
    with pytest.raises(address.BadAddress, match="two are called 'ops'"):
        book(webhook.Robot("ops", DINGTALK), webhook.Robot("ops", LARK))
    with pytest.raises(
        address.BadAddress, match=r"robots, 'ops': .*\n?.*not the webhook"
    ) as caught:
        book(webhook.Robot("ops", DINGTALK + "&sign=1"))
    assert "abc_DEF" not in str(caught.value)


@settings(max_examples=properties.examples(300))
@given(st.text(max_size=60).map(lambda tail: "https://" + tail) | st.text(max_size=60))
def test_any_address_is_allowed_or_refused(uri: str) -> None:
    hosts = HOSTS
    try:
        target = book(hosts=hosts).target(uri)
    except address.BadAddress:
        return
    assert target.url.split("/")[2] in hosts
