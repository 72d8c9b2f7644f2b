"""What a configuration needs to be allowed in the cloud: the operations it has, and the rights that
its adapters tell for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["script", "stored", "invoked", "template", "remote"]
"""How an operation runs: a script; a stored command as a script, or by its id; a template that the
bot runs, or the engine of the cloud."""
Condition = tuple[str, str, tuple[str, ...]]
"""An operator, a key, and the values of which one must match."""


@dataclass(frozen=True, slots=True)
class Api:
    """An API that templates call. ``region`` "": wherever the configuration has the bot work."""

    service: str
    name: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the configuration has it. ``regions`` where its instances are; none: all of
    the cloud's table. ``instances``: their ids, ``tags``: their tags as key=value, where the
    configuration allows only those; both empty: any. ``user`` runs it on the instance; "": the
    usual one. ``stored``: the id or name of what is kept in the cloud, and its ``version`` ("": the
    newest). ``apis``: what its templates
    call; ``parts``: they run others that are kept in the cloud. ``patterns``: names or ids that it
    may touch. ``text``: of its template, as the file has it. ``role``: what a remote template is
    run as, "*" if that is a value of its own; "": as who starts it."""

    command: str
    kind: Kind
    regions: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    user: str = ""
    stored: str = ""
    version: str = ""
    apis: tuple[Api, ...] = ()
    parts: bool = False
    role: str = ""
    patterns: tuple[str, ...] = ()
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Right:
    """One action on these resources, where all conditions hold. ``commands`` need it; none: the bot
    itself does."""

    action: str
    resources: tuple[str, ...] = ("*",)
    conditions: tuple[Condition, ...] = ()
    commands: tuple[str, ...] = ()


Document = Mapping[str, object]
"""A policy as the console of the cloud takes it, ready for JSON."""
