"""A jq script with ``{{ references }}`` made a fixed program and the values that it reads.

The program depends on the script's text alone; values enter as its input, so that no value can
change what the program does. A script may not reach outside of itself and its document, nor
recurse without a bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bot import source
from bot.oos.expr import jqcalls, placeholders

_VARIABLE = "$__oos_"
_WORD = re.compile(r"\w", re.ASCII)
_FORMAT = re.compile(r"@(\w+)\s*$", re.ASCII)
UNAVAILABLE = ("env", "now", "input", "inputs", "halt", "halt_error", "modulemeta", "get_jq_origin",
    "get_prog_origin")  # fmt: skip
"""jq's builtins that reach outside of the script and its document."""
_IDENTIFIER = re.compile(r"(?<![\w.$@])([A-Za-z_]\w*)(?!\w|\s*:(?!:))", re.ASCII)
_ENVIRONMENT = re.compile(r"\$ENV\b")


@dataclass(frozen=True, slots=True)
class Slot:
    """A value that the program reads: as ``data`` (a string that is JSON is what it says) or as
    ``text``."""

    name: placeholders.Name
    form: Literal["data", "text"]


@dataclass(frozen=True, slots=True)
class Program:
    """jq code that reads ``$__oos_0`` … in place of the script's references."""

    code: str
    slots: tuple[Slot, ...]


@lru_cache(maxsize=4096)
def program(script: str) -> Program:
    """The program of a script. Invalid says what stands in the way."""
    if _VARIABLE[1:] in script:
        raise source.Invalid(f"a jq script may not use names that begin with {_VARIABLE[1:]}")
    parts = placeholders.split(script)
    reader = _Reader(parts)
    result = reader.read()
    if "*" in reader.code:
        return _Reader(parts, multiplies=True).read()
    return result


class _Reader:
    """Goes through a script once, knowing whether it is in code, in a string, or in a comment."""

    def __init__(self, parts: placeholders.Parts, multiplies: bool = False) -> None:
        """``multiplies``: strings are written so that jq does not repeat one while it compiles,
        out of reach of the bounds."""
        self.parts = parts
        self.multiplies = multiplies
        self.holds: list[bool] = []
        self.out: list[str] = []
        self.code: list[str] = []
        self.slots: list[Slot] = []
        self.depths: list[int] = []
        self.formats: list[str] = []
        self.depth = 0
        self.state: Literal["code", "string", "comment"] = "code"

    def read(self) -> Program:
        for at, part in enumerate(self.parts):
            if isinstance(part, placeholders.Name):
                self._reference(part, at)
            else:
                self._text(part)
        code = "".join(self.code)
        _refuse_outside(code)
        endless = jqcalls.recursive(code)
        if endless:
            raise source.Invalid(
                f"{endless} calls itself; a jq script may not define such a function"
            )
        return Program("".join(self.out), tuple(self.slots))

    def _text(self, text: str) -> None:
        at = 0
        while at < len(text):
            step = 1
            char = text[at]
            if self.state == "comment":
                self._in_comment(text, at)
            elif self.state == "string":
                step = self._in_string(text, at)
            else:
                self._in_code(char)
            self.out.append(text[at : at + step])
            at += step

    def _in_comment(self, text: str, at: int) -> None:
        if text[at] != "\n":
            return
        if text[:at].rstrip("\r").endswith("\\"):
            raise source.Invalid(
                "a comment in jq may not end with a backslash: the next line is one"
            )
        self.state = "code"

    def _in_string(self, text: str, at: int) -> int:
        if text[at] == '"':
            self.state = "code"
            self._close()
            self.code.append('"')
        elif text.startswith("\\(", at):
            self.holds[-1] = True
            self.depths.append(self.depth)
            self.depth = 0
            self.state = "code"
            self.code.append("(")
            return 2
        elif text[at] == "\\":
            return 2
        return 1

    def _close(self) -> None:
        """A string ends. One that holds no value is a constant to jq, and what is constant is
        multiplied when the script is compiled."""
        format, holds = self.formats.pop(), self.holds.pop()
        if self.multiplies and not holds:
            if format not in ("", "text"):
                raise source.Invalid(f"a string of @{format} without a value may not be multiplied")
            self.out.append('\\("")')

    def _in_code(self, char: str) -> None:
        if char == '"':
            match = _FORMAT.search("".join(self.code[-40:]))
            self.formats.append(match[1] if match else "")
            self.holds.append(False)
            self.state = "string"
        elif char == "#":
            self.state = "comment"
            return
        elif char == "(":
            self.depth += 1
        elif char == ")":
            if self.depth == 0 and self.depths:
                self.depth = self.depths.pop()
                self.state = "string"
            else:
                self.depth -= 1
        self.code.append(char)

    def _reference(self, name: placeholders.Name, at: int) -> None:
        if self.state == "comment":
            return
        before = self.out[-1][-1:] if self.out else ""
        if self.state == "string":
            if before == "\\" and len(self.out[-1]) == 1:
                raise source.Invalid(f"{name} may not follow a backslash in jq")
            if self.formats[-1] not in ("", "text"):
                raise source.Invalid(f"{name} may not stand in a string of @{self.formats[-1]}")
            self.holds[-1] = True
            self.out.append(f"\\({self._slot(name, 'text')})")
            return
        following = self.parts[at + 1] if at + 1 < len(self.parts) else ""
        after = following[:1] if isinstance(following, str) else "{"
        if _WORD.match(before) or before in ("$", "@") or _WORD.match(after) or after == "{":
            raise source.Invalid(f"{name} must stand apart in jq: as a value, or inside a string")
        self.code.append("0")
        if before == "." and "".join(self.out[-2:])[-2:] != "..":
            self.out.append(f"[{self._slot(name, 'text')}]")
        else:
            self.out.append(f"({self._slot(name, 'data')})")

    def _slot(self, name: placeholders.Name, form: Literal["data", "text"]) -> str:
        slot = Slot(name, form)
        if slot not in self.slots:
            self.slots.append(slot)
        return f"{_VARIABLE}{self.slots.index(slot)}"


def _is_key(code: str, match: re.Match[str]) -> bool:
    """Is this ``{name}``, short for ``{name: .name}``? What only looks so fails when it runs."""
    before, after = code[: match.start()].rstrip(), code[match.end() :].lstrip()
    return before.endswith(("{", ",")) and after.startswith(("}", ","))


def _refuse_outside(code: str) -> None:
    """``code`` is the script without what its strings say."""
    for match in _IDENTIFIER.finditer(code):
        if match[1] in UNAVAILABLE and not _is_key(code, match):
            raise source.Invalid(f"{match[1]} is not available in jq scripts here")
        if match[1] in ("import", "include"):
            raise source.Invalid("a jq script may not import modules here")
    if _ENVIRONMENT.search(code):
        raise source.Invalid("$ENV is not available in jq scripts here")
