"""Rule targets in Cloud Assistant's own words: what they become, and what is told of them before
anything comes in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import config, model
from bot.cli import rule_trials
from bot.commands import loader
from bot.config import diagnostics
from bot.core import bus
from bot.rules import index, lookup, pattern
from bot.source import paths
from tests.bot.configured import SMALL, Loader

STORED = (
    SMALL.replace('commands = ["restart"]', 'commands = ["restart", "provision"]')
    + """\
[command.provision]
policy = "p"
command_id = "c-uf6d8f"
targets = ["web-01"]
allowed_values = { role = ["devops", "dev"] }
[[rule]]
name = "hire"
when = '$.source == "dingtalk.approval"'
[[rule.target]]
group = "ops"
"""
)
FIRST = STORED.count("\n") + 1
DOCUMENT = {"CommandId": "c-uf6d8f", "InstanceIds": ["i-uf6abc"], "Timeout": 300}
PARAMETERS = {"emp_id": "{{.detail.emp_id}}", "role": "{{ .detail.role }}"}
EVENT = model.CloudEvent(
    "1",
    "dingtalk.approval",
    "ProvisionRequest",
    datetime(2026, 1, 31, tzinfo=UTC),
    data={"emp_id": "E123", "role": "devops", "n": 7, "instance": "i-uf6abc"},
)


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def known(*_: Any) -> list[diagnostics.Command]:
    return list(loader.load(Path(__file__).resolve().parents[2] / "commands"))


def asked(settings: config.Config) -> tuple[model.ToCommand, Any]:
    """Where the only target leads, and what it gets of the event."""
    assert settings.rules is not None
    [target] = settings.rules.rules["hire"].targets
    assert isinstance(target.to, model.ToCommand)
    return target.to, bus.body_of(target, EVENT)


@pytest.mark.parametrize(
    "written",
    [
        'run_command = { CommandId = "c-uf6d8f", InstanceIds = ["i-uf6abc"], Timeout = 300, '
        'Parameters = { emp_id = "{{.detail.emp_id}}", role = "{{ .detail.role }}" } }',
        f"run_command = '{json.dumps({**DOCUMENT, 'Parameters': PARAMETERS})}'",
        f"run_command = '{json.dumps({**DOCUMENT, 'Parameters': json.dumps(PARAMETERS)})}'",
        'command = "provision"\nrun_command = { CommandId = "c-uf6d8f", Timeout = 300, '
        'InstanceIds = ["{{.detail.instance}}"], '
        'Parameters = { emp_id = "$.data.emp_id", role = "devops" } }',
    ],
)
def test_the_target_of_the_document_as_it_stands_there(load: Loader, written: str) -> None:
    found = load(STORED + written + "\n", known_commands=known)
    assert found.warnings == ()
    to, body = asked(found)
    assert (to.command, to.group, to.timeout) == ("provision", "ops", 300)
    assert body == {"emp_id": "E123", "role": "devops", "targets": "i-uf6abc"}
    assert found.rules is not None
    (rule,) = found.rules.rules.values()
    (sent,) = rule_trials.sent(rule, found.book, EVENT)
    assert list(sent.lines())[-1] == "     and 300 s to run"
    assert sent.plain()["timeout"] == 300


@pytest.mark.parametrize(
    ("argument", "made"),
    [
        ("{{.detail.emp_id}}", "E123"),
        ("{{ $.data.n }}", "7"),
        ("{{.detail.emp_id}}/{{.detail.n}}/{{.detail.emp_id}}", "E123/7/E123"),
        ("US${{.detail.n}}", "US$7"),
        ("${emp_id}{{.detail['n']}}", "${emp_id}7"),
        ("is a $.detail-type {{.detail-type}}", "is a $.detail-type ProvisionRequest"),
    ],
)
def test_placeholders_stand_for_what_the_event_has(load: Loader, argument: str, made: str) -> None:
    given = f'service = "nginx", targets = "web-01", reason = "{argument}"'
    target = f'command = "restart"\nargs = {{ {given} }}'
    assert asked(load(STORED + target))[1]["reason"] == made


def to_run(**other: Any) -> str:
    table = {**DOCUMENT, "Parameters": {"emp_id": "E1", "role": "dev"}, **other}
    return f"run_command = '{json.dumps(table)}'"


def parameter(name: str, value: Any) -> str:
    return to_run(Parameters={"emp_id": "E1", "role": "dev", name: value})


@pytest.mark.parametrize(
    ("target", "key", "said"),
    [
        (parameter("role", "wizard"), "run_command.Parameters.role", "no value that role takes"),
        (parameter("role", "ops"), "run_command.Parameters.role", "not among the allowed_values"),
        (parameter("emp_id", 5), "run_command.Parameters.emp_id", "a staff number"),
        (parameter("emp_id", ""), "run_command.Parameters.emp_id", "needs a value"),
        (parameter("emp", "E1"), "run_command.Parameters.emp", "did you mean emp_id?"),
        (to_run(Parameters={"emp_id": "E1"}), "run_command", "needs the parameter role"),
        (to_run(InstanceIds=["no instance!"]), "run_command.InstanceIds", "no value that targets"),
        (parameter("targets", "web-01"), "run_command.Parameters.targets", "leave one out"),
        (parameter("emp_id", "{{emp_id}}"), "run_command.Parameters.emp_id",
         "`{{emp_id}}` is no place in the event, such as {{.detail.emp_id}}"),
        (parameter("emp_id", "{{.detail.emp_id"), "run_command.Parameters.emp_id", "together"),
        (parameter("emp_id", "{{.a..b}}"), "run_command.Parameters.emp_id", "`..` searches"),
        (to_run(CommandId="c-other"), "run_command.CommandId",
         'no command runs c-other; write command_id = "c-other" into the [command.NAME]'),
        ('command = "restart"\n' + to_run(), "run_command.CommandId",
         "[command.restart] does not run it"),
        (to_run(Timeout=5), "run_command.Timeout", "at least 10"),
        (to_run(Timeot=60), "run_command.Timeot", "did you mean Timeout?"),
        ("run_command = 'c-uf6d8f'", "run_command", "JSON of one in quotes"),
        (to_run() + '\nargs = { emp_id = "E1" }', "args", "no use with run_command"),
        (to_run() + '\nrobot = "x"', "robot", "second place beside run_command"),
        ('command = "provision"\nargs = { emp_id = "17", role = "dev" }', "args.emp_id",
         "no value that emp_id takes"),
        ('command = "provision"\nargs = { emp_id = "E1", role = "ops" }', "args.role",
         "allowed_values of role: devops, dev"),
        ('command = "provision"\nargs = { emp_id = "{{emp_id}}", role = "dev" }', "args.emp_id",
         "no place in the event"),
    ],
)  # fmt: skip
def test_what_could_never_run_is_told_before_the_event_comes(
    load: Loader, target: str, key: str, said: str
) -> None:
    found = load.faults(STORED + target, known_commands=known)
    assert [
        fault
        for fault in found
        if fault.mark.path == f"rule.target.{key}"
        and said in fault.message
        and fault.mark.line >= FIRST
    ], found


def test_faults_within_pasted_json_are_told_on_its_own_lines(load: Loader) -> None:
    pasted = """run_command = '''
{"CommandId": "c-uf6d8f", "InstanceIds": ["i-uf6abc"],
 "Timeout": 5,
 "Parameters": {
   "emp_id": "{{emp_id}}",
   "role": "wizard"}}'''
"""
    found = load.faults(STORED + pasted, known_commands=known)
    assert sorted(
        (fault.mark.line - FIRST, fault.mark.path.rpartition(".")[2]) for fault in found
    ) == [
        (2, "Timeout"),
        (4, "emp_id"),
        (5, "role"),
    ]
    twice = pasted.replace('"Timeout": 5', '"Timeout": 60, "Timeout": 50')
    [fault] = load.faults(STORED + twice, known_commands=known)
    assert "stands twice" in fault.message


def test_a_stored_command_that_two_commands_run_must_be_told_apart(load: Loader) -> None:
    both = STORED.replace("[command.restart]", '[command.restart]\ncommand_id = "c-uf6d8f"')
    [fault] = load.faults(both + to_run(), known_commands=known)
    assert "is run by restart and by provision; say which" in fault.message
    assert asked(load(both + 'command = "provision"\n' + to_run()))[0].command == "provision"


# ----------------------------------------------------------------------------- how it ended

CLOUD = {
    "id": "45ef4dewdwe1-7c35-447a-bd93-fab****",
    "source": "acs.ecs",
    "type": "ecs:CloudAssistant:TaskCompleted",
    "data": {"commandId": "c-hz045", "exitCode": "0", "invocationStatus": "Success"},
}
"""Of Alibaba Cloud's page of events of Cloud Assistant."""
OURS = {
    "source": "countersign/ab12cd",
    "type": "countersign.run.completed",
    "data": {"InvocationStatus": "Success"},
}


@pytest.mark.parametrize("name", ["InvocationStatus", "invocationStatus"])
@pytest.mark.parametrize("top", ["data", "detail"])
@pytest.mark.parametrize("dialect", pattern.DIALECTS)
@pytest.mark.parametrize("event", [CLOUD, OURS])
def test_how_a_run_ended_is_asked_in_either_spelling(
    name: str, top: str, dialect: pattern.Dialect, event: dict[str, Any]
) -> None:
    for when, holds in (
        (f'$.{top}.{name} == "Success"', True),
        (f'$.{top}.{name} != "Success"', False),
        (f"!$.{top}.{name}", False),
    ):
        made = pattern.compile(when, dialect)
        assert made.matches(event) is holds
        assert (not made.explain(event)) is holds
        assert bool(index.RuleSet({"r": made}).matching(event)) is holds
    assert lookup.value(paths.parse(f"$.{top}.{name}"), event) == "Success"


def test_other_events_mean_what_they_say() -> None:
    other = {"source": "shop", "type": "order.paid", "data": {"invocationStatus": "Success"}}
    assert not pattern.compile('$.data.InvocationStatus == "Success"').matches(other)
    assert "InvocationStatus" not in CLOUD["data"]  # type: ignore[operator]
