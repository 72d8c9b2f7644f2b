"""What the tables of the HTTP server say together: who may send what, and how they are told."""

from __future__ import annotations

import re

from bot.config import check_asked, schema
from bot.config.context import CheckContext
from bot.model import manifests
from bot.rules import ruleset
from bot.source import Invalid, paths, values
from bot.source.secret import Secret

MAPPED = ("source", "type", "subject", "id", "time", "data", "person")
PARTS = ("body", "headers", "query")
SECRETS = ("secret", "token", "encrypt_key", "card_secret")
OF_CALLBACKS = ("encrypt_key", "card_secret")
"""Keys that only callbacks of some chat platforms have a use for."""


def callbacks(file: schema.File, kind: str) -> manifests.Callbacks | None:
    """The callbacks that a kind of source is; None for the other kinds."""
    return next((chat.callbacks for chat in file.adapters.chats if chat.name == kind), None)


def check_sources(context: CheckContext) -> None:
    """Note everything about [http] and its sources that is wrong together."""
    http, entries = context.file.http_server, context.parts.entries("source")
    if "http" not in context.parts.values and entries:
        message = "there is no [http], so nothing is listened for: add the table"
        context.diagnostics.warn(entries[0][0], message)
    if http is not None and "source" not in context.parts.values:
        context.diagnostics.warn(("http",), "there is no [[source]], so everything is turned away")
    places: dict[tuple[str, str], paths.Path] = {}
    for path, source in entries:
        for key in ("name", "path"):
            other = places.setdefault((key, getattr(source, key)), path)
            if other != path:
                line = context.diagnostics.line(other)
                message = f"the source of line {line} has this {key} already"
                context.diagnostics.fault((*path, key), message)
        for index, name in enumerate(source.only):
            if "*" in name[:-1] or "?" in name or "[" in name:
                message = "is the whole name, or its beginning and *, as in monitoring.*"
                context.diagnostics.fault((*path, "only", index), message)
            elif name.casefold().startswith(ruleset.AUDIT_SOURCE):
                message = "is the bot's own: whoever sends it from outside is refused"
                context.diagnostics.fault((*path, "only", index), message)
        if not context.faulty(*path, "kind"):
            _check_kind(context, path, source)
            _check_secrets(context, path, source, http)
            _check_mapping(context, path, source)


def _check_kind(context: CheckContext, path: paths.Path, source: schema.Source) -> None:
    kind, its = source.kind, callbacks(context.file, source.kind)
    if its is not None and kind not in context.given_platforms:
        message = f"there is no [{kind}], whose callbacks these would be"
        context.diagnostics.fault((*path, "kind"), message, f"[{kind}]")
    for key in OF_CALLBACKS:
        if getattr(source, key) is not None and (its is None or key not in its.uses):
            message = f'has no use with kind = "{kind}"'
            context.diagnostics.fault((*path, key), message, "kind")
    if its is None:
        return
    for key in ("person", "mapping", "only", "unsigned"):
        if key in source.model_fields_set:
            message = f'has no use with kind = "{kind}": a callback says itself who it is from'
            context.diagnostics.fault((*path, key), message, "kind")
    missing = [key for key in its.together if getattr(source, key) is None]
    if 0 < len(missing) < len(its.together) and not context.faulty(*path):
        both, title = " and ".join(its.together), context.file.adapters.chat(kind).title
        message = f"{missing[0]} is missing: {title}'s events need both {both}"
        context.diagnostics.fault(path, message, missing[0])


def _check_secrets(
    context: CheckContext, path: paths.Path, source: schema.Source, http: schema.Http | None
) -> None:
    """Without a secret everybody who reaches the server could send in this name."""
    if context.faulty(*path):
        return
    if any(getattr(source, key) is not None for key in SECRETS):
        if source.unsigned:
            message = "has no use beside a secret: leave it out"
            context.diagnostics.fault((*path, "unsigned"), message, "secret")
        return
    if callbacks(context.file, source.kind) is not None:
        message = f"secret is missing: what {source.kind} sends must be told by a secret"
        context.diagnostics.fault(path, message, "secret")
    elif not source.unsigned:
        message = (
            "secret is missing: add secret or token, so that nobody else sends in its name; or "
            "write unsigned = true, if whoever is on this machine may"
        )
        context.diagnostics.fault(path, message, "secret")
    elif http is not None and not context.faulty("http", "listen"):
        host = http.listen.rpartition(":")[0].strip("[]")
        if not values.of_this_machine(host):
            message = (
                f"secret is missing: anybody who reaches {http.listen} could send in its name; "
                "add secret or token, or listen on 127.0.0.1"
            )
            context.diagnostics.fault(path, message, "secret")


def _check_mapping(context: CheckContext, path: paths.Path, source: schema.Source) -> None:
    allowed = MAPPED if source.kind == "webhook" else ("person",)
    for key, text in source.mapping.items():
        place = (*path, "mapping", key)
        if key not in allowed:
            names = ", ".join(allowed)
            context.diagnostics.fault(
                place, f"{source.kind} maps no {key}; it maps {names}", "kind"
            )
        elif text.startswith("$"):
            said = _path_fault(text, whole=source.kind == "webhook")
            if said:
                context.diagnostics.fault(place, said)
        elif meant := check_asked.path_meant(text):
            message = f"is a text that is the same for all events; the path would be {meant}"
            context.diagnostics.warn(place, message)
        elif key == "id":
            message = "is the same for all events, so that most would count as repeated"
            context.diagnostics.warn(place, message)
        elif key in ("source", "type"):
            _check_constant(context, place, source, text)


def _check_constant(
    context: CheckContext, place: paths.Path, source: schema.Source, text: str
) -> None:
    """May this sender say at all what its mapping has it say of every event?"""
    plain = text.casefold()
    first = re.split("[./]", plain)[0]
    named = any(one.casefold().startswith(f"{first}.") for one in source.only)
    if plain.startswith(ruleset.AUDIT_SOURCE):
        context.diagnostics.fault(place, "is the bot's own, so all its events would be refused")
    elif first in context.file.adapters.with_forms and not named:
        message = f"is reserved for {first}, so all its events would be refused; add it to only"
        context.diagnostics.fault(place, message)
    elif (
        place[-1] == "source"
        and source.only
        and not any(
            text.startswith(one[:-1]) if one.endswith("*") else text == one for one in source.only
        )
    ):
        message = "is not among only, so all its events would be refused; add it there"
        context.diagnostics.fault(place, message)


def _path_fault(text: str, whole: bool) -> str:
    """What is wrong with a path of a mapping; empty: nothing. ``whole``: it looks into the request
    and not into the event."""
    try:
        steps = paths.parse(text).steps
    except Invalid as error:
        return f"character {error.fault.mark.column}: {error.message}"
    if paths.ALL in steps:
        return "takes what stands at one place; `[*]` are many"
    if any(isinstance(step, tuple) and re.search(r"['\"\\]", step[0]) for step in steps):
        return "a key in a path of a mapping has no quotes and backslashes"
    if whole and (not steps or steps[0] not in [(part,) for part in PARTS]):
        return f"begins with {', '.join(f'$.{part}' for part in PARTS[:-1])} or $.{PARTS[-1]}"
    return ""


def secret_fault(file: schema.File, source: schema.Source, key: str, value: Secret) -> str:
    """What is wrong with a secret that was read; empty: nothing."""
    its = callbacks(file, source.kind)
    pattern, message = its.formats.get(key, ("", "")) if its is not None else ("", "")
    return message if pattern and not re.fullmatch(pattern, value.reveal()) else ""
