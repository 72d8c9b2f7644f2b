"""What a plan runs of what is kept in the cloud: which templates belong to it, how a stored command
will read once its parameters are in, and how what was read is pinned.

A command stored in Cloud Assistant gets its parameters' values in place of ``{{name}}``, as Cloud
Assistant itself would put them in, so that people see the very text that runs.
https://www.alibabacloud.com/help/en/ecs/user-guide/use-a-custom-parameter-in-a-cloud-assistant-command
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot import model, policy
from bot.core import plan_preview
from bot.core.decision import parsed
from bot.oos.engine import flow
from bot.oos.parameters import known_values
from bot.oos.template import model as oos

MOST, MOST_VISITS = 50, 2000
"""Templates of one plan, and how often they are run by one another."""
LONGEST_TEMPLATE = 64 * 1024
_PLACE = re.compile(r"\{\{\s*([A-Za-z0-9_-]+)\s*\}\}")
_BUILT_IN = re.compile(r"\{\{\s*acs\s*::", re.IGNORECASE)
_BY_ID = ("invokecommand", "startexecution")
_STORE = re.compile(r"\{\{\s*oos(?:-secret)?\s*:", re.IGNORECASE)


def of_command(rule: policy.CommandRule, region: str) -> model.FetchDefinition | None:
    """What reads the stored command of a rule; None: it runs none."""
    if not rule.command_id:
        return None
    return model.FetchDefinition("ecs", ((rule.command_id, ""),), region)


def of_template(
    rule: policy.CommandRule, template: oos.Template, values: Mapping[str, object], region: str
) -> model.FetchDefinition | None:
    """What reads the templates on OOS with which the reading begins; None: OOS runs nothing but the
    file's text, or does not run it at all."""
    if rule.engine != "oos":
        return None
    if rule.oos_template:
        names: tuple[tuple[str, str], ...] = ((rule.oos_template, rule.oos_version),)
    else:
        subject = plan_preview.Subject(template, values, (), {}, region, True)
        pins = closure(template, subject.scope(), {})
        names = pins.wanted if isinstance(pins, Closure) else ()
    return model.FetchDefinition("oos", names, region) if names else None


def noted(context: Mapping[str, Any]) -> tuple[model.Definition, ...]:
    """What was read in the cloud, as an effect's context keeps it."""
    return tuple(model.Definition(**one) for one in context.get("definitions", ()))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# ----------------------------------------------------------------------------- stored commands


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored command as it will run. ``braces``: Cloud Assistant fills in the ``{{ACS::…}}``."""

    script: str
    type: str
    timeout: int
    workdir: str
    launcher: str
    braces: bool
    definition: model.Definition


def stored(
    rule: policy.CommandRule, item: Mapping[str, Any], values: Mapping[str, str]
) -> Stored | policy.Refusal:
    """The command that ``FetchDefinition`` read, with these values put in."""
    name, content, enabled = str(item["name"]), str(item["content"]), bool(item.get("braces"))
    wanted = sorted({match.lower() for match in _PLACE.findall(content)}) if enabled else []
    arguments = {key.lower(): value for key, value in values.items()}
    if sorted(arguments) != wanted:
        facts = {"name": name, "takes": wanted or ["–"], "given": sorted(arguments) or ["–"]}
        return policy.Refusal("refused.definition_parameters", facts)
    if enabled and (_STORE.search(content) or _STORE.search(str(item.get("launcher") or ""))):
        return policy.Refusal("refused.definition_store", {"name": name})
    script = _PLACE.sub(lambda match: arguments[match[1].lower()], content) if enabled else content
    if not script.strip():
        return policy.Refusal("refused.definition_empty", {"name": name})
    return Stored(
        script=script,
        type=str(item.get("type") or "RunShellScript"),
        timeout=rule.timeout or int(item.get("timeout") or 60),
        workdir=rule.workdir or str(item.get("workdir") or ""),
        launcher=str(item.get("launcher") or ""),
        braces=enabled and _BUILT_IN.search(content) is not None,
        definition=model.Definition(name, str(item.get("version") or ""), digest(content)),
    )


# ----------------------------------------------------------------------------- templates on OOS


@dataclass(frozen=True, slots=True)
class Child:
    """A stored template that a task runs: its name, or "" where only the run knows it. ``version``:
    the one that the task asks for, "" for the newest. ``given`` are its parameters."""

    name: str
    version: str
    task: oos.Task
    arguments: Mapping[str, object]


def children(template: oos.Template, scope: known_values.Scope) -> Iterator[Child]:
    """The stored templates that its tasks run, as far as the values in ``scope`` say."""
    for task in template.tasks:
        if oos.fold(task.action) != "acs::template":
            continue
        properties = {oos.fold(key): value for key, value in task.properties.items()}
        known, name = known_values.evaluated(properties.get("templatename"), scope.open)
        clear_version, version = known_values.evaluated(
            properties.get("templateversion") or "", scope.open
        )
        passed = properties.get("parameters") or {}
        if not isinstance(passed, Mapping):
            passed = dict(known_values.evaluated(passed, scope.open)[1] or {})
        clear = known and clear_version and isinstance(name, str)
        yield Child(str(name) if clear else "", str(version) if clear else "", task, passed)


@dataclass(frozen=True, slots=True)
class Closure:
    """All templates of a plan on OOS, as far as they are known: ``wanted`` must still be read;
    ``pinned`` says of each name whether every task asks for this very version."""

    wanted: tuple[tuple[str, str], ...] = ()
    pinned: Mapping[str, bool] = field(default_factory=dict)


def unseen(root: oos.Template, library: Mapping[str, oos.Template]) -> Iterator[str]:
    """The tasks that run something by its id in the cloud, within what ``library`` has: a stored
    command, an execution. What that is, the templates do not say."""
    for template in {id(one): one for one in (root, *library.values())}.values():
        for task in template.tasks:
            properties = {oos.fold(key): value for key, value in task.properties.items()}
            called = str(properties.get("api", "")).casefold()
            if oos.fold(task.action) == "acs::executeapi" and called in _BY_ID:
                yield f"{template.name}/{task.name}"


def closure(
    root: oos.Template, scope: known_values.Scope, have: Mapping[str, Mapping[str, object]]
) -> Closure | policy.Refusal:
    """Follow the tasks from the root through what was read so far: ``have``, by folded name, with
    the "content", the "version" that it turned out to be and the one that was "asked" for."""
    wanted: dict[str, list[Child]] = {}
    waiting: list[tuple[oos.Template, known_values.Scope, int]] = [(root, scope, 0)]
    visits = 0
    while waiting:
        template, within, depth = waiting.pop(0)
        visits += 1
        if visits > MOST_VISITS or len(wanted) > MOST:
            return policy.Refusal("refused.definition_many", {"most": MOST})
        for child in children(template, within):
            if not child.name:
                return policy.Refusal("refused.plan_template", {"task": child.task.name})
            key = oos.fold(child.name)
            wanted.setdefault(key, []).append(child)
            if key in have and depth < flow.DEEPEST:
                definition = parsed(str(have[key]["content"]), child.name)
                inner = known_values.inner(definition, child.arguments, within, plan_preview.veil)
                waiting.append((definition, inner, depth + 1))
    return judged(wanted, have)


def judged(
    tasks: Mapping[str, list[Child]], have: Mapping[str, Mapping[str, object]]
) -> Closure | policy.Refusal:
    """Which of the templates must be read (again), and which are pinned."""
    wanted = []
    for key, uses in tasks.items():
        version = "" if any(not child.version for child in uses) else uses[0].version
        if key not in have or (not version and have[key]["asked"]):
            wanted.append((uses[0].name, version))
            continue
        others = {child.version for child in uses if child.version} - {str(have[key]["version"])}
        if others:
            versions = sorted({*others, str(have[key]["version"])})
            facts = {"name": uses[0].name, "versions": versions}
            return policy.Refusal("refused.definition_versions", facts)
    pinned = {key: all(child.version for child in uses) for key, uses in tasks.items()}
    return Closure(tuple(wanted), pinned)
