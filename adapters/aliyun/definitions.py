"""Commands stored in Cloud Assistant: what they are now, and what an invocation of one ran.

https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-describecommands,
https://help.aliyun.com/zh/ecs/developer-reference/api-ecs-2014-05-26-describeinvocations
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from adapters import openapi
from adapters.aliyun.api import Api
from bot import model

CHANGED = "DefinitionChanged"
_BUILT_IN = re.compile(r"\{\{\s*acs\s*::", re.IGNORECASE)


async def fetch(api: Api, effect: model.FetchDefinition, region: str) -> model.Done:
    """``Done.data`` as ``model.FetchDefinition`` says. Raises Failure."""
    items, missing = [], []
    for name, _ in effect.names:
        item = await command(api, region, name)
        if item is None:
            missing.append(name)
        else:
            items.append(item)
    return model.Done(data={"definitions": items, "missing": missing})


async def command(api: Api, region: str, id: str, **identity: str) -> dict[str, Any] | None:
    """A stored command; None: there is none of this id. Raises Failure."""
    try:
        answer = await api.call("DescribeCommands", region, {"CommandId": id}, **identity)
    except openapi.Failure as failure:
        if failure.code.startswith("InvalidCmdId"):
            return None
        raise
    items = (answer.get("Commands") or {}).get("Command") or []
    item = next((one for one in items if one.get("CommandId") == id), None)
    if item is None:
        return None
    version = item.get("Version")
    return {
        "name": id,
        "version": "" if version is None else str(version),
        "content": content(item.get("CommandContent"), id),
        "type": str(item.get("Type") or "RunShellScript"),
        "timeout": int(item.get("Timeout") or 60),
        "workdir": str(item.get("WorkingDir") or ""),
        "launcher": str(item.get("Launcher") or ""),
        "braces": bool(item.get("EnableParameter")),
    }


def content(encoded: object, id: str) -> str:
    """The text of a command, which the platform gives in Base64. Raises Failure if it is none."""
    try:
        return base64.b64decode(str(encoded or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        reason = f"The content of the stored command {id} is no text in UTF-8: store it anew."
        raise openapi.Failure("refused", reason, "CommandContent") from None


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def objection(
    api: Api, plan: model.StoredCommandPlan, region: str, identity: Mapping[str, str]
) -> model.Refused | None:
    """Refused if a command that is run by its id is no longer what was shown. Raises Failure."""
    wanted = plan.definitions[0]
    now = await command(api, region, plan.command_id, **identity)
    if now is None:
        reason = f"The stored command {plan.command_id} does not exist any more."
        return model.Refused(reason, "InvalidCmdId.NotFound")
    filled = bool(now["braces"] and _BUILT_IN.search(now["content"]))
    same = (digest(now["content"]), now["type"], now["launcher"], filled)
    if same == (wanted.digest, plan.script_type, plan.launcher, plan.braces):
        return None
    reason = (
        f"The stored command {plan.command_id} was changed after it had been shown: ask again, so "
        "that people see what it is now."
    )
    return model.Refused(reason, CHANGED)


def compared(plan: model.StoredCommandPlan, item: Mapping[str, object]) -> dict[str, str]:
    """How an invocation that the platform shows compares with what was shown: "content" is "same",
    or "different" with "ran", the text that it ran."""
    ran = content(item.get("CommandContent"), plan.command_id)
    kind = str(item.get("CommandType") or plan.script_type)
    launcher = str(item.get("Launcher") or plan.launcher)
    text = digest(ran) == plan.definitions[0].digest or ran == plan.script
    if text and (kind, launcher) == (plan.script_type, plan.launcher):
        return {"content": "same"}
    return {"content": "different", "ran": ran, "type": kind, "launcher": launcher}
