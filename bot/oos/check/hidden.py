"""Where the values of NoEcho parameters go in a template, and where they may not.

People vote on what they can read. A value that nobody can read may therefore be data only: the
password of an API's Password, the address of a chat's robot, a quoted assignment of a script.
Wherever it could decide what is done, the template is refused with what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot import source
from bot.oos.check import children
from bot.oos.engine import actions
from bot.oos.expr import expressions, placeholders
from bot.oos.expr.functions import base
from bot.oos.template import model, places
from bot.source import masks

Kind = Literal["secret", "encoded", "script"]
"""What a parameter of a template that another one runs brings along: something hidden; its Base64;
a script that holds such Base64 in quoted assignments and nothing else that is hidden."""
Kinds = Mapping[str, Kind]
Templates = Mapping[str, model.Template]

_SCRIPTS = frozenset({"commandcontent", "userdata"})
_PASTED = "parameters"
_NOTICES = frozenset({"acs::notify", "acs::approve"})
_BEFORE = re.compile(
    r"(?:^|[\n;&({ \t])(?:(?:export|local|readonly)[ \t]+)?\$?[A-Za-z_]\w*[ \t]*=[ \t]*(['\"])$"
)
_AFTER = re.compile(r"(['\"])(?=$|[\s;)&}])")
_ENCODE = "fn::base64encode"
_VARIABLE = re.compile(r"\$\{([\w.:-]+)\}")


@dataclass(frozen=True, slots=True)
class Use:
    """Somewhere a hidden value goes: the parameter's name, the task and the path of the value in
    its properties ("Parameters.Password")."""

    name: str
    task: str
    path: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What was found of a template that is run with hidden values: ``onward``, they may be in what
    it gives."""

    faults: tuple[source.Fault, ...] = ()
    uses: tuple[Use, ...] = ()
    onward: bool = False


_Memo = dict[tuple[int, frozenset[tuple[str, Kind]]], _Verdict]


@dataclass(slots=True)
class _Look:
    """A template, and what is hidden in it: parameters by folded name, and tasks whose outputs may
    hold something hidden."""

    template: model.Template
    known: Templates
    kinds: dict[str, Kind]
    memo: _Memo
    root: bool = False
    tasks: set[str] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)

    def fault(self, path: str, message: str) -> source.Fault:
        marks = self.template.marks
        if isinstance(marks, places.Places):
            return source.Fault(marks.at(path), message)
        return source.Fault(marks.get(path, source.Mark(self.template.name, 1, 1, path)), message)

    def within(self, value: object) -> list[str]:
        """Names of the hidden values that a value refers to, as they are written."""
        names = (
            f"{name}.{output}" if output else name
            for name, output, _ in expressions.references(value)
            if (model.fold(name) in self.tasks if output else model.fold(name) in self.kinds)
        )
        return list(dict.fromkeys(names))

    def kind(self, value: object) -> Kind | None:
        """What one whole value is; None: nothing in it is hidden."""
        if not self.within(value):
            return None
        only = placeholders.whole(value) if isinstance(value, str) else None
        if only is not None and only.output is None:
            return self.kinds[model.fold(only.name)]
        if isinstance(value, Mapping) and base.is_call(value) and len(value) == 1:
            ((key, argument),) = value.items()
            if model.fold(str(key)) == _ENCODE and self.within(argument):
                return "encoded"
        if self.unsafe(value) == "":
            return "script"
        return "secret"

    def unsafe(self, value: object) -> str:
        """Of a script, the hidden value that is pasted into it otherwise than as a quoted
        assignment of its Base64; empty: none is."""
        pieces = list(self._pieces(value))
        if any(kind == "secret" for _, kind in pieces):
            return self.within(value)[0]
        for at, (_, kind) in enumerate(pieces):
            if kind != "encoded":
                continue
            before = "".join(text for text, _ in pieces[:at])
            after = "".join(text for text, _ in pieces[at + 1 :])
            opened, closed = _BEFORE.search(before), _AFTER.match(after)
            if opened is None or closed is None or opened[1] != closed[1]:
                return self.within(value)[0]
        return ""

    def _pieces(self, value: object) -> Iterator[tuple[str, Kind | None]]:
        """A script cut into what is written, with " " for what is known only later, and what is
        hidden."""
        if isinstance(value, str):
            for part in placeholders.split(value):
                yield (part, None) if isinstance(part, str) else self._piece(str(part))
            return
        parts = _parts(value)
        if parts is None:
            yield self._piece(value)
            return
        for part in parts:
            yield from self._pieces(part) if isinstance(part, str) else [self._piece(part)]

    def _piece(self, value: Any) -> tuple[str, Kind | None]:
        kind: Kind | None = None
        if self.within(value):
            whole = isinstance(value, str)
            named = placeholders.whole(value) if whole else None
            if named is not None:
                kind = self.kinds.get(model.fold(named.name), "secret")
                kind = "secret" if named.output is not None else kind
            else:
                kind = "encoded" if _encodes(value) else "secret"
        return ("" if kind else " "), kind


def _encodes(value: object) -> bool:
    return isinstance(value, Mapping) and [model.fold(str(key)) for key in value] == [_ENCODE]


def _parts(value: object) -> list[Any] | None:
    """What Fn::Join and Fn::Sub put together, one after the other; None: it is another value."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    ((key, argument),) = value.items()
    name = model.fold(str(key))
    if name == "fn::join" and isinstance(argument, list) and len(argument) == 2:
        between, listed = argument
        if isinstance(between, str) and isinstance(listed, list):
            return [piece for each in listed for piece in (between, each)][1:]
    if name == "fn::sub" and isinstance(argument, list) and len(argument) == 2:
        text, news = argument
        if isinstance(text, str) and isinstance(news, Mapping):
            cut = _VARIABLE.split(text)
            return [
                (news.get(part, f"${{{part}}}") if at % 2 else part) for at, part in enumerate(cut)
            ]
    return None


# ----------------------------------------------------------------------------- what is asked for


def faults(template: model.Template, known: Templates) -> list[source.Fault]:
    """Every place of a command's template at which something hidden could decide what is done.
    ``known``: the templates that its tasks may run, by folded names."""
    look = _Look(template, known, _own(template), {}, root=True)
    return list(dict.fromkeys(_faults(look)))


def uses(template: model.Template, known: Templates) -> tuple[Use, ...]:
    """Where the hidden values of a template go that has no faults."""
    look = _Look(template, known, _own(template), {}, root=True)
    for _ in _faults(look):
        pass
    return tuple(dict.fromkeys(look.uses))


def _verdict(child: model.Template, outer: _Look, kinds: dict[str, Kind]) -> _Verdict:
    """Of a template that another one runs. One that is being looked at runs itself, which is
    refused elsewhere."""
    place = (id(child), frozenset(kinds.items()))
    if place not in outer.memo:
        outer.memo[place] = _Verdict()
        look = _Look(child, outer.known, kinds, outer.memo)
        wrong = tuple(_faults(look))
        onward = any(look.within(output.value) for output in child.outputs)
        outer.memo[place] = _Verdict(wrong, tuple(look.uses), onward)
    return outer.memo[place]


def _own(template: model.Template) -> dict[str, Kind]:
    return {model.fold(item.name): "secret" for item in template.parameters if item.no_echo}


def _faults(look: _Look) -> Iterator[source.Fault]:
    template = look.template
    yield from _defaults(look)
    for task in template.tasks:
        yield from _task(look, task)
    if names := look.within(template.ram_role):
        yield look.fault("RamRole", _decides(names[0], "as whom it runs"))
    for name, value in template.conditions.items():
        if hidden := look.within(value):
            yield look.fault(f"Conditions.{name}", _decides(hidden[0], "which tasks run"))
    for output in template.outputs:
        hidden = look.within(output.value)
        if hidden and look.root:
            message = f"`{hidden[0]}` is NoEcho, and an output is told in the chat: leave it out"
            yield look.fault(f"{output.mark.path}.Value", message)


def _defaults(look: _Look) -> Iterator[source.Fault]:
    """A parameter that takes a hidden one's value by default must be hidden, too."""
    for item in look.template.parameters:
        names = look.within(item.default)
        if names and model.fold(item.name) not in look.kinds:
            message = (
                f"its Default holds `{names[0]}`, which is NoEcho: write NoEcho: true here, too"
            )
            yield look.fault(f"{item.mark.path}.Default", f"`{item.name}`: {message}")


def _task(look: _Look, task: model.Task) -> Iterator[source.Fault]:
    base_path, action = task.mark.path, model.fold(task.action)
    for name, value in (
        ("When", task.when), ("Retries", task.retries), ("Delay", task.delay),
        ("DelayType", task.delay_type), ("BackOff", task.back_off),
        ("MaxRetryInterval", task.max_retry_interval),
        ("Loop", (task.loop.items, _plain(task.loop.rate)) if task.loop else None),
    ):  # fmt: skip
        if names := look.within(value):
            what = "what is done, and how often" if name == "Loop" else "whether and when it runs"
            yield look.fault(f"{base_path}.{name}", _decides(names[0], what))
    for output in task.outputs:
        if names := look.within(output.value):
            where = f"{output.mark.path}.ValueSelector"
            yield look.fault(where, _decides(names[0], "what is selected"))
    where = f"{base_path}.Properties"
    if actions.unit(action) is None and (action == "acs::template" or _child(look, task)):
        yield from _passed(look, task, where)
        return
    if action == "acs::choice":
        if names := look.within(task.properties):
            yield look.fault(where, _decides(names[0], "which task comes next"))
        return
    for key, value in task.properties.items():
        yield from _value(look, task, where, (key,), value)


def _plain(rate: object) -> Any:
    if not isinstance(rate, model.RateControl):
        return rate
    return [getattr(rate, name) for name in rate.__dataclass_fields__]


def _value(
    look: _Look, task: model.Task, where: str, way: tuple[str, ...], value: object
) -> Iterator[source.Fault]:
    """The hidden values in a property, by the names on the way to where they stand."""
    names = look.within(value)
    if not names:
        return
    path = f"{where}.{'.'.join(way)}".replace(".[", "[")
    if _opaque(task, way):
        look.uses += [Use(name, task.name, path.removeprefix(f"{where}.")) for name in names]
        return
    last = model.fold(way[-1])
    if last in _SCRIPTS and actions.calls_api(task.action):
        inner = _uncoded(value)
        if look.kind(inner) == "script" or not look.unsafe(inner):
            look.uses += [Use(name, task.name, path.removeprefix(f"{where}.")) for name in names]
        else:
            yield look.fault(path, pasted(look.unsafe(inner)))
        return
    if isinstance(value, Mapping) and not base.is_call(value):
        for key, part in value.items():
            if look.within(key):
                yield look.fault(path, _decides(names[0], "which parameter is meant"))
            yield from _value(look, task, where, (*way, str(key)), part)
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _value(look, task, where, (*way, f"[{at}]"), part)
    elif last in _SCRIPTS:
        yield look.fault(path, pasted(names[0]))
    else:
        yield look.fault(path, _elsewhere(names[0], way[-1]))


def _uncoded(value: Any) -> Any:
    """A script that is passed as Base64, itself."""
    if _encodes(value):
        (inner,) = value.values()
        return inner
    return value


def _opaque(task: model.Task, way: tuple[str, ...]) -> bool:
    """Is what stands there taken as a secret, and decides nothing?"""
    action, folded = model.fold(task.action), [model.fold(name) for name in way]
    named = [name for name in way if not name.startswith("[")]
    if action in _NOTICES:
        if folded == ["webhook", "uri"]:
            return True
        return folded[:2] == ["webhook", "headers"] and len(way) == 3 and _slot(way[-1])
    called = actions.calls_api(action)
    if actions.unit(action) is not None and not called:
        return False
    inside = folded[1:] if called else folded
    if called and folded[0] not in ("parameters", "body", "query"):
        return False
    return bool(inside) and _PASTED not in inside and bool(named) and _slot(named[-1])


def _slot(name: str) -> bool:
    return masks.SECRET_NAME.fullmatch(name) is not None


# ----------------------------------------------------------------------------- children


def _child(look: _Look, task: model.Task) -> model.Template | None:
    name = children.child_name(task)
    if not name or actions.unit(task.action) is not None:
        return None
    return look.known.get(model.fold(name)) or look.known.get(model.fold(name.replace("::", "-")))


def _passed(look: _Look, task: model.Task, where: str) -> Iterator[source.Fault]:
    """What a template is given by the task that runs it, and what that makes of it."""
    values: Any = task.properties
    if model.fold(task.action) == "acs::template":
        properties = {model.fold(key): (key, value) for key, value in task.properties.items()}
        for name, (key, value) in properties.items():
            if name != _PASTED and (names := look.within(value)):
                yield look.fault(f"{where}.{key}", _decides(names[0], "which template runs"))
        key, values = properties.get(_PASTED, ("Parameters", {}))
        where = f"{where}.{key}"
    if not isinstance(values, Mapping):
        if names := look.within(values):
            yield look.fault(where, _elsewhere(names[0], "Parameters"))
        return
    child = _child(look, task)
    passed = {key: kind for key, value in values.items() if (kind := look.kind(value))}
    for key in values:
        if names := look.within(key):
            yield look.fault(where, _decides(names[0], "which parameter is meant"))
    if child is None:
        for key in passed:
            message = "which template gets it is worked out in the run: name the template"
            yield look.fault(f"{where}.{key}", f"`{look.within(values[key])[0]}`: {message}")
        return
    yield from _inside(look, task, where, child, passed, values)


def _inside(
    look: _Look,
    task: model.Task,
    where: str,
    child: model.Template,
    passed: Mapping[str, Kind],
    values: Mapping[str, object],
) -> Iterator[source.Fault]:
    names = {model.fold(key) for key in values}
    kinds = {name: kind for name, kind in _own(child).items() if name not in names}
    inner = _verdict(child, look, kinds)
    yield from inner.faults
    onward = inner.onward
    for key, kind in passed.items():
        alone = _verdict(child, look, {model.fold(key): kind})
        name = look.within(values[key])[0]
        for wrong in alone.faults[:1]:
            at = f"{wrong.mark.file}:{wrong.mark.line}"
            message = f"`{name}` goes to `{child.name}` ({at}): {wrong.message}"
            yield look.fault(f"{where}.{key}", message)
        look.uses += [Use(name, f"{task.name}/{use.task}", use.path) for use in alone.uses]
        onward = onward or alone.onward
    if onward:
        look.tasks.add(model.fold(task.name))


# ----------------------------------------------------------------------------- sentences


def pasted(name: str) -> str:
    return (
        f"`{name}` is NoEcho and is pasted into a script, where nobody who approves could read "
        f'what it does. Let it arrive as data: Fn::Join ["", ["value=\'", {{Fn::Base64Encode: '
        f"'{{{{ {name} }}}}'}}, \"'\\n…\"]], and in the script "
        '"$(printf %s "$value" | base64 -d)"'
    )


def _decides(name: str, what: str) -> str:
    return f"`{name}` is NoEcho and would decide {what}, unseen: use a parameter without NoEcho"


def _elsewhere(name: str, where: str) -> str:
    return (
        f"`{name}` is NoEcho and would stand in {where}, where nobody who approves could read what "
        "it does. It may be the whole value of an API's secret (Password, Secret …), the URI of a "
        "WebHook, or a quoted assignment in a script; for anything else use a parameter without "
        "NoEcho"
    )
