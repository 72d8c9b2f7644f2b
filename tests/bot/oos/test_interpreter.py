"""Runs from end to end: flow, jumps, retries, waits, approvals, people's words, doubt."""

from datetime import timedelta
from typing import Any

import pytest

from bot import source
from bot.oos.engine import calls, interpreter, journal, loops
from bot.oos.template import waits
from tests.bot.oos import outside
from tests.bot.oos.outside import Outside, api, in_doubt, template

GUIDE = """
Parameters:
  targets: {Type: Json, AssociationProperty: Targets}
  rateControl:
    Type: Json
    AssociationProperty: RateControl
    Default: {Mode: Concurrency, MaxErrors: 0, Concurrency: 100%}
  webHookUrl: {Type: String}
  phones: {Type: List, Default: ['12345678901']}
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters: ['{{ targets }}']
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
      names: {Type: List, ValueSelector: '.Instances.Instance[].InstanceName'}
  - Name: ask
    Action: ACS::Approve
    Properties:
      NotifyType: WebHook
      WebHook:
        URI: '{{webhookURL}}'
        Headers: {Content-Type: application/json}
        Content:
          msgtype: text
          text: {content: 'Reboot {{find.names}} in {{ACS::RegionId}}, {{ACS::ExecutionId}}'}
          at: {atMobiles: '{{phones}}'}
  - Name: reboot
    Action: ACS::ECS::RebootInstance
    Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}
    Loop: {RateControl: '{{ rateControl }}', Items: '{{ find.ids }}'}
Outputs:
  ids: {Type: List, Value: '{{ find.ids }}'}
"""
REBOOT = template(
    """
    Parameters:
      instanceId: {Type: String}
      regionId: {Type: String, Default: '{{ ACS::RegionId }}'}
    Tasks:
      - Name: reboot
        Action: ACS::ExecuteAPI
        Properties:
          Service: ECS
          API: RebootInstance
          Parameters: {RegionId: '{{ regionId }}', InstanceId: '{{ instanceId }}'}
      - Name: untilRunning
        Action: ACS::WaitFor
        Properties:
          Service: ECS
          API: DescribeInstances
          Parameters: {InstanceIds: ['{{ instanceId }}']}
          PropertySelector: Instances.Instance[].Status
          DesiredValues: [Running]
    """,
    "ACS::ECS::RebootInstance",
)
FLEET = {
    "Instances": {
        "Instance": [
            {"InstanceId": f"i-{n}", "InstanceName": f"web-{n}", "Status": "Running"}
            for n in range(4)
        ]
    }
}


def guide(answer: outside.Answer = lambda call: FLEET, **parameters: Any) -> Outside:
    given = {"targets": {"Type": "All"}, "WEBHOOKURL": "http://hook", **parameters}
    return Outside(template(GUIDE), answer, given, {"ACS-ECS-RebootInstance": REBOOT})


def test_the_guides_template_asks_and_then_reboots_everything() -> None:
    run = guide()
    asked = run.waits()
    (approval,) = asked.approvals
    assert (approval.task, approval.approvers, approval.min_required) == ("ask", (), 1)
    notice = run.made[-1].what
    assert isinstance(notice, calls.Approve)
    assert notice.notice is not None
    assert notice.notice.uri == "http://hook"
    assert notice.notice.append_link
    assert notice.notice.content == {
        "msgtype": "text",
        "text": {"content": 'Reboot ["web-0", "web-1", "web-2", "web-3"] in cn-hangzhou, run-1'},
        "at": {"atMobiles": ["12345678901"]},
    }
    assert run.made_keys() == ["find#0", "ask#0"]
    run.vote(True)
    end = run.end()
    assert end == interpreter.Done("Success", {"ids": ["i-0", "i-1", "i-2", "i-3"]})
    assert run.made_keys()[2:6] == [f"reboot[{n}]/reboot#0" for n in range(4)]
    assert [api(call).parameters["InstanceId"] for call in run.made[2:6]] == end.outputs["ids"]
    assert run.state.counts() == loops.Counts(4, 0, 0, 0, 4)
    assert [(step.path, step.status) for step in run.state.steps] == [
        ("find", "Success"),
        ("ask", "Success"),
        ("reboot", "Success"),
    ]


def test_a_rejection_cancels_before_anything_was_done() -> None:
    run = guide()
    run.waits()
    run.vote(False, "wang")
    end = run.end()
    assert end.status == "Cancelled"
    assert str(end.error) == "ask: Rejected: wang rejected it"
    assert run.made_keys() == ["find#0", "ask#0"]


def test_too_many_errors_stop_the_loop_and_say_so() -> None:
    def answer(call: calls.Call) -> Any:
        if call.key == "reboot[1]/reboot#0":
            return journal.Failed("IncorrectInstanceStatus", "it is stopped")
        return FLEET

    run = guide(answer, rateControl={"Mode": "Concurrency", "Concurrency": 2, "MaxErrors": 0})
    run.waits()
    run.vote(True)
    end = run.end()
    assert end.status == "Failed"
    assert end.error == interpreter.Failure(
        "reboot",
        "MaxErrorsExceeded",
        "1 of 4 items failed, MaxErrors is 0; 2 were not started; "
        "i-1: reboot[1]/reboot: IncorrectInstanceStatus: it is stopped",
    )
    assert "reboot[0]/untilRunning#0" in run.made_keys(), "what runs is brought to its end"
    assert run.state.counts() == loops.Counts(1, 1, 0, 2, 4)


def test_errors_within_the_limit_are_forgiven() -> None:
    failing = {"reboot[1]/reboot#0"}
    run = guide(
        lambda call: journal.Failed("No", "") if call.key in failing else FLEET,
        rateControl='{"Mode": "Concurrency", "Concurrency": "50%", "MaxErrors": "25%"}',
    )
    run.waits()
    run.vote(True)
    assert run.end().status == "Success"
    assert run.state.counts() == loops.Counts(3, 1, 0, 0, 4)


# ----------------------------------------------------------------------------- RunCommand

RUN_COMMAND = template(
    """
    Parameters:
      instanceId: {Type: String}
      command: {Type: String}
    Tasks:
      - Name: invoke
        Action: ACS::ExecuteApi
        Properties:
          Service: ECS
          API: RunCommand
          Parameters:
            CommandContent: {'Fn::Base64Encode': '{{ command }}'}
            InstanceIds: ['{{ instanceId }}']
        Outputs: {invokeId: {ValueSelector: InvokeId}}
      - Name: untilDone
        Action: ACS::WaitFor
        Retries: 296
        MaxRetryInterval: 300
        OnError: readOutput
        Properties:
          Service: ECS
          API: DescribeInvocations
          Parameters: {InvokeId: '{{ invoke.invokeId }}'}
          PropertySelector: .Invocations.Invocation[].InvokeStatus
          DesiredValues: [Finished]
          StopRetryValues: [Failed, Stopped]
      - Name: readOutput
        Action: ACS::ExecuteApi
        Properties:
          Service: ECS
          API: DescribeInvocationResults
          Parameters: {InvokeId: '{{ invoke.invokeId }}'}
        Outputs: {output: {Type: String, ValueSelector: '.Results[0].Output'}}
      - Name: checkExit
        Action: ACS::CheckFor
        Properties:
          Service: ECS
          API: DescribeInvocationResults
          Parameters: {InvokeId: '{{ invoke.invokeId }}'}
          PropertySelector: '.Results[].ExitCode'
          DesiredValues: ['0']
    Outputs:
      said: {Type: String, Value: {'Fn::Base64Decode': '{{ readOutput.output }}'}}
    """,
    "ACS::ECS::RunCommand",
)


def cloud_assistant(statuses: list[str], exit_code: int = 0) -> outside.Answer:
    left = list(statuses)

    def answer(call: calls.Call) -> Any:
        match api(call).api:
            case "RunCommand":
                return {"InvokeId": "t-1"}
            case "DescribeInvocations":
                return {"Invocations": {"Invocation": [{"InvokeStatus": left.pop(0)}]}}
            case _:
                return {"Results": [{"Output": "aGVsbG8=", "ExitCode": exit_code}]}

    return answer


def command(answer: outside.Answer) -> Outside:
    return Outside(RUN_COMMAND, answer, {"InstanceId": "i-1", "command": "echo hello"})


def test_a_command_is_polled_ever_more_slowly_and_its_output_read() -> None:
    run = command(cloud_assistant(["Running"] * 10 + ["Finished"]))
    assert run.end() == interpreter.Done("Success", {"said": "hello"})
    assert api(run.made[0]).parameters == {
        "CommandContent": "ZWNobyBoZWxsbw==",
        "InstanceIds": ["i-1"],
    }
    assert api(run.made[0]).style == "RPC"
    assert run.times[1:12] == [0, 2, 6, 14, 30, 62, 126, 254, 510, 810, 1110]
    assert [call.retry for call in run.made[1:4]] == [0, 1, 2]


def test_a_stop_value_ends_the_wait_at_once() -> None:
    run = command(cloud_assistant(["Running", "Failed"], exit_code=3))
    end = run.end()
    assert str(end.error) == 'checkExit: UndesiredValue: the value is 3, it should be one of: "0"'
    assert run.state.steps[1].failure == interpreter.Failure(
        "untilDone", "StopRetryValue", 'the value is "Failed"'
    )
    assert len(run.made) == 5


def test_a_wait_gives_up_after_its_retries() -> None:
    run = Outside(
        """
        Tasks:
          - Name: wait
            Action: ACS::WaitFor
            Properties:
              {Service: ECS, API: DescribeX, PropertySelector: Status, NotDesiredValues: [Busy]}
        """,
        lambda call: {"Status": "Busy"},
    )
    assert run.end().status == "Failed"
    assert len(run.made) == 11
    assert run.times[-1] == sum(2**n for n in range(1, 11))


# ----------------------------------------------------------------------------- retries and time


@pytest.mark.parametrize(
    ("settings", "times"),
    [
        ("Retries: 3", [0, 2, 6, 14]),
        ("{Retries: 3, MaxRetryInterval: 3}", [0, 2, 5, 8]),
        ("{Retries: 3, DelayType: Constant, Delay: 7}", [0, 7, 14, 21]),
        ("{Retries: 3, DelayType: Constant}", [0, 2, 4, 6]),
        ("{Retries: 3, DelayType: Linear, Delay: 5, BackOff: 10}", [0, 15, 40, 75]),
        ("Retries: 0", [0]),
        ("Delay: 3", [0]),
    ],
)
def test_failed_calls_are_retried_after_their_delay(settings: str, times: list[float]) -> None:
    task = f"""
    Tasks:
      - Name: once
        Action: ACS::ExecuteAPI
        Properties: {{Service: ECS, API: StopInstance}}
        {settings.strip("{}").replace(", ", chr(10) + "        ")}
    """
    run = Outside(task, lambda call: journal.Failed("Throttling", "slow down"))
    assert str(run.end().error) == "once: Throttling: slow down"
    assert run.times == times
    assert run.made_keys() == [f"once#{n}" for n in range(len(times))]
    assert len({call.token for call in run.made}) == len(times)


def test_a_delay_that_makes_no_sense_fails_the_task() -> None:
    task = """
    Parameters: {slowly: {Type: String, Default: Never}}
    Tasks:
      - Name: once
        Action: ACS::ExecuteAPI
        Properties: {Service: ECS, API: StopInstance}
        DelayType: '{{ slowly }}'
    """
    end = Outside(task).end()
    assert "DelayType is 'Never'" in str(end.error)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT30S", 30),
        ("PT1M", 60),
        ("PT1H30M", 5400),
        ("P1DT1S", 86401),
        ("P1W", 604800),
        ("3s", 3),
        ("4m", 240),
        ("1M", 60),
        ("2H", 7200),
        ("1d", 86400),
        (5, 5),
        ("1.5h", 5400),
    ],
)
def test_durations(text: Any, seconds: float) -> None:
    assert waits.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "P", "PT", "soon", "-3s", "P1Y", True, None, "400d", "٣s"])
def test_what_is_no_duration_is_refused(text: Any) -> None:
    with pytest.raises(source.Invalid, match="duration"):
        waits.duration(text)


def test_a_sleep_is_a_due_time_and_not_a_call() -> None:
    run = Outside(
        """
        Parameters: {hours: {Type: Number, Default: 2}}
        Tasks:
          - {Name: nap, Action: 'ACS::Sleep', Properties: {Duration: '{{ hours }}H'}}
          - {Name: stop, Action: 'ACS::ExecuteAPI', Properties: {Service: ECS, API: StopX}}
        """
    )
    assert run.next() == interpreter.Wait(outside.BEGAN + timedelta(hours=2))
    run.pass_time(7199)
    assert isinstance(run.next(), interpreter.Wait)
    run.pass_time(1)
    assert run.end().status == "Success"
    assert run.times == [7200]


# ----------------------------------------------------------------------------- jumps

JUMPS = """
Parameters: {way: {Type: String}}
Tasks:
  - Name: choose
    Action: ACS::Choice
    Properties:
      DefaultTask: ACS::END
      Choices:
        - {When: {'Fn::Equals': ['{{ way }}', left]}, NextTask: left}
        - {When: {'Fn::Equals': ['{{ way }}', right]}, NextTask: RIGHT}
  - Name: left
    Action: ACS::ExecuteAPI
    OnSuccess: ACS::END
    OnError: rescue
    Properties: {Service: X, API: GoLeft}
  - Name: right
    Action: ACS::ExecuteAPI
    OnError: ACS::NEXT
    When: {'Fn::Not': {'Fn::Equals': ['{{ way }}', left]}}
    Properties: {Service: X, API: GoRight}
  - {Name: after, Action: 'ACS::ExecuteAPI', Properties: {Service: X, API: After}}
  - Name: rescue
    Action: ACS::ExecuteAPI
    When: {'Fn::Equals': ['{{ way }}', left]}
    Properties: {Service: X, API: Rescue}
Outputs:
  gone: {Value: '{{ way }}'}
"""


@pytest.mark.parametrize(
    ("way", "fails", "keys", "status"),
    [
        ("left", "", ["left#0"], "Success"),
        ("left", "left", ["left#0", "rescue#0"], "Success"),
        ("left", "left rescue", ["left#0", "rescue#0"], "Failed"),
        ("right", "", ["right#0", "after#0"], "Success"),
        ("right", "right", ["right#0", "after#0"], "Success"),
        ("right", "after", ["right#0", "after#0"], "Failed"),
        ("elsewhere", "", [], "Success"),
    ],
)
def test_choices_and_jumps(way: str, fails: str, keys: list[str], status: str) -> None:
    run = Outside(
        JUMPS,
        lambda call: journal.Failed("No", "") if call.task in fails.split() else {},
        {"way": way},
    )
    assert run.end().status == status
    assert run.made_keys() == keys


def test_a_skipped_task_does_not_follow_its_jumps() -> None:
    run = Outside(
        """
        Parameters: {go: {Type: Boolean, Default: false}}
        Tasks:
          - Name: maybe
            Action: ACS::ExecuteAPI
            When: '{{ go }}'
            OnSuccess: ACS::END
            Properties: {Service: X, API: Maybe}
            Outputs: {id: {ValueSelector: Id}}
          - {Name: last, Action: 'ACS::ExecuteAPI', Properties: {Service: X, API: Last}}
        Outputs:
          id: {Value: '{{ maybe.id }}'}
        """
    )
    assert run.end() == interpreter.Done("Success", {"id": None})
    assert run.made_keys() == ["last#0"]
    assert run.state.steps[0].status == "Skipped"


def test_a_jump_back_is_refused_and_not_taken() -> None:
    run = Outside(
        """
        Tasks:
          - {Name: one, Action: 'ACS::ExecuteAPI', Properties: {Service: X, API: One}}
          - Name: two
            Action: ACS::ExecuteAPI
            OnSuccess: one
            Properties: {Service: X, API: Two}
        """
    )
    assert "cannot go to 'one': it does not come later" in str(run.end().error)


# ----------------------------------------------------------------------------- inner templates


def nest(name: str, inner: str) -> str:
    return f"""
    Parameters: {{x: {{Type: String}}}}
    Tasks:
      - Name: inner
        Action: ACS::Template
        Properties: {{TemplateName: '{inner}', Parameters: {{X: '{{{{ x }}}}{name}'}}}}
        Outputs: {{got: {{ValueSelector: y}}}}
    Outputs: {{y: {{Value: '{{{{ inner.got }}}}!'}}}}
    """


def test_templates_call_templates_by_file_name() -> None:
    leaf = template(
        """
        Parameters: {x: {Type: String}, z: {Type: String, Default: '{{ ACS::RegionId }}'}}
        Tasks:
          - Name: say
            Action: ACS::ExecuteAPI
            Properties: {Service: X, API: Say, Parameters: {What: '{{ x }}@{{ z }}'}}
            Outputs: {y: {ValueSelector: Echo}}
        Outputs: {y: {Value: '{{ say.y }}'}}
        """,
        "leaf",
    )
    library = {"leaf": leaf, "middle": template(nest("b", "LEAF"), "middle")}
    run = Outside(
        nest("a", "middle"),
        lambda call: {"Echo": api(call).parameters["What"]},
        {"x": "-"},
        library,
    )
    assert run.end().outputs == {"y": "-ab@cn-hangzhou!!"}
    assert run.made_keys() == ["inner/inner/say#0"]


def test_a_failed_inner_template_is_tried_again_from_its_beginning() -> None:
    inner = template(
        """
        Tasks:
          - {Name: one, Action: 'ACS::ExecuteAPI', Properties: {Service: X, API: One}}
          - {Name: two, Action: 'ACS::ExecuteAPI', Properties: {Service: X, API: Two}}
        """,
        "ACS::X::Both",
    )
    run = Outside(
        "Tasks: [{Name: both, Action: 'ACS::X::Both', Retries: 1, Properties: {}}]",
        lambda call: journal.Failed("No", "") if call.key == "both/two#0" else {},
        library={"ACS::X::Both": inner},
    )
    assert run.end().status == "Success"
    assert run.made_keys() == ["both/one#0", "both/two#0", "both#1/one#0", "both#1/two#0"]
    assert run.times == [0, 0, 2, 2]


def test_a_template_that_calls_itself_comes_to_an_end() -> None:
    run = Outside(
        nest("a", "main"), parameters={"x": ""}, library={"Main": template(nest("a", "main"))}
    )
    assert "nested deeper than 10 templates" in str(run.end().error)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("{}", "ACS::ECS::RebootInstance needs the parameter 'instanceId'"),
        ("{instanceID: i-1, force: true}", "has no parameter 'force'"),
    ],
)
def test_parameters_of_inner_templates_are_checked(properties: str, message: str) -> None:
    run = Outside(
        f"Tasks: [{{Name: a, Action: 'ACS::ECS::RebootInstance', Properties: {properties}}}]",
        library={"ACS::ECS::RebootInstance": REBOOT},
    )
    assert message in str(run.end().error)
    assert not run.made


@pytest.mark.parametrize(
    ("given", "bound"),
    [
        ("{n: '5', on: 'true', j: '{\"a\": [1]}', s: 7}", [5, True, {"a": [1]}, "7"]),
        ("{N: 2, j: [], s: '{{ ACS::RegionId }}'}", [2, False, [], "cn-hangzhou"]),
        ("{s: '', n: ''}", ["", False, {"d": 1}, ""]),
    ],
)
def test_parameters_of_inner_templates_get_their_type(given: str, bound: list[Any]) -> None:
    inner = template(
        """
        Parameters:
          n: {Type: Number, Default: 1}
          on: {Type: Boolean, Default: false}
          j: {Type: Json, Default: '{"d": 1}'}
          s: {Type: String}
        Tasks:
          - Name: a
            Action: ACS::ExecuteAPI
            Properties:
              Service: X
              API: Do
              Parameters: {n: '{{ n }}', on: '{{ on }}', j: '{{ j }}', s: '{{ s }}'}
        """,
        "ACS::X::Typed",
    )
    run = Outside(
        f"Tasks: [{{Name: t, Action: 'ACS::X::Typed', Properties: {given}}}]",
        library={"ACS::X::Typed": inner},
    )
    assert run.end().status == "Success"
    assert list(api(run.made[0]).parameters.values()) == bound


# ----------------------------------------------------------------------------- people

TWO = """
Tasks:
  - Name: ask
    Action: ACS::Approve
    Properties: {Approvers: [li@corp, 'wang'], MinRequiredApprovals: 2}
  - {Name: go, Action: 'ACS::ExecuteAPI', Properties: {Service: X, API: Go}}
"""


def test_two_approvals_are_two_people() -> None:
    run = Outside(TWO)
    assert run.waits().approvals[0].approvers == ("li", "wang")
    run.vote(True, "li")
    run.vote(True, "li")
    assert run.waits().approvals[0].voted == ("li",)
    run.vote(True, "wang")
    run.vote(False, "zhao", key="ask#0")
    assert run.end().status == "Success", "a vote after the decision changes nothing"


def test_a_notification_that_fails_does_not_end_the_wait() -> None:
    run = Outside(TWO, lambda call: journal.Failed("404", "no such robot"))
    assert len(run.waits().approvals) == 1


def test_resuming_everything_does_not_pass_an_approval() -> None:
    run = Outside(TWO)
    run.waits()
    run.tell("resumed")
    run.tell("resumed", "ask#0")
    assert len(run.waits().approvals) == 1
    assert run.made_keys() == ["ask#0"]


THREE = """
Tasks:
  - {Name: one, Action: 'ACS::ExecuteAPI', Properties: {Service: X, API: One}}
  - {Name: hold, Action: 'ACS::Pause', Properties: {}}
  - {Name: two, Action: 'ACS::ExecuteAPI', Properties: {Service: X, API: Two}}
"""


def test_a_pause_waits_to_be_resumed() -> None:
    run = Outside(THREE)
    assert run.waits().pauses == (interpreter.Pause("hold#0", "hold", "pause"),)
    run.tell("resumed", "hold#0")
    assert run.end().status == "Success"


def test_people_pause_and_resume_a_run() -> None:
    run = Outside(THREE)
    run.tell("paused", person="wang")
    assert run.waits().pauses == (interpreter.Pause("", "", "person", "wang"),)
    assert not run.made
    run.tell("resumed")
    assert run.waits().pauses[0].key == "hold#0"


def test_a_stop_makes_no_more_calls_and_lets_running_ones_end() -> None:
    run = Outside(THREE)
    (call,) = run.ready()
    run.start(call)
    run.tell("stopped", person="zhao")
    assert run.next() == interpreter.Wait(None, running=1)
    run.finish(call)
    end = run.end()
    assert (end.status, str(end.error)) == ("Cancelled", "zhao stopped it")
    assert run.made_keys() == ["one#0"]
    run.pass_time(10**6)
    assert run.next() == end


def test_a_stop_after_the_end_changes_nothing() -> None:
    run = Outside("Tasks: [{Name: a, Action: 'ACS::Sleep', Properties: {Duration: 1s}}]")
    assert run.end().status == "Success"
    run.tell("stopped")
    assert run.end().status == "Success"


def test_a_sleeping_run_is_stopped_at_once() -> None:
    run = Outside("Tasks: [{Name: a, Action: 'ACS::Sleep', Properties: {Duration: 1d}}]")
    run.tell("stopped")
    assert run.end().status == "Cancelled"
    run.pass_time(10**6)
    assert run.end().status == "Cancelled"


# ----------------------------------------------------------------------------- doubt


def single(name: str) -> Outside:
    return Outside(
        f"""
        Tasks:
          - Name: one
            Action: ACS::ExecuteAPI
            Properties: {{Service: ECS, API: {name}}}
            Outputs: {{id: {{ValueSelector: Id}}}}
        Outputs: {{id: {{Value: '{{{{ one.id }}}}'}}}}
        """
    )


def test_a_call_in_doubt_is_looked_up_and_not_made_again() -> None:
    run = single("RunInstances")
    run.finish(in_doubt(run), {"Id": "i-9"})
    assert run.end() == interpreter.Done("Success", {"id": "i-9"})
    assert len(run.made) == 1


@pytest.mark.parametrize(
    ("word", "keys", "outputs"),
    [("retry", ["one#0", "one#1"], {"id": "i-9"}), ("skip", ["one#0"], {"id": None})],
)
def test_what_looking_up_does_not_tell_a_person_decides(
    word: journal.Word, keys: list[str], outputs: dict[str, Any]
) -> None:
    run = single("RunInstances")
    run.finish(in_doubt(run), journal.Unknown())
    end = run.end()
    assert (end.status, end.unknown) == ("Unknown", ("one#0",))
    run.tell(word, "one#0")
    run.answer = lambda call: {"Id": "i-9"}
    assert run.end() == interpreter.Done("Success", outputs)
    assert run.made_keys() == keys


def test_a_person_who_knows_the_answer_writes_it_down() -> None:
    run = single("RunInstances")
    run.finish(in_doubt(run), journal.Unknown())
    run.write(journal.Finished("one#0", run.now, journal.Done({"Id": "i-7"})))
    assert run.end() == interpreter.Done("Success", {"id": "i-7"})


def test_a_question_without_an_answer_is_asked_again_but_not_for_ever() -> None:
    run = single("DescribeInstances")
    run.answer = lambda call: journal.Unknown()
    assert str(run.end().error) == "one: NoAnswer: no answer came"
    assert run.made_keys() == [f"one#{n}" for n in range(6)]


def test_a_stopped_run_with_a_doubt_says_so() -> None:
    run = single("RunInstances")
    lookup = in_doubt(run)
    run.tell("stopped")
    run.finish(lookup, journal.Unknown())
    end = run.end()
    assert (end.status, end.unknown) == ("Cancelled", ("one#0",))


# ----------------------------------------------------------------------------- calls


def test_calls_carry_what_the_adapter_needs() -> None:
    run = Outside(
        """
        Parameters: {id: {Type: String}}
        Tasks:
          - Name: roa
            Action: ACS::ExecuteAPI
            Properties:
              Service: CS
              API: ScaleCluster
              Method: put
              URI: /clusters/{{ id }}
              Headers: {x: '1'}
              Body: '{"n": 1}'
              Risk: Normal
              Parameters: {RegionId: cn-beijing}
          - Name: tell
            Action: ACS::Notify
            Properties: {NotifyType: WebHook, WebHook: {URI: 'http://h', Content: {a: '{{ id }}'}}}
          - Name: mine
            Action: ACS::Bot::Own
            Properties: {a: '{{ id }}'}
        """,
        parameters={"id": "c-1"},
    )
    assert run.end().status == "Success"
    roa, tell, mine = run.made
    assert roa.what == calls.Api(
        service="CS",
        api="ScaleCluster",
        parameters={"RegionId": "cn-beijing"},
        region="cn-beijing",
        method="PUT",
        uri="/clusters/c-1",
        headers={"x": "1"},
        body='{"n": 1}',
        risk="Normal",
    )
    assert api(roa).style == "ROA"
    assert isinstance(tell.what, calls.Notify)
    assert (tell.what.uri, tell.what.content, tell.what.append_link) == (
        "http://h",
        {"a": "c-1"},
        False,
    )
    assert mine.what == calls.Product("ACS::Bot::Own", {"a": "c-1"}, "cn-hangzhou")
    assert [call.kind for call in run.made] == ["api", "notify", "product"]


def test_tokens_tell_runs_and_keys_apart() -> None:
    tokens = {calls.token(run, key) for run in ("r", "r1", "1r") for key in ("a#0", "1:a#0", "a#1")}
    assert len(tokens) == 9
    assert all(len(token) == 40 and token.isascii() for token in tokens)


def test_an_output_that_does_not_come_fails_the_task() -> None:
    run = single("RunInstances")
    run.answer = lambda call: "not an object"
    end = run.end()
    assert end.status == "Failed"
    assert str(end.error).startswith("one: InvalidOutput: ")


def test_a_missing_parameter_fails_the_run() -> None:
    assert "needs the parameter 'way'" in str(Outside(JUMPS).end().error)


def test_triggers_are_not_for_here() -> None:
    run = Outside("Tasks: [{Name: t, Action: 'ACS::TimerTrigger', Properties: {Type: cron}}]")
    assert str(run.end().error) == "t: UnsupportedAction: ACS::TimerTrigger runs on OOS itself only"
