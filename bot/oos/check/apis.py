"""The APIs that a template calls, against what is known of the products' APIs: a name that is
misspelt, a parameter that there is not, one that is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot import source
from bot.model import ports
from bot.oos.check.context import Look
from bot.oos.engine import actions
from bot.oos.expr import values as values_
from bot.oos.expr.functions import base as base_of
from bot.oos.template import model, names
from bot.source import suggest

_OURS = frozenset({"action", "version", "format", "regionid", "clienttoken"})
"""Parameters of every call: they may be written, and need not."""


def faults(look: Look, models: ports.Models, base: str, task: model.Task) -> Iterator[source.Fault]:
    """What is wrong with the call that a task makes; what is worked out in the run is not known."""
    if not actions.calls_api(task.action):
        return
    properties = {model.fold(name): (name, value) for name, value in task.properties.items()}
    service, api = (_literal(properties.get(name, ("", None))[1]) for name in ("service", "api"))
    version = properties.get("version", ("", ""))[1]
    if not service or not api or not isinstance(version, str) or "{{" in version:
        return
    known = models.names(service, version.strip())
    if not known:
        return
    where = f"{base}.Properties"
    real = {model.fold(name): name for name in known}.get(model.fold(api))
    if real is None:
        hint = suggest.meant(api, known)
        said = names.unknown(f"`{service}` has no API `{api}`{hint}", api, known)
        yield look.fault(f"{where}.{properties['api'][0]}", said)
    elif "uri" not in properties:
        yield from _parameters(look, models, where, properties, service, real)


def _parameters(
    look: Look,
    models: ports.Models,
    where: str,
    properties: Mapping[str, tuple[str, object]],
    service: str,
    api: str,
) -> Iterator[source.Fault]:
    """Parameters stand in three properties; one that is an expression may hold any."""
    meant: set[str] = set()
    for property in ("parameters", "query", "body"):
        key, values = properties.get(property, ("", {}))
        if not isinstance(values, Mapping) or base_of.is_call(values):
            return
        for name, value in values.items():
            wire = models.wire(service, api, str(name))
            if wire and value is not None:
                meant.add(wire)
                kind = models.kind(service, api, str(name))
                if _misfit(kind, value):
                    said = f"`{name}` of `{api}`: expected a {kind}, found {values_.brief(value)}"
                    yield look.fault(f"{where}.{key}.{name}", said)
            elif not wire and model.fold(str(name)) not in _OURS:
                known = models.parameters(service, api)
                meant.add(suggest.nearest(str(name), known))
                said = f"`{api}` has no parameter `{name}`{suggest.meant(str(name), known)}"
                mark = look.key(f"{where}.{key}.{name}")
                yield source.Fault(mark, names.unknown(said, str(name), known))
    heads = {name.partition(".")[0] for name in meant}
    missing = [
        f"`{name}`"
        for name in models.required(service, api)
        if name not in heads and model.fold(name) not in _OURS
    ]
    if missing:
        path = f"{where}.{properties['parameters'][0]}" if "parameters" in properties else where
        yield look.fault(path, f"`{api}` needs {' and '.join(missing)}")


def _misfit(kind: str, value: object) -> bool:
    """A value that is written out, and no number or truth where the API takes one."""
    if value == "" or base_of.is_call(value) or (isinstance(value, str) and "{{" in value):
        return False
    if kind == "number":
        return values_.number(value) is None
    return kind == "boolean" and values_.boolean(value) is None


def _literal(value: object) -> str:
    """A text that no expression will change; empty: it is none."""
    return value.strip() if isinstance(value, str) and "{{" not in value else ""
