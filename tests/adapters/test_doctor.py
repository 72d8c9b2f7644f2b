"""The doctor against the stand-ins: healthy ones are ok, each fault is named with its mend."""

from __future__ import annotations

import re
import socket
import string
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from adapters import lark
from adapters.dingtalk import advice as advice_dingtalk
from adapters.lark import advice as advice_lark
from adapters.lark import checks as checks_lark
from adapters.webhook import advice as advice_webhook
from bot.doctor import report, running
from bot.model import checks, manifests
from sandbox import process, standins, world
from tests.bot import doctor_stage

BY_HAND = [
    *("dingtalk.template", "dingtalk.version", "dingtalk.receiving", "dingtalk.events"),
    *("webhook.robot.ops", "webhook.robot.lark-ops"),
]
"""What no API tells."""


CLIENT = 'client_id = "dingsandboxapp"'


@dataclass(frozen=True)
class Trouble:
    """Something wrong: ``calls`` of the stand-ins' control methods as (party, method, arguments),
    and ``edits`` of bot.toml. The doctor's ``line`` has ``sentence``, and ``mend`` in its mend."""

    line: str
    sentence: str
    mend: str
    calls: tuple[tuple[str, str, Mapping[str, object]], ...] = ()
    edits: Mapping[str, str] = field(default_factory=dict)
    state: str = "problem"


def without(party: str, scope: str) -> tuple[tuple[str, str, Mapping[str, object]], ...]:
    return ((party, "permit", {"scope": scope, "granted": False}),)


def fault(party: str, api: str, do: str, **more: object) -> tuple[str, str, Mapping[str, object]]:
    return (party, "fault", {"api": api, "do": do, "times": 99, **more})


DINGTALK = {
    "credentials": Trouble(
        "dingtalk.credentials",
        "DingTalk refuses the app's credentials: no access token: invalidClientIdOrSecret",
        "Credentials (凭证与基础信息): copy Client ID and Client Secret",
        edits={"dingtalk-client-secret": "wrong"},
    ),
    "stream-refused": Trouble(
        "dingtalk.stream",
        "The Stream gateway opens no connection: HTTP 403 Forbidden.Stream",
        "Robot (机器人): message receiving mode (消息接收模式) Stream",
        calls=(
            fault(
                *("dingtalk", "/v1.0/gateway/connections/open", "error"),
                code="Forbidden.Stream",
                status=403,
            ),
        ),
    ),
    "card-scope": Trouble(
        "dingtalk.scope.card",
        "lacks the permission Card.Instance.Write: it can't send or update cards",
        "https://open-dev.dingtalk.com/appscope/apply?content=dingsandboxapp%23Card.Instance.Write",
        calls=without("dingtalk", "Card.Instance.Write"),
    ),
    "robot-scope": Trouble(
        "dingtalk.scope.robot",
        "lacks the permission qyapi_robot_sendmsg",
        "appscope/apply?content=dingsandboxapp%23qyapi_robot_sendmsg",
        calls=without("dingtalk", "qyapi_robot_sendmsg"),
    ),
    "form-scope": Trouble(
        "dingtalk.scope.form",
        "lacks the permission Workflow.Instance.Read: it can't read approval forms",
        "appscope/apply?content=dingsandboxapp%23Workflow.Instance.Read",
        calls=without("dingtalk", "Workflow.Instance.Read"),
    ),
    "robot-code": Trouble(
        "dingtalk.robot",
        "There is no robot with the code dingother",
        "[dingtalk] robot_code",
        edits={
            CLIENT: f'{CLIENT}\nrobot_code = "dingother"',
        },
    ),
    "outside-the-group": Trouble(
        "dingtalk.group.hr",
        "The robot is not in the group “hr”",
        "Robots (机器人) → Add (添加机器人)",
        calls=(("dingtalk", "move_bot", {"chat": "hr", "inside": False}),),
    ),
    "unknown-group": Trouble(
        "dingtalk.group.ops",
        "DingTalk does not know the chat cidWRONG== of the group “ops”",
        "mention it: its answer names the openConversationId",
        edits={"cidOPS+/1==": "cidWRONG=="},
    ),
    "groups-unseen": Trouble(
        "dingtalk.group.ops",
        "not told without the permission qyapi_chat_manage",
        "Group settings (群设置) → Robots (机器人)",
        calls=without("dingtalk", "qyapi_chat_manage"),
        state="manual",
    ),
    "address-list": Trouble(
        "dingtalk.address",
        "This machine's address is not on the app's list",
        "Server IPs (服务器出口 IP)",
        calls=(
            fault(
                *("dingtalk", "PUT /v1.0/card/instances", "error"),
                code="Forbidden.AccessDenied.IpNotInWhiteList",
                status=403,
            ),
        ),
    ),
    "quota": Trouble(
        "dingtalk.quota",
        "The month's calls are used up",
        "Usage (资源用量)",
        calls=(
            fault(
                *("dingtalk", "/v1.0/robot/groups/robots/query", "error"),
                code="Forbidden.AccessDenied.ApiCountLimitForOrg",
                status=403,
            ),
        ),
    ),
    "busy": Trouble(
        "dingtalk.card",
        "DingTalk's answer to this look was system.busy",
        "error-code",
        calls=(fault("dingtalk", "PUT /v1.0/card/instances", "error"),),
        state="unsure",
    ),
    "own-template": Trouble(
        "dingtalk.template",
        "Card template own.schema: no API tells whether it is published",
        "Templates (模板列表): published",
        edits={
            CLIENT: f'{CLIENT}\ncard_template = "own.schema"',
        },
        state="manual",
    ),
}
LARK = {
    "secret": Trouble(
        "lark.credentials",
        "refuses the credentials of the app cli_sandbox (10014)",
        "/app/cli_sandbox/baseinfo (Credentials & Basic Info): copy the App Secret",
        edits={"lark-app-secret": "wrong"},
    ),
    "domain": Trouble(
        "lark.domain",
        "does not know the app cli_elsewhere (10003)",
        'for an app made at https://open.larksuite.com say [lark] domain = "https://open.larksuite.com"',
        edits={"cli_sandbox": "cli_elsewhere"},
    ),
    "no-bot": Trouble(
        "lark.bot",
        "The app has no bot feature (code 11205)",
        "/app/cli_sandbox/bot (Add Features → Bot)",
        calls=(("lark", "set_app", {"bot": False}),),
    ),
    "disabled": Trouble(
        "lark.bot",
        "The organisation has disabled the app",
        "Admin Console → Workplace → App Management",
        calls=(("lark", "set_app", {"active": 1}),),
    ),
    "connections": Trouble(
        "lark.connection",
        "this app has too many (50 at most)",
        "no other program holds all 50 connections",
        calls=(("lark", "limit_connections", {"limit": 0}),),
    ),
    "scope": Trouble(
        "lark.scope.hear",
        "lacks the permission im:message.group_at_msg:readonly: no message that mentions it",
        "https://open.feishu.cn/app/cli_sandbox/auth?q=im:message.group_at_msg:readonly&op_from=openapi",
        calls=without("lark", "im:message.group_at_msg:readonly"),
    ),
    "files": Trouble(
        "lark.scope.files",
        "long outputs can't be sent as files",
        "/auth?q=im:resource&",
        calls=without("lark", "im:resource"),
        state="unsure",
    ),
    "forms": Trouble(
        "lark.scope.forms",
        "lacks the permission approval:approval:readonly: approval forms can't be read",
        "/auth?q=approval:approval:readonly&",
        calls=without("lark", "approval:approval:readonly"),
    ),
    "unpublished": Trouble(
        "lark.version",
        "No version of the app is published",
        "/app/cli_sandbox/version (Version Management & Release)",
        calls=(("lark", "set_app", {"online_version_id": ""}),),
    ),
    "in-review": Trouble(
        "lark.version",
        "A version waits for review",
        "have the administrator approve it",
        calls=(("lark", "set_app", {"unaudit_version_id": "oav_2"}),),
        state="unsure",
    ),
    "200340": Trouble(
        "lark.callback",
        "callback card.action.trigger is not subscribed to: whoever clicks sees the error 200340",
        "Events & Callbacks → Callback Configuration",
        calls=(("lark", "set_app", {"callback_info": {"subscribed_callbacks": []}}),),
    ),
    "callback-elsewhere": Trouble(
        "lark.callback",
        "Callbacks are delivered by webhook, and the bot waits by persistent connection",
        "receive callbacks through persistent connection",
        calls=(("lark", "set_app", {"callback_info": {"callback_type": "webhook"}}),),
    ),
    "events": Trouble(
        "lark.events",
        "The events im.message.recalled_v1, approval_instance are not subscribed to",
        "add im.message.recalled_v1, approval_instance, then publish",
        calls=(("lark", "set_app", {"event": {"subscribed_events": ["im.message.receive_v1"]}}),),
    ),
    "events-elsewhere": Trouble(
        "lark.events",
        "Events are delivered by webhook",
        "Event Configuration: receive events through persistent connection",
        calls=(("lark", "set_app", {"event": {"subscription_type": "webhook"}}),),
    ),
    "callback-unseen": Trouble(
        "lark.callback",
        "that takes the permission application:application:self_manage); if they are not, a click",
        "Callback Configuration",
        calls=without("lark", "application:application:self_manage"),
        state="manual",
    ),
    "outside-the-group-of-lark": Trouble(
        "lark.group.hr",
        "The bot is not in the group “hr” (oc_hr)",
        "Settings → Bots → Add Bot",
        calls=(("lark", "move_bot", {"chat": "hr", "inside": False}),),
    ),
    "chats-unseen": Trouble(
        "lark.group.ops",
        "is not told without the permission im:chat:readonly",
        "/auth?q=im:chat:readonly&",
        calls=without("lark", "im:chat:readonly"),
        state="manual",
    ),
    "unknown-form": Trouble(
        "lark.form.7C468A54-0000-0000-0000-00000NOWHERE",
        "There is no approval definition 7C468A54-0000-0000-0000-00000NOWHERE (1390002)",
        "the definitionCode of its address",
        edits={world.LARK_FORM: "7C468A54-0000-0000-0000-00000NOWHERE"},
    ),
    "allow-list": Trouble(
        "lark.address",
        "not on the app's IP allow list (99991401)",
        "/safe (Security Settings → IP Allow List)",
        calls=(fault("lark", "bot/v3/info", "error", code=99991401, status=400),),
    ),
}
ROBOTS = {
    "robot-address": Trouble(
        "configuration.configuration",
        "webhook.robot.url: holds no usable address",
        "python -m bot check",
        edits={"robot-ops-url": "ftp://oapi.dingtalk.com/robot/send"},
    ),
    "robot-secret": Trouble(
        "webhook.robot.ops",
        "is no signing key: DingTalk's begin with SEC",
        "Security (安全设置) → Signature (加签)",
        edits={"robot-ops-secret": "not-a-signing-key"},
    ),
    "robot-keywords": Trouble(
        "webhook.robot.lark-ops",
        "has 11 keywords; ten are the most",
        "keywords of [[webhook.robot]]",
        edits={
            'name = "lark-ops"': f'name = "lark-ops"\nkeywords = {[f"k{n}" for n in range(11)]}'
        },
    ),
    "robot-signature": Trouble(
        "webhook.robot.ops",
        "The robot ops signs its messages; whether they are taken is not told",
        "error 310000, and its text says which: sign not match, invalid timestamp (the clock)",
        state="manual",
    ),
}
TROUBLES = DINGTALK | LARK | ROBOTS


@pytest.fixture
async def company(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[standins.StandIns]:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    async with standins.StandIns() as company:
        await company.call("aliyun", "set_agent", instance="i-sandbox0old01", running=True)
        yield company


def edited(path: Path, edits: Mapping[str, str]) -> None:
    """Change texts of bot.toml, or what a file of secrets holds."""
    for old, new in edits.items():
        secret = path.parent / "secrets" / old
        if secret.is_file():
            secret.write_text(new)
            continue
        text = path.read_text("utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new), "utf-8")


async def test_a_healthy_sandbox_is_ok(company: standins.StandIns, tmp_path: Path) -> None:
    path = process.configuration(tmp_path, company.ports)
    entries = await doctor_stage.lines(path)
    assert doctor_stage.of(entries, "problem", "unsure") == []
    assert doctor_stage.of(entries, "manual") == BY_HAND
    told = str(entries)
    for secret in (world.DINGTALK_CLIENT_SECRET, world.LARK_APP_SECRET, world.ALIYUN_KEY_SECRET):
        assert secret not in told
    for party in ("dingtalk", "lark"):
        shown = await company.call(party, "transcript")
        assert shown == [], "it says nothing in any group"


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_fault_is_named_with_its_mend(
    name: str, company: standins.StandIns, tmp_path: Path
) -> None:
    await named(TROUBLES[name], company, tmp_path)


async def named(trouble: Trouble, company: standins.StandIns, tmp_path: Path) -> None:
    """The doctor names a trouble with its mend, and blames no other group."""
    path = process.configuration(tmp_path, company.ports)
    edited(path, trouble.edits)
    for party, method, args in trouble.calls:
        await company.call(party, method, **args)
    entries = await doctor_stage.lines(path)
    [entry] = [one for one in entries if f"{one['group']}.{one['id']}" == trouble.line]
    assert entry["state"] == trouble.state
    assert trouble.sentence in entry["sentence"]
    assert trouble.mend in entry["mend"]
    group = trouble.line.partition(".")[0]
    others = [one for one in doctor_stage.of(entries, "problem") if not one.startswith(group)]
    assert not others, "what is well is not blamed"


@pytest.mark.parametrize("module", [advice_dingtalk, advice_lark, advice_webhook])
def test_both_languages_say_the_same_facts(module: ModuleType) -> None:
    compared(module)


def compared(module: ModuleType) -> None:
    """Each pair of a module has the same facts in both languages."""
    values = [each for name, each in vars(module).items() if name.isupper()]
    pairs = [each for each in values if isinstance(each, tuple)]
    pairs += [pair for each in values if isinstance(each, dict) for pair in each.values()]
    assert len(pairs) >= 7
    for chinese, english in pairs:
        facts = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            for text in (chinese, english)
        ]
        assert facts[0] == facts[1], chinese
        assert re.search("[\u4e00-\u9fff]", chinese)


@pytest.mark.parametrize(("party", "line"), [("dingtalk", "stream"), ("lark", "connection")])
async def test_a_connection_that_is_granted_and_cannot_be_made_is_a_problem(
    party: str, line: str, company: standins.StandIns, tmp_path: Path
) -> None:
    path = process.configuration(tmp_path, company.ports)
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"127.0.0.1:{free.getsockname()[1]}"
    company.parties[party].base_url = f"http://{nowhere}"
    entries = await doctor_stage.lines(path)
    [entry] = [one for one in entries if (one["group"], one["id"]) == (party, line)]
    assert entry["state"] == "problem"
    assert nowhere in entry["sentence"]
    assert f"Open the way out to {nowhere} in the firewall (wss" in entry["mend"]


async def test_what_comes_over_http_is_set_up_otherwise(company: standins.StandIns) -> None:
    options = lark.Settings(
        world.LARK_APP_ID, world.LARK_APP_SECRET, domain=company.parties["lark"].base_url
    )
    deps = manifests.CheckDeps(doctor_stage.Clock(), callbacks=True)
    checkup = checks_lark.checkup(options, deps)
    group = running.Group("lark", checks.Sentence(advice_lark.TITLE), checkup.checks)
    entries = report.entries("en", await running.sections([group], 5))
    await checkup.close()
    states = {one["id"]: one for one in entries}
    assert "no long connection is used" in states["connection"]["sentence"]
    for name in ("events", "callback"):
        assert states[name]["state"] == "problem"
        assert "by websocket, and the bot waits by HTTP callback" in states[name]["sentence"]
        assert "at the developer's server" in states[name]["mend"]
