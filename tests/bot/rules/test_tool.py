"""The verdict of ``rule test``."""

from __future__ import annotations

import json

import pytest

from bot import source
from bot.rules import tool, transform

EVENT = (
    '{"source": "dingtalk.approval", "detail-type": "ProvisionRequest",'
    ' "detail": {"emp_id": "E123", "role": "devops"}}'
)


def test_a_match_with_its_transform() -> None:
    chosen = transform.compile(
        "TEMPLATE", {"id": "$.data.emp_id"}, '{"CommandId": "c-1", "emp": "${id}"}'
    )
    verdict = tool.judge(EVENT, '$.source == "dingtalk.approval"', transform=chosen)
    assert (verdict.matched, verdict.status) == (True, 0)
    assert verdict.transformed == {"CommandId": "c-1", "emp": "E123"}
    assert verdict.lines() == ["matches", '{"CommandId":"c-1","emp":"E123"}']
    assert json.loads(verdict.json()) == {
        "matched": True,
        "reasons": [],
        "transformed": {"CommandId": "c-1", "emp": "E123"},
        "problem": None,
        "warnings": [],
    }
    assert tool.judge(EVENT, "$.source").lines() == ["matches"]


def test_no_match_says_why() -> None:
    chosen = transform.compile("JSONPATH", "$.nowhere")
    asked = '{"source": ["lark.approval"], "data": {"empid": ["E123"]}}'
    verdict = tool.judge(EVENT, asked, transform=chosen)
    assert (verdict.matched, verdict.status, verdict.transformed) == (False, 1, None)
    assert verdict.lines() == [
        "does not match",
        '  $.source: wanted "lark.approval", found "dingtalk.approval"',
        '  $.data.empid: wanted "E123", found nothing; the event has `$.data.emp_id`',
    ]
    assert json.loads(verdict.json())["reasons"][1] == {
        "path": "$.data.empid",
        "wanted": '"E123"',
        "found": "nothing",
        "near": "$.data.emp_id",
        "branch": 1,
    }


def test_a_match_that_sends_nothing() -> None:
    chosen = transform.compile("JSONPATH", "$.detail.empId")
    verdict = tool.judge(EVENT, {"source": ["dingtalk.approval"]}, transform=chosen)
    assert verdict.status == 0
    assert verdict.lines()[1].endswith("did you mean `$.detail.emp_id`?")


def test_the_dialect_decides() -> None:
    event = '{"data": {"port": 80}}'
    assert tool.judge(event, '{"data": {"port": ["80"]}}').matched
    assert not tool.judge(event, '{"data": {"port": ["80"]}}', "aws").matched


@pytest.mark.parametrize(
    ("event", "asked", "message"),
    [
        ("{", "{}", "event.json:1:2: not JSON"),
        ("[]", "{}", "event.json:1:1: an event is a JSON object"),
        ("5", "{}", "event.json:1:1: an event is a JSON object"),
        ('{"a": NaN}', "{}", "event.json:1:1: not JSON: NaN is no number"),
        (
            '{"data": {"env": "test", "env": "prod"}}',
            "{}",
            "event.json:1:1: the key `env` stands twice in one object",
        ),
        ('{"a": 1e999}', "{}", "event.json:1:1: not JSON: the number 1e999 is too large"),
        ('{"a": ' + "9" * 5000 + "}", "{}", "event.json:1:1: not JSON"),
        ("[" * 100_000, "{}", "event.json:1:1: nested too deep"),
        (EVENT, '{"source": [{"prefx": "a"}]}', "did you mean `prefix`"),
        (EVENT, "$.source ~ 1", "rule.json:1:10"),
    ],
)
def test_what_cannot_be_read(event: str, asked: str, message: str) -> None:
    with pytest.raises(source.Invalid) as caught:
        tool.judge(event, asked, files=("event.json", "rule.json"))
    assert message in str(caught.value)


def test_a_transform_that_fits_nowhere() -> None:
    chosen = transform.compile("TEMPLATE", {"a": "$.source"}, "no JSON: ${a}")
    with pytest.raises(source.Invalid):
        tool.judge(EVENT, "$.nowhere", transform=chosen)


@pytest.mark.parametrize(
    ("dialect", "asked", "number", "told"),
    [
        ("alibaba", 5, 6, []),
        ("alibaba", 2000000000, 1764400000000, ["2000000000", "1764400000000"]),
        ("alibaba", 5, 1764400000000, ["1764400000000"]),
        ("aws", 5, 4999999999, []),
        ("aws", 5, 1764400000000, ["older engines do not compare 1764400000000"]),
        ("aws", 5, 2**53 + 1, ["does not compare 9007199254740993"]),
    ],
)
def test_it_warns_where_the_vendor_would_compare_otherwise(
    dialect: str, asked: int, number: int, told: list[str]
) -> None:
    event = json.dumps({"source": "s", "data": {"ts": [number]}})
    verdict = tool.judge(event, f"$.data.ts > {asked}", dialect)  # type: ignore[arg-type]
    assert verdict.matched
    assert len(verdict.warnings) == len(told)
    for warning, part in zip(verdict.warnings, told, strict=True):
        assert warning.startswith("$.data.ts: ")
        assert part in warning
    assert json.loads(verdict.json())["warnings"] == list(verdict.warnings)
