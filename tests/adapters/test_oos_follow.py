"""Following executions on OOS and telling them what people decided."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
from typing import Any

import pytest

from adapters.oos import Oos, story
from bot import model
from bot.model import ports
from sandbox.aliyun import Aliyun
from tests.adapters.oos_plans import (
    SLEEP,
    begun,
    count,
    ended,
    executor,
    seen,
    tell,
)
from tests.sandbox.aliyun_party import DB1, REGION, WEB1, WEB2
from tests.sandbox.oos_client import Sdk, approve, script, template
from tests.sandbox.oos_client import api as call

pytestmark = pytest.mark.usefixtures("hurry")


def waits(sight: model.Execution) -> model.Waiting:
    """What it waits for, but for the name that OOS made up for it."""
    assert sight.waiting is not None
    assert sight.waiting.id
    return dataclasses.replace(sight.waiting, id="")


# ----------------------------------------------------------------------------- words


async def test_an_approval_is_told_and_passed(oos: Oos, party: Aliyun) -> None:
    content = {"msgtype": "text", "text": {"content": "Restart web?"}}
    hook = {"URI": "http://127.0.0.1:1/robot?access_token=secret", "Content": content}
    asking = approve(Approvers=["bob@corp", "carol"], NotifyType="WebHook", WebHook=hook)
    id = await begun(oos, asking, script("touch", "true"))
    sight = await seen(oos, id, "Waiting")
    assert waits(sight) == model.Waiting("approval", "ask", ("bob", "carol"), 1, "Restart web?")
    assert [(s.name, s.status) for s in sight.progress.stages] == [("ask", "Waiting")]
    assert await oos.perform(
        tell(id, "approve", "ask", "bob, carol"), model.Attempt()
    ) == model.Done(id)
    assert (await ended(oos, id)).status == "Success"
    (told,) = await party.calls("NotifyExecution")
    assert told["request"]["NotifyNote"] == "bob, carol"
    assert told["request"]["TaskExecutionId"].endswith(".t0001")


async def test_a_rejection_cancels(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, approve(), script("touch", "true"))
    await seen(oos, id, "Waiting")
    assert await oos.perform(tell(id, "reject", "ask"), model.Attempt()) == model.Done(id)
    sight = await ended(oos, id)
    assert sight.status == "Cancelled"
    assert sight.progress.error.startswith("ask: Rejected")
    assert await party.runs() == []


async def test_what_has_moved_on_needs_no_word(oos: Oos, party: Aliyun) -> None:
    """A word that is repeated, and the word for an earlier task, are not said to a later one."""
    id = await begun(oos, approve("first"), approve("second"))
    await seen(oos, id, "Waiting")
    assert await oos.perform(tell(id, "approve", "first"), model.Attempt()) == model.Done(id)
    assert await oos.perform(
        tell(id, "approve", "first"), model.Attempt(uncertain=True)
    ) == model.Done(id)
    sight = await seen(oos, id, "Waiting")
    assert sight.waiting is not None
    assert sight.waiting.task == "second"
    assert await count(party, "NotifyExecution") == 1
    await Sdk(party).call("NotifyExecution", ExecutionId=id, NotifyType="Approve")
    assert (await ended(oos, id)).status == "Success"
    assert await oos.perform(tell(id, "approve", "second"), model.Attempt()) == model.Done(id)
    assert await oos.perform(tell(id, "reject"), model.Attempt()) == model.Done(id)


async def test_what_goes_on_while_it_is_read_waits_for_nobody(
    oos: Oos, party: Aliyun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody approves after the execution was read and before its tasks are."""
    id = await begun(oos, approve(), SLEEP)
    await seen(oos, id, "Waiting")
    tasks = oos._reader.tasks

    async def approved_meanwhile(region: str, execution: str, **more: str) -> Any:
        monkeypatch.setattr(oos._reader, "tasks", tasks)
        await Sdk(party).call("NotifyExecution", ExecutionId=id, NotifyType="Approve")
        rows: list[Any] = []
        async with asyncio.timeout(5):
            while len(rows) < 2:
                rows = await tasks(region, execution, **more)
        return rows

    monkeypatch.setattr(oos._reader, "tasks", approved_meanwhile)
    sight = (await oos.poll(REGION, "", [id]))[id]
    assert sight.waiting is None
    assert [(one.name, one.status) for one in sight.progress.stages] == [
        ("ask", "Success"),
        ("sleep", "Running"),
    ]


async def test_a_lost_answer_does_not_pass_the_next_approval(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, approve("first"), approve("second"))
    await seen(oos, id, "Waiting")
    await party.fault("NotifyExecution", "lose_answer")
    assert await oos.perform(tell(id, "approve", "first"), model.Attempt()) == model.Done(id)
    sight = await seen(oos, id, "Waiting")
    assert sight.waiting is not None
    assert sight.waiting.task == "second"


async def test_a_word_that_was_not_heard_is_said_again(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, approve())
    await seen(oos, id, "Waiting")
    await party.fault("NotifyExecution", "hang_up")
    assert isinstance(await oos.perform(tell(id, "approve", "ask"), model.Attempt()), model.NotSent)
    assert await oos.perform(
        tell(id, "approve", "ask"), model.Attempt(uncertain=True)
    ) == model.Done(id)
    assert (await ended(oos, id)).status == "Success"


async def test_a_word_that_is_refused(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, approve())
    await seen(oos, id, "Waiting")
    await party.fault("NotifyExecution", "error", status=403, code="Forbidden.RAM")
    outcome = await oos.perform(tell(id, "approve", "ask"), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert "oos:NotifyExecution" in outcome.reason
    unknown = await oos.perform(tell("exec-nothing", "approve", "ask"), model.Attempt())
    assert isinstance(unknown, model.Refused)
    assert unknown.code == "EntityNotExists.Execution"


@pytest.mark.parametrize("distinct", [False, True])
async def test_several_approvals(oos: Oos, party: Aliyun, distinct: bool) -> None:
    party.oos.teller.distinct_approvers = distinct
    id = await begun(oos, approve(MinRequiredApprovals=2))
    sight = await seen(oos, id, "Waiting")
    assert sight.waiting is not None
    assert sight.waiting.need == 2
    outcome = await oos.perform(tell(id, "approve", "ask"), model.Attempt())
    if distinct:
        assert isinstance(outcome, model.Refused)
        assert "2 approvals of ask" in outcome.reason
    else:
        assert outcome == model.Done(id)
        assert (await ended(oos, id)).status == "Success"


async def test_a_task_of_high_risk_is_confirmed(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, script("touch", "true", properties={"Risk": "High"}))
    sight = await seen(oos, id, "Waiting")
    assert sight.waiting is not None
    assert (sight.waiting.kind, sight.waiting.task) == ("confirm", "touch")
    assert sight.waiting.shown.splitlines()[0] == "ECS.RunCommand"
    assert f'InstanceIds: ["{WEB1}"]' in sight.waiting.shown
    assert await party.runs() == []
    assert await oos.perform(tell(id, "confirm", "touch"), model.Attempt()) == model.Done(id)
    assert (await ended(oos, id)).status == "Success"


async def test_what_is_confirmed_is_told_whole_whatever_it_is_called(
    oos: Oos, party: Aliyun
) -> None:
    lines = "\n".join(f"echo {number} | tee /srv/hook/abcdefgh{number}" for number in range(200))
    risky = script("touch", lines, properties={"Risk": "High"})
    id = await begun(oos, approve(Approvers=["bob"], **notice("x" * 4000 + "end")), risky)
    sight = await seen(oos, id, "Waiting")
    assert waits(sight).shown.endswith("xend")
    await oos.perform(tell(id, "approve", "ask"), model.Attempt())
    sight = await seen(oos, id, "Waiting")
    assert sight.waiting is not None
    assert lines in sight.waiting.shown


def notice(text: str) -> dict[str, Any]:
    content = {"msgtype": "text", "text": {"content": text}}
    return {"NotifyType": "WebHook", "WebHook": {"URI": "http://127.0.0.1:1/x", "Content": content}}


def test_secrets_are_known_by_the_names_that_templates_are_held_to() -> None:
    given = {"webhookScript": "rm -r /", "tokens": "$(id)", "Password": "x", "ClientToken": "y"}
    shown = story.about({"TemplateName": "t", "Parameters": given})
    assert shown == "t\nwebhookScript: rm -r /\ntokens: $(id)\nPassword: ••••••\nClientToken: y"


async def test_a_task_of_high_risk_is_not_confirmed(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, script("touch", "true", properties={"Risk": "High"}))
    await seen(oos, id, "Waiting")
    assert await oos.perform(tell(id, "reject", "touch"), model.Attempt()) == model.Done(id)
    sight = await ended(oos, id)
    assert (sight.status, sight.progress.stages[0].status) == ("Cancelled", "Failed")
    assert await party.runs() == []


async def test_a_pause_is_resumed(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, {"Name": "hold", "Action": "ACS::Pause"}, call("after"))
    sight = await seen(oos, id, "Waiting")
    assert waits(sight) == model.Waiting("pause", "hold")
    assert await oos.perform(tell(id, "resume", "hold"), model.Attempt()) == model.Done(id)
    assert (await ended(oos, id)).status == "Success"
    kinds = [c["request"]["NotifyType"] for c in await party.calls("NotifyExecution")]
    assert kinds == ["Approve", "ExecuteTask"]


async def test_a_loop_that_pauses_after_its_first_batch(oos: Oos) -> None:
    rate = {"Mode": "Batch", "Batch": [1, 2], "BatchPauseOption": "FirstBatchPause"}
    loop = {"Items": [WEB1, WEB2, DB1], "RateControl": rate}
    id = await begun(oos, script("touch", "true", "{{ ACS::TaskLoopItem }}", Loop=loop))
    sight = await seen(oos, id, "Waiting")
    assert waits(sight) == model.Waiting("pause", "touch")
    progress = sight.progress
    assert (progress.done, progress.failed, progress.running, progress.total) == (1, 0, 0, 3)
    assert await oos.perform(tell(id, "resume", "touch"), model.Attempt()) == model.Done(id)
    assert (await ended(oos, id)).progress.done == 3


async def test_the_approval_of_a_part(oos: Oos, party: Aliyun) -> None:
    await party.add_product_action("ACS::Approve::Robot", template(approve(Approvers=["bob"])))
    robot = {"Name": "robot", "Action": "ACS::Approve::Robot", "Properties": {}}
    id = await begun(oos, robot, approve())
    sight = await seen(oos, id, "Waiting")
    assert waits(sight) == model.Waiting("approval", "robot/ask", ("bob",))
    assert await oos.perform(tell(id, "approve", "robot/ask"), model.Attempt()) == model.Done(id)
    assert await oos.perform(
        tell(id, "approve", "robot/ask"), model.Attempt(uncertain=True)
    ) == model.Done(id)
    sight = await seen(oos, id, "Waiting")
    assert waits(sight) == model.Waiting("approval", "ask")
    assert sight.waiting is not None
    assert await oos.perform(
        tell(id, "approve", "another"), model.Attempt(uncertain=True)
    ) == model.Done(id)
    assert waits(await seen(oos, id, "Waiting")) == model.Waiting("approval", "ask"), "not it"
    assert await oos.perform(
        tell(id, "approve", sight.waiting.id), model.Attempt(uncertain=True)
    ) == model.Done(id)
    await ended(oos, id)


async def test_stopping(oos: Oos) -> None:
    id = await begun(oos, SLEEP)
    stop = model.StopRun(7, REGION, id, (), "oos")
    assert await oos.perform(stop, model.Attempt()) == model.Done(id)
    assert (await ended(oos, id)).status == "Cancelled"
    assert await oos.perform(stop, model.Attempt(uncertain=True)) == model.Done(id)


# ----------------------------------------------------------------------------- looking


async def test_a_failure_is_told_in_its_words(oos: Oos) -> None:
    id = await begun(oos, call("look"), script("touch", "true", "i-nowhere"), call("after"))
    sight = await ended(oos, id)
    assert sight.status == "Failed"
    assert sight.progress.error.startswith("touch: InvalidInstance.NotFound: The instance does not")
    assert [(s.name, s.status) for s in sight.progress.stages] == [
        ("look", "Success"),
        ("touch", "Failed"),
    ]
    assert "i-nowhere" in sight.progress.stages[1].detail


@pytest.mark.parametrize("plain", [True, False])
async def test_a_loop_is_counted(oos: Oos, plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its statistics; where those are not plain, item by item."""
    if not plain:
        monkeypatch.setattr(story, "counted", lambda loop: None)
    rate = {"Mode": "Concurrency", "Concurrency": 2, "MaxErrors": 1}
    loop = {"Items": [WEB1, "i-nowhere", WEB2, DB1], "RateControl": rate}
    id = await begun(oos, script("touch", "true", "{{ ACS::TaskLoopItem }}", Loop=loop))
    progress = (await ended(oos, id)).progress
    assert (progress.done, progress.failed, progress.running, progress.total) == (3, 1, 0, 4)
    assert len(progress.stages) == 1


async def test_many_executions_are_read_in_pages(party: Aliyun) -> None:
    async with executor(party, page_size=10) as oos:
        ids = [await begun(oos, SLEEP, token=f"t{n}") for n in range(25)]
        for _ in range(3):
            found = await oos.poll(REGION, "b1", ids)
        assert set(found) == set(ids)
        assert {one.status for one in found.values()} == {"Running"}
        before = len(await party.calls())
        assert await oos.poll(REGION, "b1", ids) == found
        calls = [c["api"] for c in (await party.calls())[before:]]
        assert calls == ["ListExecutions"] * 3
        before = len(await party.calls())
        assert set(await oos.poll(REGION, "b1", ids[:2])) == set(ids[:2])
        assert len(await party.calls()) == before + 2
        await oos.perform(model.StopRun(7, REGION, ids[3], (), "oos"), model.Attempt())
        before = len(await party.calls())
        found = await oos.poll(REGION, "b1", ids)
        assert found[ids[3]].status == "Cancelled"
        calls = [c["api"] for c in (await party.calls())[before:]]
        assert calls == ["ListExecutions"] * 3 + ["ListTaskExecutions"]


async def test_another_batch_and_nothing_at_all(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, SLEEP)
    assert set(await oos.poll(REGION, "other", [id])) == {id}
    assert await oos.poll(REGION, "b1", ["exec-nothing"]) == {}
    assert set(await oos.poll(REGION, "", [id])) == {id}
    before = len(party.journal)
    assert await oos.poll(REGION, "b1", []) == {}
    assert len(party.journal) == before


async def test_polling_that_fails_says_when_to_come_back(oos: Oos, party: Aliyun) -> None:
    id = await begun(oos, SLEEP)
    await party.fault("ListExecutions", "throttle", retry_after_ms=7000)
    with pytest.raises(ports.PollFailed) as caught:
        await oos.poll(REGION, "b1", [id])
    assert caught.value.retry_after == 7
    await party.fault("ListTaskExecutions", "html", times=3)
    with pytest.raises(ports.PollFailed):
        await oos.poll(REGION, "b1", [id])
    assert set(await oos.poll(REGION, "b1", [id])) == {id}


async def test_watching_what_others_started(oos: Oos, party: Aliyun) -> None:
    await begun(oos, approve())
    text = template(
        approve(Approvers=["bob"]),
        Parameters={"targets": {"Type": "Json"}, "password": {"Type": "String"}},
    )
    given = {"targets": {"Type": "All"}, "password": "hunter2"}
    await Sdk(party).call("CreateTemplate", TemplateName="patch", Content=text)
    first = await party.start_in_console(
        by="dave@corp", TemplateName="patch", Description="monthly", Parameters=given
    )
    second = await party.start_in_console(
        TemplateContent=template(script("touch", "true", properties={"Risk": "High"}))
    )
    await party.start_in_console(TemplateContent=template(SLEEP))
    for id in (first, second):
        await Sdk(party).reached(id, "Waiting")
    one, other = await oos.waiting(REGION)
    assert (one.id, one.status) == (first, "Waiting")
    assert (one.template, one.by) == ("patch", "dave@corp")
    assert waits(one) == model.Waiting(
        "approval",
        "ask",
        ("bob",),
        1,
        'patch v1\nmonthly\ntargets: {"Type":"All"}\npassword: ••••••',
    )
    assert other.id == second
    assert other.waiting is not None
    assert other.waiting.kind == "confirm"
    assert other.waiting.shown.endswith(
        f'ECS.RunCommand\nType: RunShellScript\nCommandContent: true\nInstanceIds: ["{WEB1}"]'
    )
    assert await oos.perform(tell(first, "reject", "ask"), model.Attempt()) == model.Done(first)
    assert [one.id for one in await oos.waiting(REGION)] == [second]
    await party.fault("ListExecutions", "error", times=3)
    with pytest.raises(ports.PollFailed):
        await oos.waiting(REGION)


# ----------------------------------------------------------------------------- pure


@pytest.mark.parametrize(
    ("loop", "counts"),
    [
        ({"TotalCount": 4, "SuccessCount": 2, "FailedCount": 1, "RunningCount": 1}, (2, 1, 1, 4)),
        ({"Counters": {"Total": 3, "Success": 1, "Failed": 0}}, (1, 0, 0, 3)),
        ({"TotalItems": 3, "Succeeded": 1, "Failure": 2, "MaxErrors": 9}, (1, 2, 0, 3)),
        ({"Items": ["a"], "Concurrency": 1}, None),
        ({"Total": "3", "Success": True, "Failed": 0}, None),
    ],
)
def test_statistics_of_a_loop(loop: dict[str, Any], counts: Any) -> None:
    assert story.counted(loop) == counts


def test_items_are_added_up() -> None:
    rows = [
        {"Status": s} for s in ("Success", "Skipped", "Failed", "Cancelled", "Running", "Pending")
    ]
    assert story.added_up({"Items": json.dumps(list(range(9)))}, rows) == (2, 2, 1, 9)
    assert story.added_up({}, rows) == (2, 2, 1, 6)


def test_statuses_that_are_not_known_count_as_running() -> None:
    assert story.status_of({"Status": "Rescheduled"}) == "Running"
    assert story.stage({"TaskName": "a", "TaskAction": "b", "Status": "Pending"}).status == ""
    cancelled = story.stage({"TaskName": "a", "TaskAction": "b", "Status": "Cancelled"})
    assert (cancelled.status, cancelled.detail) == ("Failed", "Cancelled")


def test_the_failing_tasks_message_where_the_execution_has_none() -> None:
    rows = [{"TaskName": "a", "Status": "Failed", "StatusMessage": "no such thing"}]
    found = story.progress({"Status": "Failed", "Outputs": "{}"}, rows, (0, 0, 0, 0))
    assert found.error == "a: no such thing"


def test_the_sdk_is_not_imported_before_the_first_call() -> None:
    import subprocess
    import sys

    code = (
        "import sys, adapters.oos as o; "
        "o.Oos(o.Settings(region='cn-hangzhou', safety_check='Skip'), None); "
        "assert not [m for m in sys.modules if m.startswith(('alibabacloud', 'darabonba'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


@pytest.mark.parametrize(
    ("given", "need"), [(2, 2), ("3", 3), (0, 1), ("many", 1), ("9" * 5000, 1), (None, 1)]
)
def test_any_number_of_approvals_is_read(given: object, need: int) -> None:
    assert story.need_of({"Properties": {"MinRequiredApprovals": given}}) == need
