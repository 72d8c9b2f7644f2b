"""Shapes that published templates rely on, in templates of our own."""

from __future__ import annotations

from typing import Any

import pytest

from bot.oos.check import remote_only, validate
from bot.oos.engine import calls, interpreter, journal
from bot.oos.parameters import arguments
from bot.oos.template import parse, printing
from tests.bot.oos import written
from tests.bot.oos.outside import HEAD, Outside, api, template

COPY = """
Parameters:
  name: {Default: 'copy-of-{{ imageId }}-by-{{ who }}-{{ ACS::RegionId }}'}
  who: {Default: '{{ Team }}'}
  imageId: {}
  team: {Default: '{{ ACS::RegionId }}-{x}'}
Tasks:
  - Name: copy
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: CopyImage
      Parameters: {Name: '{{ name }}'}
"""


def test_a_default_names_other_parameters_declared_anywhere() -> None:
    copy = template(COPY)
    assert validate.validate(copy) == []
    bound = arguments.bind(copy, {"imageId": "{{ who }}"}, {"ACS::RegionId": "r"})
    assert bound == {
        "name": "copy-of-{{ who }}-by-r-{x}-r",
        "who": "r-{x}",
        "imageId": "{{ who }}",
        "team": "r-{x}",
    }
    assert list(bound) == ["name", "who", "imageId", "team"]
    run = Outside(copy, parameters={"imageId": "m-1"})
    assert run.end().status == "Success"
    region = "cn-hangzhou"
    assert api(run.made[0]).parameters["Name"] == f"copy-of-m-1-by-{region}-{{x}}-{region}"


def test_what_a_default_needs_is_asked_for_once() -> None:
    problems = arguments.bind(template(COPY), {}, {"ACS::RegionId": "r"})
    assert isinstance(problems, list)
    assert [(problem.parameter, problem.kind) for problem in problems] == [("imageId", "missing")]


def test_defaults_in_a_circle() -> None:
    given = "  a: {Default: '{{ b }}'}\n  b: {Default: 'x{{ A }}'}\n  c: {Default: '{{ c }}'}\n"
    task = "  - {Name: t, Action: ACS::Pause}\n"
    assert written.checked(written.tasks(task, given)) == [
        "t.yml:3:16: `a`: its Default needs itself: `a` → `b` → `a`",
        "t.yml:4:16: `b`: its Default needs itself: `b` → `a` → `b`",
        "t.yml:5:16: `c`: its Default needs itself: `c` → `c`",
    ]
    run = Outside(written.read(written.tasks(task, given)))
    assert "unknown" in str(run.end().error)
    assert isinstance(arguments.bind(run.template, {}, {}), list)


def test_a_default_knows_no_outputs() -> None:
    given = "  a: {Default: '{{ t.out }}'}\n"
    task = "  - {Name: t, Action: ACS::Pause, Outputs: {out: {ValueSelector: .}}}\n"
    assert written.checked(written.tasks(task, given)) == [
        "t.yml:3:20: a Default knows parameters and `{{ ACS::… }}` only, not `t.out`"
    ]


# ----------------------------------------------------------------------------- nothing found

TAGS = """
Parameters: {ids: {Type: List}, go: {Type: Boolean, Default: true}}
Tasks:
  - Name: tag
    Action: ACS::CheckFor
    When: '{{ go }}'
    Properties:
      Service: TAG
      API: TagResources
      Parameters: {Id: '{{ ACS::TaskLoopItem }}'}
      PropertySelector: .Failed.Item[]
      DesiredValues: [null]
    Outputs: {wrong: {ValueSelector: '.Failed.Item[]'}}
    Loop:
      Items: '{{ ids }}'
      RateControl: {MaxErrors: 100%}
      Outputs: {wrongs: {AggregateType: 'Fn::ListJoin', AggregateField: wrong}}
Outputs:
  none: {Type: Boolean, Value: {'Fn::Equals': [[], {'Fn::MergeList': '{{ tag.wrongs }}'}]}}
  all: {Type: List, Value: {'Fn::Jq': [First, '[.[] | select(.)]', '{{ tag.wrongs }}']}}
"""


def test_nothing_selected_is_null_which_may_be_desired() -> None:
    run = Outside(TAGS, lambda call: {"Failed": {"Item": []}}, {"ids": ["a", "b"]})
    assert run.end() == interpreter.Done("Success", {"none": True, "all": []})


def test_something_selected_is_not_null() -> None:
    run = Outside(TAGS, lambda call: {"Failed": {"Item": ["x"]}}, {"ids": ["a"]})
    assert run.end() == interpreter.Done("Success", {"none": True, "all": []})
    assert run.state.counts() is not None
    assert run.state.counts().failed == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("given", [{"ids": []}, {"ids": ["a"], "go": False}])
def test_a_loop_that_did_nothing_joined_nothing(given: dict[str, Any]) -> None:
    run = Outside(TAGS, parameters=given)
    assert run.end() == interpreter.Done("Success", {"none": True, "all": []})
    assert run.made == []


def test_a_task_that_was_jumped_over_joined_nothing() -> None:
    run = Outside(
        """
        Tasks:
          - Name: choose
            Action: ACS::Choice
            Properties: {DefaultTask: ACS::END}
          - Name: each
            Action: ACS::ExecuteAPI
            Properties: {Service: X, API: Y}
            Outputs: {n: {Type: Number, ValueSelector: N}}
            Loop:
              Items: [1]
              Outputs:
                ns: {AggregateType: 'Fn::ListJoin', AggregateField: n}
                sum: {AggregateType: 'Fn::Sum', AggregateField: n}
                last: {AggregateType: 'Fn::Last', AggregateField: n}
        Outputs:
          out: {Value: ['{{ each.ns }}', '{{ each.sum }}', '{{ each.last }}', '{{ each.n }}']}
        """
    )
    assert run.end() == interpreter.Done("Success", {"out": [[], 0, None, None]})


def test_an_answer_that_the_selector_does_not_fit_yet_is_asked_again() -> None:
    answers: list[Any] = [{"Stack": None}, {"Stack": []}, {"Stack": [{"Status": "Ready"}]}]
    run = Outside(
        """
        Tasks:
          - Name: wait
            Action: ACS::WaitFor
            Properties:
              Service: ROS
              API: GetStack
              PropertySelector: Stack[].Status
              DesiredValues: [Ready]
        """,
        lambda call: answers.pop(0),
    )
    assert run.end().status == "Success"
    assert run.times == [0, 2, 6]


def test_a_parameter_that_is_null_is_not_sent() -> None:
    run = Outside(
        """
        Parameters: {version: {Default: ''}}
        Tasks:
          - Name: get
            Action: ACS::ExecuteAPI
            Properties:
              Service: OOS
              API: GetTemplate
              Headers: Null
              Body: Null
              Parameters:
                Name: n
                Version: {'Fn::If': [{'Fn::Equals': ['', '{{ version }}']}, Null, '{{ version }}']}
        """
    )
    assert run.end().status == "Success"
    assert api(run.made[0]).parameters == {"Name": "n"}


# ----------------------------------------------------------------------------- old loops

OLD = """
Parameters: {items: {Type: List}, pause: {}, batches: {Type: Number, Default: 2}}
Tasks:
  - Name: each
    Action: ACS::ExecuteAPI
    Properties: {Service: X, API: Y, Parameters: {I: '{{ ACS::TaskLoopItem }}'}}
    Loop:
      Items: '{{ items }}'
      BatchPauseOption: '{{ pause }}'
      Concurrency: {'Fn::CalculateBatch': ['{{ batches }}', '{{ items }}']}
"""


@pytest.mark.parametrize(
    ("pause", "pauses"), [("Automatic", 0), ("FirstBatchPause", 1), ("EveryBatchPause", 2)]
)
def test_a_pause_beside_a_number_is_never_left_out(pause: str, pauses: int) -> None:
    run = Outside(OLD, parameters={"items": [1, 2, 3, 4, 5], "pause": pause, "batches": 3})
    assert validate.validate(run.template) == []
    seen = 0
    while isinstance(run.play(), interpreter.Await):
        seen += 1
        assert len(run.made) == 2 * seen
        run.tell("resumed")
    assert run.end().status == "Success"
    assert (seen, len(run.made)) == (pauses, 5)


def test_a_concurrency_that_is_a_list_is_batches() -> None:
    run = Outside(
        """
        Tasks:
          - Name: each
            Action: ACS::ExecuteAPI
            Properties: {Service: X, API: Y}
            Loop: {Items: [1, 2, 3, 4], Concurrency: [1, 3], BatchPauseOption: FirstBatchPause}
        """
    )
    assert validate.validate(run.template) == []
    assert [len(call.key) for call in run.made] == []
    run.waits()
    assert len(run.made) == 1
    run.tell("resumed")
    assert len(run.ready()) == 3
    wrong = written.tasks(
        "  - Name: a\n    Action: ACS::Notify\n    Properties: {NotifyType: x}\n"
        "    Loop: {Items: [1], Concurrency: [1, many]}\n"
    )
    assert written.checked(wrong) == [
        "t.yml:6:41: Concurrency: expected a number or a percentage such as `50%`, found `many`"
    ]


# ----------------------------------------------------------------------------- on OOS only

STATE = """\
FormatVersion: OOS-2019-06-01-State
Description: {en: Keeps a file, zh-cn: 文件}
Parameters: {mode: {Type: String, Default: '644'}}
States:
  - ResourceType: 'ACS:File'
    Properties: {Ensure: Present, Mode: '{{ mode }}'}
"""


def test_state_configuration_is_read_but_not_run() -> None:
    state = written.read(STATE)
    assert validate.validate(state) == []
    assert (state.tasks, [one.type for one in state.states]) == ((), ["ACS:File"])
    again = parse.parse(printing.dump(state), "t", "t.yml")
    assert [(one.type, one.properties) for one in again.states] == [
        (one.type, one.properties) for one in state.states
    ]
    assert [str(fault) for fault in remote_only.faults(state)] == [
        "t.yml:5:5: state configuration is not run here: OOS keeps machines in such states itself"
    ]
    end = Outside(state).end()
    assert (end.status, str(end.error)) == (
        "Failed",
        "t is state configuration: there is nothing to run",
    )


def test_mistakes_in_state_configuration() -> None:
    text = STATE.replace("ResourceType", "ResourceTyp").replace("Properties", "Property")
    assert written.refused(text) == [
        "t.yml:5:5: unknown key `ResourceTyp` of a state, did you mean `ResourceType`?",
        "t.yml:6:5: unknown key `Property` of a state, did you mean `Properties`?",
    ]
    assert written.checked(STATE.replace("{{ mode }}", "{{ mod }}")) == [
        "t.yml:6:45: unknown parameter `mod`, did you mean `mode`?"
    ]


def test_what_only_oos_can_run_is_said_with_its_place() -> None:
    text = HEAD + (
        "Tasks:\n"
        "  - Name: t\n"
        "    Action: ACS::TimerTrigger\n"
        "    Properties: {Type: rate, Expression: 30 minutes}\n"
        "  - Name: repo\n"
        "    Action: ACS::GitCodeRepo\n"
        "    Properties: {Platform: gitee, Owner: o, Repository: r}\n"
        "    Outputs: {url: {ValueSelector: .AuthorizedUrl}}\n"
        "  - Name: say\n"
        "    Action: ACS::Notify\n"
        "    Properties:\n"
        "      NotifyType: WebHook\n"
        "      WebHook: {URI: 'http://h', Content: ['{{ oos:a/b }}', '{{ oos-secret:c.d }}']}\n"
    )
    found = written.read(text)
    assert validate.validate(found) == []
    assert [str(fault) for fault in remote_only.faults(found)] == [
        "t.yml:4:13: `ACS::TimerTrigger` runs on OOS itself only: it starts by itself, "
        "not when someone asks in a chat",
        "t.yml:7:13: `ACS::GitCodeRepo` runs on OOS itself only: it uses an access to the "
        "repository that is kept on OOS",
        "t.yml:14:48: `{{ oos:a/b }}` stands in the parameter store of OOS, which is not read "
        "here; make it a parameter of the template",
        "t.yml:14:65: `{{ oos-secret:c.d }}` stands in the parameter store of OOS, which is not "
        "read here; make it a parameter of the template",
    ]
    assert remote_only.faults(written.read(written.GUIDE)) == []


# ----------------------------------------------------------------------------- long chains of jq

PRICES = """
Parameters: {found: {Type: List}, most: {Type: Number, Default: 50}}
Tasks:
  - Name: each
    Action: ACS::ExecuteAPI
    Properties: {Service: X, API: Describe, Parameters: {Some: '{{ ACS::TaskLoopItem }}'}}
    Outputs: {row: {Type: Json, ValueSelector: '{name: .Name, price: .Price}'}}
    Loop:
      Items:
        'Fn::Jq':
          - First
          - '. as $l | [range(0; length; 2)] | map(. as $i | $l[ $i: $i + 2])'
          - '{{ found }}'
      Outputs: {rows: {AggregateType: 'Fn::ListJoin', AggregateField: row}}
Outputs:
  text:
    Value:
      'Fn::Join':
        - ''
        - 'Fn::ListJoin':
            - |
              ### over {{ most }}%
            - 'Fn::Jq':
                - First
                - map(.) | join("\\n|")
                - 'Fn::Jq':
                    - All
                    - '.[] | map(tostring) | join("&emsp;|")'
                    - 'Fn::MergeList': ['{{ each.rows }}']
  over:
    Value:
      'Fn::Jq': [First, '(({{ most }} / 2) >= 25) and "{{ most }}" == "50"', '{"": ""}']
"""


def test_a_table_made_of_jq() -> None:
    run = Outside(
        PRICES,
        lambda call: {"Name": f"n{len(api(call).parameters['Some'])}", "Price": 1.5},
        {"found": ["a", "b", "c"]},
    )
    assert validate.validate(run.template) == []
    assert run.end().outputs == {
        "text": "### over 50%\nn2&emsp;|1.5\n|n1&emsp;|1.5",
        "over": True,
    }
    assert [call.what.parameters["Some"] for call in run.made] == [
        ["a", "b"],
        ["c"],
    ]


def test_a_notice_by_a_template_that_is_all_parameters() -> None:
    run = Outside(
        """
        Parameters:
          hook: {}
          msgtype: {AllowedValues: [text, link]}
          text: {Type: Json, Default: {}}
          at: {Type: Json, Default: {}}
        Tasks:
          - Name: say
            Action: ACS::Notify
            Properties:
              NotifyType: WebHook
              WebHook:
                URI: '{{ hook }}'
                Content: {msgtype: '{{ msgtype }}', text: '{{ text }}', at: '{{ at }}'}
        """,
        parameters={"hook": "http://h", "msgtype": "text", "text": {"content": "{{ at }}"}},
    )
    assert run.end().status == "Success"
    what = run.made[0].what
    assert isinstance(what, calls.Notify)
    assert what.content == {"msgtype": "text", "text": {"content": "{{ at }}"}, "at": {}}


def test_a_failed_call_is_still_a_failure() -> None:
    run = Outside(TAGS, lambda call: journal.Failed("Throttling", "slow"), {"ids": ["a"]})
    run.end()
    assert run.state.counts().failed == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("script", "faults"),
    [
        ("docker ps --format '{{json .}} {{.ID}} {{range .Mounts}}'", 0),
        ("for i in {{1..3}}; do echo {{ level }}; done", 0),
        ("echo {{ lev .el }}", 1),
        ("echo {{ lev el }}", 1),
    ],
)
def test_braces_of_go_and_the_shell_are_text(script: str, faults: int) -> None:
    text = written.tasks(
        "  - Name: a\n    Action: ACS::Notify\n    Properties:\n      NotifyType: x\n"
        f"      Content: |\n        {script}\n",
        "  level: {}\n",
    )
    assert len(written.checked(text)) == faults


def test_a_loop_gathers_what_a_template_gives_without_saying_so_again() -> None:
    inner = template("Tasks: [{Name: p, Action: ACS::X::Do}]\nOutputs: {n: {Value: 1}}", "Inner")
    run = Outside(
        """
        Tasks:
          - Name: each
            Action: ACS::Template
            Properties: {TemplateName: Inner}
            Loop:
              Items: [a, b]
              Outputs: {ns: {AggregateType: 'Fn::ListJoin', AggregateField: n}}
        Outputs: {ns: {Value: '{{ each.ns }}'}}
        """,
        library={"Inner": inner},
    )
    known = {"Inner": inner}
    assert validate.validate(run.template, known_templates=known) == []
    assert run.end().outputs == {"ns": [1, 1]}
