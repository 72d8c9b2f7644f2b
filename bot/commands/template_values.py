"""Values of a template's parameters from what people type: read from a line, made into values.

What people give is data: ``{{ }}`` and ``${}`` in it are never expressions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

from bot import source, texts
from bot.commands.line import tokenizer
from bot.oos.parameters import arguments, targets
from bot.oos.template import model
from bot.source import lenient_json, unicode

MOST_CHARACTERS = 8_000
DEEPEST = 20
_CLOSING = ".:!?~"
_WIDE = "。"


def structured(item: model.Parameter) -> bool:
    """Is the value a list or an object, so that braces begin one?"""
    return item.type in ("List", "Json") or item.association in ("Targets", "RateControl")


# ----------------------------------------------------------------------------- reading


def read(
    item: model.Parameter,
    line: tokenizer.Reader,
    ends: Callable[[], bool],
    named: Callable[[int], bool],
) -> str:
    """The text of a value that begins here; the reader moves behind it. ``ends``: where the reader
    stands no further part of a list begins; ``named``: at this place another ``name=`` begins.
    Unclosed: braces or quotes."""
    if lenient_json.begins(line.raw, line.at):
        end = lenient_json.scan(line.raw, line.at)
        if end is not None and (structured(item) or line.gap_at(end[1])):
            start, line.at = line.at, end[1]
            return line.raw[start : line.at]
        if structured(item):
            raise tokenizer.Unclosed(line.raw[line.at], unicode.shown(line.raw[line.at :]))
    if line.at_quote():
        return _quoted(item, line, ends)
    if item.association == "RateControl":
        return _pace(line, ends)
    if item.type == "List":
        return _items(line, ends)
    if item.type == "String":
        return _solid(line, named)
    return line.bare().rstrip(_CLOSING)


def _solid(line: tokenizer.Reader, named: Callable[[int], bool]) -> str:
    """Everything up to a space, or to a comma that the next name follows."""
    start = line.at
    text = line.solid()
    for place, char in enumerate(text):
        if char in ",，;；、" and named(start + place + 1):
            line.at = start + place
            return text[:place]
    return text


def _quoted(item: model.Parameter, line: tokenizer.Reader, ends: Callable[[], bool]) -> str:
    if structured(item) and lenient_json.begins(line.raw, line.at + 1):
        end = lenient_json.scan(line.raw, line.at + 1)
        if end is not None and line.closes_at(end[1]):
            start = line.at + 1
            line.at = end[1] + 1
            return line.raw[start : end[1]]
    if item.type != "List":
        return line.quoted()
    before = line.at
    text = line.quoted()
    if ends() or not line.comma_ahead():
        return text
    line.at = before
    return _items(line, ends)


def _items(line: tokenizer.Reader, ends: Callable[[], bool]) -> str:
    """Parts with commas between them, quoted or not; JSON of the list where one is quoted."""
    items: list[str] = []
    quoted = False
    while True:
        if line.at_quote():
            items.append(line.quoted())
            quoted = True
        else:
            items.append(line.bare_raw().rstrip(_WIDE))
        if not line.comma_ahead() or (ends() and not line.at_quote()):
            break
    return json.dumps(items, ensure_ascii=False) if quoted else ",".join(items)


def _pace(line: tokenizer.Reader, ends: Callable[[], bool]) -> str:
    """A rate; the numbers of batches have commas between them."""
    parts = [line.bare().rstrip(_CLOSING)]
    batches = parts[0].casefold().startswith(("batch", "分批"))
    while batches and line.comma_ahead() and not ends():
        parts.append(line.bare().rstrip(_CLOSING))
    return ",".join(parts)


# ----------------------------------------------------------------------------- values


def value(item: model.Parameter, text: str) -> Any:
    """The value that ``text`` stands for, as the template's type has it; targets are a tuple of
    names as typed, or their JSON. Invalid: why not."""
    if len(text) > MOST_CHARACTERS:
        raise source.Invalid.phrase("parse.text_too_long", count=len(text), most=MOST_CHARACTERS)
    result = _targets(item, text) if item.association == "Targets" else _converted(item, text)
    if result is None:
        raise source.Invalid.phrase("parse.value")
    for part in _parts(result, 0):
        if isinstance(part, str) and unicode.hidden(part):
            raise source.Invalid.phrase("parse.hidden")
        if isinstance(part, float) and not math.isfinite(part):
            raise source.Invalid.phrase("parse.value")
    return result


def _converted(item: model.Parameter, text: str) -> object:
    why = ""
    for attempt in _readings(item, text):
        try:
            return arguments.value_of(item, attempt)
        except ValueError as error:
            why = why or str(error)
    rate = item.association == "RateControl" and lenient_json.begins(text.lstrip(), 0)
    raise (
        source.Invalid.phrase("parse.value_why", why=why)
        if rate
        else source.Invalid.phrase("parse.value")
    )


def _readings(item: model.Parameter, text: str) -> Iterator[str]:
    """The text as typed; its JSON with plain punctuation; with full-width forms as ASCII."""
    plain = text.translate(unicode.ASCII).strip()
    if structured(item) and lenient_json.begins(plain, 0):
        stripped = text.strip()
        scanned = lenient_json.scan(stripped, 0)
        if scanned is not None and not stripped[scanned[1] :].strip(" .。,，"):
            yield scanned[0]
        return
    if item.type in ("Number", "Boolean") or item.association == "RateControl":
        yield plain
        return
    yield text
    yield plain
    yield plain.rstrip(_CLOSING)
    for one in choices(item):
        if model.fold(one) == model.fold(plain.rstrip(_CLOSING)):
            yield one


def _targets(item: model.Parameter, text: str) -> Any:
    """The JSON of targets as OOS takes it; None: it is not that."""
    for attempt in _readings(item, text):
        try:
            document = json.loads(attempt, parse_constant=str)
            result = targets.targets(document) if isinstance(document, dict | list) else None
        except source.Invalid as misfit:
            raise source.Invalid.phrase("parse.value_why", why=str(misfit)) from None
        except (ValueError, RecursionError):
            continue
        for one in result if isinstance(result, list) else [result or {}]:
            for key, ids in one.items():
                texts_only = isinstance(ids, list) and all(isinstance(each, str) for each in ids)
                if model.fold(key) == "resourceids" and not texts_only:
                    raise source.Invalid.phrase("parse.value")
        return result
    return None


def _parts(items: object, depth: int) -> Iterator[object]:
    """Every text and number of a value. Invalid: nested deeper than anything that is meant."""
    if depth > DEEPEST:
        raise source.Invalid.phrase("parse.value")
    if isinstance(items, dict):
        for key, inner in items.items():
            yield key
            yield from _parts(inner, depth + 1)
    elif isinstance(items, list | tuple):
        for inner in items:
            yield from _parts(inner, depth + 1)
    else:
        yield items


# ----------------------------------------------------------------------------- in words


def choices(item: model.Parameter) -> tuple[str, ...]:
    """Its AllowedValues, as they are typed."""
    if item.type in ("Json", "List") and any(
        isinstance(one, dict | list) for one in item.allowed_values
    ):
        return ()
    return tuple(typed(one) for one in item.allowed_values)


def typed(items: object) -> str:
    """A value as people may type it, without quotes."""
    if isinstance(items, bool):
        return "true" if items else "false"
    if isinstance(items, dict | list | tuple):
        return json.dumps(items, ensure_ascii=False)
    return str(items)


def expected(item: model.Parameter, locale: str) -> str:
    """What fits, as the end of "expected …"."""
    say = texts.say
    if item.constraint:
        return item.constraint
    if item.allowed_values:
        shown = [unicode.shown(typed(one)) for one in item.allowed_values[:12]]
        several = item.type == "List"
        key = "expected.choices" if several else "expected.choice"
        return say(locale, key, choices=shown)
    kind = item.association if item.association in ("Targets", "RateControl") else item.type
    sentence = say(locale, f"expected.{kind}")
    if item.min_value is not None or item.max_value is not None:
        sentence += _between(locale, "expected.range", item.min_value, item.max_value)
    if item.min_length is not None or item.max_length is not None:
        sentence += _between(locale, "expected.length", item.min_length, item.max_length)
    if item.allowed_pattern:
        sentence += say(locale, "expected.pattern", pattern=item.allowed_pattern)
    return sentence


def _between(locale: str, key: str, low: float | None, high: float | None) -> str:
    if low is None:
        return texts.say(locale, f"{key}.most", high=f"{high:g}")
    if high is None:
        return texts.say(locale, f"{key}.least", low=f"{low:g}")
    return texts.say(locale, key, low=f"{low:g}", high=f"{high:g}")


def usual(item: model.Parameter) -> str:
    """Its Default in a few words; empty: it has none that says anything, or it is secret."""
    if item.default in (None, "", [], {}) or item.no_echo:
        return ""
    text = typed(item.default)
    return text if len(text) <= 80 else text[:79] + "…"
