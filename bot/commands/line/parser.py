"""What people type, as a command and its values.

Tolerant of form (full-width punctuation, smart quotes, order, separators), strict about meaning: a
word that fits nowhere is refused with what was expected and a line ready to paste, never guessed.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot import policy, source, texts
from bot.commands import parameters
from bot.commands.line import binder, formatter, suggestions, tokenizer
from bot.model import verbatim
from bot.source import unicode

if TYPE_CHECKING:
    from bot.commands import registry

MOST_MESSAGE = 8_000
_KEY = re.compile(r"([\w-]+)[ \t]*[=:]")
_HELP = frozenset({"--help", "-h", "?"})


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command with a value for every parameter; ``given`` are those that were typed."""

    command: registry.Command
    values: Mapping[str, Any]
    given: frozenset[str] = frozenset()


def parse(catalog: registry.Catalog, text: str, locale: str) -> Parsed | policy.Refusal:
    """The command and values that ``text`` stands for, or why there are none. Never raises.

    A refusal's key begins with "parse."; its facts are texts of ``locale``, and ``example``, where
    there is one, is a complete line ready to paste.
    """
    text = verbatim.pasted(text)
    if len(text) > MOST_MESSAGE:
        return policy.Refusal("parse.too_long", {"count": len(text), "most": MOST_MESSAGE})
    try:
        found, word, line = _command(catalog, text, locale)
        rest = line.plain[line.at :].strip()
        helper = catalog.find("help")
        if rest in _HELP and helper is not None and found is not helper:
            return from_fields(helper, {"command": found.name}, locale)
        parsed = _parsed(binder.Arguments(found, word, line, locale))
    except tokenizer.Unclosed as error:
        near = _veiled(error.near, [found])
        return policy.Refusal("parse.quote", {"quote": error.quote, "near": near})
    except source.Invalid as error:
        return parameters.refusal(error)
    if found.kind == "vote" and text.rstrip().endswith(("?", "？")) and _bare(parsed):
        example = formatter.spell(found, parsed.values, word)
        return policy.Refusal("parse.question", {"example": example})
    return parsed


def shown(catalog: registry.Catalog, text: str, locale: str) -> str:
    """The text as it may be repeated in a chat, kept and logged: the values of NoEcho parameters
    are left out. Where the line cannot be read, all that may belong to such a value is."""
    try:
        found, word, line = _command(catalog, text, locale)
    except source.Invalid:
        return _veiled(text, catalog)
    if not found.hidden:
        return text
    read = binder.Arguments(found, word, line, locale)
    try:
        read.read()
    except source.Invalid:
        return _veiled(text, [found])
    for start, end in reversed(read.secrets):
        text = text[:start] + binder.VEIL + text[end:]
    return text


def _veiled(text: str, commands: Iterable[registry.Command]) -> str:
    """The text with everything left out from ``name=`` of a secret to the next ``name=``."""
    secret: set[str] = set()
    known: set[str] = set()
    for found in commands:
        for parameter in found.parameters:
            known.update(map(str.casefold, parameter.names))
            if parameter.secret:
                secret.update(map(str.casefold, parameter.names))
    if not secret:
        return text
    out, at, hide = [], 0, False
    for key in _KEY.finditer(text.translate(unicode.ASCII)):
        if key[1].casefold() in known:
            out.append(binder.VEIL if hide else text[at : key.start()])
            out.append((" " if hide else "") + text[key.start() : key.end()])
            at, hide = key.end(), key[1].casefold() in secret
    out.append(binder.VEIL if hide else text[at:])
    return "".join(out)


def _bare(parsed: Parsed) -> bool:
    """Was no free text given, which alone may end in a question mark?"""
    return not any(p.kind == "text" and p.name in parsed.given for p in parsed.command.parameters)


def from_fields(
    command: registry.Command, fields: Mapping[str, str], locale: str
) -> Parsed | policy.Refusal:
    """The values of a command from the fields of a form: parameter name → text. Never raises."""
    form = binder.Arguments(command, command.name, tokenizer.Reader(""), locale)
    try:
        for name, text in fields.items():
            parameter = form.named(name)
            if parameter is None:
                raise form.unknown(name)
            if text.strip():
                form.assign(parameter, text)
        return _parsed(form)
    except source.Invalid as error:
        return parameters.refusal(error)


def _parsed(read: binder.Arguments) -> Parsed:
    return Parsed(read.command, read.read(), frozenset(read.values))


# ----------------------------------------------------------------------------- the command


def _command(
    catalog: registry.Catalog, text: str, locale: str
) -> tuple[registry.Command, str, tokenizer.Reader]:
    line = tokenizer.Reader(text)
    line.skip()
    while line.plain.startswith("@", line.at):
        line.bare()
        line.skip()
        line.at = _behind_name(catalog, line)
    start = line.at + (1 if line.plain.startswith("/", line.at) else 0)
    line.at = start
    token = line.bare()
    word = token.rstrip(binder.CLOSING)
    if not word:
        helper = catalog.find("help")
        if helper is None or text[start:].strip(" \t\r\n.。!！?？…~"):
            raise source.Invalid.phrase("parse.empty")
        return helper, "help", tokenizer.Reader("")
    if unicode.hidden(word):
        raise source.Invalid.phrase("parse.hidden", name=unicode.shown(word))
    found = catalog.find(word)
    if found is not None:
        return found, word, line
    for known in catalog.words():
        if _glued(token, known):
            found = catalog.find(known)
            assert found is not None
            line.at = start + len(known)
            if line.plain.startswith(":", line.at):
                line.at += 1
            return found, known, line
    hint, near = suggestions.hint(
        catalog, word, line.plain[line.at :], locale, lambda typed: _sendable(catalog, typed)
    )
    raise source.Invalid.phrase(
        "parse.unknown", word=unicode.shown(word), hint=hint, suggestions=near
    )


def _sendable(catalog: registry.Catalog, line: str) -> bool:
    """May this line be suggested: is it a command with all that it needs, and nothing hidden?"""
    if unicode.hidden(line) or _veiled(line, catalog) != line:
        return False
    try:
        found, word, rest = _command(catalog, line, texts.LOCALES[0])
        _parsed(binder.Arguments(found, word, rest, texts.LOCALES[0]))
    except source.Invalid:
        return False
    return True


_LONGEST_NAME = 4
_ROBOT = frozenset({"bot", "robot", "assistant", "机器人", "助手", "小助手"})
_NEGATIONS = frozenset({"no", "not", "never", "dont", "do", "please"})


def _behind_name(catalog: registry.Catalog, line: tokenizer.Reader) -> int:
    """Where the request begins behind an ``@`` and the first word of a name, which may have more:
    words with a capital, or that mean a robot, up to a command. Elsewhere than before a command
    only the latter are passed over, so that a word that is none is told as it is."""
    rest = list(itertools.islice(line.words(line.at), _LONGEST_NAME))
    robot = line.at
    for at, word in rest:
        if _is_command(catalog, word):
            return at
        if word.casefold() in _ROBOT:
            robot = at + len(word)
        elif not word.isalnum() or not word[0].isupper() or word.casefold() in _NEGATIONS:
            break
    line.at = robot
    line.skip()
    return line.at


def _is_command(catalog: registry.Catalog, token: str) -> bool:
    word = token.removeprefix("/").rstrip(binder.CLOSING)
    return bool(word) and (
        catalog.find(word) is not None or any(_glued(token, known) for known in catalog.words())
    )


def _glued(token: str, known: str) -> bool:
    """Is this a command with its first argument right behind it, as in 同意42 or approve#42?"""
    rest = token[len(known) :]
    if token[: len(known)].casefold() != known or not rest:
        return False
    return rest[0] in "#:" if known.isascii() else rest[0].isascii() or rest[0] in "“‘"
