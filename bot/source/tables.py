"""Tables of ``bot.toml``, and how one is made of the type of settings that code uses.

A setting is declared once, in that type::

    @settings
    class Settings:
        \"\"\"What the reference says of the table.\"\"\"

        client_id: Text = Field(description="The app's Client ID.")
        client_secret: SecretText = Field(description="The app's Client Secret.", repr=False)
        call_timeout: Seconds = Field(default=10.0, description="Longest wait for one call.")
        connect_timeout: float = 5.0

Fields with a description are keys of the table; those without are for code and tests alone.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar, dataclass_transform, get_args

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from bot.source.secret import Secret
from bot.source.values import REQUIRED, InFile

S = TypeVar("S")
KEY = "key"
"""Under which a dataclass keeps what the table says of a field."""


class Table(BaseModel):
    """A table of the file: unknown keys are faults, values are never coerced or shown in errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, validate_default=True
    )
    settings: ClassVar[type | None] = None
    """The type of settings that this is the table of."""


# ----------------------------------------------------------------------------- settings → table


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def settings(cls: type[S]) -> type[S]:
    """A frozen dataclass whose fields with a ``Field`` are the keys of a table of ``bot.toml``."""
    for name, info in list(vars(cls).items()):
        if isinstance(info, FieldInfo):
            setattr(cls, name, _field(info))
    return dataclasses.dataclass(frozen=True, slots=True)(cls)


def _field(info: FieldInfo) -> Any:
    more: dict[str, Any] = {"metadata": {KEY: info}, "repr": info.repr}
    if info.kw_only is not None:
        more["kw_only"] = info.kw_only
    if info.default_factory is not None:
        more["default_factory"] = info.default_factory
    elif not info.is_required():
        more["default"] = info.default
    return dataclasses.field(**more)


def key_info(**facts: Any) -> FieldInfo:
    """What is said of a key, as ``pydantic.Field`` takes it."""
    info: FieldInfo = Field(**facts)
    return info


def table_of(settings: type) -> type[Table]:
    """The table in which a type of settings stands in the file."""
    hints = typing.get_type_hints(settings, include_extras=True)
    keys: dict[str, Any] = {
        field.name: _key(hints[field.name], field.metadata[KEY]) for field in _keys(settings)
    }
    made = create_model(
        settings.__name__,
        __base__=Table,
        __doc__=settings.__doc__,
        __module__=settings.__module__,
        **keys,
    )
    made.settings = settings
    return made


def _key(kind: object, info: FieldInfo) -> tuple[Any, FieldInfo]:
    """The type and the field of a key: the settings' own, unless the value stands in the file as
    something else."""
    stored, marks = map_type(kind, _file_type), getattr(kind, "__metadata__", ())
    if REQUIRED in marks:
        return stored, key_info(description=info.description)
    if stored is kind:
        return kind, info
    if isinstance(stored, type) and issubclass(stored, Table):
        return stored, key_info(default_factory=stored, description=info.description)
    if info.is_required() or not any(isinstance(mark, InFile) for mark in marks):
        return stored, info
    kind = stored | None
    if info.metadata:
        kind = Annotated[(kind, *info.metadata)]
    return kind, key_info(default=None, description=info.description)


def _file_type(kind: Any) -> Any:
    for part in getattr(kind, "__metadata__", ()):
        if isinstance(part, InFile):
            return part.kind
    return table_of(kind) if isinstance(kind, type) and _keys(kind) else None


def _keys(settings: type) -> list[dataclasses.Field[Any]]:
    """The fields that are keys of a table."""
    fields: Mapping[str, dataclasses.Field[Any]] = getattr(settings, "__dataclass_fields__", {})
    return [field for field in fields.values() if KEY in field.metadata]


def map_type(kind: Any, other: Callable[[Any], Any]) -> Any:
    """A type in which each part for which ``other`` has something else is that."""
    changed = other(kind)
    if changed is not None:
        return changed
    if hasattr(kind, "__metadata__"):
        inner = map_type(kind.__origin__, other)
        return kind if inner is kind.__origin__ else Annotated[(inner, *kind.__metadata__)]
    parts, origin = get_args(kind), typing.get_origin(kind)
    if not parts or origin is Literal:
        return kind
    changed = tuple(map_type(part, other) for part in parts)
    if all(new is old for new, old in zip(changed, parts, strict=True)):
        return kind
    return typing.Union[changed] if type(None) in parts else origin[changed]  # noqa: UP007


# ----------------------------------------------------------------------------- table → settings


def settings_from(settings: type[S], table: object, **more: object) -> S:
    """The settings that a table of the file holds, with their secrets; ``more`` are fields that
    are no keys. Raises RuntimeError where a secret was not read."""
    values = {
        field.name: _plain(value)
        for field in _keys(settings)
        if (value := getattr(table, field.name)) is not None
    }
    return settings(**(values | more))


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Table) and value.settings is not None:
        return settings_from(value.settings, value)
    if isinstance(value, tuple):
        return tuple(_plain(part) for part in value)
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value
