"""Which function of a jq script calls itself: jq would follow it without end.

jq knows no function before its definition ends, so a function can only recurse by its own name
inside its own body: it need not be run to be found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"[.$@][A-Za-z_]\w*|(?<![\w.])[A-Za-z_]\w*(?:::\w+)*|[()\[\]{}:;,]", re.ASCII)
_NAME = re.compile(r"[A-Za-z_]", re.ASCII)
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True)
class _Definition:
    """A ``def`` whose body is being read: how it is called, its parameters, and the depth of
    brackets at which it stands."""

    name: str
    arity: int
    parameters: frozenset[str]
    depth: int


def recursive(code: str) -> str:
    """The first function that calls itself, as ``name/arity``; empty: none does. ``code`` is a
    script without comments and without what its strings say."""
    tokens = _TOKEN.findall(code)
    around: list[str] = []
    inside: list[_Definition] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token in _OPENING:
            around.append(token)
        elif token in _CLOSING:
            if around:
                around.pop()
            while inside and inside[-1].depth > len(around):
                inside.pop()
        elif token == ";":
            if inside and inside[-1].depth == len(around):
                inside.pop()
        elif token == "def" and _NAME.match(_next(tokens, at)):
            definition, at = _definition(tokens, at + 1, len(around))
            inside.append(definition)
            continue
        elif _NAME.match(token) and not _is_key(tokens, at, around):
            arity = _arity(tokens, at)
            if _calls_itself(token, arity, inside):
                return f"{token}/{arity}"
        at += 1
    return ""


def _next(tokens: list[str], at: int) -> str:
    return tokens[at + 1] if at + 1 < len(tokens) else ""


def _definition(tokens: list[str], at: int, depth: int) -> tuple[_Definition, int]:
    """The definition whose name stands at ``at``, and where its body begins."""
    name, arity, after = tokens[at], _arity(tokens, at), at + 1
    parameters: list[str] = []
    if arity:
        while after < len(tokens) and tokens[after] != ")":
            parameters.append(tokens[after].removeprefix("$"))
            after += 1
        after += 1
    return _Definition(name, arity, frozenset(parameters), depth), after


def _arity(tokens: list[str], at: int) -> int:
    """How many arguments follow a name; ``;`` is between them."""
    if _next(tokens, at) != "(":
        return 0
    arity, depth = 1, 0
    for token in tokens[at + 1 :]:
        depth += (token in _OPENING) - (token in _CLOSING)
        if depth == 0:
            break
        arity += token == ";" and depth == 1
    return arity


def _is_key(tokens: list[str], at: int, around: list[str]) -> bool:
    """Does this name stand as a key of an object, ``{name: …}`` or ``{name}``?"""
    if not around or around[-1] != "{" or tokens[at - 1] not in ("{", ","):
        return False
    return _next(tokens, at) in (":", ",", "}")


def _calls_itself(name: str, arity: int, inside: list[_Definition]) -> bool:
    for definition in reversed(inside):
        if arity == 0 and name in definition.parameters:
            return False
        if (name, arity) == (definition.name, definition.arity):
            return True
    return False
