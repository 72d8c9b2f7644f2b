"""What a target gets of an event: all of it, one value, a constant, or a template.

The forms are EventBridge's (*Event target parameters*,
https://www.alibabacloud.com/help/en/eventbridge/user-guide/event-target-parameters). Where the
platform puts values into a template as they are, here they are escaped for where they land; and
where it leaves an unknown ``${x}`` standing, here that is an error with a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bot import source
from bot.rules import escapes, lookup, robots
from bot.rules import template as templates
from bot.source import json_text, paths, positions, suggest

Form = Literal["ORIGINAL", "JSONPATH", "CONSTANT", "TEMPLATE"]
FORMS: tuple[Form, ...] = get_args(Form)
Into = escapes.Into
LENGTH = 10_240
"""How long a value and a template may be, in characters: the platform's own limit."""


class MissingVariable(escapes.Unwritable):
    """An event has nothing where a transform looks. ``name`` is the variable, or the path where a
    single value is taken; ``near`` the path that was probably meant, empty if none is near."""

    def __init__(self, name: str, path: str, lost: lookup.Lost) -> None:
        self.name = name
        self.path = path
        self.near = lost.near
        who = f"`{name}` ({path})" if name != path else f"`{path}`"
        hint = f", did you mean `{lost.near}`?" if lost.near else ""
        super().__init__(f"the event has nothing for {who}: no {lost.step} in {lost.at}{hint}")


@dataclass(frozen=True, slots=True)
class Transform:
    """A checked transform. ``value`` is what ``form`` needs: nothing, a path, a constant, or the
    variables of ``template``, each a path or a constant."""

    form: Form
    value: Any = None
    template: str = ""


def compile(
    form: str, value: object = None, template: str | None = None, file: str = "transform"
) -> Transform:
    """A transform from a target's parameters; ``value`` of a TEMPLATE is a mapping, or its JSON.
    Invalid says what is wrong with it."""
    checking = _Checking(file)
    if form not in FORMS:
        hint = suggest.expected(form, sorted(FORMS))
        checking.fail("form", f"no form is called `{form[:40]}`{hint}")
    if form != "TEMPLATE" and template is not None:
        checking.wrong("template", f"{form} takes no template; form = `TEMPLATE` does")
    if form == "ORIGINAL" and value is not None:
        checking.wrong("value", "ORIGINAL takes no value: it is the whole event")
    made: Any = value
    if form == "JSONPATH":
        made = checking.path("value", value)
    elif form == "CONSTANT" and value is None:
        checking.wrong("value", "CONSTANT takes a value")
    elif form == "TEMPLATE":
        made = checking.variables(value)
        checking.template(template, made)
    if isinstance(value, str) and len(value) > LENGTH:
        checking.wrong("value", f"{len(value)} characters; {LENGTH} is the most")
    checking.done()
    return Transform(FORMS[FORMS.index(form)], made, template or "")


def check(transform: Transform, into: Into) -> None:
    """Nothing where results can be written ``into`` such a place, whatever the event; else
    Invalid. To be asked when rules are loaded."""
    if transform.form != "TEMPLATE":
        return
    try:
        if into != "text":
            templates.structure(transform.template)
    except source.Invalid as error:
        raise _located(transform.template, error) from error


def render(transform: Transform, event: Mapping[str, object], into: Into = "text") -> object:
    """What the target gets: for ``json`` a value, else text. What the transform's author wrote
    (a constant, a template's text) stands as written; what comes from the event is escaped for
    ``into``. Unwritable, MissingVariable among it, where the event does not hold what is needed;
    any other Invalid where ``check`` raises it."""
    try:
        return _rendered(transform, event, into)
    except MissingVariable:
        raise
    except escapes.Unwritable as error:
        raise escapes.Unwritable(f"a value cannot be written as {into}: {error}") from error
    except source.Invalid as error:
        raise _located(transform.template, error) from error


def _rendered(transform: Transform, event: Mapping[str, object], into: Into) -> object:
    if transform.form == "TEMPLATE":
        needed = dict.fromkeys(hole.name for hole in templates.holes(transform.template))
        values = {name: _value(name, transform.value[name], event) for name in needed}
        if into != "robot":
            return templates.filled(transform.template, values, into)
        own = {name for name in needed if not isinstance(transform.value[name], paths.JsonPath)}
        return robots.filled(transform.template, values, own)
    if transform.form == "CONSTANT":
        return escapes.text(transform.value) if into == "text" else transform.value
    whole = transform.form == "ORIGINAL"
    value = dict(event) if whole else _value(transform.value.text, transform.value, event)
    if into == "json":
        return value
    if value is None:
        raise escapes.Unwritable(f"`{transform.value.text}` is null")
    return robots.foreign(value) if into == "robot" else escapes.text(value)


def _value(name: str, origin: object, event: Mapping[str, object]) -> object:
    """The value of a variable: a constant is its own."""
    if not isinstance(origin, paths.JsonPath):
        return origin
    value = lookup.value(origin, event)
    if isinstance(value, lookup.Lost):
        raise MissingVariable(name, origin.text, value)
    return value


def _located(text: str, error: source.Invalid) -> source.Invalid:
    """With the line and column of the place in the template's text that the error has."""
    mark = positions.Positions("template", text).at(error.fault.mark.column - 1)
    return source.Invalid(source.Fault(mark, error.message))


class _Checking:
    """Gathers what is wrong with a transform."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[source.Fault] = []

    def wrong(self, path: str, message: str) -> None:
        self.faults.append(source.Fault(source.Mark(self.file, path=path), message))

    def fail(self, path: str, message: str) -> None:
        self.wrong(path, message)
        self.done()

    def done(self) -> None:
        if self.faults:
            raise source.Invalid(*sorted(set(self.faults)))

    def path(self, where: str, text: Any) -> paths.JsonPath | None:
        if not isinstance(text, str):
            self.wrong(where, "JSONPATH takes a path in quotes: $.data.role")
            return None
        try:
            return paths.parse(text)
        except source.Invalid as error:
            shown = f"`{text[:100]}`, character {error.fault.mark.column}"
            self.wrong(where, f"{shown}: {error.message}")
            return None

    def variables(self, value: object) -> dict[str, object]:
        """Paths and constants by name. Text that begins like a path is one."""
        variables = value
        if isinstance(value, str):
            try:
                variables = json_text.value(value, self.file)
            except source.Invalid as error:
                self.faults += error.faults
                return {}
        if variables is None:
            return {}
        if not isinstance(variables, Mapping):
            self.wrong("value", 'TEMPLATE takes variables: {"role": "$.data.role"}')
            return {}
        made: dict[str, Any] = {}
        for name, origin in variables.items():
            is_path = isinstance(origin, str) and (origin == "$" or origin[:2] in ("$.", "$["))
            made[str(name)] = self.path(f"value.{name}", origin) if is_path else origin
        return made

    def template(self, text: str | None, known: Mapping[str, object]) -> None:
        """The template's own text, and that it has no unknown variable."""
        if text is None:
            self.wrong("template", "TEMPLATE takes a template: the text with ${variables}")
            return
        if len(text) > LENGTH:
            self.wrong("template", f"{len(text)} characters; {LENGTH} is the most")
        places = positions.Positions("template", text)
        try:
            holes = templates.holes(text)
        except source.Invalid as error:
            self.faults += _located(text, error).faults
            return
        for hole in holes:
            if hole.name not in known:
                hint = suggest.expected(hole.name, sorted(known)) or "; name its path in the value"
                message = f"no variable is called `{hole.name}`{hint}"
                self.faults.append(source.Fault(places.at(hole.offset), message))
