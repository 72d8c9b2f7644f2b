"""The example company that the three sandbox servers share: people, groups, machines, secrets.

The secrets are examples and protect nothing. ``bot.toml`` names the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    dingtalk: str
    lark: str
    mobile: str = ""


@dataclass(frozen=True)
class Robot:
    """A custom robot of a group: its address holds ``token``, its security settings are ``secret``
    and ``keywords``."""

    name: str
    token: str
    chat: str
    secret: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    id: str
    name: str
    region: str = "cn-hangzhou"
    status: str = "Running"
    agent: bool = True
    tags: tuple[tuple[str, str], ...] = ()
    system: str = "linux"


PEOPLE = (
    Person("alice", "Alice", "u-alice", "ou_alice", "13800000001"),
    Person("bob", "Bob", "u-bob", "ou_bob", "13800000002"),
    Person("carol", "Carol", "u-carol", "ou_carol", "13800000003"),
    Person("dave", "Dave", "u-dave", "ou_dave", "13800000004"),
    Person("mallory", "Mallory", "u-mallory", "ou_mallory", "13800000005"),
)
"""alice asks, bob and carol approve, dave is in the group without any role, and mallory is in the
group but unknown to ``bot.toml``."""
GUEST = Person("guest", "Guest", "u-guest", "ou_guest")
"""Somebody of another company, who is in the groups and has no chat with the bot alone."""
EVERYBODY = (*PEOPLE, GUEST)

DINGTALK_CORP = "dingsandboxcorp"
GUEST_CORP = "dingguestcorp"
DINGTALK_CLIENT_ID = "dingsandboxapp"
DINGTALK_CLIENT_SECRET = "sandbox-dingtalk-secret"
DINGTALK_ROBOT = "dingsandboxapp"
DINGTALK_BOT_USER = "$:LWCP_v1:$sandboxbot"
DINGTALK_GROUPS = {"cidOPS+/1==": "ops", "cidHR+/2==": "hr"}
DINGTALK_ROBOTS = (
    Robot("ops", "sandbox-robot-ops", "ops", secret="SECsandboxrobot"),
    Robot("hr", "sandbox-robot-hr", "hr", keywords=("Countersign", "会签")),
)
DINGTALK_FORM = "PROC-NEWHIRE"
DINGTALK_RESOURCE_FORM = "PROC-RESOURCE"
DINGTALK_CARD_TEMPLATE = "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema"
DINGTALK_PLAIN_TEMPLATE = "589420e2-c1e2-46ef-a5ed-b8728e654da9.schema"

LARK_TENANT = "tk_sandbox"
GUEST_TENANT = "tk_guest"
LARK_APP_ID = "cli_sandbox"
LARK_APP_SECRET = "sandbox-lark-secret"
LARK_BOT = "ou_sandboxbot"
LARK_GROUPS = {"oc_ops": "ops", "oc_hr": "hr"}
LARK_ROBOTS = (
    Robot("lark-ops", "sandbox-lark-robot-ops", "ops", secret="sandbox-lark-robot-secret"),
    Robot("lark-hr", "sandbox-lark-robot-hr", "hr", keywords=("Countersign", "会签")),
)
LARK_FORM = "7C468A54-0000-0000-0000-0000000NHIRE"
LARK_RESOURCE_FORM = "7C468A54-0000-0000-0000-00000RESOURCE"

ALIYUN_KEY_ID = "LTAIsandbox"
ALIYUN_KEY_SECRET = "sandbox-aliyun-secret"
ALIYUN_REGION = "cn-hangzhou"
MACHINES = (
    Machine("i-sandbox0web01", "web-01", tags=(("env", "prod"), ("tier", "web"))),
    Machine("i-sandbox0web02", "web-02", tags=(("env", "prod"), ("tier", "web"))),
    Machine("i-sandbox0web03", "web-03", tags=(("env", "staging"), ("tier", "web"))),
    Machine("i-sandbox00db01", "db-01", tags=(("env", "prod"), ("tier", "db"))),
    Machine("i-sandbox00hr01", "hr-01", tags=(("env", "prod"), ("tier", "hr"))),
    Machine("i-sandbox0old01", "old-01", agent=False, tags=(("env", "prod"),)),
    Machine("i-sandbox0off01", "off-01", status="Stopped", agent=False),
)

PORTS = {
    "control": 17300,
    "dingtalk": 17301,
    "lark": 17302,
    "aliyun": 17303,
    "sink": 17304,
    "console": 17305,
}


def name_of_bot(number: int) -> str:
    """What one of several bots is called, by its number from 1."""
    return f"bot-{number}"
