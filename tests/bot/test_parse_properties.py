"""Whatever is typed: parsing never raises, and every value can be typed so that it comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot import policy, texts
from bot.commands import loader
from bot.commands.line import formatter, parser, tokenizer
from bot.source import unicode
from tests import properties

ROOT = Path(__file__).resolve().parents[2]
CATALOG = loader.load(ROOT / "commands")
KEYS = sorted({name for found in CATALOG for p in found.parameters for name in p.names})
WORDS = [word for found in CATALOG for word in (found.name, *found.aliases)]
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(KEYS).map(lambda key: f"{key}="),
    st.sampled_from(["web-01", "i-abc123", "tag:a=b", "E123", "dev", "42", "#7", "deadbeef", "--"]),
    st.sampled_from(list("\"'“”‘’「」『』„＂＇")),
    st.sampled_from(
        [" ", "\n", ",", "，", "；", "　", "=", "＝", "：", "```", "—", "@x", "/", "?"]
    ),
    st.sampled_from(["\u202e", "\u200b", "\x00", "\ud800", "\x1b", "$(reboot)", "{{", "`"]),
    st.text(max_size=5),
)
MESSAGES = st.one_of(
    st.lists(PIECES, max_size=25).map("".join),
    st.tuples(st.sampled_from(WORDS), st.lists(PIECES, max_size=15)).map(
        lambda pair: pair[0] + " " + " ".join(pair[1])
    ),
    st.text(max_size=200),
)


@settings(max_examples=properties.examples(600), deadline=None)
@given(MESSAGES, st.sampled_from(texts.LOCALES))
@example("run web-01 '", "en")
@example("approve " + "9" * 4000, "en")
@example("\ud800", "zh-CN")
def test_parsing_never_raises_and_always_has_a_sentence(line: str, locale: str) -> None:
    parsed = parser.parse(CATALOG, line, locale)
    if isinstance(parsed, policy.Refusal):
        assert parsed.key.startswith("parse.")
        said = texts.say(locale, parsed.key, **parsed.facts)
        said.encode()
        assert len(said) < 17_000
        assert not unicode.hidden(said)
        return
    for parameter in parsed.command.parameters:
        if parameter.template_parameter is not None and parameter.name not in parsed.typed:
            assert parameter.name not in parsed.values
            continue
        value = parsed.values[parameter.name]
        assert value is not None
        if parameter.kind == "targets":
            assert isinstance(value, tuple) or parameter.template_parameter is not None
            assert len(set(map(str, value))) == len(value) <= 100
        if isinstance(value, str):
            value.encode()
            assert "\0" not in value
            if parameter.kind == "text":
                assert not unicode.hidden(value)
                assert len(value) <= 500


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[0-9]{1,3})?", fullmatch=True)
TARGETS = st.lists(
    st.one_of(NAMES, st.sampled_from(["i-0abc123de", "tag:env=prod", "网关-1"])),
    min_size=1,
    max_size=6,
    unique=True,
).map(tuple)
VISIBLE = st.characters(
    exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"), exclude_characters="\u034f"
)
REASONS = st.one_of(
    st.text(VISIBLE, max_size=60),
    st.text(st.sampled_from("ab \"'“”‘’「」=,，.#1-`$\n"), max_size=30),
).map(lambda text: unicode.visible(text).strip())
SCRIPTS = st.one_of(
    st.text(VISIBLE | st.sampled_from("\n\t"), min_size=1, max_size=120),
    st.text(st.sampled_from("ab \n\t-`$=\"'#!"), min_size=1, max_size=40),
).filter(str.strip)
SERVICES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,20}", fullmatch=True)


def comes_back(name: str, values: dict[str, Any], locale: str = "en") -> None:
    command = CATALOG.find(name)
    assert command is not None
    line = formatter.spell(command, values)
    assume(len(line) <= parser.MOST_MESSAGE)
    parsed = parser.parse(CATALOG, line, locale)
    assert isinstance(parsed, parser.Parsed), (line, parsed)
    assert parsed.command is command
    assert parsed.values == values, line


@settings(max_examples=properties.examples(300), deadline=None)
@given(TARGETS, SERVICES, REASONS)
def test_restart_comes_back(targets: tuple[str, ...], service: str, reason: str) -> None:
    assume(tokenizer.quotable(reason))
    comes_back("restart", {"targets": targets, "service": service, "reason": reason})


@settings(max_examples=properties.examples(300), deadline=None)
@given(TARGETS, SCRIPTS, REASONS)
@example(("web-01",), "```\nls\n```", "")
@example(("web-01",), "-- ls", "")
@example(("web-01",), "\n\n ls \n", "why")
def test_scripts_come_back_unchanged(targets: tuple[str, ...], script: str, reason: str) -> None:
    assume(tokenizer.quotable(reason))
    comes_back("run", {"targets": targets, "script": script, "reason": reason})


@settings(max_examples=properties.examples(150), deadline=None)
@given(
    st.integers(0, 10**11),
    st.one_of(st.just(""), st.from_regex(r"[0-9a-f]{8}", fullmatch=True)),
    REASONS,
    st.sampled_from(["approve", "reject"]),
)
def test_votes_come_back(number: int, code: str, reason: str, name: str) -> None:
    assume(tokenizer.quotable(reason))
    comes_back(name, {"number": number, "code": code, "reason": reason})
