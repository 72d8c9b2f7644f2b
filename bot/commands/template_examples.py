"""An example for a parameter of a template: something that people can paste and that fits."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from typing import Any

from bot import source
from bot.commands import template_values
from bot.oos.template import model

_HINTS: tuple[tuple[str, str], ...] = (
    (r"url|uri|webhook", "https://example.com/hook"),
    (r"regionid$|region$", "cn-hangzhou"),
    (r"zoneid$|zone$", "cn-hangzhou-h"),
    (r"instanceids?$", "i-bp67acfmxazb4p00example"),
    (r"mobile|phone", "13800000000"),
    (r"email|mail", "ops@example.com"),
    (r"imageid", "m-bp67acfmxazb4p00example"),
    (r"vpcid", "vpc-bp67acfmxazb4p00example"),
    (r"vswitchid", "vsw-bp67acfmxazb4p00example"),
    (r"securitygroup", "sg-bp67acfmxazb4p00example"),
    (r"diskid", "d-bp67acfmxazb4p00example"),
    (r"date|time$|timestamp", "2026-01-31T08:00:00Z"),
    (r"command|script|content", "uptime"),
    (r"password|secret|token", "Example-1234"),
    (r"role", "OOSServiceRole"),
    (r"port", "8080"),
    (r"cidr", "192.168.0.0/16"),
    (r"ip(address)?$", "192.168.0.1"),
    (r"timezone", "Asia/Shanghai"),
    (r"cron", "0 0 8 * * ?"),
    (r"duration", "PT30M"),
)
"""What a parameter's name says → an example of such a thing."""
_PLAIN = ("example", "example-1", "web-01", "1", "10", "100", "a", "abc123", "Example-1234", "true")
_OF_TYPE: dict[str, tuple[str, ...]] = {
    "Number": ("1", "2", "5", "10", "60", "100", "1000", "0"),
    "Boolean": ("yes",),
    "List": ("a,b", "1,2"),
    "Json": ('{"key": "value"}', '["a", "b"]'),
}


def example(item: model.Parameter) -> str:
    """A text that ``template_values.value`` takes for this parameter; empty: there is none. Its
    own Default, where that is plain; a secret's is not shown."""
    for text in _candidates(item):
        try:
            template_values.value(item, text)
        except source.Invalid:
            continue
        return text
    return ""


def _candidates(item: model.Parameter) -> Iterator[str]:
    default = "" if item.no_echo or item.default is None else template_values.typed(item.default)
    if default.strip() and "{{" not in default and len(default) <= 80:
        yield default
    yield from template_values.choices(item)
    if item.association == "RateControl":
        yield "50%"
    if item.association == "Targets":
        yield '{"Type": "ResourceIds", "ResourceIds": ["i-bp67acfmxazb4p00example"]}'
    hints = [text for word, text in _HINTS if re.search(word, model.fold(item.name))]
    if item.type in ("String", "List"):
        yield from hints
    if item.type == "String":
        yield from _PLAIN
    yield from _OF_TYPE.get(item.type, ())
    yield from _by_number(item)
    if item.allowed_pattern and item.type in ("String", "List"):
        yield from _by_pattern(item)
    if item.type == "String":
        for size in (item.min_length, item.max_length):
            if size is not None and 0 < size <= 200:
                yield "x" * size


def _by_number(item: model.Parameter) -> Iterator[str]:
    """The ends of its range."""
    for end in (item.min_value, item.max_value):
        if end is not None:
            yield f"{end:g}" if isinstance(end, float) else str(end)


# ----------------------------------------------------------------------------- patterns


def _by_pattern(item: model.Parameter) -> Iterator[str]:
    """Texts made by walking through AllowedPattern: repeats as few, and as a few more. What is
    looked ahead or behind for is left to chance; who asks tries each."""
    try:
        parser: Any = importlib.import_module("re._parser")
        tree = parser.parse(item.allowed_pattern)
    except (ImportError, re.error, RecursionError, OverflowError):
        return
    low = item.min_length or 1
    for extra in (0, 1, 3, low):
        yield "".join(_walk(tree, extra, 0))[:500]


def _walk(tree: Any, extra: int, depth: int) -> Iterator[str]:
    for op, argument in tree:
        name = str(op)
        if depth > DEEPEST or name in ("AT", "ASSERT", "ASSERT_NOT", "GROUPREF"):
            continue
        if name == "LITERAL":
            yield chr(argument)
        elif name == "IN":
            yield _member(argument)
        elif name in ("ANY", "NOT_LITERAL"):
            yield "a"
        elif name == "BRANCH":
            yield from _walk(argument[1][0], extra, depth + 1)
        elif name == "SUBPATTERN":
            yield from _walk(argument[-1], extra, depth + 1)
        elif name == "ATOMIC_GROUP":
            yield from _walk(argument, extra, depth + 1)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            low, high, inner = argument
            times = min(low + extra, int(high), 200)
            for _ in range(max(low, times) if low <= 200 else 0):
                yield from _walk(inner, extra, depth + 1)


DEEPEST = 12
_CATEGORIES = {
    "CATEGORY_DIGIT": "1",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}


def _member(members: Any) -> str:
    """A character of a class; of one that excludes, the first usual one that it does not name."""
    kinds = [(str(op), argument) for op, argument in members]
    if kinds and kinds[0][0] == "NEGATE":
        said = {chr(argument) for op, argument in kinds if op == "LITERAL"}
        spans = [argument for op, argument in kinds if op == "RANGE"]
        free = (c for c in "a1-_A" if c not in said)
        return next((c for c in free if not any(a <= ord(c) <= b for a, b in spans)), "")
    for op, argument in kinds:
        if op == "RANGE":
            low, high = argument
            return "a" if low <= ord("a") <= high else chr(low)
        if op == "LITERAL":
            return chr(argument)
        if op == "CATEGORY":
            return _CATEGORIES.get(str(argument), "a")
    return ""
