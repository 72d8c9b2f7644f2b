"""What people type, as they type it, and what they are told when it does not fit."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from bot import policy, texts
from bot.commands import loader
from bot.commands.line import parser

ROOT = Path(__file__).resolve().parents[2]
CATALOG = loader.load(ROOT / "commands")


def read(line: str, locale: str = "en") -> tuple[str, dict[str, Any]]:
    """The command's name and what was typed for it."""
    parsed = parser.parse(CATALOG, line, locale)
    assert isinstance(parsed, parser.Parsed), (line, parsed)
    return parsed.command.name, {name: parsed.values[name] for name in sorted(parsed.typed)}


def refused(line: str, locale: str = "en") -> policy.Refusal:
    parsed = parser.parse(CATALOG, line, locale)
    assert isinstance(parsed, policy.Refusal), (line, parsed)
    return parsed


def told(line: str, locale: str = "en") -> str:
    refusal = refused(line, locale)
    return texts.say(locale, refusal.key, **refusal.facts)


WEB = ("web-01", "web-02")
RESTARTS = [
    ('restart web-01 web-02 reason="memory leak"', WEB, "memory leak"),
    ("/restart web-01,web-02", WEB, None),
    ("RESTART web-01、web-02。", WEB, None),
    ("restart\nweb-01\nweb-02\n", WEB, None),
    ("restart web-01;web-02;web-01", WEB, None),
    ("  restart   web-01　web-02  ", WEB, None),
    ("restart web-01\u00a0web-02", WEB, None),
    ("重启 web-01 web-02", WEB, None),
    ("重启web-01，web-02", WEB, None),
    ("重启：web-01 web-02", WEB, None),
    ("／ｒｅｓｔａｒｔ　ｗｅｂ－０１，ｗｅｂ－０２", WEB, None),
    ("restart web‑01 web–02", WEB, None),
    ("@ops-bot restart @Bob web-01 web-02", WEB, None),
    ("重启 web-01，web-02，原因＝“内存 泄漏”", WEB, "内存 泄漏"),
    ("重启 web-01 web-02 原因：内存泄漏", WEB, "内存泄漏"),
    ("重启 web-01 web-02 内存泄漏，请尽快", WEB, "内存泄漏，请尽快"),
    ("重启 实例：web-01，web-02 理由：‘卡死’", WEB, "卡死"),
    ("restart reason=leak web-01 web-02", WEB, "leak"),
    ('restart reason="leak" web-01 web-02', WEB, "leak"),
    ('restart web-01 reason="leak" web-02', WEB, "leak"),
    ("restart web-01 web-02 reason=memory leak since noon", WEB, "memory leak since noon"),
    ("restart web-01 reason=leak web-02", WEB, "leak"),
    ('restart web-01 web-02 "memory leak"', WEB, "memory leak"),
    ("restart web-01 web-02 reason: memory leak", WEB, "memory leak"),
    ("restart web-01 web-02 reason = 'it said \"no\"'", WEB, 'it said "no"'),
    ("restart web-01 web-02 reason=‘it’s full’", WEB, "it’s full"),
    ('restart web-01 web-02 reason="a, b; c=d ，＝ e"', WEB, "a, b; c=d ，＝ e"),
    ('restart web-01 web-02 reason="smart ends”', WEB, "smart ends"),
    ("restart web-01 web-02 reason=「慢」", WEB, "慢"),
    ("restart targets=web-01,web-02 reason=x", WEB, "x"),
    ("restart targets=web-01, web-02", WEB, None),
    ("restart reason=“满”targets=web-01,web-02", WEB, "满"),
    ("restart web-01 web-02 REASON=x", WEB, "x"),
    ("restart tag:env=prod", ("tag:env=prod",), None),
    ("restart tag：env＝prod i-abc123", ("tag:env=prod", "i-abc123"), None),
    ("restart 网关 支付", ("网关", "支付"), None),
]


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("@Ops Bot restart web-01", "restart"),
        ("@ops bot /restart web-01", "restart"),
        ("@运维 机器人 重启web-01", "restart"),
        ("@Bob Smith approve 42", "approve"),
        ("@Ops Bot", "help"),
    ],
)
def test_a_name_with_a_space_is_passed_over(line: str, command: str) -> None:
    assert read(line)[0] == command


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("@Ops Bot restrat web-01", "restrat"),
        ("@Ops Don't restart web-01", "Don't"),
        ("@Ops Do Not restart web-01", "Do"),
        ("@Bob please restart web-01", "please"),
        ("@运维 不要 重启 web-01", "不要"),
    ],
)
def test_what_is_no_name_is_not_passed_over(line: str, word: str) -> None:
    assert refused(line).facts["word"] == word


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("WEB-01", "instances WEB-01, reboot-with-approval WEB-01 or restart WEB-01?"),
        ("帮我重启一下 web-01", "Did you mean 重启 web-01?"),
        ("帮我重启一下web-01 原因=卡死", "Did you mean 重启 web-01 原因=卡死?"),
        ("请帮忙把 web-01 重启", "Did you mean 重启 web-01?"),
        ("请帮忙把 web-01 重启一下", "Did you mean 重启 web-01?"),
        ("重启一下web-01", "Did you mean 重启 web-01?"),
        ("请把 web-01 重启不了", "Send help"),
        ("could you restart web-01 now please", "Did you mean restart web-01 now please?"),
        ("帮我批准 42", "Did you mean 批准 42?"),
        ("请同意", "Did you mean 同意?"),
        ("ok", "reply to the card: approve."),
        ("OK!", "reply to the card: approve."),
        ("好的", "reply to the card: approve."),
        ("ok 42", "Did you mean approve 42?"),
        ("no 42 wrong server", "Did you mean reject 42 wrong server?"),
        ("不行", "reply to the card: reject."),
        ("不要重启 web-01", "Send help"),
        ("please don't restart web-01", "Send help"),
        ("cannot restart web-01", "Send help"),
    ],
)
def test_what_is_no_command_is_answered_with_what_was_meant(line: str, hint: str) -> None:
    assert refused(line).key == "parse.unknown"
    assert hint in told(line)


def test_a_script_that_is_missing_is_asked_for_behind_one_dash() -> None:
    assert "run web-01 -- -" not in told("run web-01 --")
    for dash in ("-", "–", "—-"):
        assert told(f"run web-01 {dash} uptime").endswith("For example: run web-01 -- uptime")


def test_no_hidden_value_and_no_hidden_character_is_suggested() -> None:
    assert "\u200b" not in told("please restart web-01 reason=a\u200bb")
    assert "Did you mean restart?" in told("please restart web-01 " + "x" * 300)
    assert "\u200b" not in told("RUN '\u200b'")


@pytest.mark.parametrize(("line", "targets", "reason"), RESTARTS)
def test_restart_as_people_type_it(line: str, targets: tuple[str, ...], reason: str | None) -> None:
    name, given = read(line)
    assert name == "restart"
    assert given.pop("targets") == targets
    assert given.pop("reason", None) == reason
    assert not given


@pytest.mark.parametrize(
    "line",
    [
        "restart web-01 service=redis",
        "restart service=redis web-01",
        "重启 服务＝redis web-01",
        "重启 web-01 服务：redis。",
        'restart web-01 SERVICE="redis"',
    ],
)
def test_a_named_parameter_stands_anywhere(line: str) -> None:
    assert read(line) == ("restart", {"service": "redis", "targets": ("web-01",)})


@pytest.mark.parametrize(
    ("line", "name", "given"),
    [
        ("approve 42", "approve", {"number": 42}),
        ("approve ＃４２。", "approve", {"number": 42}),
        ("同意42", "approve", {"number": 42}),
        ("同意 #42 原因=可以", "approve", {"number": 42, "reason": "可以"}),
        ("approve#42 A1B2C3D4", "approve", {"number": 42, "code": "a1b2c3d4"}),
        ("approve 12345678", "approve", {"code": "12345678"}),
        ("approve #12345678", "approve", {"number": 12345678}),
        ("approve code=12345678 42", "approve", {"code": "12345678", "number": 42}),
        ("approve", "approve", {}),
        ("approve 42, reason=\"looks fine\"", "approve", {"number": 42, "reason": "looks fine"}),
        (
            "reject 42 wrong server, please",
            "reject",
            {"number": 42, "reason": "wrong server, please"},
        ),
        (
            "reject 42 he said “no”, it's bad",
            "reject",
            {"number": 42, "reason": "he said “no”, it's bad"},
        ),
        ("reject 42 why now?", "reject", {"number": 42, "reason": "why now?"}),
        ("拒绝42 太危险", "reject", {"number": 42, "reason": "太危险"}),
        ("拒绝 太危险", "reject", {"reason": "太危险"}),
        ("reject too risky", "reject", {"reason": "too risky"}),
        ("reject reason=too risky #42", "reject", {"number": 42, "reason": "too risky"}),
        (
            "reject 42 code=deadbeef since x=1",
            "reject",
            {"number": 42, "code": "deadbeef", "reason": "since x=1"},
        ),
        ("reject 42 a\u202eb\u200bc", "reject", {"number": 42, "reason": "abc"}),
        ("不同意42", "reject", {"number": 42}),
        ("取消 42", "cancel", {"number": 42}),
        ("stop 42 wrong one", "stop", {"number": 42, "reason": "wrong one"}),
        ("status 42?", "status", {"number": 42}),
        ("状态", "status", {}),
        ("audit #7", "audit", {"number": 7}),
        ("待办", "pending", {}),
        ("我是谁？", "whoami", {}),
        ("instances", "instances", {}),
        ("实例 tag:env=prod", "instances", {"targets": ("tag:env=prod",)}),
        ("help 重启", "help", {"command": "重启"}),
        ("restart --help", "help", {"command": "restart"}),
        ("run ？", "help", {"command": "run"}),
        ("", "help", {}),
        ("@bot", "help", {}),
        (" ？！", "help", {}),
        ("provision E123 devops", "provision", {"emp_id": "E123", "role": "devops"}),
        ("provision role=DEV emp_id=E9", "provision", {"emp_id": "E9", "role": "dev"}),
        ("provision devops 工号=E9", "provision", {"emp_id": "E9", "role": "devops"}),
        ("开通 工号：E123，角色：ops", "provision", {"emp_id": "E123", "role": "ops"}),
        (
            "provision E123 dev hr-01 reason=new hire",
            "provision",
            {"emp_id": "E123", "role": "dev", "targets": ("hr-01",), "reason": "new hire"},
        ),
    ],
)  # fmt: skip
def test_the_other_commands(line: str, name: str, given: dict[str, Any]) -> None:
    assert read(line) == (name, given)


@pytest.mark.parametrize(
    ("line", "targets", "script"),
    [
        ('run web-01\ndf -h\necho "x" ＝ “y”\n', ("web-01",), 'df -h\necho "x" ＝ “y”\n'),
        ("run web-01, web-02\n#!/bin/sh\nls", WEB, "#!/bin/sh\nls"),
        ("run web-01,\nweb-02\n  df", WEB, "  df"),
        ("run\nweb-01\ndf", ("web-01",), "df"),
        ("run web-01 -- df -h; ls", ("web-01",), "df -h; ls"),
        ("run web-01 — df -h", ("web-01",), "df -h"),
        ("run web-01 --\n\n```\n", ("web-01",), "\n```\n"),
        ('run web-01 "df -h"', ("web-01",), "df -h"),
        ("run web-01 script=df -h", ("web-01",), "df -h"),
        ("run web-01 ```bash\ndf\n\n```", ("web-01",), "df\n"),
        ("run web-01\n```\ndf -h\n```\n", ("web-01",), "df -h"),
        ("run web-01\r\ndf\r\nls", ("web-01",), "df\nls"),
        ("执行 web-01\n# 注释，保留　空格\nls", ("web-01",), "# 注释，保留　空格\nls"),
        ("run web-01\nservice=nginx\necho $service", ("web-01",), "service=nginx\necho $service"),
        ("run web-01\necho a\u200bb", ("web-01",), "echo a\u200bb"),
    ],
)
def test_a_script_is_everything_behind_the_options(
    line: str, targets: tuple[str, ...], script: str
) -> None:
    assert read(line) == ("run", {"targets": targets, "script": script})


def test_options_stand_before_the_script() -> None:
    assert read('run reason="disk full" web-01 web-02\ndf') == (
        "run",
        {"reason": "disk full", "targets": WEB, "script": "df"},
    )


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ("rsetart web-01", "parse.unknown", "Did you mean restart?"),
        ("restrat web-01", "parse.unknown", "Did you mean restart?"),
        ("重起 web-01", "parse.unknown", "重启"),
        ("aprove 42", "parse.unknown", "Did you mean approve?"),
        ("xyzzy", "parse.unknown", "Send help"),
        ("restart", "parse.missing", 'restart web-01 web-02 reason="memory leak"'),
        ("重启", "parse.missing", '重启 web-01 web-02 reason="memory leak"'),
        ("restart service=redis", "parse.missing", "restart web-01 service=redis"),
        ("provision E77", "parse.missing", "provision E77 devops"),
        ("run web-01", "parse.missing", "run web-01 -- df -h"),
        ("run web-01 web-02 uptime -p", "parse.missing", "run web-01 web-02 -- uptime -p"),
        ("restart web-01 servce=redis", "parse.unknown_parameter", "Did you mean service?"),
        ("whoami x=1", "parse.unknown_parameter", "It takes nothing."),
        ("restart web-01 service=a service=b", "parse.twice", "restart web-01 service=a"),
        ("provision E77 devop", "parse.value", "provision E77 devops"),
        ("provision X77 dev", "parse.value", "a staff number: E and 1 to 8 digits"),
        ("restart web-01 service='a;b'", "parse.value", "restart web-01 service=nginx"),
        ("restart web-01 service=", "parse.value", "service"),
        ("restart web-01; rm -rf /", "parse.value", "“-rf”"),
        ("restart $(reboot)", "parse.value", "“$(reboot)”"),
        ("status abc", "parse.value", "status 42"),
        ("approve 42 code=xyz", "parse.value", "8-digit code"),
        ("approve 42 deadbee1f", "parse.value", "8-digit code"),
        ("approve 42 43", "parse.value", "approve 42 1a2b3c4d"),
        ("approve not yet", "parse.value", "approve 42"),
        ("approve 42 not yet", "parse.value", "approve 42 1a2b3c4d"),
        ("同意 42 但是先别执行", "parse.value", "同意 42 1a2b3c4d"),
        ("whoami now", "parse.too_many", "“now”"),
        ("approve 42?", "parse.question", "send: approve 42"),
        ("同意？", "parse.question", "send: 同意"),
        ('restart web-01 reason="oops', "parse.quote", "never closed"),
        ("重启 web-01 原因：“没关", "parse.quote", "never closed"),
        ("restart web-01\u202e", "parse.hidden", "invisible"),
        ("restart we\u200bb-01", "parse.hidden", "invisible"),
        ("res\u200btart web-01", "parse.hidden", "invisible"),
        ("approve 4\u200b2", "parse.hidden", "invisible"),
        ("restart web-01 service=ng\u2066inx", "parse.hidden", "service"),
        ("run web-01\necho \u202ehello", "parse.script_bidi", "approvers"),
        ("run web-01\necho \x07", "parse.script_control", "plain text"),
        ("run web-01\necho \ud800", "parse.script_control", "plain text"),
        ("run web-01\n" + "中" * 4001, "parse.script_too_long", "12003"),
        ("restart web-01 reason=" + "x" * 501, "parse.text_too_long", "501"),
        ("restart " + " ".join(f"w-{n}" for n in range(101)), "parse.too_many_targets", "101"),
        ("x" * 8001, "parse.too_long", "8001"),
    ],
)
def test_refusals_say_what_to_type(line: str, key: str, said: str) -> None:
    assert refused(line).key == key
    assert said in told(line)
    assert told(line, "zh-CN") != told(line)


def test_a_word_without_end_is_refused_at_once() -> None:
    """In a time that grows with its length, not with the square of it."""
    began = time.process_time()
    assert refused("x" * 200_000).key == "parse.too_long"
    assert time.process_time() - began < 2


def test_missing_parameters_are_all_named() -> None:
    refusal = refused("provision")
    assert refusal.facts["missing"] == ("emp_id", "role")
    assert "emp_id (the staff number) and role (the role)" in told("provision")
    assert "emp_id (工号)、role (角色)" in told("provision", "zh-CN")


def test_every_example_given_parses() -> None:
    lines = ["restart", "restart service=redis", "provision", "provision E1", "run", "run web-01"]
    lines += ["run web-01 df -h", "restart web-01 service=';'", "status x", "approve 4 code=z"]
    for line in lines:
        example = refused(line).facts["example"]
        assert isinstance(parser.parse(CATALOG, example, "en"), parser.Parsed), (line, example)


def test_what_was_typed_is_never_repeated_at_length_or_with_tricks() -> None:
    long = told("q" * 7000)
    assert len(long) < 200
    assert "\u202e" not in told("restart web-01 \u202e=x")


def test_form_fields_become_values() -> None:
    provision = CATALOG.find("provision")
    assert provision is not None
    parsed = parser.from_fields(provision, {"emp_id": " E123 ", "role": "ＤｅｖＯｐｓ"}, "en")
    assert isinstance(parsed, parser.Parsed)
    assert parsed.values == {"emp_id": "E123", "role": "devops", "targets": (), "reason": ""}
    assert parsed.typed == {"emp_id", "role"}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"emp_id": "E1; reboot", "role": "dev"}, "parse.value"),
        ({"emp_id": "E1", "role": "boss"}, "parse.value"),
        ({"emp_id": "E1", "role": ""}, "parse.missing"),
        ({"emp_id": "E1", "role": "dev", "shoe": "42"}, "parse.unknown_parameter"),
    ],
)
def test_form_fields_are_checked_as_words_are(fields: dict[str, str], key: str) -> None:
    provision = CATALOG.find("provision")
    assert provision is not None
    refusal = parser.from_fields(provision, fields, "en")
    assert isinstance(refusal, policy.Refusal)
    assert refusal.key == key
