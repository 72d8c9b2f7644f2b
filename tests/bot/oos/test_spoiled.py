"""However a template is spoiled, it is read and validated to an end, and faults have places."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.oos.check import remote_only, validate
from bot.oos.template import model, parse, printing
from tests import properties
from tests.bot.oos import written
from tests.bot.oos.test_conditions import BUILD
from tests.bot.oos.test_published_shapes import COPY, PRICES, STATE, TAGS
from tests.bot.oos.test_single_mistakes import GOOD

HEAD = "FormatVersion: OOS-2019-06-01\n"
SOURCES = [GOOD, written.GUIDE, STATE, *(HEAD + text for text in (BUILD, COPY, PRICES, TAGS))]
JUNK = [
    None, True, 0, -1, 1.5, 10**30, "", " ", "x", "{{", "{{ x }}", "{{ find.ids }}", "ACS::END",
    [], [[]], {}, {"Fn::If": []}, {"Fn::Nto": 1}, {"Fn::Jq": ["First", ".[", 1]}, {"": ""},
    {"Fn::Not": {"Fn::Not": "x"}}, ["{{ ACS::TaskLoopItem }}"], "\u2028", "𝔘", "a: b",
]  # fmt: skip
PIECES = [
    "", " ", "\t", "\n", "'", '"', "{", "}", "[", "]", ":", "- ", "#", "{{", "}}", "&a ", "*a",
    "!x ", "<<: ", "|\n", ">", "%", "@", ",", "\\", "\x00", "\ufeff", "\r", "---\n", "Fn::", "0x",
]  # fmt: skip


def look_over(text: str | bytes) -> model.Template | None:
    began = time.monotonic()
    template, faults = parse.recovered(text, "t", "t.yml")
    if template is not None:
        known = {"t": template, "ACS::X::Known": template}
        faults = parse.together(faults, validate.validate(template, known_templates=known))
        remote_only.faults(template)
    assert time.monotonic() - began < 5
    lines = text.count("\n" if isinstance(text, str) else b"\n") + 1  # type: ignore[arg-type]
    for fault in faults:
        assert fault.message.strip()
        assert 1 <= fault.mark.line <= lines
        assert fault.mark.column >= 1
        assert fault.mark.file == "t.yml"
    assert len(set(map(str, faults))) == len(faults)
    assert template is not None or faults
    return template


@settings(max_examples=properties.examples(300), deadline=None)
@given(st.sampled_from(SOURCES), st.randoms(use_true_random=False), st.integers(1, 4))
def test_letters_put_in_and_taken_out(text: str, chance: random.Random, times: int) -> None:
    for _ in range(times):
        at, much = chance.randrange(len(text)), chance.choice([0, 1, 1, 3, 40])
        text = text[:at] + chance.choice(PIECES) + text[at + much :]
    look_over(text)


@settings(max_examples=properties.examples(300), deadline=None)
@given(st.sampled_from(SOURCES), st.randoms(use_true_random=False), st.integers(1, 5))
def test_values_put_in_the_place_of_others(text: str, chance: random.Random, times: int) -> None:
    root = yaml.safe_load(text)
    for _ in range(times):
        spoil(root, chance)
    for made in (json.dumps(root), yaml.safe_dump(root, allow_unicode=True)):
        template = look_over(made)
        if template is not None and not parse.recovered(made, "t", "t.yml")[1]:
            again = parse.parse(printing.dump(template), "t", "t.yml")
            assert [task.name for task in again.tasks] == [task.name for task in template.tasks]
            assert [task.properties for task in again.tasks] == [
                task.properties for task in template.tasks
            ]


def spoil(root: Any, chance: random.Random) -> None:
    """One value, or one key, is another."""
    places: list[tuple[Any, Any]] = []
    todo = [root]
    while todo:
        item = todo.pop()
        keys = range(len(item)) if isinstance(item, list) else list(item)
        for key in keys:
            places.append((item, key))
            if isinstance(item[key], (list, dict)):
                todo.append(item[key])
    if not places:
        return
    around, key = chance.choice(places)
    if isinstance(around, dict) and chance.random() < 0.3:
        around[chance.choice([key[:-1], key.upper(), key + "s", "Fn::Join", "", "Name"])] = (
            around.pop(key)
        )
    elif chance.random() < 0.2:
        del around[key]
    else:
        around[key] = json.loads(json.dumps(chance.choice(JUNK)))


@settings(max_examples=properties.examples(100), deadline=None)
@given(st.sampled_from(SOURCES), st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_bytes_in_the_middle(text: str, at: int, junk: bytes) -> None:
    raw = text.encode()
    at %= len(raw)
    template, faults = parse.recovered(raw[:at] + junk + raw[at:], "t", "t.yml")
    assert template is not None or faults


def test_a_template_of_nothing_but_mistakes_takes_no_longer() -> None:
    wrong = "".join(f"  - {{Nam{n}: a, Acton: ACS::Pauze, Whem: x{n}}}\n" for n in range(1000))
    began = time.monotonic()
    template, faults = parse.recovered(HEAD + "Taks:\n" + wrong, "t", "t.yml")
    assert template is not None
    assert len(parse.together(faults, validate.validate(template))) > 3000
    assert time.monotonic() - began < 20
