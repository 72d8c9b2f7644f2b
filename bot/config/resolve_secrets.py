"""Reading the secrets of a file, wherever they stand; those that can't be read are faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bot import source
from bot.config import check_rules, check_runbooks, check_sources, schema, tolerant
from bot.config.diagnostics import Diagnostics
from bot.source import paths
from bot.source.secret import Secret
from bot.source.tables import Table

SHORTEST_KEY = 32
KEY_HINT = f"give {SHORTEST_KEY} random characters or more, such as `openssl rand -hex 32` prints"
SHORTEST, SHORT = 8, 16
"""By a secret with fewer characters than the first nobody is recognised, and with fewer than the
second hardly."""


def resolved(
    file: schema.File,
    parts: tolerant.Validation,
    folder: Path,
    environ: Mapping[str, str],
    diagnostics: Diagnostics,
) -> schema.File:
    """The file with its secrets read; those that cannot be read are noted as faults."""
    reader = _Reader(file, folder, environ, diagnostics)
    tables: dict[tuple[str, ...], dict[str, str]] = {}
    for path in secrets(file):
        file = reader.read(file, path, path)
        if isinstance(_at(file, path[:-1]), Mapping):
            reader.strength(_at(file, path), path)
            reader.tell_apart(_at(file, path), path, tables.setdefault(path[:-1], {}))
        else:
            reader.doubt(file, path)
    key = file.bot.key
    if key is not None and key.known and len(key.reveal()) < SHORTEST_KEY:
        diagnostics.fault(("bot", "key"), f"is too short: {KEY_HINT}")
    robots = [
        _addressed(reader, file, parts, place, robot)
        for place, robot in parts.entries("webhook", "robot")
    ]
    endpoints = [
        _addressed(reader, file, parts, place, reader.headers(endpoint, place))
        for place, endpoint in parts.entries("endpoint")
    ]
    for place, endpoint in zip(parts.entries("endpoint"), endpoints, strict=True):
        reader.strength(endpoint.secret, (*place[0], "secret"))
    rotas = [reader.calendar(rota, place) for place, rota in parts.entries("oncall")]
    sources = [reader.source(source, place) for place, source in parts.entries("source")]
    webhook = file.table("webhook")
    if webhook is not None:
        webhook = webhook.model_copy(update={"robot": tuple(robots)})
    return file.model_copy(
        update={
            "webhook": webhook,
            "endpoint": tuple(endpoints),
            "source": tuple(sources),
            "oncall": tuple(rotas),
        }
    )


def secrets(table: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of the secrets that stand in tables, and not in lists of tables. A table of secrets
    by name holds what somebody each is recognised by."""
    if isinstance(table, Secret):
        yield path
    keys = type(table).model_fields if isinstance(table, Table) else ()
    for key in table if isinstance(table, Mapping) else keys:
        yield from secrets(_at(table, (key,)), (*path, key))


def _at(table: object, path: tuple[str, ...]) -> object:
    """What stands at a path of a table; None: nothing."""
    for key in path:
        table = table.get(key) if isinstance(table, Mapping) else getattr(table, key, None)
    return table


def _addressed(
    reader: _Reader, file: schema.File, parts: tolerant.Validation, place: paths.Path, table: Any
) -> Any:
    """A table with its ``url`` and ``secret`` read, and the address looked at."""
    for key in ("url", "secret"):
        table = reader.read(table, (key,), (*place, key))
    faulty = any(where == (*place, "url") for where, _, _ in parts.errors)
    if table.url.known and not faulty:
        fault = check_runbooks.address_fault(table.url, file.security.allow_plain_http)
        if fault:
            reader.diagnostics.fault((*place, "url"), fault)
    return table


def weakness(value: Secret) -> tuple[str, bool]:
    """What is said of a short secret by which others are recognised; and whether it won't do."""
    count = len(value.reveal())
    if count >= SHORT:
        return "", False
    message = f"is {_many(value)} long, which can be guessed: give {SHORT} random ones or more"
    return message, count < SHORTEST


def _many(value: Secret) -> str:
    count = len(value.reveal())
    return f"{count} character" + ("s" if count != 1 else "")


class _Reader:
    """Reads secrets from the environment and from files beside ``folder``."""

    def __init__(
        self, file: schema.File, folder: Path, environ: Mapping[str, str], diagnostics: Diagnostics
    ) -> None:
        self.file = file
        self.folder = folder
        self.environ = environ
        self.diagnostics = diagnostics

    def secret(self, secret: Secret, whole: paths.Path) -> Secret:
        try:
            return secret.resolve(self.folder, self.environ)
        except source.Invalid as error:
            self.diagnostics.fault(whole, str(error))
            return secret

    def doubt(self, file: schema.File, path: tuple[str, ...]) -> None:
        """A platform's secret that is hardly there was cut off when it was copied."""
        value = _at(file, path)
        if path[0] == "bot" or not isinstance(value, Secret) or not value.known:
            return
        if 0 < len(value.reveal()) < SHORTEST:
            message = f"has {_many(value)}: was it copied whole?"
            self.diagnostics.warn(path, message)

    def tell_apart(self, value: object, path: tuple[str, ...], known: dict[str, str]) -> None:
        """Note where two are recognised by the same secret. ``known``: those of the table so far,
        and whose they are."""
        if isinstance(value, Secret) and value.known:
            other = known.setdefault(value.reveal(), path[-1])
            if other != path[-1]:
                message = f"is the same as that of {other}: nobody could tell the two apart"
                self.diagnostics.fault(path, message)

    def strength(self, value: object, place: paths.Path) -> None:
        """Note a secret by which nobody is told from somebody who tries a few."""
        if not isinstance(value, Secret) or not value.known:
            return
        message, useless = weakness(value)
        if useless:
            self.diagnostics.fault(place, message)
        elif message:
            self.diagnostics.warn(place, message)

    def read(self, table: Any, path: tuple[str, ...], whole: paths.Path) -> Any:
        """The table with the secret at ``path`` read, at whatever depth it stands."""
        inner: Any = _at(table, path[:1])
        if inner is None:
            return table
        if isinstance(inner, Secret):
            changed: object = self.secret(inner, whole)
        else:
            changed = self.read(inner, path[1:], whole)
        if changed is inner:
            return table
        if isinstance(table, Mapping):
            return {**table, path[0]: changed}
        return table.model_copy(update={path[0]: changed})

    def headers(self, endpoint: Any, place: paths.Path) -> Any:
        values = {
            name: self.secret(value, (*place, "headers", name))
            for name, value in endpoint.headers.items()
        }
        for name, value in values.items():
            fault = check_rules.header_fault(name, value)
            if fault:
                self.diagnostics.fault((*place, "headers", name), fault)
        return endpoint.model_copy(update={"headers": values})

    def calendar(self, table: Any, place: paths.Path) -> Any:
        """A rota with the address of its calendar read and looked at, if it is one."""
        table = self.read(table, ("calendar",), (*place, "calendar"))
        address = table.calendar
        if address is not None and address.known and "://" in address.reveal():
            fault = check_runbooks.address_fault(address, self.file.security.allow_plain_http)
            if fault:
                self.diagnostics.fault((*place, "calendar"), fault)
        return table

    def source(self, table: Any, place: paths.Path) -> Any:
        for key in check_sources.SECRETS:
            table = self.read(table, (key,), (*place, key))
            value = getattr(table, key)
            if value is not None and value.known:
                fault = check_sources.secret_fault(self.file, table, key, value)
                if fault:
                    self.diagnostics.fault((*place, key), fault)
                else:
                    self.strength(value, (*place, key))
        return table
