"""Reading the secrets of a file, wherever they stand; those that can't be read are faults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.config import check_rules, check_runbooks, check_sources, locate, partial, schema
from bot.config.notes import Notes
from bot.config.secret import Secret, Unresolvable

SHORTEST_KEY = 32
KEY_HINT = f"give {SHORTEST_KEY} random characters or more, such as `openssl rand -hex 32` prints"
SECRETS = (
    ("bot", "key"),
    ("dingtalk", "client_secret"),
    ("lark", "app_secret"),
    ("aliyun", "credentials", "key_secret"),
    ("aliyun", "credentials", "security_token"),
)


def resolved(
    file: schema.File,
    parts: partial.Partial,
    folder: Path,
    environ: Mapping[str, str],
    notes: Notes,
) -> schema.File:
    """The file with its secrets read; those that cannot be read are noted as faults."""
    reader = _Reader(folder, environ, notes)
    for path in SECRETS:
        file = reader.read(file, path, path)
    key = file.bot.key
    if key is not None and key.known and len(key.reveal()) < SHORTEST_KEY:
        notes.fault(("bot", "key"), f"is too short: {KEY_HINT}")
    robots = [
        _addressed(reader, file, parts, place, robot)
        for place, robot in parts.entries("webhook", "robot")
    ]
    endpoints = [
        _addressed(reader, file, parts, place, reader.headers(endpoint, place))
        for place, endpoint in parts.entries("endpoint")
    ]
    sources = [reader.source(source, place) for place, source in parts.entries("source")]
    webhook = file.webhook.model_copy(update={"robot": tuple(robots)})
    return file.model_copy(
        update={"webhook": webhook, "endpoint": tuple(endpoints), "source": tuple(sources)}
    )


def _addressed(
    reader: _Reader, file: schema.File, parts: partial.Partial, place: locate.Path, table: Any
) -> Any:
    """A table with its ``url`` and ``secret`` read, and the address looked at."""
    for key in ("url", "secret"):
        table = reader.read(table, (key,), (*place, key))
    told = any(where == (*place, "url") for where, _, _ in parts.errors)
    if table.url.known and not told:
        fault = check_runbooks.address_fault(table.url, file.security.allow_plain_http)
        if fault:
            reader.notes.fault((*place, "url"), fault)
    return table


class _Reader:
    """Reads secrets from the environment and from files beside ``folder``."""

    def __init__(self, folder: Path, environ: Mapping[str, str], notes: Notes) -> None:
        self.folder = folder
        self.environ = environ
        self.notes = notes

    def secret(self, secret: Secret, whole: locate.Path) -> Secret:
        try:
            return secret.resolve(self.folder, self.environ)
        except Unresolvable as error:
            self.notes.fault(whole, str(error))
            return secret

    def read(self, table: Any, path: tuple[str, ...], whole: locate.Path) -> Any:
        """The table with the secret at ``path`` read, at whatever depth it stands."""
        inner = getattr(table, path[0]) if table is not None else None
        if inner is None:
            return table
        if isinstance(inner, Secret):
            changed: Any = self.secret(inner, whole)
        else:
            changed = self.read(inner, path[1:], whole)
        return table if changed is inner else table.model_copy(update={path[0]: changed})

    def headers(self, endpoint: Any, place: locate.Path) -> Any:
        read = {
            name: self.secret(value, (*place, "headers", name))
            for name, value in endpoint.headers.items()
        }
        for name, value in read.items():
            fault = check_rules.header_fault(name, value)
            if fault:
                self.notes.fault((*place, "headers", name), fault)
        return endpoint.model_copy(update={"headers": read})

    def source(self, source: Any, place: locate.Path) -> Any:
        for key in check_sources.SECRETS:
            source = self.read(source, (key,), (*place, key))
            given = getattr(source, key)
            if given is not None and given.known:
                fault = check_sources.secret_fault(source, key, given)
                if fault:
                    self.notes.fault((*place, key), fault)
        return source
