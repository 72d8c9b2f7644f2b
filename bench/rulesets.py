"""Made-up rules by the thousand, and events of which each is meant by one of them or by none.

Every rule is about a number of its own, and an event has that number in all of its fields; so what
is measured is the finding of the rule, not the handing out of thousands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

KINDS = ("exact", "prefix", "mixed", "ranges", "exclusions", "parts", "wildcards")
NOBODY = 20_000
"""Events with numbers from here on are meant by no rule."""
SOURCE, TYPE = "hr.approval", "ProvisionRequest"
Pattern = Mapping[str, Any]


def event(number: int) -> dict[str, Any]:
    """The event of a number, as JSON values."""
    return {
        "specversion": "1.0",
        "id": f"e-{number}",
        "source": SOURCE,
        "type": TYPE,
        "time": "2026-03-01T16:00:00+08:00",
        "datacontenttype": "application/json",
        "data": {
            "emp_id": f"E{number}",
            "role": "devops",
            "department": f"d-{number}",
            "path": f"/teams/{number}/people/7",
            "host": f"web.t{number}.example.com",
            "address": f"10.{number >> 8}.{number & 255}.7",
            "number": number,
            "approvers": ["alice", "bob"],
        },
    }


def events(rules: int, count: int) -> list[dict[str, Any]]:
    """So many events, by turns meant by one of the first ``rules`` rules and by none."""
    return [event(NOBODY + n if n % 2 else n * rules // count) for n in range(count)]


def meant(given: Mapping[str, Any]) -> list[int]:
    """The numbers of the rules that mean an event, where all rules are there."""
    number = given["data"]["number"]
    return [] if number >= NOBODY else [number]


def meant_of(kind: str, count: int, given: Mapping[str, Any]) -> list[int]:
    """The same of the first ``count`` rules of a kind; ``exclusions`` mean all events but one."""
    if kind == "exclusions":
        return [number for number in range(count) if [number] != meant(given)]
    return meant(given)


def pattern(kind: str, number: int) -> Pattern:
    """The pattern of a rule. ``exact``: source, type and department; ``prefix``: source and the
    start of a path; ``mixed``: eight operators by turns; and alone, where no value can be looked
    up: ``ranges`` of numbers, ``exclusions`` of a value, ``parts`` of a text, ``wildcards``."""
    if kind == "exact":
        return {"source": [SOURCE], "type": [TYPE], "data": {"department": [f"d-{number}"]}}
    if kind == "prefix":
        return {"source": [SOURCE], "data": {"path": [{"prefix": f"/teams/{number}/"}]}}
    if kind == "ranges":
        return {"data": {"number": [{"numeric": [">=", number, "<", number + 1]}]}}
    if kind == "exclusions":
        return {"data": {"department": [{"anything-but": [f"d-{number}"]}]}}
    if kind == "parts":
        return {"data": {"path": [{"contains": f"/{number}/"}]}}
    if kind == "wildcards":
        return {"data": {"host": [{"wildcard": f"*.t{number}.*"}]}}
    return {"source": [SOURCE], "data": _mixed(number)}


def _mixed(number: int) -> dict[str, Any]:
    network = f"10.{number >> 8}.{number & 255}.0/24"
    forms: tuple[dict[str, Any], ...] = (
        {"department": [f"d-{number}"]},
        {"path": [{"prefix": f"/teams/{number}/"}]},
        {"host": [{"suffix": f".t{number}.example.com"}]},
        {"number": [{"numeric": ["=", number]}]},
        {"address": [{"cidr": network}]},
        {"emp_id": [{"equals-ignore-case": f"e{number}"}]},
        {"path": [{"wildcard": f"/teams/{number}/*/7"}]},
        {
            "department": [f"d-{number}", f"D-{number}"],
            "role": [{"anything-but": ["intern"]}],
            "approvers": [{"exists": True}],
        },
    )
    return forms[number % len(forms)]


def as_theirs(kind: str, number: int) -> str | None:
    """The same pattern as event-ruler takes it, as JSON text; None: it can't express the kind."""
    made = pattern(kind, number)
    if kind == "prefix":  # it has no such operator, but its name for a wildcard is shellstyle
        made = {"source": [SOURCE], "data": {"path": [{"shellstyle": f"/teams/{number}/*"}]}}
    return json.dumps(made) if kind in ("exact", "prefix") else None
