"""A template as text again: what ``parse`` reads from it is the same template, but for where things
stand. Metadata, which says how a console draws the form, is not kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from bot.oos.template import model, names


class _Dumper(yaml.SafeDumper):
    """Scripts as blocks; nothing as an alias; text that YAML would take for something else in
    quotes."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_STRANGE = re.compile("[\x85\u2028\u2029\ufeff]")
"""Line ends of old: only double quotes keep them."""


def _text(dumper: Any, text: str) -> object:
    if _STRANGE.search(text):
        style: str | None = '"'
    else:
        plain = all(line == line.rstrip() for line in text.split("\n"))
        style = "|" if "\n" in text and plain else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(template: model.Template) -> str:
    """YAML of a template, with the keys in the order in which OOS documents them."""
    return written(plain(template), width=100)


def written(value: object, width: int = 10_000) -> str:
    """A value as YAML: scripts as blocks, keys in their order."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
    return text


def plain(template: model.Template) -> dict[str, Any]:
    """A template as JSON types: two that mean the same are the same."""
    return _without_defaults(
        {
            "FormatVersion": template.format_version,
            "Description": dict(template.description),
            "Parameters": {item.name: _parameter(item) for item in template.parameters},
            "RamRole": template.ram_role,
            "Conditions": dict(template.conditions),
            "Tasks": [_task(item) for item in template.tasks],
            "States": [
                _without_defaults({"ResourceType": item.type, "Properties": dict(item.properties)})
                for item in template.states
            ],
            "Outputs": {item.name: _output(item, "Value") for item in template.outputs},
        }
    )


def _without_defaults(values: Mapping[str, object]) -> dict[str, object]:
    """Without what says nothing."""
    return {
        key: value
        for key, value in values.items()
        if value is not None and value != "" and value != {} and value != []
    }


def _parameter(item: model.Parameter) -> dict[str, object]:
    fields = _without_defaults(
        {
            "Type": item.type,
            "Label": dict(item.label),
            "Description": dict(item.description),
            "AllowedValues": list(item.allowed_values),
            "AllowedPattern": item.allowed_pattern,
            "MinLength": item.min_length,
            "MaxLength": item.max_length,
            "MinValue": item.min_value,
            "MaxValue": item.max_value,
            "NoEcho": item.no_echo or None,
            "ConstraintDescription": item.constraint,
            "AssociationProperty": item.association,
            "AssociationPropertyMetadata": dict(item.association_metadata),
        }
    )
    if not item.required:
        fields["Default"] = item.default
    return fields


def _task(item: model.Task) -> dict[str, object]:
    fields = _without_defaults(
        {
            "Name": item.name,
            "Action": item.action,
            "Description": dict(item.description),
            "OnError": item.on_error if item.on_error != names.END else None,
            "OnSuccess": item.on_success if item.on_success != names.NEXT else None,
            "Properties": dict(item.properties),
            "Loop": _loop(item.loop) if item.loop else None,
            "Outputs": {each.name: _output(each, "ValueSelector") for each in item.outputs},
        }
    )
    for key, value in (
        ("When", item.when),
        ("Retries", item.retries),
        ("Delay", item.delay),
        ("DelayType", item.delay_type),
        ("BackOff", item.back_off),
        ("MaxRetryInterval", item.max_retry_interval),
    ):
        if value is not None:
            fields[key] = value
    return fields


def _output(item: model.Output, key: str) -> dict[str, object]:
    return {"Type": item.type, key: item.value}


def _loop(item: model.Loop) -> dict[str, object]:
    fields: dict[str, Any] = {"Items": item.items, "RateControl": _rate(item.rate)}
    if item.outputs:
        fields["Outputs"] = {
            each.name: {"AggregateType": each.function, "AggregateField": each.field}
            for each in item.outputs
        }
    return fields


def _rate(rate: object) -> Any:
    if not isinstance(rate, model.RateControl):
        return rate
    values = {
        "Mode": rate.mode,
        "Concurrency": rate.concurrency,
        "Batch": rate.batch,
        "ConcurrencyInBatches": rate.concurrency_in_batches,
        "BatchPauseOption": rate.batch_pause,
        "MaxErrors": rate.max_errors,
    }
    return {key: value for key, value in values.items() if value is not None}
