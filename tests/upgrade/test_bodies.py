"""Bodies of every kind of plan, call and delivery, as release 0.1.0 stored them: the present code
reads them, computes the digests that people voted on, and writes the same bytes again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import model
from bot.store import codec

PAGE = Path(__file__).parents[1] / "payloads" / "stores" / "bodies-0.1.0.jsonl"
ROWS = [json.loads(line) for line in PAGE.read_text("utf-8").splitlines()]
PLANS = [row for row in ROWS if "digest" in row]
LATER = {"terms", "nonce", "sealed", "definitions", "launcher", "braces", "invoke", "loose"}
"""Fields of a plan that digests of format 1 don't cover."""
OF_OTHER_KINDS = {"engine", "script_type", "timeout"}
"""What is stored though plans of some kinds have no such thing: there nobody reads it."""


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [f"{number} {row['what']}" for number, row in enumerate(rows)]


def read(kind: str, body: str) -> Any:
    adapters: dict[str, Any] = {"request": codec.request, "effect": codec.effect}
    return codec.decode(adapters[kind], body)


@pytest.mark.parametrize("row", ROWS, ids=names(ROWS))
def test_a_stored_body_is_read_and_written_as_it_was(row: dict[str, Any]) -> None:
    assert codec.encode(read(row["type"], row["body"])) == row["body"]


@pytest.mark.parametrize("row", PLANS, ids=names(PLANS))
def test_a_plan_has_the_digest_that_was_voted_on(row: dict[str, Any]) -> None:
    assert model.digest(read(row["type"], row["body"]).plan) == row["digest"]


@pytest.mark.parametrize("row", PLANS, ids=names(PLANS))
def test_whatever_a_stored_plan_says_is_in_its_digest(row: dict[str, Any]) -> None:
    """Nothing of it is lost on the way from the store to the digest."""
    stored = json.loads(row["body"])
    plan = stored["plan"]
    for name, value in plan.items():
        if not value or (plan["format"] == 1 and name in LATER):
            continue
        stored["plan"] = {**plan, name: other(value)}
        changed = read(row["type"], json.dumps(stored)).plan
        if changed == read(row["type"], row["body"]).plan:
            assert name in OF_OTHER_KINDS, name
        else:
            assert model.digest(changed) != row["digest"], name


def other(value: Any) -> Any:
    """Another value of the same type."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case [{"id": first} | {"name": first}, *rest]:
            return [{**value[0], ("id" if "id" in value[0] else "name"): first + "x"}, *rest]
        case [first, *rest]:
            return [other(first), *rest]
        case _:
            return {**value, "another": "x"}


def test_tags_are_in_the_digest_and_in_what_is_stored_only_where_there_are_any() -> None:
    """A plan of a release that knew no tags says the same in this one."""
    row = next(row for row in PLANS if json.loads(row["body"])["plan"]["instances"])
    request = read(row["type"], row["body"])
    tagged = tuple(replace(one, tags=(("env", "prod"),)) for one in request.plan.instances)
    changed = replace(request, plan=replace(request.plan, instances=tagged))
    stored = codec.encode(changed)
    assert read(row["type"], stored) == changed
    assert model.digest(changed.plan) != row["digest"]
    bare = json.loads(stored)
    for one in bare["plan"]["instances"]:
        assert one.pop("tags") == [["env", "prod"]]
    assert codec.encode(read(row["type"], json.dumps(bare))) == row["body"]
