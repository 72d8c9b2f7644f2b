"""A request in every state that people see, for the tests of what they see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from bot import cards, deployment, model
from tests.commands import rig

HOUSE = deployment.Deployment(rig.BOOK, rig.CATALOG)
SCRIPT = model.ScriptPlan(
    "restart",
    getattr(rig.CATALOG.find("restart"), "version", ""),
    tuple(model.Instance(f"i-bp1{number:04}", f"web-0{number}") for number in (1, 2)),
    "cn-hangzhou",
    script="#!/bin/bash\nset -eu\nsystemctl restart nginx\n",
    user="deploy",
    workdir="/srv/app",
    timeout=75,
)
TEMPLATE = model.TemplatePlan(
    "reboot",
    "v1",
    SCRIPT.instances,
    "cn-hangzhou",
    template="reboot-with-approval",
    parameters={"rateControl": 1, "message": "新证书"},
    preview="1 find\n2 agree\n3 reboot\n   ⚠ message is pasted into the script",
)
STATE = model.State
BEGUN = {"approved_at": rig.NOW, "started_at": rig.NOW}
ENDED = {**BEGUN, "ended_at": rig.NOW + timedelta(seconds=95)}
GOOD = model.InstanceResult("i-bp10001", "Success", 0, "nginx restarted")
BAD = model.InstanceResult("i-bp10002", "Failed", 3, "nginx is failed")
TASKS = tuple(
    model.TaskStatus(name, "ACS::X", status)
    for name, status in (("find", "Success"), ("agree", "Waiting"), ("reboot", ""))
)
HALF = model.RunStatus(TASKS, done=1, total=2)


class Case(NamedTuple):
    """A request, its votes and results, and the words that tell its state (zh-CN, en)."""

    request: model.Request
    votes: tuple[model.Vote, ...]
    results: tuple[model.InstanceResult, ...]
    words: tuple[str, str]

    def card(self, locale: str) -> model.Card:
        request = replace(self.request, locale=locale)
        return cards.request_card(HOUSE, request, self.votes, self.results)


def asks(kind: str) -> model.ApprovalStep:
    until = rig.NOW + timedelta(minutes=20)
    return model.ApprovalStep(
        "k", kind, "agree", "d" * 64, ("bob", "carol"), shown="Reboot them?", expires_at=until
    )  # type: ignore[arg-type]


def case(
    state: model.State,
    words: tuple[str, str],
    *results: model.InstanceResult,
    plan: model.Plan = SCRIPT,
    approve: bool = True,
    **changes: object,
) -> Case:
    given = {"args": {"service": "nginx"}, "reason": "证书 expired", **changes}
    one = rig.request(42, state=state, plan=plan, digest=model.digest(plan), **given)
    vote = rig.vote(42, "bob", approve, "" if approve else "封网")
    votes = () if state in (STATE.PENDING, STATE.EXPIRED) else (replace(vote, digest=one.digest),)
    return Case(one, votes, results, words)


CASES = {
    "pending": case(STATE.PENDING, ("待审批", "waiting for approval")),
    "runbook": case(STATE.PENDING, ("待审批", "waiting for approval"), plan=TEMPLATE),
    "on hold": case(STATE.PENDING, ("暂停", "on hold"), hold="revoking"),
    "approved": case(STATE.APPROVED, ("已批准，即将执行", "approved, starting"), **BEGUN),
    "running": case(STATE.RUNNING, ("执行中", "running"), GOOD, **BEGUN),
    "stopping": case(STATE.RUNNING, ("正在停止", "stopping"), GOOD, stopping=True, **BEGUN),
    **{
        kind: case(STATE.WAITING, words, plan=TEMPLATE, ballot=asks(kind), progress=HALF, **BEGUN)
        for kind, words in {
            "approval": ("中途待审批", "waiting midway"),
            "canary": ("金丝雀待审批", "canary waiting"),
            "person": ("已暂停", "paused"),
            "unknown": ("待人工核实", "waiting for a check"),
        }.items()
    },
    "succeeded": case(STATE.SUCCEEDED, ("成功", "succeeded"), GOOD, **ENDED),
    "failed": case(STATE.FAILED, ("失败", "failed"), BAD, **ENDED),
    "partly failed": case(STATE.FAILED, ("部分失败", "partly failed"), GOOD, BAD, **ENDED),
    "rejected": case(STATE.REJECTED, ("已拒绝", "rejected"), approve=False, ended_by="bob"),
    "expired": case(STATE.EXPIRED, ("已过期，未执行", "expired, not run")),
    "cancelled": case(STATE.CANCELLED, ("已取消", "cancelled"), ended_by="alice"),
    "stopped": case(STATE.CANCELLED, ("已停止", "stopped"), cancelled="stopped", **ENDED),
    "outcome unknown": case(STATE.UNKNOWN, ("结果不明", "outcome unknown"), **ENDED),
    "not started": case(STATE.NOT_STARTED, ("没有启动", "not started"), approved_at=rig.NOW),
}
