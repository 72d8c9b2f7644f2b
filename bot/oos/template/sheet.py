"""Looking at the values of a template, and noting what is not as expected."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast, get_args

from bot import source
from bot.oos.template import model, names, places
from bot.source import suggest

Fields = dict[str, tuple[str, Any]]
"""Keyword as OOS writes it → the path of its value, the value."""

TYPES = get_args(model.ParameterType)
_TYPES = {model.fold(name): name for name in TYPES} | {"array": "List", "object": "Json"}
"""By folded name; OOS writes the last two in its documentation of outputs."""


def keys(*known: str) -> dict[str, str]:
    """The keywords of a part of the template, as ``Sheet.fields`` takes them."""
    return {model.fold(name): name for name in known}


class Sheet:
    """The places of a template, and the ``faults`` found so far."""

    def __init__(self, positions: places.Places, faults: list[source.Fault]) -> None:
        self.places = positions
        self.faults = list(faults)

    def fault(self, path: str, message: str, key: bool = False) -> None:
        """Note what is wrong at a path; ``key``: with the name, not with the value."""
        mark = self.places.key(path) if key else self.places.at(path)
        self.faults.append(source.Fault(mark, message))

    def fields(self, value: dict[str, Any], path: str, known: dict[str, str], what: str) -> Fields:
        """The entries that mean something; the others are faults. One that is misspelt beyond doubt
        is taken as what was meant, so that nothing else is said of it."""
        items: Fields = {}
        misspelt: Fields = {}
        for key, item in value.items():
            inner = f"{path}.{key}" if path else key
            name = known.get(model.fold(key))
            if name is None:
                near = suggest.expected(key, known.values())
                said = f"unknown key `{key}` of {what}{near}"
                self.fault(inner, names.unknown(said, key, known.values()), key=True)
                misspelt.setdefault(suggest.nearest(key, known.values()), (inner, item))
            elif name in items:
                self.fault(inner, f"`{name}` is given twice here, once as `{key}`", key=True)
            else:
                items[name] = (inner, item)
        for name, (inner, _) in misspelt.items():
            if name and name not in items:
                self.places.alias(f"{path}.{name}".lstrip("."), inner)
        return {name: item for name, item in misspelt.items() if name} | items

    def entries(self, fields: Fields, name: str) -> Iterator[tuple[str, str, Any]]:
        """The name, path and value of each entry of a mapping; nothing where it is absent."""
        path, value = fields.get(name, ("", None))
        if isinstance(value, dict):
            for key, item in value.items():
                yield key, f"{path}.{key}", item
        elif value is not None and value != []:
            self.fault(path, f"{name}: expected names with what they are, found {_kind_of(value)}")

    def parts(
        self, fields: Fields, name: str, known: dict[str, str], what: str
    ) -> Iterator[tuple[str, str, Fields]]:
        """The name, path and fields of each entry of a mapping of mappings."""
        for key, path, value in self.entries(fields, name):
            if isinstance(value, dict):
                yield key, path, self.fields(value, path, known, what)
            else:
                expected = " and ".join(list(known.values())[:2])
                self.fault(path, f"`{key}`: expected {expected}, found {names.kind(value)}")

    def outputs(
        self, fields: Fields, known: dict[str, str], what: str, source: str
    ) -> tuple[model.Output, ...]:
        """The outputs of a task or of the template; ``source`` is the keyword of their value."""
        items = []
        for name, path, output in self.parts(fields, "Outputs", known, what):
            if source not in output:
                self.fault(path, f"the output `{name}` has no {source}", key=True)
            type, value = self.type(output, "Type"), output.get(source, ("", "."))[1]
            items.append(model.Output(name, type, value, self.places.key(path)))
        self.unique([(item.name, item.mark) for item in items], "output")
        return tuple(items)

    def unique(self, names: list[tuple[str, source.Mark]], what: str) -> None:
        """Names that differ in case only are one name."""
        first: dict[str, source.Mark] = {}
        for name, mark in names:
            before = first.setdefault(model.fold(name), mark)
            if before is not mark:
                message = f"there is a {what} `{name}` already, on line {before.line}"
                self.faults.append(source.Fault(mark, message))

    def mapping(self, fields: Fields, name: str) -> dict[str, Any]:
        """A free mapping; absent is empty."""
        path, value = fields.get(name, ("", None))
        if isinstance(value, dict):
            return value
        if value is not None and value not in ("", []):
            self.fault(path, f"{name}: expected a mapping, found {_kind_of(value)}")
        return {}

    def described(self, fields: Fields, name: str) -> Mapping[str, str]:
        """Language → text. Text without a language counts as English; so do other things in it
        (``categories``) as their words."""
        _, value = fields.get(name, ("", None))
        if value is None or value == "":
            return {}
        if not isinstance(value, dict):
            return {"en": _words(value)}
        return {
            model.fold(key): _words(item)
            for key, item in value.items()
            if item is not None and item != ""
        }

    def said(self, fields: Fields, name: str) -> str:
        """One text, of whatever language there is."""
        texts = self.described(fields, name)
        return texts.get("en") or next(iter(texts.values()), "")

    def text(self, fields: Fields, name: str, otherwise: str = "") -> str:
        """A text; absent is ``otherwise``."""
        path, value = fields.get(name, ("", None))
        if value is None:
            return otherwise
        if not isinstance(value, str):
            self.fault(path, f"{name}: expected text, found {_kind_of(value)}")
            return otherwise
        return value

    def type(self, fields: Fields, name: str) -> model.ParameterType:
        """One of the five types; absent is String."""
        path, value = fields.get(name, ("", None))
        if value is None or value == "":
            return "String"
        known = _TYPES.get(model.fold(value)) if isinstance(value, str) else None
        if known is None:
            said = f"unknown type `{value}`" if isinstance(value, str) else f"no type: {value!r}"
            hint = suggest.meant(value, TYPES) if isinstance(value, str) else ""
            self.fault(path, f"{said}{hint or '; expected ' + suggest.listed(TYPES)}")
        return cast(model.ParameterType, known or "String")

    def number(self, fields: Fields, name: str) -> float | None:
        """A number, also one in quotes; absent is None."""
        path, value = fields.get(name, ("", None))
        if value is None or value == "":
            return None
        if isinstance(value, str) and re.fullmatch(r"\s*[-+]?[0-9]+(\.[0-9]+)?\s*", value):
            return float(value) if "." in value else int(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            self.fault(path, f"{name}: expected a number, found {_kind_of(value)}")
            return None
        return value

    def count(self, fields: Fields, name: str) -> int | None:
        """A whole number from 0; absent is None."""
        value = self.number(fields, name)
        if value is None:
            return None
        if value < 0 or value != int(value):
            self.fault(fields[name][0], f"{name}: expected a whole number from 0, found {value}")
            return None
        return int(value)

    def flag(self, fields: Fields, name: str) -> bool:
        """True or false, also in quotes; absent is false."""
        path, value = fields.get(name, ("", None))
        if isinstance(value, str) and model.fold(value) in ("true", "false"):
            return model.fold(value) == "true"
        if value is not None and not isinstance(value, bool):
            self.fault(path, f"{name}: expected true or false, found {_kind_of(value)}")
        return value is True


def _kind_of(value: object) -> str:
    if isinstance(value, (str, bool, int, float)) and len(str(value)) <= 40:
        shown = str(value).lower() if isinstance(value, bool) else value
        return f"`{shown}`"
    return names.kind(value)


def _words(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
