"""Patterns on RE2 mean what Python's ``re`` says, whatever the text; and none takes long."""

from __future__ import annotations

import random
import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot import regexes
from tests import properties

ROOT = Path(__file__).resolve().parents[3]
CHARS = "aAsSkKiI0_ -.;\n\t/'é中Σς٣²Ⅷ\u3000\u2028ſKıİßẞ\u0301\ufeff\ud800\U0001f600\uf8ff"
ATOMS = (
    r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", ".", "a", "s", "k", "i", "[a-z]", "[^a-z]", "[^\n;]",
    r"[\w.-]", r"[^\w]", "[A-Z]", "é", "ß", "Σ", "[一-龥]", "[^中]", r"\n", "[0-9_]", "ſ", "İ", "w",
)  # fmt: skip
PLACES = (r"\b", r"\B", "^", "$", r"\A", r"\Z")
SHIPPED = [
    one["regex"] for one in tomllib.loads((ROOT / "bot.toml").read_text())["security"]["pattern"]
]


@st.composite
def patterns(draw: st.DrawFn, depth: int = 2) -> str:
    """Patterns made of what RE2 has, too."""
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        if depth and draw(st.booleans()):
            inner = "|".join(draw(st.lists(patterns(depth=depth - 1), min_size=1, max_size=2)))
            part = draw(st.sampled_from(["(?:{})", "({})", "(?i:{})", "(?s:{})"])).format(inner)
        else:
            part = draw(st.sampled_from(ATOMS))
        repeat = draw(st.sampled_from(["", "", "", "*", "+", "?", "{0,2}", "*?", "{2}", "{1,}"]))
        parts.append(draw(st.sampled_from(["", "", "", *PLACES])) + part + repeat)
    parts.append(draw(st.sampled_from(["", "", *PLACES])))
    return "".join(parts)


FLAGS = st.sampled_from(["", "", "", "(?i)", "(?m)", "(?s)", "(?a)", "(?im)"])
TEXTS = st.text(st.sampled_from(CHARS) | st.characters(), max_size=12)


@settings(max_examples=properties.examples(250), deadline=None)
@given(FLAGS, patterns(), st.lists(TEXTS, min_size=1, max_size=6))
@example("(?a)", r"\W", ["¹"])
@example("", r"\b\w+$", ["用 é\n", "-é-"])
def test_a_pattern_means_what_python_says(flags: str, pattern: str, texts: list[str]) -> None:
    regex, python = regexes.compiled(flags + pattern), re.compile(flags + pattern)
    if not regex.linear:
        assert "beside" in regex.why, "what RE2 has is not judged apart"
        return
    for text in texts:
        assert regex.search(text) == bool(python.search(text)), (flags + pattern, text)
        assert regex.fullmatch(text) == bool(python.fullmatch(text)), (flags + pattern, text)


def test_every_character_is_in_the_classes_that_python_puts_it_in() -> None:
    """One character a text: the usual alphabets whole, of the rest every hundredth."""
    chars = list(map(chr, (*range(0x3100), *range(0x3100, 0x110000, 97))))
    for source in (r"\w", r"\d", r"\s", r"\W\b", "(?i)k", "(?i)[a-z]", "(?i)ß", "."):
        regex, python = regexes.compiled(source), re.compile(source)
        assert regex.linear
        wrong = [one for one in chars if bool(python.search(one)) != regex.search(one)]
        assert not wrong, (source, wrong[:10])


@pytest.mark.parametrize("pattern", SHIPPED)
def test_the_patterns_that_ship_run_on_re2_and_mean_what_python_says(pattern: str) -> None:
    regex, python = regexes.compiled(pattern), re.compile(pattern)
    assert regex.linear, regex.why
    chance = random.Random(7)
    words = (
        "rm", "-rf", " ", " ", "/", "/*", "'/'", '"', "/etc", "é", "mkfs", ".ext4", "wipefs", "dd",
        "of=", "/dev/", ">", ":", "(){", "|", "};:", "shutdown", "init", "6", "curl", "sudo", "sh",
        "MySQL", "redis", "\n", "\t", ";", "用", "_", "x" * 190, "\u3000",
    )  # fmt: skip
    for _ in range(4000):
        text = "".join(chance.choices(words, k=chance.randint(1, 12)))
        assert regex.search(text) == bool(python.search(text)), text


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(\w+\s?)*$", r"(a|aa)+$", r"^(.*a){12}$"])
@pytest.mark.parametrize("text", ["a" * 18_000 + "!", "é" * 9_000 + "!"])
def test_a_pattern_that_explodes_in_python_does_not_here(pattern: str, text: str) -> None:
    regex = regexes.compiled(pattern)
    assert regex.linear
    began = time.process_time()
    regex.search(text)
    assert time.process_time() - began < 5
