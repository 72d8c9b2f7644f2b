"""Fn::Eval: arithmetic, and nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from bot.oos.expr import values
from bot.oos.expr.functions import base
from bot.oos.expr.functions.base import Example, Function

MOST_LENGTH = 500
MOST_BITS = 1024
_SIGNS = "+ - * / // % ** ( )"
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def evaluate(argument: object) -> int | float:
    """Division that comes out even gives a whole number."""
    if isinstance(argument, list):
        (argument,) = base.items(argument, 1)
    text = base.text(argument).strip()
    if len(text) > MOST_LENGTH:
        raise base.BadArgument(f"expected at most {MOST_LENGTH} characters of arithmetic")
    try:
        result = _value(ast.parse(text, mode="eval").body)
    except ZeroDivisionError:
        raise base.BadArgument(f"{values.brief(text)} divides by zero") from None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise base.BadArgument(
            f"expected arithmetic like -30*24, got {values.brief(text)}"
        ) from None
    except OverflowError:
        raise base.BadArgument(f"the result of {values.brief(text)} is too large") from None
    return int(result) if isinstance(result, float) and result.is_integer() else result


def _value(node: ast.expr) -> int | float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return _bounded(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        operand = _value(node.operand)
        return -operand if isinstance(node.op, ast.USub) else operand
    if isinstance(node, ast.BinOp):
        one, other = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            return _bounded(_power(one, other))
        if type(node.op) in _OPERATORS:
            return _bounded(_OPERATORS[type(node.op)](one, other))
    raise base.BadArgument(f"expected numbers and {_SIGNS} only, got {type(node).__name__}")


def _power(one: int | float, other: int | float) -> object:
    """Sizes are looked at before: the power itself could take for ever."""
    if isinstance(one, int) and isinstance(other, int):
        if one.bit_length() * abs(other) > MOST_BITS:
            raise OverflowError
        return one**other
    return float(one) ** float(other)


def _bounded(result: Any) -> int | float:
    if isinstance(result, complex):
        raise base.BadArgument("expected arithmetic with a real result")
    if isinstance(result, int) and result.bit_length() > MOST_BITS:
        raise OverflowError
    if not math.isfinite(result):
        raise OverflowError
    real: int | float = result
    return real


FUNCTIONS = (
    Function("Eval", f"What arithmetic comes to: numbers and `{_SIGNS}`.",
        f"算术表达式的结果：数字与 `{_SIGNS}`。", "[arithmetic]",
        (Example(["-30*24"], -720), Example("(1 + 2) / 2", 1.5)), evaluate,
        wrong=lambda raw: base.takes(1)(raw) if isinstance(raw, list) else ""),
)  # fmt: skip
