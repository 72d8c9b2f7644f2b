"""Events held against the JSON Schemas that the docs show of them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import jsonschema

from bot import deployment, event_schemas, model
from bot.core import bus


def closed(schema: Any) -> Any:
    """The schema, with nothing allowed that it doesn't name: so whatever isn't told is found."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(one) for key, one in schema.items()}
    if made.get("type") == "object" and "additionalProperties" not in made:
        made["additionalProperties"] = "description" in made and "properties" not in made
    return made


@functools.cache
def validator(type_: str) -> jsonschema.Draft202012Validator:
    schema = closed(event_schemas.of(type_))
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def faults(events: Iterable[model.CloudEvent]) -> list[str]:
    """Whatever of the bot's own events their schemas don't say; other events may be anything."""
    found = []
    for event in events:
        if event.type in event_schemas.TYPES:
            shown = json.loads(json.dumps(event.plain()))
            wrong = validator(event.type).iter_errors(shown)
            found += [f"{event.type} {one.json_path}: {one.message}" for one in wrong]
        elif event.type.startswith(bus.OWN):
            found.append(f"{event.type}: no schema")
    return found


def faults_of(
    known: deployment.Deployment, view: model.View, decision: model.Decision, now: datetime
) -> list[str]:
    """The same of everything that a decision is, or would be if there were rules."""
    return faults((*decision.published, *bus.own_events(known, view, decision, now)))
