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
from bot.source import masks, unicode

if TYPE_CHECKING:
    from bot.commands import registry

MOST_MESSAGE = 8_000
_KEY = re.compile(r"(?<![\w-])([\w-]++)[ \t]*+[=:]")
_HELP = frozenset({"--help", "-h", "?"})


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command with a value for every parameter; ``typed`` are those that were typed. ``start``:
    when it is to start, as ``binder.Arguments`` has it."""

    command: registry.Command
    values: Mapping[str, Any]
    typed: frozenset[str] = frozenset()
    start: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody wants, in words. ``text`` is all of them; ``shown`` as they may be repeated in
    a chat, kept and logged: without the values of NoEcho parameters, and where the line cannot be
    read, without all that may belong to one. ``parsed``: what it stands for, or why nothing."""

    text: str
    shown: str
    parsed: Parsed | policy.Refusal


def parse(catalog: registry.Catalog, text: str, locale: str) -> Parsed | policy.Refusal:
    """The command and values that ``text`` stands for, or why there are none. Never raises.

    A refusal's key begins with "parse."; its facts are texts of ``locale``, and ``example``, where
    there is one, is a complete line ready to paste.
    """
    return read(catalog, text, locale).parsed


def read(catalog: registry.Catalog, text: str, locale: str) -> Line:
    """A line that was typed, read once: what it stands for, as ``parse`` has it, and how it may be
    shown."""
    pasted = verbatim.pasted(text)
    try:
        command, word, line = _command(catalog, pasted, locale)
    except source.Invalid as error:
        refusal = _too_long(pasted) or parameters.refusal(error)
        return Line(text, _veiled(text, catalog), refusal)
    timed = command.kind == "operation"
    arguments, shown = binder.Arguments(command, word, line, locale, timed), text
    rest = line.plain[line.at :].strip()
    helper = catalog.find("help")
    if rest in _HELP and helper is not None and command is not helper:
        return Line(text, text, from_fields(helper, {"command": command.name}, locale))
    long = _too_long(pasted)
    if long is not None and not command.hidden:
        return Line(text, text, long)
    parsed: Parsed | policy.Refusal
    try:
        parsed = _parsed(arguments)
        for start, end in reversed(arguments.secrets):
            start, end = verbatim.before_pasting(text, start), verbatim.before_pasting(text, end)
            shown = shown[:start] + masks.TYPED + shown[end:]
    except tokenizer.Unclosed as error:
        shown, near = _veiled(text, [command]), _veiled(error.near, [command])
        parsed = policy.Refusal("parse.quote", {"quote": error.quote, "near": near})
    except source.Invalid as error:
        shown, parsed = _veiled(text, [command]), parameters.refusal(error)
    return Line(text, shown, long or _unquestioned(parsed, pasted, word))


def _too_long(text: str) -> policy.Refusal | None:
    if len(text) <= MOST_MESSAGE:
        return None
    return policy.Refusal("parse.too_long", {"count": len(text), "most": MOST_MESSAGE})


def _unquestioned(parsed: Parsed | policy.Refusal, text: str, word: str) -> Parsed | policy.Refusal:
    """What a line stands for; but a vote that ends in a question mark is none."""
    if isinstance(parsed, policy.Refusal) or parsed.command.kind != "vote":
        return parsed
    if not text.rstrip().endswith(("?", "？")) or not _bare(parsed):
        return parsed
    example = formatter.spell(parsed.command, parsed.values, word)
    return policy.Refusal("parse.question", {"example": example})


def line_of(command: registry.Command, fields: Mapping[str, str], locale: str) -> Line:
    """The line that says what the fields of a form or the values of a rule do: parameter name →
    text. Never raises."""
    names = binder.Arguments(command, command.name, tokenizer.Reader(""), locale)
    words, shown = [command.name], [command.name]
    for name, text in fields.items():
        parameter = names.named(name)
        words.append(f"{name}={text}")
        secret = parameter is not None and parameter.secret and text
        shown.append(f"{name}={masks.TYPED if secret else text}")
    return Line(" ".join(words), " ".join(shown), from_fields(command, fields, locale))


def _veiled(text: str, commands: Iterable[registry.Command]) -> str:
    """The text with everything left out from ``name=`` of a secret to the next ``name=``."""
    secret: set[str] = set()
    known: set[str] = set()
    for command in commands:
        for parameter in command.parameters:
            known.update(map(str.casefold, parameter.names))
            if parameter.secret:
                secret.update(map(str.casefold, parameter.names))
    if not secret:
        return text
    out, at, hide = [], 0, False
    for key in _KEY.finditer(text.translate(unicode.ASCII)):
        if key[1].casefold() in known:
            out.append(masks.TYPED if hide else text[at : key.start()])
            out.append((" " if hide else "") + text[key.start() : key.end()])
            at, hide = key.end(), key[1].casefold() in secret
    out.append(masks.TYPED if hide else text[at:])
    return "".join(out)


def _bare(parsed: Parsed) -> bool:
    """Was no free text given, which alone may end in a question mark?"""
    return not any(p.kind == "text" and p.name in parsed.typed for p in parsed.command.parameters)


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


def _parsed(tokens: binder.Arguments) -> Parsed:
    values = tokens.read()
    return Parsed(tokens.command, values, frozenset(tokens.values) & values.keys(), tokens.timing)


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
    command = catalog.find(word)
    if command is not None:
        return _longer(catalog, word, line) or (command, word, line)
    for known in catalog.words():
        if _glued(token, known):
            command = catalog.find(known)
            assert command is not None
            line.at = start + len(known)
            if line.plain.startswith(":", line.at):
                line.at += 1
            return command, known, line
    hint, near = suggestions.hint(
        catalog, word, line.plain[line.at :], locale, lambda typed: _sendable(catalog, typed)
    )
    raise source.Invalid.phrase(
        "parse.unknown", word=unicode.shown(word), hint=hint, suggestions=near
    )


def _longer(
    catalog: registry.Catalog, word: str, line: tokenizer.Reader
) -> tuple[registry.Command, str, tokenizer.Reader] | None:
    """The command of two words that begins so, if that was typed; of a word that stands alone, its
    "list". None: there is none, and nothing was passed over."""
    at = line.at
    line.skip()
    second = line.bare().rstrip(binder.CLOSING) or "list"
    command = catalog.find(f"{word} {second}")
    if command is not None:
        return command, f"{word} {second}", line
    line.at = at
    return None


def _sendable(catalog: registry.Catalog, line: str) -> bool:
    """May this line be suggested: is it a command with all that it needs, and nothing hidden?"""
    if unicode.hidden(line) or _veiled(line, catalog) != line:
        return False
    try:
        command, word, rest = _command(catalog, line, texts.LOCALES[0])
        _parsed(binder.Arguments(command, word, rest, texts.LOCALES[0]))
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
