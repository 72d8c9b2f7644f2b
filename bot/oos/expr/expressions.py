"""Expressions: ``{{ references }}`` and ``{"Fn::Name": arguments}``, anywhere in a value.

What a reference stands for is data: it is put in place, and never looked at for expressions itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, overload

from bot import source
from bot.oos.expr import functions, placeholders, scripts, selectors, values
from bot.oos.expr.functions import base
from bot.oos.template import model, names


class Unknown(Exception):
    """A name that the scope does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown {name}")
        self.name = name


class Lookup(Protocol):
    """Where names get their values. Unknown: there is no such name; names differ by case in
    nothing."""

    def lookup(self, name: str, output: str | None) -> Any: ...


@dataclass(frozen=True, slots=True)
class Scope:
    """Parameters and outputs by their folded names; ``facts``: pseudo parameters, in any case."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def lookup(self, name: str, output: str | None) -> Any:
        folded = model.fold(name)
        if output is not None:
            task = self.outputs.get(folded, {})
            if model.fold(output) in task:
                return task[model.fold(output)]
            raise Unknown(f"{name}.{output}")
        if folded in self.parameters:
            return self.parameters[folded]
        for fact, value in self.facts.items():
            if model.fold(fact) == folded:
                return value
        raise Unknown(name)


class Reference(NamedTuple):
    """A name that a value refers to; ``output`` is empty for parameters, ``path`` is where."""

    name: str
    output: str
    path: str


class Problem(NamedTuple):
    """Something wrong with an expression, and where in the value."""

    path: str
    message: str


# ----------------------------------------------------------------------------- evaluate


def evaluate(value: object, scope: Lookup, path: str = "") -> Any:
    """The value with all its expressions evaluated; the given one stays as it is. ExpressionError
    is the only exception."""
    try:
        return _Evaluation(scope, path).value(value)
    except RecursionError:
        raise base.ExpressionError("nested too deep", path) from None


def bind(script: object, scope: Lookup, path: str = "") -> selectors.Bound:
    """A jq script, also one that is computed, with the values that it refers to, for
    ``selectors.select`` and ``output``."""
    try:
        return scripts.bind(script, _Evaluation(scope, path))
    except base.ExpressionError:
        raise
    except source.Invalid as error:
        raise base.ExpressionError(str(error), path) from None


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """Evaluates what stands at ``path``."""

    scope: Lookup
    path: str

    def value(self, raw: Any, at: str = "") -> Any:
        here = self.path + at
        if isinstance(raw, str):
            return self._text(raw, here)
        if isinstance(raw, list):
            return [_Evaluation(self.scope, f"{here}[{i}]").value(x) for i, x in enumerate(raw)]
        if isinstance(raw, base.Known):
            return raw.value
        if not isinstance(raw, Mapping):
            return raw
        if base.is_call(raw):
            return self._call(raw, here)
        return {
            self._key(key, here): _Evaluation(self.scope, joined(here, key)).value(item)
            for key, item in raw.items()
        }

    def name(self, name: placeholders.Name) -> Any:
        try:
            return self.scope.lookup(name.name, name.output)
        except Unknown as error:
            raise base.ExpressionError(str(error), self.path) from None

    def _text(self, text: str, here: str) -> object:
        if "{{" not in text:
            return text
        wrong = placeholders.malformed(text)
        if wrong:
            raise base.ExpressionError(wrong[0], here)
        located = _Evaluation(self.scope, here)
        only = placeholders.whole(text)
        if only is not None:
            return located.name(only)
        try:
            return placeholders.fill(placeholders.split(text), located.name)
        except ValueError as error:
            raise base.ExpressionError(str(error), here) from None

    def _key(self, key: object, here: str) -> object:
        return values.printed(self._text(key, here)) if isinstance(key, str) else key

    def _call(self, raw: Mapping[Any, Any], here: str) -> object:
        wrong = _wrong_call(raw)
        if wrong:
            raise base.ExpressionError(wrong, here)
        ((key, argument),) = raw.items()
        function = functions.find(key)
        assert function is not None
        inner = _Evaluation(self.scope, joined(here, key))
        try:
            if function.lazy is not None:
                return function.lazy(argument, inner)
            assert function.call is not None
            return function.call(inner.value(argument))
        except functions.BadArgument as error:
            raise base.ExpressionError(
                f"{functions.PREFIX}{function.name}: {error}", here
            ) from None


def joined(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _wrong_call(raw: Mapping[object, object]) -> str:
    """Why an object with a key of ``Fn::`` calls nothing; empty: it calls a function."""
    name = next(key for key in raw if isinstance(key, str) and key[:4].lower() == "fn::")
    if functions.find(name) is None:
        said = f"unknown function {name}{functions.nearest(name)}"
        return names.unknown(said, name, [functions.PREFIX + each for each in functions.REGISTRY])
    if len(raw) > 1:
        others = ", ".join(str(key) for key in raw if key != name)
        return f"expected {name} alone in its object, got {others} beside it"
    return ""


def _function(name: str) -> Callable[[Any], Any]:
    entry = functions.REGISTRY[name]

    def call(raw: Any) -> Any:
        nothing = _Evaluation(Scope(), "")
        argument = [base.Known(item) for item in raw] if isinstance(raw, list) else raw
        try:
            if entry.lazy is not None:
                return entry.lazy(argument, nothing)
            assert entry.call is not None
            return entry.call(raw)
        except functions.BadArgument as error:
            raise base.ExpressionError(f"{functions.PREFIX}{name}: {error}") from None

    return call


class _Functions(dict[str, Callable[[Any], Any]]):
    """Functions by name, with or without ``Fn::``, in any case."""

    def __missing__(self, name: str) -> Callable[[Any], Any]:
        entry = functions.find(name)
        if entry is None:
            raise base.ExpressionError(f"unknown function {name}{functions.nearest(name)}")
        return _function(entry.name)


FN: Mapping[str, Callable[[Any], Any]] = _Functions()
"""Functions over values that are evaluated already: ``FN["Fn::ListJoin"]([1, 2])``."""


# ----------------------------------------------------------------------------- look over


def references(value: object, path: str = "") -> list[Reference]:
    """Every name that a value refers to, in order."""
    if value is None or (isinstance(value, str) and "{{" not in value):
        return []
    return [
        Reference(name.name, name.output or "", where)
        for text, where in _texts(value, path)
        if "{{" in text
        for name in placeholders.names(text)
    ]


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """All text of a value, the keys of its objects included."""
    todo = [(value, path)]
    while todo:
        item, here = todo.pop()
        if isinstance(item, str):
            yield item, here
        elif isinstance(item, list | tuple):
            todo += [(each, f"{here}[{at}]") for at, each in enumerate(item)][::-1]
        elif isinstance(item, Mapping):
            yield from ((key, here) for key in item if isinstance(key, str))
            todo += [(each, joined(here, key)) for key, each in item.items()][::-1]


@overload
def check(value: object, mark: None = None) -> list[Problem]: ...
@overload
def check(value: object, mark: Callable[[str], source.Mark]) -> list[source.Fault]: ...
def check(
    value: object, mark: Callable[[str], source.Mark] | None = None
) -> list[Problem] | list[source.Fault]:
    """What is wrong with the expressions of a value, whatever their values will be: braces,
    functions, the shape of literal arguments, jq. With ``mark``, which says where a path stands,
    as faults of the template."""
    problems = list(_problems(value))
    if mark is None:
        return problems
    return [source.Fault(mark(problem.path), problem.message) for problem in problems]


def _problems(value: object) -> Iterator[Problem]:
    for text, path in _texts(value, ""):
        for message in placeholders.malformed(text):
            yield Problem(path, message)
    todo = [(value, "")]
    while todo:
        item, here = todo.pop()
        if isinstance(item, list | tuple):
            todo += [(each, f"{here}[{at}]") for at, each in enumerate(item)][::-1]
        elif isinstance(item, Mapping):
            if base.is_call(item):
                yield from _problems_of_call(item, here)
            elif len(item) == 1 and (near := _nearly_call(next(iter(item)))):
                message = f"unknown function {next(iter(item))}, did you mean `{near}`?"
                yield Problem(here, message)
            todo += [(each, joined(here, key)) for key, each in item.items()][::-1]


def _nearly_call(key: object) -> str:
    """The function that an object's only key means with too few or too many colons; empty: it is a
    key like any other."""
    match = re.fullmatch(r"(?i)fn(?::|:::|\.|-)(\w+)", key) if isinstance(key, str) else None
    function = functions.find(match[1]) if match else None
    return f"{functions.PREFIX}{function.name}" if function else ""


def _problems_of_call(raw: Mapping[Any, Any], here: str) -> Iterator[Problem]:
    wrong = _wrong_call(raw)
    if wrong:
        yield Problem(here, wrong)
        return
    ((key, argument),) = raw.items()
    function = functions.find(key)
    assert function is not None
    wrong = function.wrong(argument)
    if wrong:
        place = joined(here, key) + function.where(argument)
        said = f"{functions.PREFIX}{function.name}: {wrong}"
        yield Problem(place, model.like(wrong, said))
