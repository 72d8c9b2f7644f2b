"""What ``doctor --scopes`` prints: each call has its permission, and a configuration only its own.

That all stories run with nothing else granted, ``make transcripts`` shows.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapters.dingtalk import scopes as of_dingtalk
from adapters.lark import scopes as of_lark
from bot import __main__ as cli
from bot.model.consoles import Scope
from tests import granted
from tests.bot.configured import SMALL

ROOT = Path(__file__).parents[2]
FORM = '[[form]]\nplatform = "dingtalk"\nform = "PROC-1"\ncommand = "restart"\ngroup = "ops"\n'
LARK = """[lark]
app_id = "cli_1"
app_secret = { env = "SECRET" }
tenants = ["t"]
[[group]]
platform = "lark"
chat = "oc_1"
name = "ops"
"""
PATHS = {
    "dingtalk": (r"/v1\.0/(?!im/bot|card/instances/callback)\S+", of_dingtalk),
    "lark": (r"(im|auth|bot|application|approval)/v\d+/\S+", of_lark),
}


def texts_of(path: Path) -> Iterator[str]:
    """The texts of a module, with x wherever a value is filled in."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else "x" for one in node.values]
            yield "".join(map(str, parts))


def declared(path: str, scopes: Sequence[Scope], free: Sequence[str]) -> bool:
    """Is there a permission for calls of this path, or does it need none?"""
    ways = [*free, *(call for scope in scopes for call in scope.calls)]
    return any(
        re.fullmatch(way, f"{method} {path}")
        for way in ways
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    )


@pytest.mark.parametrize("name", PATHS)
def test_each_call_of_an_adapter_has_a_permission_and_each_permission_a_call(name: str) -> None:
    pattern, module = PATHS[name]
    calls = {
        text
        for path in (ROOT / "adapters" / name).glob("*.py")
        if path.name not in ("scopes.py", "settings.py")
        for text in texts_of(path)
        if re.fullmatch(pattern, text) and not text.endswith("/")
    }
    assert len(calls) >= 7
    assert not [path for path in calls if not declared(path, module.ALL, module.FREE)]
    idle = [
        scope.name
        for scope in module.ALL
        if scope.calls and not any(declared(path, (scope,), ()) for path in calls)
    ]
    assert not idle


def configured(tmp_path: Path, more: str = "") -> Path:
    path = tmp_path / "bot.toml"
    path.write_text(SMALL + more)
    return path


def test_only_what_is_used_is_asked_for(tmp_path: Path) -> None:
    bare = granted.scopes(configured(tmp_path, LARK + "[security]\ndirect_chats = false\n"))
    assert bare["dingtalk"] == {"Card.Instance.Write", "qyapi_robot_sendmsg"}
    assert bare["lark"] == {
        *("im:message:send_as_bot", "im:message.group_at_msg:readonly", "im:resource"),
        "im:message:readonly",
    }
    full = granted.scopes(configured(tmp_path, FORM + LARK + FORM.replace("dingtalk", "lark")))
    assert full["dingtalk"] - bare["dingtalk"] == {"Workflow.Instance.Read"}
    assert full["lark"] - bare["lark"] == {
        *("approval:approval:readonly", "approval:definition", "im:message.p2p_msg:readonly"),
    }


def test_the_command_prints_what_each_console_must_have(tmp_path: Path) -> None:
    path = configured(tmp_path, LARK)
    arguments = ["doctor", "--config", str(path), "--scopes", "--locale", "en"]
    said = CliRunner().invoke(cli.main, arguments)
    assert said.exit_code == 0
    assert re.search(r"qyapi_robot_sendmsg +needed  messages are sent", said.output)
    assert "appscope/apply?content=app%23Card.Instance.Write%2Cqyapi_robot_sendmsg" in said.output
    assert "Callbacks: card.action.trigger" in said.output
    assert "bpms_instance_change" not in said.output
    whole = json.loads(CliRunner().invoke(cli.main, [*arguments, "--json"]).stdout)
    imported = whole["lark"]["import"]
    assert imported == {"scopes": {"tenant": imported["scopes"]["tenant"], "user": []}}
    assert "im:chat:readonly" not in imported["scopes"]["tenant"], "the doctor's own is optional"
    assert whole["lark"]["events"] == ["im.message.receive_v1", "im.message.recalled_v1"]
    assert whole["dingtalk"]["import"] is None
