"""A template's parameters as people type them, and what they are told when it does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from bot import policy, texts
from bot.commands import registry, template_commands
from bot.commands.line import parser
from bot.oos.parameters import arguments
from bot.oos.template import parse as reading
from bot.source import lenient_json

SOURCE = """\
FormatVersion: OOS-2019-06-01
Description: {en: Restart, zh-cn: 重启}
Parameters:
  targets: {Type: Json, AssociationProperty: Targets}
  rateControl:
    Type: Json
    AssociationProperty: RateControl
    Default: {Mode: Concurrency, Concurrency: 10%, MaxErrors: 0}
  hookUrl: {Type: String, NoEcho: true, MinLength: 4}
  message: {Type: String, Default: '', Label: {en: the message, zh-cn: 消息}}
  atMobiles: {Type: List, Default: []}
  atAll: {Type: Boolean, Default: false}
  count: {Type: Number, Default: 1, MinValue: 1, MaxValue: 9}
  extra: {Type: Json, Default: {}}
  mode: {Type: String, Default: Soft, AllowedValues: [Soft, Hard]}
  zone: {Type: String, Default: a, AllowedPattern: '[a-z]+', ConstraintDescription: lower case}
  my-name: {Type: String, Default: x}
  2nd: {Type: String, Default: x}
  tag: {Type: String, Default: x}
Tasks:
  - Name: wait
    Action: ACS::Sleep
    Properties: {Duration: PT1S}
"""


def catalog_of(source: str, name: str = "restart") -> registry.Catalog:
    template = reading.parse(source, name, f"{name}.yml")
    command = template_commands.command(
        template, {name: template}, {name: template_commands.digest(template)}
    )
    return registry.Catalog({name: command}, {template_commands.digest(template): template})


CATALOG = catalog_of(SOURCE)
HOOK = "hookUrl=https://example.com/x?y=1"


def given(line: str, locale: str = "en", commands: registry.Catalog = CATALOG) -> dict[str, Any]:
    parsed = parser.parse(commands, line, locale)
    assert isinstance(parsed, parser.Parsed), (line, texts.say(locale, parsed.key, **parsed.facts))
    return {name: parsed.values[name] for name in parsed.typed}


def told(line: str, locale: str = "en", commands: registry.Catalog = CATALOG) -> str:
    refusal = parser.parse(commands, line, locale)
    assert isinstance(refusal, policy.Refusal), (line, refusal)
    return texts.say(locale, refusal.key, **refusal.facts)


@pytest.mark.parametrize(
    ("typed", "targets"),
    [
        ("web-01 web-02", ("web-01", "web-02")),
        ("targets=i-1,i-2", ("i-1", "i-2")),
        ("targets=web-01 web-02", ("web-01", "web-02")),
        ("targets=web-01，web-02、web-03", ("web-01", "web-02", "web-03")),
        ("实例=web-01", ("web-01",)),
        ("TARGET＝web-01", ("web-01",)),
        ("targets=tag:env=prod", ("tag:env=prod",)),
        ("tag:env=prod tag:role=web", ("tag:env=prod", "tag:role=web")),
        ('targets={"Type": "All"}', {"Type": "All"}),
        ('{"Type": "Tags", "Tags": [{"Key": "a", "Value": "b c"}]}',
         {"Type": "Tags", "Tags": [{"Key": "a", "Value": "b c"}]}),
        ("targets=\n{“type”：“ResourceIds”，\n “ResourceIds”：[“i-1”]}",
         {"type": "ResourceIds", "ResourceIds": ["i-1"]}),
        ('targets="{"Type": "All"}"', {"Type": "All"}),
        ("targets='i-1,i-2'", ("i-1", "i-2")),
    ],
)  # fmt: skip
def test_targets(typed: str, targets: Any) -> None:
    for line in (f"restart {typed} {HOOK}", f"restart {HOOK} {typed}"):
        assert given(line) == {"targets": targets, "hookUrl": "https://example.com/x?y=1"}


@pytest.mark.parametrize(
    ("typed", "name", "value"),
    [
        ("rateControl=50%", "rateControl", {"Mode": "Concurrency", "Concurrency": "50%"}),
        ("RATECONTROL＝５", "rateControl", {"Mode": "Concurrency", "Concurrency": 5}),
        ("rateControl=batch:1,5,10", "rateControl", {"Mode": "Batch", "Batch": [1, 5, 10]}),
        ('rateControl={"Mode": "Concurrency", "Concurrency": 5}', "rateControl",
         {"Mode": "Concurrency", "Concurrency": 5}),
        ('rateControl={\n  "Concurrency": 5\n}.', "rateControl",
         {"Mode": "Concurrency", "Concurrency": 5}),
        ("rateControl=｛“Mode”：“Batch”，“Batch”：［1，2］｝", "rateControl",
         {"Mode": "Batch", "Batch": [1, 2]}),
        ("message=hello", "message", "hello"),
        ('message="hello world"', "message", "hello world"),
        ("message=“你好，世界”", "message", "你好，世界"),
        ("message=a,b;c", "message", "a,b;c"),
        ("message=a,b,", "message", "a,b"),
        ("message=targets=web-09", "message", "targets=web-09"),
        ('message=""', "message", ""),
        ("message={{ACS::RegionId}}", "message", "{{ACS::RegionId}}"),
        ('message="{{ hookUrl }} ${x}"', "message", "{{ hookUrl }} ${x}"),
        ('message={"a": "b c"}', "message", '{"a": "b c"}'),
        ("message={a", "message", "{a"),
        ("message=［x］y", "message", "［x］y"),
        ('message="line one\nline two"', "message", "line one\nline two"),
        ("atMobiles=138,139", "atMobiles", ["138", "139"]),
        ("atMobiles=138，139、140", "atMobiles", ["138", "139", "140"]),
        ("atMobiles=138,\n139", "atMobiles", ["138", "139"]),
        ('atMobiles="a b","c,d"', "atMobiles", ["a b", "c,d"]),
        ('atMobiles="138,139"', "atMobiles", ["138", "139"]),
        ('atMobiles=["138", "139"]', "atMobiles", ["138", "139"]),
        ("atAll=是", "atAll", True),
        ("atAll=no.", "atAll", False),
        ("count=３", "count", 3),
        ("count=2.5", "count", 2.5),
        ('extra={"a": {"b": "}"}, "c": ["]", "{"]}', "extra",
         {"a": {"b": "}"}, "c": ["]", "{"]}),
        ('extra={"say": "a “quoted” word"}', "extra", {"say": "a “quoted” word"}),
        ("extra={“say”: “it is \"so\"”}", "extra", {"say": 'it is "so"'}),
        ('extra={"a": "{{ hookUrl }}"}', "extra", {"a": "{{ hookUrl }}"}),
        ("extra='{\"a\": 1}'", "extra", {"a": 1}),
        ("mode=hard", "mode", "Hard"),
        ("zone=ａｂ", "zone", "ab"),
        ("my-name=y", "my-name", "y"),
        ("2nd=y", "2nd", "y"),
        ("tag=y", "tag", "y"),
        ("reason=memory leak since noon", "reason", "memory leak since noon"),
        ("原因：内存泄漏", "reason", "内存泄漏"),
    ],
)  # fmt: skip
def test_values(typed: str, name: str, value: Any) -> None:
    for line in (f"restart web-01 {HOOK} {typed}", f"restart {HOOK} web-01\n{typed}"):
        found = given(line)
        if name == "rateControl" and "{" not in typed and "｛" not in typed and "atch" not in typed:
            value = {**value, "MaxErrors": 0}
        assert found == {"targets": ("web-01",), "hookUrl": found["hookUrl"], name: value}
    if name == "reason":
        return
    assert given(f"restart {typed} web-01 {HOOK}")[name] == value


@pytest.mark.parametrize(
    "line",
    [
        "restart web-01，hookUrl=robot:ops，rateControl=５０％，message=a,b，count=2",
        "restart web-01 hookUrl = robot:ops rateControl = 50% message = a,b count = 2",
        "restart web-01;hookUrl=robot:ops;count=2;message=a,b;rateControl=50%",
        "restart\nweb-01\nhookUrl：robot:ops\nrateControl：50%\nmessage：a,b\ncount：2",
    ],
)
def test_however_they_are_set_apart(line: str) -> None:
    assert given(line) == {
        "targets": ("web-01",),
        "hookUrl": "robot:ops",
        "rateControl": {"Mode": "Concurrency", "Concurrency": "50%", "MaxErrors": 0},
        "message": "a,b",
        "count": 2,
    }


def test_what_was_not_typed_is_left_to_the_template() -> None:
    parsed = parser.parse(CATALOG, f"restart web-01 {HOOK}", "en")
    assert isinstance(parsed, parser.Parsed)
    assert set(parsed.values) == {"targets", "hookUrl", "reason"}
    assert parsed.command.template is not None
    assert set(parsed.command.inputs(parsed.values)) == {"targets", "hookUrl"}
    bound = arguments.bind(parsed.command.template, parsed.command.inputs(parsed.values), {})
    assert isinstance(bound, dict)
    assert bound["mode"] == "Soft"


@pytest.mark.parametrize(
    ("typed", "english", "chinese"),
    [
        ("web-01", "still needs hookUrl", "还缺少 hookUrl"),
        (f"web-01 {HOOK} hokUrl=x", "Did you mean hookUrl?", "你是不是想用 hookUrl"),
        (f"web-01 {HOOK} count=10", "expected a number from 1 to 9", "应为：数字，1 到 9"),
        (f"web-01 {HOOK} count=x", "“x” doesn't fit count (count)", "“x”不能作为 count"),
        (f"web-01 {HOOK} atAll=maybe", "expected yes or no", "是 或 否"),
        (
            f"web-01 {HOOK} mode=Sotf",
            "hookUrl=https://example.com/hook mode=Soft",
            "Soft 或 Hard 之一",
        ),
        (f"web-01 {HOOK} zone=A1", "expected lower case", "lower case"),
        (f"web-01 {HOOK} extra=5x", "JSON such as {", "JSON，如 {"),
        (f'web-01 {HOOK} extra={{"a": 1', "never closed", "没有闭合"),
        (f'web-01 {HOOK} extra={{"a": 1]}}', "never closed", "没有闭合"),
        (f"web-01 {HOOK} extra=null", "JSON such as", "JSON，如"),
        (f'web-01 {HOOK} extra={{"a": 1e999}}', "JSON such as", "JSON，如"),
        (f'web-01 {HOOK} extra={{"a": "\\u202e"}}', "invisible", "看不见"),
        (f'web-01 {HOOK} extra={{"a": "\\ud800"}}', "invisible", "看不见"),
        (f"web-01 {HOOK} extra={'[' * 30 + ']' * 30}", "JSON such as", "JSON，如"),
        (f"web-01 {HOOK} rateControl=500%", "how many at a time", "百分比"),
        (f'web-01 {HOOK} rateControl={{"Concurency": 1}}', "mean `Concurrency`?", "Concurrency"),
        (f"web-01 {HOOK} message=", "“” doesn't fit message (the message)", "message（消息）"),
        (f"web-01 {HOOK} message= count=2", "“” doesn't fit message", "message（消息）"),
        (f"web-01 {HOOK} message=a message=b", "message was given twice", "写了两次"),
        (f"web-01 {HOOK} message=a\u202eb", "invisible", "看不见"),
        (f"web-01 tag:a=b {HOOK}", "use one or the other", "只用其中一种"),
        (f'web-01 {HOOK} {{"Type": "All"}}', "targets was given twice", "写了两次"),
        (f'{HOOK} targets={{"Type": "ResourceIds"}}', "list of ResourceIds", "ResourceIds"),
        (f'{HOOK} targets={{"Type": "ResourceIds", "ResourceIds": [1]}}', "expected", "应为"),
    ],
)
def test_refusals_say_what_to_type(typed: str, english: str, chinese: str) -> None:
    assert english in told(f"restart {typed}")
    assert chinese in told(f"restart {typed}", "zh-CN")
    refusal = parser.parse(CATALOG, f"restart {typed}", "en")
    assert isinstance(refusal, policy.Refusal)
    if "example" in refusal.facts:
        given(refusal.facts["example"])


# ----------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "line",
    [
        "restart web-01 hookUrl=xyz",
        "restart web-01 hookUrl=xyzSECRET count=99",
        "restart web-01 hookUrl=xyzSECRET SECRET;more SECRET2=3",
        "restart web-01 hookUrl='SECRET one' $SECRET",
        'restart web-01 hookUrl="SECRET',
        'restart web-01 reason="why hookUrl=SECRET',
        "restart hookUrl=SECRET, mode=Hrad",
        "restart web-01 hookUrl=SECRET hookUrl=SECRET",
        "restart web-01 hookURL: SECRET SECRET=1",
        "restrat web-01 hookUrl=SECRET",
    ],
)
def test_a_secret_is_never_repeated(line: str) -> None:
    for locale in texts.LOCALES:
        assert "SECRET" not in told(line, locale) if line[-3:] != "xyz" else "xyz" not in told(line)
    shown = parser.read(CATALOG, line, "en").shown
    assert "SECRET" not in shown
    assert "xyz" not in shown


def test_the_line_as_it_may_be_shown() -> None:
    line = 'restart web-01 hookUrl=https://h/SECRET,x mode=Hard web-02 reason="it is"'
    assert parser.read(CATALOG, line, "en").shown == (
        'restart web-01 hookUrl=*** mode=Hard web-02 reason="it is"'
    )
    quoted = "restart hookUrl= “a SECRET b”, web-01"
    assert parser.read(CATALOG, quoted, "en").shown == "restart hookUrl= ***, web-01"
    assert parser.read(CATALOG, "whatever web-01", "en").shown == "whatever web-01"
    assert "***" not in CATALOG.names()
    found = CATALOG.find("restart")
    assert found is not None
    assert found.example == "restart web-01 hookUrl=https://example.com/hook"


# ----------------------------------------------------------------------------- without targets

BARE = catalog_of(SOURCE.replace("  targets: {Type: Json, AssociationProperty: Targets}\n", ""))
OWN = catalog_of(
    SOURCE.replace("  message:", "  Reason:")
    .replace("targets: {", "Machines: {")
    .replace("  2nd:", "  targets: {Type: String, Default: z}\n  2nd:")
)


def test_a_template_without_targets_takes_names_only() -> None:
    assert given(f"restart {HOOK} reason=x", commands=BARE)["reason"] == "x"
    assert "is more than restart takes" in told("restart web-01", commands=BARE)


def test_a_parameter_of_its_own_comes_first() -> None:
    found = given(f"restart web-01 {HOOK} targets=q reason=r instances=web-02", commands=OWN)
    assert found["Machines"] == ("web-01", "web-02")
    assert (found["targets"], found["Reason"]) == ("q", "r")


def test_form_fields() -> None:
    command = CATALOG.find("restart")
    assert command is not None
    fields = {"targets": "web-01, web-02", "hookUrl": "robot:ops", "atMobiles": "1、2", "atAll": ""}
    parsed = parser.from_fields(command, fields, "zh-CN")
    assert isinstance(parsed, parser.Parsed)
    assert parsed.values == {
        "targets": ("web-01", "web-02"), "hookUrl": "robot:ops", "atMobiles": ["1", "2"],
        "reason": "",
    }  # fmt: skip
    long = parser.from_fields(command, {**fields, "message": "x" * 9000}, "en")
    assert isinstance(long, policy.Refusal)
    assert "9000" in texts.say("en", long.key, **long.facts)


@pytest.mark.parametrize("text", ["", "x", "{", "[1", "{]", '{"a', "{“a"])
def test_what_is_no_json_is_not_scanned(text: str) -> None:
    assert lenient_json.scan(text, 0) is None
