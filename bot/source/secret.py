"""Secrets stand outside the configuration file and are never shown.

In ``bot.toml`` a secret is a reference, ``{ env = "NAME" }`` or ``{ file = "path" }``; the value is
read by ``resolve`` and comes out of ``reveal`` only.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from bot import source

MOST_BYTES = 64 << 10
BOM = "\ufeff"
"""What Windows' editors put before a text; it is no part of a secret."""
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
FORMS = '{ env = "NAME" } or { file = "path" }'


class Secret:
    """A secret value, or where it will be read. Printing it, in whatever way, never shows it."""

    __slots__ = ("_value", "source", "where")

    def __init__(self, source: str, where: str, value: str | None = None) -> None:
        self.source = source
        self.where = where
        self._value = value

    def reveal(self) -> str:
        """The value itself. Raises RuntimeError when it was never read (``check --no-secrets``)."""
        if self._value is None:
            raise RuntimeError(f"the secret of {self.source} {self.where} was not read")
        return self._value

    @property
    def known(self) -> bool:
        """Was it read?"""
        return self._value is not None

    def resolve(self, folder: Path, environ: Mapping[str, str]) -> Secret:
        """Read the value; a relative path counts from ``folder``. Raises source.Invalid."""
        if self._value is not None:
            return self
        if self.source == "env":
            value = environ.get(self.where, "")
            if not value:
                state = "empty" if self.where in environ else "not set"
                raise source.Invalid(f"the environment variable {self.where} is {state}")
        else:
            value = _content(folder / Path(self.where).expanduser())
        value = value.removeprefix(BOM)
        fault = _fault(value)
        if fault:
            raise source.Invalid(f"{self.source} {self.where} {fault}")
        return Secret(self.source, self.where, value)

    def __repr__(self) -> str:
        return f"Secret({self.source}={self.where!r}, hidden)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (self._value or "").encode(), (other._value or "").encode()
        same_place = (self.source, self.where) == (other.source, other.where)
        return same_place and hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash((self.source, self.where))

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not to be pickled or copied into a file")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _reference, serialization=core_schema.plain_serializer_function_ser_schema(repr)
        )


def _fault(value: str) -> str:
    """What no secret has, and what editors, shells and copied pages put there; "": nothing."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        return "holds a line break or control character; it must hold the secret alone"
    if value != value.strip():
        return "begins or ends with a space; it must hold the secret alone"
    strange = next((letter for letter in value if not letter.isprintable()), "")
    if strange:
        return (
            f"holds an invisible character (U+{ord(strange):04X}, number {value.index(strange) + 1}"
            "); it must hold the secret alone"
        )
    if len(value) > 2 and value[0] == value[-1] and value[0] in "'\"":
        return "stands in quotes; leave them out, or they are taken for a part of it"
    return ""


def _reference(value: object) -> Secret:
    """The secret that a value of the file refers to. Error messages never repeat the value."""
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        raise PydanticCustomError(
            "secret",
            "a secret may not stand here in plain text, as this file gets copied, committed and "
            "sent around; write {forms}",
            {"forms": FORMS},
        )
    if not isinstance(value, dict) or len(value) != 1 or not set(value) <= {"env", "file"}:
        raise PydanticCustomError("secret", "must be {forms}", {"forms": FORMS})
    [(source, where)] = value.items()
    if not isinstance(where, str) or not where or "\0" in where:
        raise PydanticCustomError(
            "secret", "the name in {source} must be text in quotes", {"source": source}
        )
    return Secret(source, where)


def _content(path: Path) -> str:
    """What a secret's file holds, without the line end that editors add."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise source.Invalid(f"the file {path} is too large to be a secret")
        content = path.read_bytes()
        if content[:2] in UTF_16 or content[1:4:2] == b"\0\0" or content[:3:2] == b"\0\0":
            raise source.Invalid(f"the file {path} is UTF-16 text; save it as UTF-8")
        value = content.decode().removeprefix(BOM).rstrip("\r\n")
    except FileNotFoundError:
        raise source.Invalid(f"there is no file {path}") from None
    except UnicodeDecodeError:
        # Not chained: the decoding error carries the bytes of the secret.
        raise source.Invalid(f"the file {path} is not UTF-8 text") from None
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", "") or type(error).__name__
        raise source.Invalid(f"the file {path} cannot be read: {reason}") from None
    if not value:
        raise source.Invalid(f"the file {path} is empty")
    return value
