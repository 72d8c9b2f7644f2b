"""What the configuration says of the bus: rules, endpoints, buses, HTTP sources."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import config, model
from bot.app import bus
from bot.commands import loader
from bot.config import diagnostics
from bot.rules import transform
from bot.runtime import clock, matcher
from bot.source import toml_text
from tests.bot.configured import SMALL, Loader

ENVIRON = {
    "SECRET": "s3cr3t-Value",
    "URL": "https://oapi.dingtalk.com/robot/send?access_token=t0ken",
    "AUDIT": "https://audit.corp.example/in?key=t0ken",
    "TOKEN": "t0ken" * 4,
    "BAD": "no address t0ken",
    "UGLY": "t0ken é",
    "PLAIN": "http://h/?access_token=t0ken",
}
AROUND = """\
[[webhook.robot]]
name = "told"
platform = "dingtalk"
url = { env = "URL" }
[[endpoint]]
name = "audit"
url = "https://audit.corp.example/in"
[[bus]]
name = "cloud"
account = "1234567890"
"""
RULE = '[[rule]]\nname = "r"\nwhen = \'$.source == "x"\'\n'
TARGET = "[[rule.target]]\nthread = true\n"
HTTP = "[http]\n"
SOURCE = '[[source]]\nname = "s"\npath = "/s"\nkind = "cloudevents"\nunsigned = true\n'
BARE = SOURCE.replace("unsigned = true\n", "")
EVENT = model.CloudEvent(
    "1",
    "dingtalk.approval",
    "ProvisionRequest",
    datetime(2026, 1, 31, tzinfo=UTC),
    data={"emp_id": "E123", "role": "devops"},
)


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def whole(*more: str) -> str:
    return SMALL + AROUND + "".join(more)


def to(target: str, rule: str = RULE) -> str:
    return f"{rule}[[rule.target]]\n{target}\n"


def known(*_: Any) -> list[diagnostics.Command]:
    root = Path(__file__).resolve().parents[2]
    return list(loader.load(root / "commands"))


def rules(found: config.Config) -> dict[str, Any]:
    assert found.rules is not None
    return dict(found.rules.rules)


# ----------------------------------------------------------------------------- what is right


def test_a_rule_with_every_kind_of_target(load: Loader) -> None:
    text = whole(
        '[[rule]]\nname = "hire"\npattern = { source = ["dingtalk.approval"] }\n',
        '[[rule.target]]\ncommand = "restart"\ngroup = "ops"\nperson = "ann"\npolicy = "p"\n',
        'args = { service = "$.data.role", targets = "web-01", force = true, count = 3 }\n',
        '[[rule.target]]\ngroup = "ops"\nmention = ["ben"]\nform = "TEMPLATE"\n',
        'value = { who = "$.detail.emp_id" }\ntemplate = "hired: ${who}"\n',
        '[[rule.target]]\nthread = true\nform = "JSONPATH"\nvalue = "$.data.role"\n',
        '[[rule.target]]\nrobot = "told"\nform = "TEMPLATE"\n',
        "value = '{\"who\": \"$.data.emp_id\"}'\n",
        'template = \'{"msgtype": "text", "text": {"content": "Notify ${who}"}}\'\n',
        '[[rule.target]]\nurl = "https://oapi.dingtalk.com/robot/send"\n',
        'form = "CONSTANT"\nvalue = { a = [1, "two"] }\n',
        '[[rule.target]]\nendpoint = "audit"\nretry = "EXPONENTIAL_DECAY_RETRY"\n',
        '[[rule.target]]\nbus = "cloud"\n',
    )  # fmt: skip
    found = load(text, environ=ENVIRON)
    assert found.warnings == ()
    [rule] = rules(found).values()
    command, group, thread, robot, url, endpoint, bus = rule.targets
    assert command.to == model.ToCommand("restart", "ops", "dingtalk", "p", person="ann")
    plain = EVENT.plain()
    made = {name: transform.render(one, plain) for name, one in command.values.items()}
    assert made == {"service": "devops", "targets": "web-01", "force": "true", "count": "3"}
    assert group.to == model.ToGroup("dingtalk", "corp", "c", ("ben",))
    assert transform.render(group.body, plain) == "hired: E123"
    assert thread.to == model.ToThread()
    assert transform.render(thread.body, plain) == "devops"
    assert robot.to == model.ToWebhook("robot:told")
    assert transform.render(robot.body, plain, "json") == {
        "msgtype": "text",
        "text": {"content": "Notify E123"},
    }
    assert url.to == model.ToWebhook("https://oapi.dingtalk.com/robot/send")
    assert transform.render(url.body, plain, "json") == {"a": [1, "two"]}
    assert (endpoint.to, endpoint.body) == (model.ToHttp("audit"), None)
    assert (endpoint.retry, bus.retry) == ("EXPONENTIAL_DECAY_RETRY", "BACKOFF_RETRY")
    assert (bus.to, bus.body) == (model.ToBus("cloud"), None)
    assert found.rules is not None
    assert [one.name for one in found.rules.matching(EVENT)] == ["hire"]
    assert "1 rule" in found.summary()


@pytest.mark.parametrize(
    "said",
    [
        'pattern = { source = ["dingtalk.approval"], data = { role = [{ prefix = "dev" }] } }',
        'pattern = \'{"source": ["dingtalk.approval"], "detail": {"role": ["devops"]}}\'',
        'pattern = "$.source == \\"dingtalk.approval\\""',
        'when = \'$.source == "dingtalk.approval" && $.detail.role in ["devops"]\'',
        'dialect = "aws"\npattern = { detail-type = [{ wildcard = "Provision*" }] }',
        '[rule.pattern]\nsource = ["dingtalk.approval"]\n[rule.pattern.detail]\nrole = ["devops"]',
    ],
)
def test_every_way_to_say_a_pattern(load: Loader, said: str) -> None:
    found = load(SMALL + f'[[rule]]\nname = "r"\n{said}\n{TARGET}')
    assert found.rules is not None
    assert [one.name for one in found.rules.matching(EVENT)] == ["r"]


def test_a_rule_that_is_switched_off_is_checked_and_kept_apart(load: Loader) -> None:
    off = RULE + "enabled = false\n" + TARGET
    found = load(SMALL + off)
    assert found.rules is None
    assert list(found.silent) == ["r"]
    [fault] = load.faults(SMALL + off.replace("==", "="))
    assert fault.mark.path == "rule.when"
    assert load(SMALL).rules is None


def test_what_the_tables_of_the_outside_become(load: Loader) -> None:
    text = whole(
        '[[endpoint]]\nname = "other"\nurl = { env = "AUDIT" }\nsecret = { env = "TOKEN" }\n',
        'headers = { Authorization = { env = "TOKEN" }, X-Team = "ops" }\n',
        'shape = "structured"\nidempotent = true\ntimeout = 3.0\n',
        '[[bus]]\nname = "near"\nendpoint = "http://127.0.0.1:9"\nbus = "events"\n',
        HTTP,
        BARE,
        'secret = { env = "TOKEN" }\naddresses = ["10.0.0.0/8", "::1"]\nonly = ["acs.*"]\n',
        'person = "ann"\nmapping = { person = "$.data.emp_id" }\nwindow = 60\n',
    )  # fmt: skip
    found = load(text, environ=ENVIRON)
    assert found.warnings == ()
    audit, other = found.endpoints
    assert audit.url.reveal() == "https://audit.corp.example/in"
    assert other.url.reveal() == ENVIRON["AUDIT"]
    assert {name: value.reveal() for name, value in other.headers.items()} == {
        "Authorization": "t0ken" * 4,
        "X-Team": "ops",
    }
    assert (other.shape, other.idempotent, other.timeout) == ("structured", True, 3.0)
    cloud, near = found.buses
    assert (cloud.bus, cloud.account, near.bus, near.endpoint) == (
        "", "1234567890", "events", "http://127.0.0.1:9",
    )  # fmt: skip
    assert found.http is not None
    assert (found.http.listen, found.http.max_bytes) == ("127.0.0.1:17380", 262144)
    assert found.http.max_connections == 1000
    [source] = found.sources
    assert source.secret is not None
    assert source.secret.reveal() == "t0ken" * 4
    assert (source.addresses, source.only, source.person) == (
        ("10.0.0.0/8", "::1"), ("acs.*",), "ann",
    )  # fmt: skip
    assert "t0ken" not in repr(found) + str(found.endpoints) + str(found.sources)


def test_the_usual_is_silence(load: Loader) -> None:
    found = load(SMALL)
    assert (found.http, found.sources, found.endpoints, found.buses) == (None, (), (), ())


# ----------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("more", "key", "said", "line"),
    [
        (RULE + TARGET.replace("true", "false"), "rule.target.thread", "must be one of", 5),
        (RULE, "rule.target", "missing", 1),
        (RULE + "target = []", "rule.target", "must name at least 1", 4),
        ('[[rule]]\nname = "r"\n' + TARGET, "rule", "pattern is missing", 1),
        (RULE + "pattern = {}\n" + TARGET, "rule.when", "leave one out", 3),
        (RULE + TARGET + RULE + TARGET, "rule.name", "of line 34 has this name", 7),
        (RULE + 'dialect = "amazon"\n' + TARGET, "rule.dialect", "must be one of", 4),
        (RULE + "wen = 1\n" + TARGET, "rule.wen", "did you mean when?", 4),
        (RULE.replace('$.source == "x"', "{}") + TARGET, "rule.when", "written as `pattern`", 3),
        (RULE.replace("==", "=") + TARGET, "rule.when", "column 10: ", 3),
        ('[[rule]]\nname="r"\npattern=1\n' + TARGET, "rule.pattern", "must be a table", 3),
        ('[[rule]]\nname="r"\npattern={Sauce=["a"]}\n' + TARGET,
         "rule.pattern.Sauce", "did you mean `source`?", 3),
        ('[[rule]]\nname="r"\n[rule.pattern]\nsource=["a"]\ndata={a="b"}\n' + TARGET,
         "rule.pattern.data.a", "array", 5),
        ('[[rule]]\nname="r"\n[rule.pattern]\nsource=[\n"a",\n{prefics="a"}]\n' + TARGET,
         "rule.pattern.source.prefics", "did you mean `prefix`?", 6),
        ('[[rule]]\nname="r"\npattern={data={at=[1979-05-27]}}\n' + TARGET, "rule.pattern",
         "no dates", 3),
        ('[[rule]]\nname="r"\npattern={data={at=[{numeric=[">",inf]}]}}\n' + TARGET,
         "rule.pattern", "finite", 3),
        ("[[rule]]\nname='r'\npattern='''\n{\n \"source\": [\"a\"],\n \"data\": 5\n}'''\n" + TARGET,
         "rule.pattern", "column 10: ", 6),
        ('[[rule]]\nname="r"\npattern="""{\\n\\"source\\": [\\n  3 4]}"""\n' + TARGET,
         "rule.pattern", "column 5: ", 3),
        ('[[rule]]\nname="r"\ndialect="aws"\npattern="{}"\n' + TARGET, "rule.pattern", "empty", 4),
        (to('mention = ["ben"]'), "rule.target", "say where it leads", 4),
        (to('group = "ops"\nrobot = "told"'), "rule.target.robot", "second place beside group", 6),
        (to('group = "opss"'), "rule.target.group", "did you mean ops?", 5),
        (to('group = "ops"\nplatform = "lark"'), "rule.target.group", "but this target on lark",
         5),
        (to('group = "ops"\nmention = ["bent"]'), "rule.target.mention", "did you mean ben?", 6),
        (to('group = "ops"\nargs = {a = 1}'), "rule.target.args", "goes with command", 6),
        (to('group = "ops"\nperson = "ben"'), "rule.target.person", "goes with command", 6),
        (to('robot = "told"\nmention = ["ben"]'), "rule.target.mention", "group or thread", 6),
        (to('robot = "tol"'), "rule.target.robot", "there is no robot tol, did you mean told?", 5),
        (to('endpoint = "audits"'), "rule.target.endpoint", "did you mean audit?", 5),
        (to('bus = "clouds"'), "rule.target.bus", "did you mean cloud?", 5),
        (to('bus = "cloud"\nform = "CONSTANT"\nvalue = 1'), "rule.target.form",
         "gets the event itself", 6),
        (to('url = "https://evil.example/x"'), "rule.target.url", "not among the hosts", 5),
        (to('url = "http://oapi.dingtalk.com/x"'), "rule.target.url", "not among the hosts", 5),
        (to('url = "https://oapi.dingtalk.com:444/x"'), "rule.target.url", "among the hosts", 5),
        (to('url = "https://u:p@oapi.dingtalk.com/x"'), "rule.target.url", "user or password", 5),
        (to('url = "oapi.dingtalk.com"'), "rule.target.url", "usable address", 5),
        (to('thread = true\nretry = "BACKOFF"'), "rule.target.retry", "did you mean BACKOFF_", 6),
        (to('thread = true\nform = "TEMPLAT"'), "rule.target.form", "did you mean TEMPLATE?", 6),
        (to('thread = true\nform = "TEMPLATE"'), "rule.target.template", "takes a template", 4),
        (to('thread = true\ntemplate = "x"'), "rule.target.template", "ORIGINAL takes no", 6),
        (to('thread = true\nvalue = "$.x"'), "rule.target.value", "ORIGINAL takes no value", 6),
        (to('thread = true\nform = "JSONPATH"\nvalue = "$..x"'), "rule.target.value",
         "`..` searches", 7),
        (to('thread = true\nform = "CONSTANT"'), "rule.target.value", "takes a value", 4),
        (to('thread = true\nform = "CONSTANT"\nvalue = 07:32:00'), "rule.target.value",
         "no dates", 7),
        (to("thread = true\nform = \"TEMPLATE\"\ntemplate = '''\none\ntwo ${who}'''"),
         "rule.target.template", "column 5: no variable is called `who`", 9),
        (to('thread = true\nform = "TEMPLATE"\nvalue = {who = "$.a[?(x)]"}\ntemplate = "${who}"'),
         "rule.target.value.who", "a filter searches", 7),
        (to('thread = true\nform = "TEMPLATE"\nvalue = "{]"\ntemplate = "x"'),
         "rule.target.value", "column 2: ", 7),
        (to('robot = "told"\nform = "TEMPLATE"\ntemplate = "no JSON"'), "rule.target.template",
         "no JSON", 7),
        (to("endpoint = \"audit\"\nform = \"TEMPLATE\"\nvalue = {k = \"$.a\"}\n"
            "template = '''{\n\"${k}\": 1}'''"), "rule.target.template", "variable in a key", 9),
        (to('command = "restart"'), "rule.target", "group is missing", 4),
        (to('command = "restar"\ngroup = "ops"'), "rule.target.command", "did you mean restart", 5),
        (to('command = "run"\ngroup = "ops"'), "rule.target.command", "no table [command.run]", 5),
        (to('command = "restart"\ngroup = "ops"\nform = "ORIGINAL"'), "rule.target.form",
         "args say what it gets", 7),
        (to('command = "restart"\ngroup = "ops"\nperson = "ben"'), "rule.target.person",
         "ben has no role that may ask for restart", 7),
        (to('command = "restart"\ngroup = "ops"\nperson = "cat"'), "rule.target.person",
         "there is no person cat", 7),
        (to('command = "restart"\ngroup = "ops"\npolicy = "q"'), "rule.target.policy",
         "there is no policy q", 7),
        (to('command = "restart"\ngroup = "ops"\nargs = {servce = "nginx"}'),
         "rule.target.args.servce", "did you mean service?", 7),
        (to('command = "restart"\ngroup = "ops"\nargs = {service = "nginx"}'), "rule.target.args",
         "needs the parameter targets", 7),
        (to('command = "restart"\ngroup = "ops"\nargs = {service = ["nginx"]}'),
         "rule.target.args.service", "must be a path or text", 7),
        (to('command = "restart"\ngroup = "ops"\nargs = {service = "$.a..b"}'),
         "rule.target.args.service", "`..` searches", 7),
        (to('command = "restart"\ngroup = "small"')
         + '[[group]]\nplatform="dingtalk"\nchat="d"\nname="small"\ncommands=[]',
         "rule.target.group", "does not allow restart", 6),
        ('[[endpoint]]\nname = "audit"\nurl = "https://x.example/"', "endpoint.name",
         "of line 28 has this name", 2),
        ('[[endpoint]]\nname = "e"\nurl = "http://x.example/"', "endpoint.url", "readable by", 3),
        ('[[endpoint]]\nname = "e"\nurl = { env = "BAD" }', "endpoint.url", "no usable address", 3),
        ('[[endpoint]]\nname = "e"\nurl = { env = "NONE" }', "endpoint.url", "is not set", 3),
        ('[[endpoint]]\nname = "e"\nurl = "https://x/"\nsecret = "t0ken"', "endpoint.secret",
         "plain text", 4),
        ('[[endpoint]]\nname = "e"\nurl = "https://x/"\nheaders = {Authorization = "t0ken"}',
         "endpoint.headers.Authorization", "a secret by its name", 4),
        ('[[endpoint]]\nname = "e"\nurl = "https://x/"\nheaders = {Host = "h"}',
         "endpoint.headers.Host", "the bot itself sets", 4),
        ('[[endpoint]]\nname = "e"\nurl = "https://x/"\nheaders = {"a b" = "h"}',
         "endpoint.headers.'a b'", "no name of a header", 4),
        ('[[endpoint]]\nname = "e"\nurl = "https://x/"\nca_file = "none.pem"', "endpoint.ca_file",
         "no readable PEM", 4),
        ('[[bus]]\nname = "b"', "bus", "endpoint is missing", 1),
        ('[[bus]]\nname = "b"\naccount = "me"', "bus.account", "number of the account", 3),
        ('[[bus]]\nname = "b"\naccount = "12345"\nbus = "default"', "bus.bus", "of your own", 4),
        ('[[bus]]\nname = "a b"\naccount = "12345"', "bus", "bus is missing", 1),
        ('[[endpoint]]\nname = "e"\nurl = "https://x/"\nheaders = {A = { env = "UGLY" }}',
         "endpoint.headers.A", "no header may hold", 4),
        ('[[endpoint]]\nname = "e"\nurl = "https://x/#t0ken"', "endpoint.url", "no usable", 3),
        (to(f"thread = true\nform = \"CONSTANT\"\nvalue = {'[' * 80}1{']' * 80}"),
         "rule.target.value", "nested too deeply", 7),
        ('[[bus]]\nname = "b"\nendpoint = "http://x.example"', "bus.endpoint", "another machine",
         3),
        ('[http]\nlisten = "17380"', "http.listen", "an IP address and a port", 2),
        ('[http]\nlisten = "[::1]:99999"', "http.listen", "an IP address and a port", 2),
        ('[http]\nmax_bytes = 1', "http.max_bytes", "at least 1024", 2),
        ('[http]\nmax_connections = 0', "http.max_connections", "at least 8", 2),
        ('[http]\nlisten = "0.0.0.0:1"\n' + SOURCE, "source", "secret is missing: anybody", 3),
        (HTTP + BARE, "source", "secret is missing: add secret or token", 2),
        (BARE, "source", "unsigned = true", 1),
        (HTTP + SOURCE + 'token = { env = "ROBOT" }', "source.unsigned", "no use beside", 6),
        (HTTP + SOURCE.replace("/s", "s"), "source.path", "must begin with /", 4),
        (HTTP + SOURCE.replace("cloudevents", "cloudevent"), "source.kind", "did you mean", 5),
        (HTTP + SOURCE + SOURCE, "source.path", "has this path already", 9),
        (HTTP + SOURCE + 'addresses = ["10.0.0.300"]', "source.addresses", "must be an IP", 7),
        (HTTP + SOURCE + 'person = "nobody"', "source.person", "there is no person nobody", 7),
        (HTTP + SOURCE + 'mapping = {data = "$.x"}', "source.mapping.data", "maps no data", 7),
        (HTTP + SOURCE + 'mapping = {person = "$.a[*].b"}', "source.mapping.person", "one place",
         7),
        (HTTP + SOURCE.replace("cloudevents", "webhook") + 'mapping = {id = "$.id"}',
         "source.mapping.id", "begins with $.body", 7),
        (HTTP + SOURCE + 'card_secret = { env = "TOKEN" }', "source.card_secret", "no use", 7),
        (HTTP + BARE.replace("cloudevents", "lark"), "source.kind", "there is no [lark]", 5),
        (HTTP + BARE.replace("cloudevents", "dingtalk"), "source", "told by a secret", 2),
        (HTTP + BARE.replace("cloudevents", "dingtalk") + 'token = { env = "TOKEN" }', "source",
         "encrypt_key is missing", 2),
        (HTTP + BARE.replace("cloudevents", "dingtalk")
         + 'token = { env = "TOKEN" }\nencrypt_key = { env = "TOKEN" }', "source.encrypt_key",
         "43 letters", 7),
        (HTTP + SOURCE + 'window = 5', "source.window", "at least 10", 7),
    ],
)  # fmt: skip
def test_what_is_refused(load: Loader, more: str, key: str, said: str, line: int) -> None:
    text = whole(more, "\n")
    found = load.faults(text, environ=ENVIRON, known_commands=known)
    first = text[: text.rindex(more)].count("\n")
    assert [
        fault
        for fault in found
        if fault.mark.path == key and said in fault.message and fault.mark.line == first + line
    ], (first, found)
    assert "t0ken" not in "".join(map(str, found))


def test_a_group_on_two_platforms_must_be_told_apart(load: Loader) -> None:
    lark = '[lark]\napp_id="a"\napp_secret={ env = "TOKEN" }\ntenants=["t"]\n'
    lark += '[[group]]\nplatform="lark"\nchat="oc"\nname="ops"\n'
    [fault] = load.faults(whole(lark, to('group = "ops"')), environ=ENVIRON)
    assert "on dingtalk and lark; say which" in fault.message
    found = load(whole(lark, to('group = "ops"\nplatform = "lark"')), environ=ENVIRON)
    assert rules(found)["r"].targets[0].to == model.ToGroup("lark", "t", "oc")


def test_many_faults_at_once_and_each_told_once(load: Loader) -> None:
    bad = to('robot = "no"\nform = "TEMPLATE"\ntemplate = "{"', RULE.replace("==", "="))
    found = load.faults(whole(bad, HTTP, SOURCE, 'person = "no"\n'), environ=ENVIRON)
    assert sorted(fault.mark.path for fault in found) == [
        "rule.target.robot", "rule.target.template", "rule.when", "source.person",
    ]  # fmt: skip


def test_a_list_is_not_called_empty_for_what_is_wrong_in_it(load: Loader) -> None:
    [fault] = load.faults(SMALL + RULE + TARGET + 'retry = "BACKOFF"\n')
    assert fault.mark.path == "rule.target.retry"


@pytest.mark.parametrize("depth", [100, 200, 440, 490, 495, 2000])
@pytest.mark.parametrize("key", ["value", "args", "pattern"])
def test_no_depth_is_too_much(load: Loader, key: str, depth: int) -> None:
    nested = "[" * depth + "1" + "]" * depth
    target = f'thread = true\nform = "CONSTANT"\n{key} = {{ x = {nested} }}\n'
    text = to(target) if key != "pattern" else f"{RULE}pattern = {{ data = {nested} }}\n{TARGET}"
    assert any("nested" in str(fault) for fault in load.faults(SMALL + text)) or key == "args"


# ----------------------------------------------------------------------------- warnings


@pytest.mark.parametrize(
    ("when", "warned"),
    [
        ('$.type == "countersign.run.completed"', True),
        ('$.source prefix "countersign/" && $.data.request.command == "restart"', True),
        ('$.data.InvocationStatus == "Success"', True),
        ('$.detail.InvocationStatus == "Success"', True),
        ('!$.data.emp_id', True),
        ('$.data.request.command == "other"', False),
        ('$.data.request.command != "restart" && $.data.request', False),
        ('$.source == "dingtalk.approval"', False),
        ('$.type prefix "countersign.vote."', True),
        ('$.data.emp_id', False),
        ('$.aliyunregionid == "cn-hangzhou"', False),
        ('$.source == "a" || $.source prefix "counter"', True),
        ('$.detail-type == "ProvisionRequest"', False),
    ],
)  # fmt: skip
def test_a_command_because_of_itself_is_warned_of(load: Loader, when: str, warned: bool) -> None:
    rule = f"[[rule]]\nname = \"r\"\nwhen = '{when.replace('$.detail-type', '$.type')}'\n"
    text = whole(to('command = "restart"\ngroup = "ops"', rule))
    found = load(text, environ=ENVIRON)
    told = [one for one in found.warnings if "events of restart itself" in one.message]
    assert bool(told) is warned
    assert all(one.mark.path == "rule.target.command" for one in told)


@pytest.mark.parametrize(
    ("when", "warned"),
    [
        ('$.detail.InvocationStatus == "Success"', True),
        ('$.data.request.command == "restart" && $.type != "shop.paid"', True),
        ('$.type == "countersign.run.completed" && $.detail.InvocationStatus == "Success"', False),
        ('$.type prefix "countersign." && $.data.request', False),
        ('$.source prefix "countersign/" && $.data.results', False),
        ('$.source == "acs.ecs" && $.data.InvocationStatus == "Success"', False),
        ('$.data.emp_id == "E1"', False),
    ],
)
def test_results_that_others_could_forge_are_warned_of(
    load: Loader, when: str, warned: bool
) -> None:
    text = SMALL + f"[[rule]]\nname = \"r\"\nwhen = '{when}'\n{TARGET}"
    said = [one for one in load(text + HTTP + SOURCE).warnings if "forge" in one.message]
    assert bool(said) is warned
    assert all(one.mark.path == "rule.when" for one in said)
    assert not [one for one in load(text).warnings if "forge" in one.message], "nobody sends"


def test_a_server_for_nobody_and_sources_without_a_server(load: Loader) -> None:
    [warning] = load(SMALL + HTTP).warnings
    assert "no [[source]]" in warning.message
    [warning] = load(SMALL + SOURCE).warnings
    assert "there is no [http]" in warning.message


# ----------------------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("a = 'xy'", (1, 2), 1),
        ("\n\na = '''\nx\nyz'''", (2, 2), 5),
        ("a = '''x\ny'''", (2, 1), 2),
        ('a = """\nx\\ny"""', (2, 1), 2),
        ('a = """x \\\n  \n  y\nz"""', (1, 3), 3),
        ('a = """x \\\n  \n  y\nz"""', (2, 1), 4),
        ('a = "\\u00e9\\n\\U0001F600x"', (2, 2), 1),
        ("a = ''", (1, 1), 1),
        ("b = 1\na = [1,\n2]", (7, 7), 2),
    ],
)
def test_the_line_of_a_place_in_a_text(text: str, place: tuple[int, int], line: int) -> None:
    assert toml_text.Lines(text).within(("a",), *place) == line


def test_a_thousand_rules_load_in_no_time(load: Loader) -> None:
    text = "".join(
        f'[[rule]]\nname = "r{n}"\npattern = {json.dumps(json.dumps({"source": [f"s{n}"]}))}\n'
        + TARGET
        for n in range(1000)
    )
    found = load(SMALL + text)
    assert found.rules is not None
    event = model.CloudEvent("1", "s77", "t", datetime(2026, 1, 31, tzinfo=UTC))
    assert [rule.name for rule in found.rules.matching(event)] == ["r77"]


def test_how_many_connections_there_may_be_reaches_the_server(load: Loader) -> None:
    found = load(SMALL + "[http]\nmax_connections = 77\n")
    door: Any = bus.inlet_of(found, {}, clock.MachineClock(), matcher.Matcher(lambda: None).look)
    assert door._settings.max_connections == 77
