"""What runs on which operating system: Cloud Assistant refuses a shell script on Windows, and
PowerShell elsewhere, so both are refused before anybody votes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot import policy
from bot.oos.template import model as oos

WINDOWS = "windows"
SHELL = "RunShellScript"
POWERSHELL = "RunPowerShellScript"
_LOOKS = re.compile("OSType|OSName|windows|platform", re.IGNORECASE)
"""A template that says one of these tells the systems apart by itself."""
EVERY = "Instances.Instance[].InstanceId"
"""The selector that leaves none of the instances out."""
_REFERENCE = re.compile(r"\s*\{\{\s*([\w:-]+)(?:\.[\w-]+)?\s*\}\}\s*")


def names_of_system(data: Mapping[str, Any], *systems: str) -> list[str]:
    """The instances found that run one of these systems."""
    return [
        str(item.get("name") or item["id"])
        for item in data.get("instances", ())
        if item.get("system", "") in systems
    ]


def is_windows(data: Mapping[str, object]) -> bool:
    return bool(names_of_system(data, WINDOWS))


def refusal_of_script(
    command: str,
    rule: policy.CommandRule,
    context: Mapping[str, object],
    data: Mapping[str, object],
) -> policy.Refusal | None:
    """Can what was noted run on the systems that were found? Cloud Assistant would refuse a shell
    script on Windows, and PowerShell elsewhere, once people have voted. An instance whose system
    is not known is taken for one of Linux only where others are Windows."""
    windows, others = names_of_system(data, WINDOWS), names_of_system(data, "linux", "")
    facts: dict[str, Any] = {"command": command, "windows": windows}
    shell = str(context.get("script_type", SHELL)) == SHELL
    if not windows:
        known = names_of_system(data, "linux")
        if shell or not known:
            return None
        return policy.Refusal("refused.not_windows", {"command": command, "targets": known})
    if others:
        return policy.Refusal("refused.mixed_systems", facts | {"others": others})
    if shell and not context.get("windows"):
        return policy.Refusal("refused.windows", facts)
    folder = str(context.get("workdir", rule.workdir))
    if rule.user or folder.startswith("/"):
        setting = f'user = "{rule.user}"' if rule.user else f'workdir = "{folder}"'
        return policy.Refusal("refused.windows_setting", facts | {"setting": setting})
    return None


def refusal_of_template(
    command: str, template: oos.Template, targets: tuple[str, ...], data: Mapping[str, object]
) -> policy.Refusal | None:
    """Does a template run a shell script on each of its targets, and is one of them Windows? Only
    what is certain is judged: no condition stands before it, nothing in it asks for the system."""
    windows = names_of_system(data, WINDOWS)
    if not windows or len(targets) != 1 or _LOOKS.search(template.source):
        return None
    if any(task.action == "ACS::Choice" for task in template.tasks):
        return None
    all_of_them = {targets[0], *_selections(template, targets[0])}
    for task in template.tasks:
        if task.when is None and _runs_shell(task) and _is_about(task, all_of_them):
            facts = {"command": command, "task": task.name, "windows": windows}
            return policy.Refusal("refused.windows_template", facts)
    return None


def _selections(template: oos.Template, target: str) -> Iterator[str]:
    """The tasks that select all that a parameter names."""
    for task in template.tasks:
        filters = _properties(task).get("filters")
        if (
            task.action.casefold() == "acs::selecttargets"
            and isinstance(filters, list)
            and [_referred(one) for one in filters] == [target]
            and all(output.value == EVERY for output in task.outputs)
        ):
            yield task.name


def _runs_shell(task: oos.Task) -> bool:
    """Does it run a shell script by the action that is for that?"""
    ours = task.action.casefold() == "acs::ecs::runcommand"
    return ours and _properties(task).get("commandtype") == SHELL


def _is_about(task: oos.Task, names: set[str]) -> bool:
    """Does it run on each instance of what one of these names holds?"""
    where = _referred(_properties(task).get("instanceid"))
    if task.loop is not None and where == "ACS::TaskLoopItem":
        where = _referred(task.loop.items)
    return where in names


def _properties(task: oos.Task) -> Mapping[str, object]:
    return {str(name).casefold(): value for name, value in task.properties.items()}


def _referred(value: object) -> str:
    """The name that an expression refers to, if it is nothing else."""
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return match[1] if match else ""
