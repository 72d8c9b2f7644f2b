"""What the function of a command may answer: a script to plan, a change of what the bot keeps, a
reply, an act, a lookup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from bot import model

Risk = Literal["low", "medium", "high", "critical"]
Kind = Literal["operation", "query", "vote", "lookup"]
Reads = Literal[
    "", "open", "recent", "audit", "request", "dead", "history", "report", "locks", "glass"
]

_beside: ContextVar[Mapping[str, str]] = ContextVar("_beside")


@dataclass(frozen=True, slots=True)
class Script:
    """An operation to plan: ``source`` is the text of a script, ``parameters`` maps shell variables
    to the values they get before it starts (see ``render``). ``windows`` is the text of the same in
    PowerShell, for instances that run Windows; without it a shell script is refused there."""

    source: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    type: str = "RunShellScript"
    name: str = ""
    windows: str = ""

    @classmethod
    def file(cls, name: str, **parameters: str | int) -> Script:
        """The script that lies beside the command (``restart.sh`` of ``restart.py``), as it stood
        when the commands were loaded; on Windows ``restart.ps1``, if that lies there, too.
        LookupError: this command has no such file. TypeError: a value is no text and no number,
        and a script would get how Python writes it."""
        files = _beside.get({})
        if name not in files:
            have = ", ".join(sorted(files)) or "none"
            raise LookupError(f"no script called {name!r} belongs to this command; it has: {have}")
        for key, value in parameters.items():
            if not isinstance(value, str | int | float):
                kind = "None" if value is None else f"a {type(value).__name__}"
                raise TypeError(f"{key} is {kind}; a script takes text and numbers")
        values = {key: str(value) for key, value in parameters.items()}
        stem, shell, _ = name.rpartition(".sh")
        if name.endswith(".ps1"):
            return cls(files[name], values, "RunPowerShellScript", name)
        return cls(
            files[name], values, name=name, windows=files.get(f"{stem}.ps1", "") if shell else ""
        )


@dataclass(frozen=True, slots=True)
class Change:
    """The values of an internal operation, by name, as it was declared with ``internal``."""

    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer for the thread that asked; ``file`` follows it."""

    title: str
    blocks: tuple[model.Block, ...]
    file: model.File | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do with a request; ``request`` 0 is the one that the message quotes. To
    "redrive" is about a dead ``letter`` instead; "away" and "back" are about who says so: ``until``
    when they are away, and the ``delegate`` who stands in for them."""

    kind: Literal[
        "approve",
        "reject",
        "cancel",
        "stop",
        "pause",
        "resume",
        "retry",
        "skip",
        "revote",
        "break-glass",
        "ratify",
        "object",
        "split",
        "redrive",
        "revoke",
        "away",
        "back",
    ]
    request: int = 0
    code: str = ""
    reason: str = ""
    letter: int = 0
    until: str = ""
    delegate: str = ""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Instances to find and list: ids, names, ``tag:key=value``; none lists all."""

    targets: tuple[str, ...] = ()


Answer = Script | Change | Reply | Act | Lookup


@contextmanager
def files_beside(files: Mapping[str, str]) -> Iterator[None]:
    """Within this, ``Script.file`` finds these files (name → text)."""
    token = _beside.set(files)
    try:
        yield
    finally:
        _beside.reset(token)
