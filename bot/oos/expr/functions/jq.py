"""Fn::Jq: what the template wrote of the script is the program; values in it are its input."""

from __future__ import annotations

from typing import Any

from bot import source
from bot.oos.expr import scripts, selectors, values
from bot.oos.expr.functions import base
from bot.oos.expr.functions.base import Evaluation, Example, Function
from bot.source import suggest

_METHODS = ("First", "All")


def jq(raw: Any, evaluation: Evaluation) -> object:
    """``First`` without a result is null."""
    if _wrong(raw):
        raise base.BadArgument(_wrong(raw))
    method = base.text(evaluation.value(raw[0], "[0]")).casefold()
    document = evaluation.value(raw[2], "[2]")
    try:
        bound = scripts.bind(raw[1], evaluation, "[1]")
        results = selectors.select(bound, values.literal(document))
    except base.ExpressionError:
        raise
    except source.Invalid as error:
        raise base.BadArgument(str(error)) from None
    if method == "all":
        return results
    if method != "first":
        raise base.BadArgument(f"expected First or All, got {values.brief(method)}")
    return results[0] if results else None


def _wrong(raw: object) -> str:
    if not isinstance(raw, list) or len(raw) != 3:
        return "expected [First or All, script, document]"
    method, script, _ = raw
    if not base.dynamic(method) and str(method).casefold() not in ("first", "all"):
        near = suggest.meant(str(method), _METHODS)
        return f"expected First or All, got {values.brief(method)}{near}"
    return scripts.fault(script)


def _where(raw: object) -> str:
    if not isinstance(raw, list) or len(raw) != 3:
        return ""
    return "[0]" if _wrong([raw[0], ".", None]) else "[1]"


FUNCTIONS = (
    Function("Jq", "The first result of a jq script over JSON, or all of them as a list.",
        "对 JSON 执行 jq,取第一个结果或全部结果。", "[First or All, script, JSON]",
        (Example(["First", ".a", {"a": 1}], 1),
         Example(["All", ".[].id", '[{"id": "i-1"}, {"id": "i-2"}]'], ["i-1", "i-2"])),
        lazy=jq, wrong=_wrong, where=_where),
)  # fmt: skip
