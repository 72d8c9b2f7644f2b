"""The capture in the wiring: what the configuration says must not be read in it."""

from __future__ import annotations

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel

from bot import capture, config, model, store
from bot import deployment as deployment_
from bot.commands import registry
from bot.config import Secret
from bot.redact.disguise import Disguise, Terms
from bot.runtime import engine

SHORTEST_TOKEN = 8
"""Characters of a part of a secret address that is a token by itself, if it has a digit."""
_DIGIT = re.compile("[0-9]")


def recorder(
    settings: config.Config, deployment: deployment_.Deployment
) -> capture.Recorder | None:
    """What captures, where the configuration wants that; it is not started yet."""
    folder = settings.bot.capture
    if folder is None:
        return None
    chats = [settings.adapters.chat(name) for name in settings.platforms]
    frames = {chat.name: chat.frames for chat in chats if chat.frames is not None}
    disguise = Disguise(terms_of(settings, deployment))
    return capture.Recorder(folder, settings.bot.capture_size, disguise, frames)


def follow(
    recorder: capture.Recorder, settings: config.Config, deployment: deployment_.Deployment
) -> Callable[[], None]:
    """What has the people and secrets of another configuration covered, too, from then on."""
    return functools.partial(recorder.know, terms_of(settings, deployment))


@asynccontextmanager
async def captured(recorder: capture.Recorder | None, door: engine.Engine) -> AsyncIterator[None]:
    """What goes over the wire within is captured, with what is hidden in open requests known."""
    if recorder is None:
        yield
        return
    for plan in await door.read(open_plans):
        recorder.learn(plan)
    recorder.start()
    try:
        yield
    finally:
        await asyncio.to_thread(recorder.close)


def learned(recorder: capture.Recorder | None, view: model.View) -> model.View:
    """The view of what was claimed, whose hidden values are known before it is sent."""
    plan = view.request.plan if view.request is not None else None
    if recorder is not None and plan is not None:
        recorder.learn(plan)
    return view


def terms_of(settings: config.Config, deployment: deployment_.Deployment) -> Terms:
    """What a configuration says of people and secrets."""
    catalog = deployment.catalog
    tables = (settings.tables, settings.bot, settings.sources, settings.endpoints, settings.buses)
    values = [value for table in tables for value in secrets_of(table)]
    own = {str(getattr(table, "robot_name", "")) for table in settings.tables.values()}
    chats = [settings.adapters.chat(name) for name in settings.platforms]
    return Terms(
        people=tuple(people_of(settings)),
        secrets=[*values, deployment.key.decode("utf-8", "replace")],
        hidden=[
            name
            for command in catalog
            for parameter in command.parameters
            if parameter.secret
            for name in {parameter.name, *parameter.names}
        ],
        fields=frozenset(hidden_fields(settings, catalog)),
        words={*catalog.words(), settings.book.bot_name, *own},
        starts=[chat.account_start for chat in chats if chat.account_start],
    )


def people_of(settings: config.Config) -> Iterator[str]:
    """By what the people of the configuration are known."""
    for person in settings.book.people.values():
        yield from (person.name, person.id, person.ram, *person.ram_sessions)
        yield from (account[-1] for account in person.accounts)


def secrets_of(value: object) -> Iterator[str]:
    """The secrets in tables, and of those that are addresses the parts that are."""
    if isinstance(value, Secret):
        if value.known:
            yield from parts_of(value.reveal())
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            part = getattr(value, name)
            if name == "key_id" and isinstance(part, str):
                yield part
            yield from secrets_of(part)
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from secrets_of(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from secrets_of(part)


def parts_of(secret: str) -> Iterator[str]:
    yield secret
    if "://" in secret:
        address = urlsplit(secret)
        pieces = [*address.path.split("/"), *(value for _, value in parse_qsl(address.query))]
        yield from (one for one in pieces if len(one) >= SHORTEST_TOKEN and _DIGIT.search(one))


def hidden_fields(settings: config.Config, catalog: registry.Catalog) -> Iterator[str]:
    """The fields of forms that hidden parameters are made of."""
    for rule in settings.book.forms:
        command = catalog.find(rule.command)
        for name, source in rule.args.items() if command is not None else ():
            if any(
                parameter.secret and name.casefold() in map(str.casefold, parameter.names)
                for parameter in (command.parameters if command is not None else ())
            ):
                yield from {source, re.split(r"[.\[]", source)[0]}


def open_plans(reader: store.Reader) -> list[model.Plan]:
    """The plans of requests that are open: what is hidden in them may be sent again."""
    requests = map(reader.request, reader.open_numbers())
    return [one.plan for one in requests if one is not None and one.plan is not None]
