"""Everything the bot says exists in both languages, and says the same facts in both."""

from __future__ import annotations

import ast
import functools
import re
import string
from datetime import timedelta
from pathlib import Path

import pytest

from bot import texts
from bot.model import verbatim
from bot.texts import commands, core

ROOT = Path(__file__).resolve().parents[2]
KEY_AT = {
    "ok": 1,
    "problem": 1,
    "unsure": 1,
    "say": 1,
    "tell_sentence": 1,
    "Refusal": 0,
    "phrase": 0,
}
"""Which argument of these is the key of a phrase."""


@functools.cache
def code() -> tuple[ast.AST, ...]:
    """Everything in the code that may say something."""
    return tuple(
        node
        for room in ("bot", "adapters", "commands")
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.parent.name != "texts" or path.stem == "__init__"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Call)
    )


def fields(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


def test_both_languages_say_the_same_facts() -> None:
    for key, (chinese, english) in texts.PHRASES.items():
        assert chinese.strip(), key
        assert english.strip(), key
        assert fields(chinese) == fields(english), key
        assert all(name.isidentifier() for name in fields(chinese)), key


def test_no_key_is_in_two_rooms() -> None:
    assert not set(core.PHRASES) & set(commands.PHRASES)


def test_every_phrase_is_said_somewhere() -> None:
    written, made = set(), set()
    for node in code():
        if isinstance(node, ast.Constant):
            written.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
            if any(re.search("[a-z]{3}", part or "") for part in parts):
                made.add("".join(".+" if part is None else re.escape(part) for part in parts))
    patterns = [re.compile(one) for one in made if r"\." in one]
    unsaid = [
        key
        for key in texts.PHRASES
        if not {key, key.removesuffix("_mend")} & written
        and not any(one.fullmatch(key) for one in patterns)
    ]
    assert not unsaid, "nothing says these"


def test_whatever_is_said_has_a_phrase() -> None:
    keys = set()
    for node in code():
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            at = KEY_AT.get(name, len(node.args))
            given = node.args[at] if at < len(node.args) else None
            either = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
            given_ = (str(one.value) for one in either if isinstance(one, ast.Constant))
            keys |= {key for key in given_ if re.fullmatch(r"\w+(\.\w+)+", key)}
    assert len(keys) > 150
    assert not keys - texts.PHRASES.keys()


def test_lists_are_joined_as_people_write_them() -> None:
    people = ["Bob", "Carol", "Dave"]
    assert texts.joined("en", people) == "Bob, Carol or Dave"
    assert texts.joined("en", people, "and") == "Bob, Carol and Dave"
    assert texts.joined("en", people[:2]) == "Bob or Carol"
    assert texts.joined("en", people[:1]) == "Bob"
    assert texts.joined("en", []) == ""
    assert texts.joined("zh-CN", people) == "Bob、Carol 或 Dave"
    assert texts.joined("zh-CN", people, "list") == "Bob、Carol、Dave"
    assert texts.say("en", "hint.did_you_mean", names=people) == "Did you mean Bob, Carol or Dave?"


def test_numbers_bring_their_noun() -> None:
    assert texts.say("en", "output.size", count=1) == "1 byte"
    assert texts.say("en", "output.size", count=3) == "3 bytes"


OWN_PLANS = ("freeze", "unfreeze", "standing")


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (-5, "0 s", "0 秒"),
        (0.4, "less than 1 s", "不到 1 秒"),
        (59, "59 s", "59 秒"),
        (60, "1 min", "1 分钟"),
        (95, "1 min 35 s", "1 分钟 35 秒"),
        (3600, "1 h", "1 小时"),
        (3660, "1 h 1 min", "1 小时 1 分钟"),
        (90061, "1 d 1 h", "1 天 1 小时"),
    ],
)
def test_durations(seconds: float, english: str, chinese: str) -> None:
    assert texts.duration("en", timedelta(seconds=seconds)) == english
    assert texts.say("zh-CN", "span", span=timedelta(seconds=seconds)) == chinese


def test_facts_are_never_phrases() -> None:
    said = texts.say("en", "parse.unknown", word="{word} {0} %s", hint="{hint}")
    assert said == "I don't know “{word} {0} %s”. {hint}"


def test_what_is_missing_is_an_error() -> None:
    with pytest.raises(KeyError):
        texts.say("en", "no.such.phrase")
    with pytest.raises(KeyError):
        texts.say("fr", "parse.empty")
    with pytest.raises(KeyError):
        texts.say("en", "parse.unknown")


def test_a_platforms_english_is_announced_in_a_chinese_sentence() -> None:
    assert texts.reason("zh-CN", "ServiceBusy", "try again") == "没有成功，对方的原话是“try again”"
    assert texts.reason("zh-CN", "Forbidden.RAM", "no").startswith("RAM 身份没有权限")
    assert texts.reason("zh-CN", "", "群已解散") == "群已解散"
    assert texts.reason("en", "ServiceBusy", "try again") == "try again"


@pytest.mark.parametrize(
    "key", [key for key in texts.PHRASES if ".plan" in key and key.split(".")[0] in OWN_PLANS]
)
def test_what_the_bot_writes_into_a_plan_is_not_marked_as_odd(key: str) -> None:
    """Whoever approves looks for the marks; so they stand for what people wrote alone."""
    for text in texts.PHRASES[key]:
        written = verbatim.written(text, lambda text: ())
        assert not written.marked, text
        assert all(char >= "\u4e00" for char in written.kept), text
