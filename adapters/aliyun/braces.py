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


def objection(action: str, given: Mapping[str, object]) -> str:
    """Why a command must not be run with these parameters; empty: it may."""
    if action.lower() not in ACTIONS:
        return ""
    found = {name.lower(): value for name, value in given.items()}
    for name, value in _values(found.get("parameters")):
        if "{{" in value or "}}" in value:
            return (
                f"The value of {name} contains a placeholder ({{{{ … }}}}), which Cloud Assistant "
                "would replace: give the value itself."
            )
    if _STORED.search(_content(found)):
        return (
            "The script names a value of the parameter store ({{oos:…}} or {{oos-secret:…}}), "
            "which Cloud Assistant would put in: leave it out."
        )
    return ""


def _values(given: object) -> Iterator[tuple[str, str]]:
    """The values of a command, given as an object or as its JSON."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            yield "Parameters", str(given)
            return
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield str(name), value if isinstance(value, str) else json.dumps(value, indent=1)


def _content(found: Mapping[str, object]) -> str:
    text = str(found.get("commandcontent") or "")
    if str(found.get("contentencoding") or "").lower() == "base64":
        try:
            return base64.b64decode(text).decode(errors="replace")
        except binascii.Error:
            return text
    return text
