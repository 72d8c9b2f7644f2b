"""The shape of ``bot.toml`` where these adapters are: ``schema.File`` with the tables and keys that
their manifests declare, and with their names where one has to be chosen."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from bot import policy
from bot.config import oncall, schema
from bot.model import manifests
from bot.source import values
from bot.source.tables import Table, key_info, map_type, table_of
from bot.source.values import Text

M = TypeVar("M", bound=BaseModel)
Keys = Mapping[str, tuple[Any, FieldInfo]]
"""Key → its type, and what is said of it."""


@functools.cache
def model_of(adapters: manifests.Adapters) -> type[schema.File]:
    """The model of the whole file."""
    names = Names(adapters)
    accounts = {
        chat.name: (Text | None, key_info(default=None, description=chat.account))
        for chat in adapters.chats
    }
    person: Any = _with_keys(schema.Person, accounts, after="name")
    robots, inlet = adapters.robots, adapters.inlet
    file = names.model(schema.File)
    security = _first(table_of(policy.Limits), schema.Security)
    for after, keys in (
        ("", {"person": _list(person), "security": _usual(security)}),
        ("role", {"policy": _by_name(table_of(policy.Policy))}),
        ("policy", {"group": _list(names.model(table_of(policy.Group)))}),
        ("group", {"command": _by_name(names.model(table_of(policy.CommandRule)))}),
        ("budget", {"quota": _list(names.model(table_of(policy.Quota)))}),
        ("bot", {one.name: _table(one.settings) for one in (*adapters.chats, adapters.cloud)}),
        ("oos", {robots.name: _usual(table_of(robots.settings))}),
        ("role", {"oncall": _rotas()}),
        ("security", {"locks": _usual(table_of(policy.Locks))}),
        ("locks", {"freeze": _periods(schema.Freeze), "window": _periods(schema.Window)}),
        (
            "rule",
            {one.name: _list(table_of(one.settings)) for one in (adapters.endpoint, adapters.bus)}
            | {inlet.name: _table(inlet.settings)}
            | {inlet.sources: _list(names.model(table_of(inlet.source)))},
        ),
    ):
        file = _with_keys(file, keys, after)
    file.adapters = adapters
    return file


def _first(model: type[Table], others: type[Table]) -> type[Table]:
    """A table with the keys of one model before those of another."""
    keys = {key: (kind_of(info), info) for key, info in others.model_fields.items()}
    return _with_keys(model, keys, after=list(model.model_fields)[-1])


def _table(settings: type) -> tuple[Any, FieldInfo]:
    """A table that may be left out, and is None then."""
    return table_of(settings) | None, key_info(default=None)


def _usual(table: type[Table]) -> tuple[object, FieldInfo]:
    """A table that may be left out, and is as usual then."""
    return table, key_info(default_factory=table)


def _by_name(table: Any) -> tuple[object, FieldInfo]:
    return dict[Text, table], key_info(default_factory=dict)


def _list(table: Any) -> tuple[object, FieldInfo]:
    return tuple[table, ...], key_info(default=(), strict=False)


def _periods(table: type[schema.Period]) -> tuple[object, FieldInfo]:
    """A list of tables of times, with the key whose name Python keeps for itself."""
    begin = key_info(
        default=None,
        description="The beginning: a date, or a local time such as `2026-12-24T18:00:00`. "
        "Default: none.",
    )
    return _list(_with_keys(table, {"from": (values.Moment | None, begin)}, after="name"))


def _rotas() -> tuple[object, FieldInfo]:
    """The list of rotas, whose overrides have a key that Python keeps for itself."""
    begin = key_info(description="The beginning: a date, or a local time.")
    info = key_info(
        default=(), strict=False, description="See [[[oncall.overrides]]](#oncalloverrides)."
    )
    override: Any = _with_keys(oncall.Override, {"from": (values.Moment, begin)}, after="person")
    return _list(_with_keys(oncall.Rota, {"overrides": (tuple[override, ...], info)}))


def _with_keys(model: type[M], keys: Keys, after: str = "") -> type[M]:
    """The model with these keys in place of its own, or with further ones after one of its own."""
    more: dict[str, Any] = dict(keys)
    made = create_model(
        model.__name__, __base__=model, __doc__=model.__doc__, __module__=model.__module__, **more
    )
    order = [*model.model_fields]
    if after:
        place = order.index(after) + 1
        order[place:place] = keys
    made.__pydantic_fields__ = {key: made.model_fields[key] for key in order}
    return made


class Names:
    """The adapters' names, for the descriptions and choices that have a place for them."""

    def __init__(self, adapters: manifests.Adapters) -> None:
        forms = [chat for chat in adapters.chats if chat.form]
        cloud, robots = adapters.cloud.name, adapters.robots
        of_robots = [f"{robots.name}.{kind}" for kind in robots.kinds]
        self._models: dict[type[BaseModel], type[BaseModel]] = {}
        self._choices = {
            values.CHATS: adapters.platforms,
            values.FORMS: tuple(chat.name for chat in forms),
            values.CALLERS: (*adapters.platforms, cloud, robots.name, *of_robots),
        }
        self._words = {
            "chat": " or ".join(chat.chat for chat in adapters.chats),
            "form": " or ".join(chat.form for chat in forms),
            "sources": ", ".join(f"`{name}.`" for name in adapters.with_forms),
            "approval": f"{adapters.with_forms[0]}.approval",
            "cloud": cloud,
            "robot": of_robots[1],
        }

    def text(self, text: str) -> str:
        """A description with the names in their places."""
        return text % self._words if "%(" in text else text

    def model(self, model: type[M]) -> type[M]:
        """A model with the names in their places; itself, where it has no place for any."""
        keys: dict[str, tuple[Any, FieldInfo]] = {}
        for key, info in model.model_fields.items():
            kind = kind_of(info)
            changed = map_type(kind, self._other)
            text = self.text(info.description or "")
            if changed is not kind or text != (info.description or ""):
                keys[key] = (changed, _field(info, changed, text))
        about = self.text(model.__doc__ or "")
        if not keys and about == (model.__doc__ or ""):
            return model
        made = _with_keys(model, keys)
        made.__doc__ = about
        return made

    def _other(self, kind: object) -> object:
        for part in getattr(kind, "__metadata__", ()):
            if isinstance(part, values.Choice):
                return Literal[self._choices[part.of]]
        if isinstance(kind, type) and issubclass(kind, Table):
            if kind not in self._models:
                self._models[kind] = self.model(kind)
            return self._models[kind] if self._models[kind] is not kind else None
        return None


def kind_of(info: FieldInfo) -> Any:
    """The type of a key, with what bounds it."""
    return Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation


def _field(info: FieldInfo, kind: Any, text: str) -> FieldInfo:
    if info.is_required():
        return key_info(description=text)
    if info.default_factory is not None:
        factory = kind if isinstance(info.default_factory, type) else info.default_factory
        return key_info(default_factory=factory, description=text)
    return key_info(default=info.default, description=text)
