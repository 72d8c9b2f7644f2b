"""For any template: its example parses, and every value can be typed so that it comes back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from bot import policy, source, texts
from bot.commands import parameters, registry, template_values
from bot.commands.line import formatter, parser, tokenizer
from bot.oos.parameters import arguments as values
from bot.source import unicode
from tests import properties
from tests.bot.test_template_values import catalog_of

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,10}", fullmatch=True)
PATTERNS = st.sampled_from(
    [
        "", "^[a-z0-9-]+$", "[A-Za-z][a-z0-9._-]{0,31}", r"\d{4}-\d{2}", "(yes|no)",
        r"i-[a-z0-9]{20}",
        r"^(vpc|vsw)-\w+$", r"[^,]{3,8}", "^[a-z]([a-z0-9]*-)?x$",
    ]
)  # fmt: skip
VISIBLE = st.characters(
    exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"), exclude_characters="\u034f"
)
TEXTS = st.one_of(
    st.text(VISIBLE, max_size=40),
    st.text(st.sampled_from("ab \"'“”‘’「」=,，.#1-`$\n{}[]{{}}：:\\"), max_size=25),
    st.sampled_from(["{{ ACS::RegionId }}", "${x}", "https://h/p?a=b,c", "tag:a=b", "--", "@all"]),
).filter(lambda text: not unicode.hidden(text) and tokenizer.quotable(text))
JSON = st.recursive(
    st.one_of(st.booleans(), st.integers(-(10**15), 10**15), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    """One entry of Parameters."""
    kind = draw(st.sampled_from(["String", "Number", "Boolean", "List", "Json", "Rate"]))
    item: dict[str, Any] = {"Type": "Json" if kind == "Rate" else kind}
    if kind == "Rate":
        item["AssociationProperty"] = "RateControl"
    if draw(st.booleans()):
        item["NoEcho"] = True
    if kind == "String":
        how = draw(st.sampled_from(["", "allowed", "pattern", "length"]))
        if how == "allowed":
            some = st.from_regex(r"[A-Za-z0-9._ -]{1,8}", fullmatch=True)
            item["AllowedValues"] = draw(st.lists(some, min_size=1, max_size=3, unique=True))
        elif how == "pattern":
            item["AllowedPattern"] = draw(PATTERNS)
        elif how == "length":
            item["MinLength"] = draw(st.integers(0, 30))
            item["MaxLength"] = max(1, item["MinLength"] + draw(st.integers(0, 5)))
    if kind == "Number" and draw(st.booleans()):
        item["MinValue"] = draw(st.integers(-5, 5000))
        item["MaxValue"] = item["MinValue"] + draw(st.integers(0, 50))
    return item


@st.composite
def catalogs(draw: st.DrawFn) -> registry.Catalog:
    names = draw(st.lists(NAMES, max_size=5, unique_by=str.casefold))
    found: dict[str, Any] = {name: draw(items()) for name in names}
    if draw(st.booleans()):
        named = draw(NAMES)
        assume(named.casefold() not in map(str.casefold, names))
        found[named] = {"Type": "Json", "AssociationProperty": "Targets"}
    task = {"Name": "nap", "Action": "ACS::Sleep", "Properties": {"Duration": "PT1S"}}
    template = {"FormatVersion": "OOS-2019-06-01", "Parameters": found, "Tasks": [task]}
    return catalog_of(json.dumps(template), "do-it")


def value_for(draw: st.DrawFn, parameter: parameters.Parameter) -> Any:
    """Something that fits the parameter, however it came about."""
    item = parameter.template_parameter
    if item is None:
        return draw(TEXTS.map(lambda text: unicode.visible(text).strip()))
    if parameter.kind == "targets":
        ids = st.from_regex(r"(i-[a-z0-9]{4,9}|[a-z]{1,6}-[0-9]{1,3})", fullmatch=True)
        tags = st.from_regex(r"tag:[a-z]{1,4}=[a-z0-9.-]{0,4}[a-z0-9]", fullmatch=True)
        one = st.lists(draw(st.sampled_from([ids, tags])), min_size=1, max_size=5, unique=True)
        typed: Any = draw(st.one_of(one.map(tuple), st.just({"Type": "All", "RegionId": "x"})))
        return typed
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "String": TEXTS,
        "Number": st.one_of(st.integers(-(10**17), 10**17), st.floats(-1e9, 1e9)),
        "Boolean": st.booleans(),
        "List": st.lists(JSON, max_size=4),
        "Json": JSON,
    }
    rates = st.sampled_from(["5", "50%", "batch:1,2", '{"Mode": "Concurrency", "MaxErrors": 3}'])
    given_ = draw(rates if item.association == "RateControl" else kinds[item.type])
    try:
        return values.value_of(item, given_)
    except ValueError:
        sample = parameters.sample(parameter)
        assume(sample != "…")
        return sample


@settings(max_examples=properties.examples(150), deadline=None)
@given(catalogs())
def test_the_example_of_any_template_parses(commands: registry.Catalog) -> None:
    [found] = commands
    parsed = parser.parse(commands, found.example, "en")
    assert isinstance(parsed, parser.Parsed), (found.example, parsed)
    assert {p.name for p in found.parameters if p.required} <= parsed.typed
    for parameter in found.parameters:
        assert parameter.template_parameter is None or parameter.example, (
            parameter.template_parameter
        )
        for locale in texts.LOCALES:
            assert parameter.expected(locale)


@settings(max_examples=properties.examples(120), phases=PHASES, deadline=None)
@given(catalogs(), st.data())
def test_what_is_spelt_is_read_back(commands: registry.Catalog, data: st.DataObject) -> None:
    [found] = commands
    chosen = {
        parameter.name: value_for(data.draw, parameter)
        for parameter in found.parameters
        if parameter.required or data.draw(st.booleans())
    }
    if any(p.template_parameter is None for p in found.parameters):
        chosen.setdefault("reason", "")
    for value in chosen.values():
        assume(len(json.dumps(value)) < 1500)
    line = formatter.spell(found, chosen)
    assume(len(line) <= parser.MOST_MESSAGE)
    parsed = parser.parse(commands, line, "zh-CN")
    assert isinstance(parsed, parser.Parsed), (line, parsed)
    assert parsed.values == chosen, line
    shown = parser.read(commands, line, "en").shown
    for parameter in found.parameters:
        if parameter.secret and isinstance(value := chosen.get(parameter.name), str):
            kept = {name: other for name, other in chosen.items() if name != parameter.name}
            rest = found.name + json.dumps(kept, ensure_ascii=False) + "".join(chosen)
            if len(value) > 4 and value not in rest and value not in formatter.spell(found, kept):
                assert value not in shown


@settings(max_examples=properties.examples(200), deadline=None)
@given(catalogs(), st.text(st.sampled_from("ab=:{}[]\"“”',， \n\\-1%"), max_size=40), st.data())
def test_reading_never_raises(commands: registry.Catalog, text: str, data: st.DataObject) -> None:
    [found] = commands
    names = [p.name for p in found.parameters] or ["x"]
    line = f"do-it {data.draw(st.sampled_from(names))}={text}"
    for locale in texts.LOCALES:
        parsed = parser.parse(commands, line, locale)
        if isinstance(parsed, policy.Refusal):
            assert texts.say(locale, parsed.key, **parsed.facts)
        else:
            json.dumps(parsed.values).encode()
    assert isinstance(parser.read(commands, line, "en").shown, str)
    for parameter in found.parameters:
        if parameter.template_parameter is not None and parameter.kind == "value":
            try:
                value = template_values.value(parameter.template_parameter, text)
            except source.Invalid:
                continue
            json.dumps(value, ensure_ascii=False).encode()
