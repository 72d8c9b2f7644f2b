"""What Cloud Assistant would put into a script by itself: it must not come from a value.

With EnableParameter a value is pasted in as it is, and what it then holds in double braces is
replaced, too: with the operator's secrets, if somebody typed ``{{oos-secret:…}}``.
https://www.alibabacloud.com/help/en/ecs/user-guide/use-a-custom-parameter-in-a-cloud-assistant-command
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping

ACTIONS = ("runcommand", "invokecommand")
_STORED = re.compile(r"\{\{\s*oos(?:-secret)?\s*:", re.IGNORECASE)


def objection(action: str, arguments: Mapping[str, object]) -> str:
    """Why a command must not be run with these parameters; empty: it may."""
    if action.lower() not in ACTIONS:
        return ""
    by_name = {name.lower(): value for name, value in arguments.items()}
    for name, value in _values(by_name.get("parameters")):
        if "{{" in value or "}}" in value:
            return (
                f"The value of {name} contains a placeholder ({{{{ … }}}}), which Cloud Assistant "
                "would replace: give the value itself."
            )
    if _STORED.search(_content(by_name)):
        return (
            "The script names a value of the parameter store ({{oos:…}} or {{oos-secret:…}}), "
            "which Cloud Assistant would put in: leave it out."
        )
    return ""


def _values(values: object) -> Iterator[tuple[str, str]]:
    """The values of a command, given as an object or as its JSON."""
    if isinstance(values, str):
        try:
            values = json.loads(values)
        except ValueError:
            yield "Parameters", str(values)
            return
    if isinstance(values, Mapping):
        for name, value in values.items():
            yield str(name), value if isinstance(value, str) else json.dumps(value, indent=1)


def _content(content: Mapping[str, object]) -> str:
    text = str(content.get("commandcontent") or "")
    if str(content.get("contentencoding") or "").lower() == "base64":
        try:
            return base64.b64decode(text).decode(errors="replace")
        except binascii.Error:
            return text
    return text
