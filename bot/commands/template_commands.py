"""An OOS template as a chat command: its words, parameters, summary and a line to paste."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.commands import parameters, registry, template_examples, template_values
from bot.commands.line import formatter
from bot.oos.template import model
from bot.source import masks, unicode

WORD = re.compile(r"[^\W\d_][\w-]{0,199}")
MOST_SUMMARY = 100
_LANGUAGES = {
    "zh-CN": ("zh-cn", "name-zh-cn", "en", "name-en"),
    "en": ("en", "name-en", "zh-cn", "name-zh-cn"),
}
_TARGETS = ("实例", "目标", "target", "instances", "targets")
_ROBOT = re.compile(r"\s*(?i:robot):\s*([^\s{}]+)\s*")
_REASON = ("reason", "原因", "理由")


def digest(template: model.Template) -> str:
    """SHA-256 of a template's text, in hex."""
    return hashlib.sha256(template.source.encode()).hexdigest()


def command(
    template: model.Template, reach: Mapping[str, model.Template], digests: Mapping[str, str]
) -> registry.Command:
    """The command that a template is. ``reach``: itself and every template that it may run, by
    name; ``digests``: the SHA-256 of each of their texts."""
    version = hashlib.sha256(
        "\0".join(f"{name}\0{digests[name]}" for name in sorted(reach)).encode()
    )
    result = registry.Command(
        name=template.name,
        aliases=tuple(_aliases(template)),
        kind="operation",
        risk="high",
        reads="",
        summary={locale: _summary(template, locale) for locale in _LANGUAGES},
        parameters=_parameters(template),
        example="",
        version=version.hexdigest()[:12],
        function=None,
        files={},
        template=template,
        templates={name: digests[name] for name in sorted(reach)},
        loops=any(task.loop is not None for each in reach.values() for task in each.tasks),
        approvers=dict(_approvers(reach.values())),
        robots=dict(_robots(reach.values())),
    )
    return replace(result, example=_example(result))


def _summary(template: model.Template, locale: str) -> str:
    """One line: the description in this language, else in the other, else the name."""
    for key in _LANGUAGES[locale]:
        lines = unicode.visible(template.description.get(key, "")).strip().splitlines()
        line = " ".join(lines[0].split()) if lines else ""
        if line:
            return line if len(line) <= MOST_SUMMARY else line[: MOST_SUMMARY - 1] + "…"
    return template.name


def _aliases(template: model.Template) -> Iterator[str]:
    """Its Chinese name, where that can be typed as one word."""
    name = template.description.get("name-zh-cn", "").strip()
    if not name.isascii() and WORD.fullmatch(name):
        yield name


def _approvers(templates: Iterable[model.Template]) -> Iterator[tuple[str, str]]:
    """The RAM users whom approvals name outright (the part before "@"), and where."""
    for template in templates:
        for task in template.tasks:
            if model.fold(task.action) != "acs::approve":
                continue
            properties = {model.fold(key): item for key, item in task.properties.items()}
            listed = properties.get("approvers")
            for name in listed if isinstance(listed, list) else []:
                if isinstance(name, str) and name and "{{" not in name:
                    mark = task.mark
                    yield name.partition("@")[0], f"{mark.file}:{mark.line}:{mark.column}"


def _robots(templates: Iterable[model.Template]) -> Iterator[tuple[str, str]]:
    """The robots that tasks and Defaults name outright, as ``robot:NAME``, and where."""
    for template in templates:
        marked = [(task.mark, task.properties) for task in template.tasks]
        marked += [(item.mark, {"Default": item.default}) for item in template.parameters]
        for mark, value in marked:
            for text in masks.strings(value):
                match = _ROBOT.fullmatch(text)
                if match:
                    yield match[1], f"{mark.file}:{mark.line}:{mark.column}"


# ----------------------------------------------------------------------------- parameters


def _parameters(template: model.Template) -> tuple[parameters.Parameter, ...]:
    """The template's own parameters, and a reason unless it has one itself."""
    items = template.parameters
    first = next((item for item in items if item.association == "Targets"), None)
    words = {model.fold(item.name) for item in items}
    made = [_parameter(item, item is first, words) for item in items]
    free = tuple(name for name in _REASON if name not in words)
    if _REASON[0] in free:
        made.append(
            parameters.Parameter(
                _REASON[0],
                "text",
                False,
                "",
                ("原因", "why"),
                "memory leak",
                free,
                named=first is None,
            )
        )
    return tuple(made)


def _parameter(item: model.Parameter, instances: bool, words: set[str]) -> parameters.Parameter:
    more = tuple(name for name in _TARGETS if name not in words) if instances else ()
    return parameters.Parameter(
        item.name,
        "targets" if instances else "value",
        item.required,
        None,
        (_label(item, "zh-CN"), _label(item, "en")),
        "web-01" if instances else template_examples.example(item),
        (item.name, *more),
        choices=template_values.choices(item),
        named=not instances,
        template_parameter=item,
    )


def _label(item: model.Parameter, locale: str) -> str:
    """What it is, in one line: its label, else its description, else its name."""
    for texts in (item.label, item.description):
        for key in _LANGUAGES[locale]:
            line = " ".join(unicode.visible(texts.get(key, "")).split())
            if line:
                return line if len(line) <= 80 else line[:79] + "…"
    return item.name


def _example(items: registry.Command) -> str:
    """A complete line with what is required; instances first, as people type them."""
    values: dict[str, Any] = {}
    for parameter in items.parameters:
        if parameter.required or parameter.kind == "targets":
            values[parameter.name] = parameters.sample(parameter)
    return formatter.spell(items, values)
