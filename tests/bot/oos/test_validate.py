"""Everything that would surprise half-way through a run is said before the first."""

from __future__ import annotations

import pytest

from bot import source
from bot.oos.check import validate
from bot.oos.engine import actions
from bot.oos.template import model
from tests.bot.oos import written

TEN = """\
FormatVersion: OOS-2019-06-01
Parameters:
  servers:
    Type: Json
    AssociationProperty: Targets
  mode:
    Type: String
    AllowedValues: [fast, slow]
    Default: quick
RamRole: '{{ rol }}'
Tasks:
  - Name: find
    Action: ACS::SelectTarget
    Properties:
      Filters: ['{{ servers }}']
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[.InstanceId'}
  - Name: reboot
    Action: ACS::ExecuteAPI
    OnError: tel
    Retries: 1000
    Properties:
      Service: ECS
      Api: RebootInstance
      Paramters:
        InstanceId: '{{ ACS::TaskLoopItem }}'
        Force: '{{ servrs }}'
        Reason: '{{ find.idz }} {{ tell.done }}'
  - Name: tell
    Action: ACS::Sleep
    OnSuccess: reboot
    Properties: {Duration: PT1S}
    Outputs:
      done: {ValueSelector: .}
"""


def test_ten_mistakes_are_ten_located_sentences() -> None:
    faults = written.checked(TEN)
    assert faults == [
        "t.yml:9:14: `mode`: its Default `quick` is not among its AllowedValues; "
        "expected `fast` or `slow`",
        "t.yml:10:14: unknown parameter `rol`; expected `servers` or `mode`",
        "t.yml:13:13: unknown action `ACS::SelectTarget`, did you mean `ACS::SelectTargets`?",
        "t.yml:17:40: `ids`: ValueSelector: the jq script does not compile: syntax error, "
        "unexpected end of file, expecting '|' or ',' or ':' or ']'",
        "t.yml:20:14: OnError: unknown task `tel`, did you mean `tell`?",
        "t.yml:21:14: Retries: expected a number from 0 to 300, found `1000`",
        "t.yml:25:7: `ACS::ExecuteAPI` has no property `Paramters`, did you mean `Parameters`?",
        "t.yml:26:25: `ACS::TaskLoopItem` means something inside a Loop only",
        "t.yml:27:20: unknown parameter `servrs`, did you mean `servers`?",
        "t.yml:28:21: the task `find` has no output `idz`, did you mean `ids`?",
        "t.yml:28:36: `tell.done`: the task `tell` runs later, its output is not known yet",
        "t.yml:31:16: OnSuccess: `reboot` is an earlier task; jumps go forward only",
    ]


def test_a_good_template_has_none() -> None:
    assert written.checked(written.GUIDE) == []


TASK = "  - Name: {name}\n    Action: {action}\n{rest}"


def task(action: str, rest: str = "", name: str = "a") -> str:
    lines = "".join(f"    {line}\n" for line in rest.splitlines())
    return TASK.format(name=name, action=action, rest=lines)


@pytest.mark.parametrize(
    ("action", "rest", "fault"),
    [
        ("ACS::Sleep", "", "3:5: `ACS::Sleep` needs the property Duration"),
        ("acs::sleep", "Properties: {duration: 3s}", ""),
        ("ACS::Sleep", "Properties: {Duration: '{{ ACS::CurrentDate }}H'}", ""),
        ("ACS::Sleep", "Properties: {Duration: soon}",
         "5:28: Duration: 'soon' is no duration of at most a year; write PT30S, PT5M, 30s or 5m"),
        ("ACS::ExecuteApi", "Properties: {service: ECS, api: X, risk: Normal}", ""),
        ("ACS::WaitFor", "Properties: {Service: ECS, API: X, PropertySelector: a}",
         "5:17: `ACS::WaitFor` needs `DesiredValues` or `NotDesiredValues`"),
        ("ACS::CheckFor",
         "Properties: {Service: E, API: X, PropertySelector: 'a[', DesiredValues: [1]}",
         "5:56: PropertySelector: the jq script does not compile: syntax error"),
        ("ACS::Sleep", "Properties: {Duration: 3s}\nLoop: {Items: [1]}",
         "6:5: `ACS::Sleep` cannot have a Loop"),
        ("ACS::TimerTrigger", "Properties: {Type: cron, Expression: x}\nLoop: {Items: [1]}",
         "6:5: `ACS::TimerTrigger` cannot have a Loop"),
        ("ACS::Notify", "Properties: {NotifyType: WebHook, WebHook: {URL: x}}",
         "5:49: WebHook has no `URL`, did you mean `URI`?"),
        ("ACS::Notify", "Properties: {NotifyType: WebHook, WebHook: '{{ ACS::RegionId }}'}", ""),
        ("ACS::Pause", "", ""),
        ("ACS::Loop", "Properties: {LoopItems: [1], LoopTasks: []}",
         "4:13: `ACS::Loop`: a loop over several tasks is not run here; put the tasks into a "
         "template of their own and loop over `ACS::Template`"),
        ("ACS::Paus", "", "4:13: unknown action `ACS::Paus`, did you mean `ACS::Pause`?"),
        ("ACS::XYZ::DoSomethingElse", "", "4:13: unknown action `ACS::XYZ::DoSomethingElse`; "
         "there is no template of that name here"),
        ("ACS::Pause", "When: '{{ ACS::Regionid }}'", ""),
        ("ACS::Pause", "When: '{{ ACS::Reginid }}'",
         "5:15: unknown `ACS::Reginid`, did you mean `ACS::RegionId`?"),
        ("ACS::Pause", "When: '{{ oos-secret:db }}'", ""),
        ("ACS::Pause", "DelayType: Liner",
         "5:16: DelayType: expected `Exponential`, `Constant` or `Linear`, found `Liner`, "
         "did you mean `Linear`?"),
        ("ACS::Pause", "Delay: soon",
         "5:12: Delay: expected a number from 0 to 3600, found `soon`"),
        ("ACS::Notify", "Properties: {NotifyType: x}\nLoop: {Items: abc}",
         "6:19: Items: expected a list, or an expression `{{ … }}` that gives one"),
        ("ACS::Notify",
         "Properties: {NotifyType: x}\nLoop: {Items: [1], RateControl: {Mode: Batch,}}",
         "6:44: Mode: Batch needs Batch: how many in each batch, such as `[1, 5, 10]`"),
        ("ACS::Notify",
         "Properties: {NotifyType: x}\nLoop: {Items: [1], RateControl: {Mode: 'Concurrency,'}}",
         "6:44: Mode: expected `Concurrency` or `Batch`, found `Concurrency,`, "
         "did you mean `Concurrency`?"),
        ("ACS::Notify", "Properties: {NotifyType: x}\nLoop: {Items: [1], Concurrency: 101%}",
         "6:37: Concurrency: expected at most `100%`, found `101%`"),
        ("ACS::Notify",
         "Properties: {NotifyType: x}\nLoop: {Items: [1], RateControl: {MaxErrors: '0,'}}",
         "6:49: MaxErrors: expected a number or a percentage such as `50%`, found `0,`"),
        ("ACS::Notify", "Properties: {NotifyType: x}\nLoop: {Items: '{{ ACS::TaskLoopItem }}'}",
         "6:23: `ACS::TaskLoopItem` means something inside a Loop only"),
        ("ACS::Notify", "Properties: {NotifyType: x}\nOutputs: {b: {ValueSelector: .}}\n"
         "Loop: {Items: [1], Outputs: {c: {AggregateType: Fn::ListJoin, AggregateField: d}}}",
         "7:83: the task `a` has no output `d`; expected `b`"),
    ],
)  # fmt: skip
def test_actions(action: str, rest: str, fault: str) -> None:
    found = written.checked(written.tasks(task(action, rest)))
    assert (found[0].startswith(f"t.yml:{fault}") and len(found) == 1) if fault else found == []


def test_functions_and_braces_are_looked_at_where_they_stand() -> None:
    text = task(
        "ACS::Notify",
        "When: {'Fn::Equels': [1, 1]}\nProperties:\n  NotifyType: '{{ ACS::RegionId'\n"
        "Loop:\n  Items: {'Fn::Jq': [First, '.[', '[]']}\n"
        "  Outputs: {b: {AggregateType: Fn::ListJoyn, AggregateField: c}}\n"
        "Outputs: {c: {ValueSelector: '.x[{{ zone }}]'}}",
    )
    faults = written.checked(written.tasks(text))
    places = [fault.split(" ")[0] for fault in faults]
    assert places == ["t.yml:5:11:", "t.yml:7:19:", "t.yml:9:33:", "t.yml:10:36:", "t.yml:11:41:"]
    said = "\n".join(faults)
    for sentence in (
        "unknown function Fn::Equels, did you mean `Fn::Equals`?",
        '"{{ ACS::RegionId" is not closed with }}',
        "Fn::Jq: the jq script does not compile",
        "unknown AggregateType `Fn::ListJoyn`, did you mean `Fn::ListJoin`?",
        "unknown parameter `zone`",
    ):
        assert sentence in said


def test_triggers_come_first() -> None:
    trigger = task("ACS::TimerTrigger", "Properties: {Type: cron, Expression: x}", "when")
    assert written.checked(written.tasks(trigger + task("ACS::Pause"))) == []
    assert written.checked(written.tasks(task("ACS::Pause") + trigger)) == [
        "t.yml:6:13: `ACS::TimerTrigger` starts an execution: it must be the first task"
    ]


def test_choices() -> None:
    choice = task(
        "ACS::Choice",
        "Properties:\n  DefaultTask: acs::end\n  Choices:\n"
        "    - {When: true, NextTask: A}\n    - {When: true, NextTask: last}\n"
        "    - {NextTask: LAST, Whem: x}\n    - done\n    - {When: true, NextTask: [x]}",
    )
    assert written.checked(written.tasks(choice + task("ACS::Pause", name="last"))) == [
        "t.yml:8:34: NextTask: `A` is itself; jumps go forward only",
        "t.yml:10:28: unknown key `Whem` of a choice, did you mean `When`?",
        "t.yml:11:11: expected When and NextTask, found text",
        "t.yml:12:34: NextTask: expected the name of a task, found a list",
    ]


def test_references_say_what_they_could_have_meant() -> None:
    parameters = "  size: {Default: '{{ other }}'}\n"
    text = task("ACS::Pause", "Outputs: {x: {ValueSelector: .}}") + task(
        "ACS::Pause", "When: '{{ a }} {{ size.x }} {{ b.y }} {{ A.X }} {{ c.x }} {{SIZE}}'", "b"
    )
    assert written.checked(written.tasks(text, parameters)) == [
        "t.yml:3:23: unknown parameter `other`; expected `size`",
        "t.yml:10:15: `a` is a task; name an output of it: `a.x`",
        "t.yml:10:23: `size` is a parameter; take a part of it with Fn::Select: [x, …]",
        "t.yml:10:36: the task `b` has no output `y`",
        "t.yml:10:56: unknown task `c` in `c.x`",
    ]


def test_a_reference_in_a_script_is_found_on_its_line() -> None:
    text = task(
        "ACS::ExecuteAPI",
        "Properties:\n  Service: ECS\n  API: RunCommand\n  Parameters:\n    CommandContent: |\n"
        "      #!/bin/sh\n      echo {{ hello }}",
    )
    assert written.checked(written.tasks(text)) == ["t.yml:11:19: unknown parameter `hello`"]


CHILD = """\
FormatVersion: OOS-2019-06-01
Parameters:
  instanceId: {Type: String}
  force: {Type: Boolean, Default: false}
Tasks:
  - {Name: a, Action: ACS::Pause}
"""


def test_templates_within_templates() -> None:
    child = written.read(CHILD, "ACS::ECS::Restart")
    known = {child.name: child}
    text = task("acs::ecs::restart", "Properties: {INSTANCEID: i-1, forse: true, region: x}")
    text += task("ACS::Template", "Properties: {TemplateName: acs::ecs::Restart}", "b")
    text += task("ACS::Template", "Properties: {TemplateName: '{{ ACS::RegionId }}'}", "c")
    text += task("ACS::Template", "Properties: {TemplateName: ACS::ECS::Restarts}", "d")
    text += task("ACS::ECS::Restrat", name="e")
    assert written.checked(written.tasks(text), known_templates=known) == [
        "t.yml:5:35: unknown parameter `forse` of `ACS::ECS::Restart`, did you mean `force`?",
        "t.yml:14:32: unknown template `ACS::ECS::Restarts`, did you mean `ACS::ECS::Restart`?",
        "t.yml:16:13: unknown action `ACS::ECS::Restrat`, did you mean `ACS::ECS::Restart`?",
    ]
    lenient = written.checked(written.tasks(text), allow_unknown_products=True)
    assert lenient == []


def test_too_many_items() -> None:
    text = task(
        "ACS::Notify", f"Properties: {{NotifyType: x}}\nLoop: {{Items: {list(range(1001))}}}"
    )
    assert written.checked(written.tasks(text)) == [
        "t.yml:6:19: a loop has at most 1,000 items, found 1,001"
    ]


def test_a_template_without_places() -> None:
    mark = source.Mark("x", 1, 1)
    bare = model.Template("x", "", {}, (), (model.Task("a", "ACS::Sleep", mark, {}),), ())
    (fault,) = validate.validate(bare)
    assert fault.message == "`ACS::Sleep` needs the property Duration"


def test_every_action_says_what_it_is() -> None:
    for name, spec in actions.BUILT_IN.items():
        assert spec.name == name
        assert spec.about.endswith(".")
        assert not set(spec.required) & set(spec.optional)
        assert set(spec.one_of) | set(spec.nested) <= set(spec.properties)
        assert actions.find(name.lower()) is spec
        assert not (spec.trigger and spec.loops)


def test_templates_that_run_themselves() -> None:
    def runs(name: str, *others: str) -> model.Template:
        tasks = [
            task("ACS::Template", f"Properties: {{TemplateName: {other}}}", f"t{at}")
            for at, other in enumerate(others)
        ]
        return written.read(written.tasks("".join(tasks) or task("ACS::Pause")), name)

    found = [runs("a", "B"), runs("b", "e", "c"), runs("c", "A", "d"), runs("d", "d"), runs("e")]
    known = {each.name: each for each in found}
    faults = {
        each.name: [str(fault) for fault in validate.validate(each, known_templates=known)]
        for each in found
    }
    assert faults == {
        "a": ["t.yml:5:32: `b` → `c` → `a` is this template itself; a template may not run itself"],
        "b": ["t.yml:8:32: `c` → `a` → `b` is this template itself; a template may not run itself"],
        "c": ["t.yml:5:32: `a` → `b` → `c` is this template itself; a template may not run itself"],
        "d": ["t.yml:5:32: `d` is this template itself; a template may not run itself"],
        "e": [],
    }
