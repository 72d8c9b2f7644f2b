"""What was valid by every rule and still could not work: `check` says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import config
from bot.commands import loader
from tests.bot.configured import SMALL, Loader, change

ROOT = Path(__file__).resolve().parents[2]
LONG = "0123456789abcdef"
ENVIRON = {"SECRET": "s3cr3t-Value", "TOKEN": LONG, "ONE": "a", "TEN": "0123456789"}
SOURCE = """\
[http]
[[source]]
name = "m"
path = "/m"
kind = "webhook"
mapping = { source = "shop.m", type = "$.body.t", id = "$.body.i" }
secret = { env = "TOKEN" }
"""
RULE = """\
[[rule]]
name = "hire"
when = '$.source == "shop.m"'
[[rule.target]]
command = "restart"
group = "ops"
"""


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def said(load: Loader, text: str, **options: object) -> list[str]:
    """Everything that is said of a configuration, with its place: faults first."""
    try:
        found = load(text, **{"environ": ENVIRON, **options})
    except config.ConfigError as error:
        return [str(error), *(f"warning {one.mark.path}: {one.message}" for one in error.warnings)]
    return [f"warning {one.mark.path}: {one.message}" for one in found.warnings]


def test_what_is_right_is_silent(load: Loader) -> None:
    assert said(load, SMALL + SOURCE + 'person = "ann"\n' + RULE) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"cn-hangzhou"', '"cn-hangzou"', "there is no region cn-hangzou, did you mean cn-hangz"),
        ('"cn-hangzhou"', '"CN-Hangzhou"', "aliyun.region: there is no region CN-Hangzhou, did"),
        ('"cn-hangzhou"', '"ap-southeast-9"', "no region of the name ap-southeast-9 is known"),
        ('policy = "p"', 'policy = "p"\nregion = "cn-beijin"', "command.restart.region: there is"),
        ("[[person]]\nid = \"ann\"", "[oos]\nregion = \"cn-shangai\"\n[[person]]\nid = \"ann\"",
         "oos.region: there is no region cn-shangai, did you mean cn-shanghai?"),
        ('policy = "p"', 'policy = "p"\nallowed_targets = ["hr-["]', "a [ without its ]"),
        ('policy = "p"', 'policy = "p"\nallowed_targets = ["hr-[9-0]"]', "ends before it begins"),
        ('policy = "p"', 'policy = "p"\nallowed_targets = ["hr-[^0-9]"]', "write [!…]"),
        ('policy = "p"', 'policy = "p"\nallowed_targets = ["hr-{1,2}"]', "which no name of an"),
        ('policy = "p"', 'policy = "p"\nallowed_targets = ["web-.*"]', "regular expression"),
        ('policy = "p"', 'policy = "p"\ntargets = ["hr-1"]\nallowed_targets = ["web-*"]',
         "hr-1 fits none of allowed_targets"),
        ('roles = ["dev"]\n', 'roles = ["dev"]\n[[person]]\nid = "cy"\ndingtalk = "c"\n'
         'roles = ["dev"]\n', ""),
        ('approvers = ["ben"]', 'approvers = ["ann"]', "nobody could ever get it approved"),
        ('chat = "c"', 'chat = "oc_a1"', "group.chat: is a chat of lark by its beginning (oc_)"),
        ('chat = "c"', 'chat = "ops"', "group.chat: is the name: here stands the platform's own"),
        ('dingtalk = "u-ben"', 'dingtalk = "ou_ben"', "person.dingtalk: is an account of Lark by"),
        ('id = "ben"\ndingtalk = "u-ben"', 'id = "ben"\ndingtalk = "u-ben"\nroles = ["dev"]',
         "restart that ben asks for can never be approved: the policy p has 1 approver (ben)"),
    ],
)  # fmt: skip
def test_what_could_not_work_is_said(load: Loader, old: str, new: str, told: str) -> None:
    found = said(load, change(old, new))
    assert any(told in one for one in found) if told else found == [], found


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("[[security.pattern]]\nregex = '(a+)+$'\nreason = 'x'", ""),
        ("[[security.pattern]]\nregex = '(?<!a)b'\nreason = 'x'", "look-ahead or look-behind"),
        ("[[security.pattern]]\nregex = 'rm|.*'\nreason = 'x'", "is found in every text, so it"),
        ("[[security.pattern]]\nregex = '^\\s*$'\nreason = 'x'", ""),
        ('[policy.q]\napprovers = ["ann"]\n[[security.pattern]]\nregex = "x"\naction = "escalate"\n'
         'policy = "q"\nreason = "x"', "warning security.pattern.policy: restart that ann asks"),
        ('[policy.q]\napprovers = ["ann"]\n[[form]]\nplatform = "dingtalk"\nform = "F"\n'
         'command = "restart"\ngroup = "ops"\npolicy = "q"', "form.policy: nobody could ever"),
        (SOURCE + 'person = "ben"\n' + RULE, "ben has no role that may ask for restart, which"),
        (SOURCE + RULE, "source: person is missing: the rule hire asks for restart"),
        (SOURCE + RULE.replace("shop.m", "other"), ""),
        (SOURCE + 'person = "ben"\n' + RULE + 'person = "ann"\n', "can never be approved"),
        (SOURCE.replace('mapping = {', 'mapping = { person = "bem",'), "no person bem, did"),
        (SOURCE.replace("TOKEN", "ONE"), "source.secret: is 1 character long, which"),
        (SOURCE.replace("secret = ", "token = ").replace("TOKEN", "ONE"), "source.token: is 1"),
        (SOURCE.replace("TOKEN", "TEN"), "warning source.secret: is 10 characters long"),
        ('[[endpoint]]\nname = "e"\nurl = "https://e.example"\nsecret = { env = "ONE" }',
         "endpoint.secret: is 1 character long"),
        (SOURCE + 'only = ["*.m"]\n', "is the whole name, or its beginning and *"),
    ],
)  # fmt: skip
def test_what_more_tables_could_not_do_is_said(load: Loader, more: str, told: str) -> None:
    found = said(load, SMALL + more)
    assert any(told in one for one in found) if told else found == [], found


LARK = '[lark]\napp_id = "cli"\napp_secret = { env = "SECRET" }\ntenants = ["t"]\n'
CODE = "7C468A54-0000-0000-0000-0000000NHIRE"


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ('$.type == "countersign.run.complete"', "did you mean countersign.run.completed?"),
        ('$.type == "countersign.run.completed"', ""),
        ('$.type == "approval.approved"', ""),
        ('$.type == "countersign.*"', 'with its *; write prefix "countersign."'),
        ('$.source in ["shop*x", "a"]', "with its *; write wildcard"),
        ('$.source == "a" && $.data.mail == "*"', ""),
        ('$.soruce == "a"', "asks for $.soruce, which few events have; did you mean $.source?"),
        ('$.region == "a" && $.resources == "b" && $.traceparent == "c"', ""),
        ('$.type == "countersign.run.completed" && $.detail.InvocationStatus == "success"',
         "InvocationStatus is never success: capital letters count, Success"),
        (f'$.data.form == "{CODE}"', f"no events of the Lark form {CODE} arrive"),
        (f'$.source == "dingtalk.approval" && $.data.form == "{CODE}"', ""),
        ('$.source == "lark.approval" && $.detail.form == "X"', "add it to approvals in [lark]"),
        ('$.type == "approval.approved" && $.data.form == "PROC-1"', ""),
        ('$.type == "order.paid" && $.data.form == "7C468A54-0000-0000-0000-000000000000"', ""),
    ],
)  # fmt: skip
def test_what_no_event_will_ever_have_is_said(load: Loader, when: str, told: str) -> None:
    rule = f"[[rule]]\nname = 'r'\nwhen = '{when}'\n[[rule.target]]\ngroup = 'ops'\n"
    found = said(load, SMALL + LARK + rule + "platform = 'dingtalk'\n")
    found = [one for one in found if "rule" in one]
    assert any(told in one for one in found) if told else found == [], found


def test_a_rule_on_agreed_forms_asks_nothing_of_sources_that_cannot_send_them(load: Loader) -> None:
    rule = RULE.replace('$.source == "shop.m"', '$.type == "approval.approved"')
    source = SOURCE.replace('"webhook"', '"eventbridge"')
    source = "\n".join(one for one in source.splitlines() if "mapping" not in one) + "\n"
    assert not [one for one in said(load, SMALL + source + rule) if "person" in one]
    named = source + 'only = ["dingtalk.approval"]\n'
    assert [one for one in said(load, SMALL + named + rule) if "person is missing" in one]


def test_forms_that_lark_tells_of_are_asked_for_in_silence(load: Loader) -> None:
    rule = f"[[rule]]\nname = 'r'\nwhen = '$.data.form == \"{CODE}\"'\n[[rule.target]]\n"
    text = SMALL + LARK + f'approvals = ["{CODE}"]\n' + rule + "group = 'ops'\n"
    assert not [one for one in said(load, text) if "rule" in one]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("detail.reason", "the path would be $.detail.reason"),
        (".detail.reason", "the path would be $.detail.reason"),
        ("${reason}", "the path would be $.data.reason"),
        ("{.detail.reason}", "the path would be $.detail.reason"),
        ("$reason", "the path would be $.data.reason"),
        ("v1.2.3 of shop.example.com", ""),
        ("shop.example.com", ""),
        ("$.detail.reason", ""),
    ],
)
def test_a_text_that_was_meant_as_a_path_is_said(load: Loader, text: str, told: str) -> None:
    rule = RULE.replace("[[rule.target]]", "[[rule.target]]\nperson = 'ann'\nplatform = 'dingtalk'")
    found = said(load, SMALL + rule + f"args = {{ reason = '{text}' }}\n")
    assert any(told in one for one in found) if told else found == [], found


def test_a_variable_that_the_template_shows_nowhere_is_said(load: Loader) -> None:
    rule = (
        "[[rule]]\nname = 'r'\nwhen = '$.source == \"a\"'\n[[rule.target]]\ngroup = 'ops'\n"
        "form = 'TEMPLATE'\nvalue = { who = '$.data.who', why = '$.data.why' }\n"
        "template = '{who}: ${why}'\n"
    )
    (found,) = said(load, SMALL + rule)
    assert found == "warning rule.target.value.who: is in the template nowhere; there it is ${who}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"$.body.i"', '"body.i"', "warning source.mapping.id: is a text that is the same for all"),
        ('"$.body.i"', '"1"', "warning source.mapping.id: is the same for all events"),
        ('"shop.m"', '"countersign.m"', "is the bot's own, so all its events would be refused"),
        ('"shop.m"', '"dingtalk.m"', "is reserved for dingtalk, so all its events would be ref"),
        ('"$.body.t"', '"lark.t"', "source.mapping.type: is reserved for lark, so all its"),
        ("secret =", 'only = ["other.*"]\nsecret =', "is not among only, so all its events would"),
        ("secret =", 'only = ["shop.*"]\nsecret =', ""),
        ("secret =", 'only = ["Countersign.x"]\nsecret =', "source.only: is the bot's own"),
    ],
)
def test_a_source_whose_events_would_all_be_lost_is_said(
    load: Loader, old: str, new: str, told: str
) -> None:
    found = said(load, SMALL + SOURCE.replace(old, new))
    assert any(told in one for one in found) if told else found == [], found


def test_a_rule_on_the_bots_own_results_asks_nothing_of_sources(load: Loader) -> None:
    ours = RULE.replace('$.source == "shop.m"', '$.type == "countersign.run.completed"')
    assert not [one for one in said(load, SMALL + SOURCE + ours) if "person" in one]


TEMPLATE = """\
FormatVersion: OOS-2019-06-01
Description: Tells
Parameters:
  hook: {Type: String, Default: 'robot:opa'}
Tasks:
  - Name: tell
    Action: ACS::Notify
    Properties:
      NotifyType: WebHook
      WebHook: {URI: 'robot:opps', Content: {msgtype: text, text: {content: hello}}}
"""
ROBOT = '[[webhook.robot]]\nname = "ops"\nplatform = "dingtalk"\nurl = { env = "URL" }\n'


def test_a_robot_that_is_not_there_is_said_with_the_line_of_the_template(
    load: Loader, tmp_path: Path
) -> None:
    (tmp_path / "commands").mkdir()
    (tmp_path / "commands" / "tell.yml").write_text(TEMPLATE, "utf-8")
    text = change('commands = ["restart"]', 'commands = ["tell"]').replace(
        "[command.restart]", "[command.tell]"
    )
    text = f'[bot]\ncommands = "commands"\n{text}{ROBOT}'
    url = {"URL": "https://oapi.dingtalk.com/robot/send?access_token=t"}
    (found,) = said(load, text, environ={**ENVIRON, **url}, known_commands=known)
    assert "tell.yml:6:5 sends to robot:opps, and no [[webhook.robot]] has that name" in found
    assert "did you mean ops?" in found
    assert "robot:opa" in found


def known(folder: Path, elsewhere: object) -> list[loader.catalog.Command]:
    return list(loader.load(folder))


def test_constants_that_no_parameter_takes_are_said(load: Loader) -> None:
    form = (
        '[[form]]\nplatform = "dingtalk"\nform = "F"\ncommand = "restart"\ngroup = "ops"\n'
        'args = { targets = "machines", service = "=ngi nx;", reason = "=robot:opps" }\n'
    )
    allowed = change('policy = "p"', 'policy = "p"\nallowed_values = { service = ["ng inx"] }')
    commands = f'[bot]\ncommands = "{ROOT}/commands"\n'
    text = "\n".join(said(load, commands + allowed + form, known_commands=known))
    assert "form.args.service: is no value that service takes" in text
    assert "allowed_values.service: is no value that service takes" in text
    assert "form.args.reason: there is no robot opps" in text


# ----------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfs3cr3t-Value\r\n",
        b"\xef\xbb\xbfs3cr3t-Value",
        b"s3cr3t-Value\n",
        b"s3cr3t-Value\r\n\r\n",
    ],
)
def test_what_editors_add_is_no_part_of_a_secret(
    load: Loader, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "secret").write_bytes(content)
    found = load(change('{ env = "SECRET" }', '{ file = "secret" }')).tables["dingtalk"]
    assert found
    assert found.client_secret.reveal() == "s3cr3t-Value"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("s3cr3t-Value\r\n".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
        ("s3cr3t-Value\r\n".encode("utf-16-le"), "UTF-16 text; save it as UTF-8"),
        ("s3cr3t-Value".encode("utf-16-be"), "UTF-16 text; save it as UTF-8"),
        (b"\xef\xbb\xbf\r\n", "is empty"),
        (b"s3cr3t-Value \n", "begins or ends with a space"),
        (b"s3cr3t\n-Value\n", "line break"),
        ("s3cr3t\u200b-Value".encode(), "invisible character (U+200B, number 7)"),
        ("s3cr3t-Value\ufeff".encode(), "invisible character (U+FEFF, number 13)"),
        (b'"s3cr3t-Value"\n', "stands in quotes; leave them out"),
    ],
)
def test_what_no_secret_has_is_said_without_showing_it(
    load: Loader, tmp_path: Path, content: bytes, told: str
) -> None:
    (tmp_path / "secret").write_bytes(content)
    [fault] = load.faults(change('{ env = "SECRET" }', '{ file = "secret" }'))
    assert told in fault.message
    assert fault.mark.path == "dingtalk.client_secret"
    assert "s3cr3t" not in fault.message
    assert "Value" not in fault.message


def test_the_environment_is_held_to_the_same(load: Loader) -> None:
    found = load(SMALL, environ={"SECRET": "\ufeffs3cr3t-Value"}).tables["dingtalk"]
    assert found
    assert found.client_secret.reveal() == "s3cr3t-Value"
    [fault] = load.faults(SMALL, environ={"SECRET": "'s3cr3t-Value'"})
    assert "stands in quotes" in fault.message


def test_an_application_secret_that_is_hardly_there_is_warned_of(load: Loader) -> None:
    (warning,) = load(SMALL, environ={"SECRET": "s"}).warnings
    assert (warning.mark.path, warning.message) == (
        "dingtalk.client_secret", "has 1 character: was it copied whole?",
    )  # fmt: skip


def test_a_secret_that_is_written_wrongly_is_not_said_to_be_short(load: Loader) -> None:
    text = change('{ env = "SECRET" }', '{ env = "SECRET", file = "secret" }')
    (found,) = said(load, text)
    assert 'must be { env = "NAME" } or { file = "path" }' in found
    engine = change('policy = "p"', 'policy = "p"\nengine = "OOS"')
    assert 'must be one of "", oos, did you mean oos?' in said(load, engine)[0]
