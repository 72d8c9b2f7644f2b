"""What the bot's own CloudEvents hold, as JSON Schema (draft 2020-12), and the page about it.

A fact is told as ``type``, ``type?`` where it may be missing, ``a|b`` of several words, or as a
whole schema. Later versions may add facts, so the schemas are open.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot import model

Schema = Mapping[str, Any]
Facts = Mapping[str, str | Schema]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
OWN = "countersign."
COMPLETED, APPROVED = "countersign.run.completed", "approval.approved"
TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
NUMBERS: Schema = {"type": "array", "items": {"type": "integer"}}
STATES: Schema = {"enum": [state.value for state in model.State]}
WAITS = "approval|canary|confirm|pause|batch|person|held|unknown"
VIA = "card|text|form|standing"
ABOUT = {
    "form": "string",
    "instance": "string",
    "original": "string",
    "status": "approved|rejected|withdrawn|running",
}
"""Of a form that revokes or modifies another."""
READ_BY = "start|signal|command"
RULED = {"rule": "string", "target": "integer", "source": "string", "event": "string"}
"""Of a rule that makes nothing of an event for one of its targets."""

FAMILIES: Mapping[str, Mapping[str, Facts]] = {
    "Asking": {
        "request.asked": {
            "command": "string",
            "text": "string",
            "account": "string",
            "chat": "string",
            "policy": "string",
            "escalated": "string?",
        },
        "ask.refused": {
            "reason": "string",
            "text": "string?",
            "account": "string?",
            "chat": "string?",
            "form": "string?",
            "instance": "string?",
        },
        "request.escalated": {"policy": "string", "escalated": "string"},
        "request.planned": {
            "digest": "string",
            "instances": TEXTS,
            "policy": "string",
            "version": "string",
        },
        "request.refused": {"reason": "string"},
    },
    "Forms": {
        "form.approved": {"form": "string", "instance": "string"},
        "form.rejected": {"form": "string", "instance": "string"},
        "form.withdrawn": {"form": "string", "instance": "string"},
        "form.changed": {"form": "string", "instance": "string"},
        "form.revoke": ABOUT,
        "form.modify": ABOUT,
        "request.held": {"why": "string"},
        "request.released": {"why": "string"},
        "forms.not_listed": {"form": "string", "reason": "string"},
        "vote.not_counted": {"account": "string", "reason": "string"},
    },
    "Votes": {
        "vote.cast": {
            "approve": "boolean",
            "digest": "string",
            "via": VIA,
            "reason": "string?",
            "word": "string?",
            "read": "integer?",
            "batch": "string?",
            "on_behalf": "string?",
        },
        "person.away": {"until": "string", "delegate": "string?", "reason": "string?"},
        "person.back": {},
        "batch.changed": {"requests": NUMBERS, "digest": "string"},
        "batch.split": {},
        "plan.delivered": {
            "to": "string",
            "digest": "string",
            "text": "string",
            "batch": "string?",
        },
        "standing.begun": {
            "command": "string",
            "until": "string",
            "uses": "integer",
            "by": TEXTS,
            "digest": "string",
        },
        "standing.revoked": {"uses": "integer"},
        "revoke.refused": {"reason": "string"},
        "standing.used": {
            "standing": "integer",
            "by": TEXTS,
            "digest": "string",
            "use": "integer",
        },
        "standing.not_counted": {"standing": "integer", "reason": "string"},
        "vote.refused": {"reason": "string", "via": VIA},
        "click.refused": {"reason": "string", "action": "string", "card": "string?"},
        "act.refused": {"reason": "string", "action": "string"},
        "request.approved": {"by": TEXTS, "digest": "string", "policy": "string"},
        "breakglass.used": {
            "reason": "string?",
            "digest": "string",
            "policies": TEXTS,
            "approved": "boolean",
            "by": TEXTS,
            "have": "integer",
            "need": "integer",
            "closed": "string",
            "until": "string",
        },
        "breakglass.refused": {"reason": "string"},
        "breakglass.ratified": {"by": TEXTS, "digest": "string"},
        "breakglass.objected": {"by": TEXTS, "digest": "string"},
        "breakglass.unanswered": {"by": TEXTS, "digest": "string"},
        "request.scheduled": {
            "kind": "string",
            "name": "string",
            "until": "string",
            "digest": "string",
        },
        "freeze.begun": {"scope": TEXTS, "until": "string", "by": TEXTS, "digest": "string"},
        "freeze.lifted": {"freezes": NUMBERS, "by": TEXTS, "digest": "string"},
        "request.queued": {"number": "integer", "name": "string", "digest": "string"},
        "lock.taken": {"locks": TEXTS, "digest": "string"},
        "request.rejected": {"reason": "string?"},
        "request.unreachable": {"policy": "string"},
        "request.reachable": {},
        "request.handed_over": {"people": TEXTS},
        "request.reminded": {"people": TEXTS, "how": "string?", "group": "string?"},
        "request.alerted": {"to": "string"},
        "request.not_alerted": {"to": "string", "reason": "string?"},
        "request.expired": {},
        "request.cancelled": {"why": "string"},
        "cancel.refused": {"state": STATES},
        "message.recalled": {"state": STATES},
        "message.taken_back": {},
        "message.not_taken_back": {},
    },
    "Running": {
        "run.started": {
            "invocation": "string",
            "instances": TEXTS,
            "digest": "string",
            "token": "string",
        },
        "request.revoted": {"number": "integer"},
        "revote.refused": {"reason": "string", "state": STATES},
        "request.not_started": {"reason": "string", "why": "string", "digest": "string"},
        "run.incident": {
            "what": {"enum": ["different", "unseen"]},
            "command": "string",
            "invocation": "string",
            "shown": "string",
            "why": "string",
        },
        "run.not_started": {"reason": "string", "token": "string?"},
        "run.unclear": {"reason": "string", "token": "string", "look": "integer"},
        "run.unknown": {"reason": "string", "token": "string?", "invocation": "string?"},
        "run.stop": {"state": STATES},
        "stop.refused": {"state": STATES},
        "run.stop_sent": {},
        "run.stop_failed": {"reason": "string"},
        "run.overdue": {},
        "run.finished": {
            "state": STATES,
            "results": {
                "description": "instance → [status, exit code]",
                "type": "object",
                "additionalProperties": {
                    "type": "array",
                    "prefixItems": [{"type": "string"}, {"type": ["integer", "null"]}],
                    "minItems": 2,
                    "items": False,
                },
            },
            "invocations": TEXTS,
            "errors": {**TEXTS, "optional": True},
        },
    },
    "Runs of templates": {
        "plan.drifted": {"gone": TEXTS, "new": TEXTS, "then": "ask|intersect"},
        "run.begun": {"template": "string", "digest": "string", "execution": "string"},
        "call.made": {"call": "string", "what": "string"},
        "call.refused": {"call": "string", "reason": "string", "why": "string"},
        "call.failed": {"call": "string", "outcome": "failed|notmade|unknown", "reason": "string"},
        "call.looked_up": {
            "call": "string",
            "outcome": "failed|notmade|unknown",
            "reason": "string",
        },
        "run.waiting": {"why": WAITS, "task": "string", "digest": "string"},
        "run.held": {"call": "string", "reason": "string"},
        "run.paused": {"task": "string"},
        "run.resumed": {"task": "string"},
        "run.retry": {"task": "string"},
        "run.skip": {"task": "string"},
        "steer.refused": {"word": "string", "state": STATES},
        "ballot.expired": {"task": "string"},
        "run.tell_failed": {"reason": "string"},
        "run.broken": {"error": "string"},
        "run.ended": {"state": STATES, "note": "string?"},
        "execution.found": {"execution": "string", "by": "string"},
    },
    "Letters": {
        "letter.redriven": {
            "letter": "integer",
            "rule": "string",
            "target": "integer",
            "source": "string",
            "event": "string",
            "state": "refused|unknown|dropped",
            "attempts": "integer",
        },
    },
    "The bot itself": {
        "configuration.changed": {
            "by": READ_BY,
            "before": "string",
            "digest": "string",
            "added": TEXTS,
            "removed": TEXTS,
            "changed": TEXTS,
        },
        "oncall.read": {"rota": "string", "shifts": "integer", "unknown": TEXTS},
        "oncall.unread": {"rota": "string", "why": "string"},
        "configuration.refused": {"by": READ_BY, "digest": "string", "faults": TEXTS},
        "bot.started": {"since": {"type": "string", "format": "date-time"}},
        "request.restored": {"state": STATES},
        "card.failed": {"reason": "string"},
        "card.unclear": {"reason": "string", "card": "integer"},
        "tell.failed": {"effect": "string", "reason": "string"},
        "tell.gave_up": {"letter": "integer"},
        "quota.reached": {
            "platform": "string",
            "month": "string",
            "meter": "calls|pushes",
            "percent": "integer",
            "used": "integer",
            "allowed": "integer",
            "spared": TEXTS,
        },
        "message.spared": {"what": "string", "effect": "string", "platform": "string"},
        "event.refused": {
            "via": "string",
            "reason": "string",
            "address": "string?",
            "count": "integer?",
            "event": "string?",
        },
        "event.changed": {"via": "string", "source": "string", "event": "string"},
        "event.repeated": {"via": "string", "address": "string", "count": "integer"},
    },
    "Rules": {
        "rule.failed": {**RULED, "error": "string"},
        "rule.loop": {**RULED, "rules": TEXTS},
        "event.unmatched": {"source": "string", "event": "string", "error": "string"},
    },
}
"""Actions of the audit log that become events, by family. What becomes of what rules made does
not, nor does an event that could not be decided."""


def plain(kind: str | Schema) -> dict[str, Any]:
    """The schema of one fact."""
    if not isinstance(kind, str):
        return {key: value for key, value in kind.items() if key != "optional"}
    kind = kind.removesuffix("?")
    return {"enum": kind.split("|")} if "|" in kind else {"type": kind}


def optional(kind: str | Schema) -> bool:
    return kind.endswith("?") if isinstance(kind, str) else bool(kind.get("optional"))


def object_of(facts: Facts) -> dict[str, object]:
    """An object with these members."""
    made: dict[str, Any] = {"type": "object"}
    if facts:
        made["properties"] = {name: plain(kind) for name, kind in facts.items()}
    if needed := [name for name, kind in facts.items() if not optional(kind)]:
        made["required"] = needed
    return made


REQUEST = object_of(
    {
        "id": "integer",
        "command": "string",
        "state": STATES,
        "person": {"type": "string", "description": "on whose behalf: an id of the book"},
        "args": {"type": "object", "description": "by parameter; a hidden value is ***"},
        "reason": "string",
        "policy": "string",
        "risk": "string",
        "code": {"type": "string", "description": "the first 8 digits of the digest"},
        "digest": {"type": "string", "pattern": "^([0-9a-f]{64})?$"},
        "instances": {
            "type": "array",
            "items": object_of(
                {
                    "id": "string",
                    "name": "string",
                    "region": "string",
                    "status": "string",
                    "agent": "boolean",
                }
            ),
        },
        "platform": "string",
        "chat": "string",
        "form": {"type": "string", "description": "the instance of the OA form that asked, or ''"},
        "rules": {**TEXTS, "description": "the rules that led here, the last one last"},
    }
)
COMPLETED_DATA = object_of(
    {
        "InvocationStatus": "Success|Failed|Cancelled|Unknown",
        "note": "string",
        "request": {"$ref": "#/$defs/request"},
        "results": {
            "type": "array",
            "items": object_of(
                {
                    "instance": "string",
                    "status": "string",
                    "exit_code": {"type": ["integer", "null"]},
                    "output": "string",
                }
            ),
        },
        "outputs": {"type": "object", "description": "those of a template"},
    }
)
APPROVED_DATA = {
    **object_of(
        {
            "form": {"type": "string", "description": "its code on the platform"},
            "instance": "string",
            "title": "string",
            "originator": {"type": "string", "description": "an account of the platform"},
            "approvers": {**TEXTS, "description": "accounts that agreed, in order"},
            "person": {"type": "string", "description": "the originator in the book, or ''"},
            "late": {"type": "boolean", "description": "found after an absence of the bot"},
        }
    ),
    "additionalProperties": {"description": "a field of the form, by its id or name"},
}


def audited(facts: Facts) -> dict[str, object]:
    """The data of an event that is an entry of the audit log."""
    return object_of(
        {
            "actor": "string",
            "facts": object_of(facts),
            "request": {"anyOf": [{"$ref": "#/$defs/request"}, {"type": "null"}]},
        }
    )


TYPES: Mapping[str, Schema] = {
    **{
        f"{OWN}{action}": audited(facts)
        for family in FAMILIES.values()
        for action, facts in family.items()
    },
    COMPLETED: COMPLETED_DATA,
    APPROVED: APPROVED_DATA,
}
"""The data of each type of event."""


def envelope(type_: str) -> dict[str, object]:
    """A CloudEvent of this type: its attributes, and its data."""
    source = r"^[^/]+\.approval$" if type_ == APPROVED else "^countersign/"
    needed = ["specversion", "id", "source", "type", "time", "datacontenttype", "data"]
    return {
        "title": type_,
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "minLength": 1},
            "source": {"type": "string", "pattern": source},
            "type": {"const": type_},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "subject": {"type": "string", "minLength": 1},
            "data": TYPES[type_],
        },
        "required": needed,
    }


def of(type_: str) -> dict[str, Any]:
    """The JSON Schema of a type of event. KeyError: it is none of the bot's own."""
    whole = {"$schema": DRAFT, **envelope(type_)}
    return whole if type_ == APPROVED else {**whole, "$defs": {"request": REQUEST}}


def all_of_them() -> dict[str, object]:
    """One JSON Schema for whatever the bot publishes."""
    known = [envelope(type_) for type_ in TYPES]
    return {"$schema": DRAFT, "oneOf": known, "$defs": {"request": REQUEST}}


# ----------------------------------------------------------------------------- the page

_HEAD = """\
# CloudEvents

[简体中文](cloudevents.zh-CN.md)

<!-- Printed by `python -m bot docs events`; a test compares. Edit bot/event_schemas.py. -->

What the bot itself puts on [the bus](events-and-audit.md#the-bus), for
[rules](../how-to/rules.md): CloudEvents 1.0 with JSON data. The schemas are JSON Schema, draft
2020-12. Later versions may add to the data, but take nothing away.

```sh
python -m bot events schema countersign.run.completed
```

prints the schema of one type whole, with the attributes around its data; without a type, one schema
for all. Nobody outside makes events whose source begins with `countersign`, or whose type does with
`countersign.`: these are refused, and on record as `event.refused`.

| Attribute | Of an audit entry | Of a run that ended | Of a form that was agreed to |
|---|---|---|---|
| `source` | `countersign/` and the installation's id | the same | the platform and `.approval` |
| `type` | `countersign.` and the action | `countersign.run.completed` | `approval.approved` |
| `id` | its number, `-`, random digits | `run-`, the request, `-`, the same | the instance |
| `subject` | the number of the request, if there is one | the same | the instance |
"""
_ENTRIES = """\
## Audit entries

Each entry of the [audit log](events-and-audit.md#audit-entries), but for what becomes of what rules
made (`rule.refused`, `rule.undelivered`, `rule.redone`), `event.failed`, `clock.stepped`,
`store.restored`, `texts.removed` and `person.forgotten`. A rule that fails on such an event of
failure makes no other one. `data` has `actor`, `facts`, and `request`: the [request](#the-request)
that it is about, as it stands after it, or null. The schemas are those of `facts`; when each action
is entered, the audit log's page says.
"""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [
        _HEAD,
        "## The request\n\nAs data tell it (`#/$defs/request`).\n\n" + _block(REQUEST),
        "## Runs that ended\n\n`data` of `countersign.run.completed`:\n\n" + _block(COMPLETED_DATA),
        "## Forms agreed to\n\n`data` of `approval.approved`, which has the form's fields beside "
        "these. A field of one of these names is left out,\nand what a hidden parameter is made "
        "of is `***`:\n\n" + _block(APPROVED_DATA),
        _ENTRIES,
        *(_family(name, family) for name, family in FAMILIES.items()),
    ]
    return "\n".join(parts)


def _family(name: str, family: Mapping[str, Facts]) -> str:
    return f"### {name}\n\n" + _block(
        {f"{OWN}{key}": object_of(of_) for key, of_ in family.items()}
    )


def _block(schema: Schema) -> str:
    return f"```json\n{_text(schema, 0)}\n```\n"


def _text(value: object, depth: int) -> str:
    """JSON in which what fits stands on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + depth <= 100 or not isinstance(value, Mapping):
        return line
    pad = " " * (depth + 2)
    rows = [f"{pad}{json.dumps(key)}: {_text(one, depth + 2)}" for key, one in value.items()]
    return "{\n" + ",\n".join(rows) + "\n" + " " * depth + "}"
