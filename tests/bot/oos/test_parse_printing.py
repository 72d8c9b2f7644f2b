"""What is printed is read as the same template."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import source
from bot.oos.template import model, parse, printing
from tests import properties
from tests.bot.oos import written

NOWHERE = source.Mark("", 0, 0)
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
TEXTS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t \u0085\u2028"),
    max_size=30,
) | st.sampled_from(
    ["yes", "~", "12", "1e3", "12:30", "2026-11-21", "0x1", "<<", "=", "{{ a }}", "a: b"]
)
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(["String", "Number", "Boolean", "List", "Json"])
WORDS = TEXTS.filter(bool)
DESCRIPTIONS = st.dictionaries(st.sampled_from(["en", "zh-cn"]), WORDS, max_size=2)


def unique(names: st.SearchStrategy[str], values: st.SearchStrategy[Any], least: int = 0) -> Any:
    """Mappings whose names differ in more than case."""
    pairs = st.lists(st.tuples(names, values), min_size=least, max_size=3)
    return pairs.map(
        lambda found: list({model.fold(name): (name, v) for name, v in found}.values())
    )


@st.composite
def parameters(draw: st.DrawFn, name: str) -> model.Parameter:
    default = draw(VALUES)
    return model.Parameter(
        name, draw(TYPES), NOWHERE,
        required=default is None,
        default=default,
        description=draw(DESCRIPTIONS),
        allowed_values=tuple(draw(st.lists(SCALARS, max_size=3))),
        max_length=draw(st.none() | st.integers(0, 99)),
        min_value=draw(st.none() | st.integers(-9, 9) | st.just(0.5)),
        no_echo=draw(st.booleans()),
        association=draw(st.sampled_from(["", "Targets"])),
        label=draw(DESCRIPTIONS),
        association_metadata=draw(st.dictionaries(TEXTS, VALUES, max_size=2)),
    )  # fmt: skip


RATES = st.just("{{ rate }}") | st.builds(
    model.RateControl,
    mode=st.sampled_from(["Concurrency", "Batch"]),
    concurrency=st.integers(1, 9) | st.just("50%"),
    batch=st.none() | st.lists(st.integers(1, 9), min_size=1, max_size=3),
    batch_pause=st.sampled_from(["Automatic", "EveryBatchPause"]),
    max_errors=st.integers(0, 9),
)


@st.composite
def tasks(draw: st.DrawFn, name: str) -> model.Task:
    outputs = draw(unique(NAMES, st.tuples(TYPES, TEXTS)))
    loop = None
    if draw(st.booleans()):
        gathered = draw(unique(NAMES, st.tuples(st.just("Fn::ListJoin"), NAMES)))
        loop = model.Loop(
            draw(st.lists(VALUES, min_size=1, max_size=3) | st.just("{{ a.b }}")),
            NOWHERE,
            draw(RATES),
            tuple(model.Aggregate(key, *rest, NOWHERE) for key, rest in gathered),
        )
    return model.Task(
        name, draw(st.sampled_from(["ACS::Pause", "ACS::ECS::RunCommand"])), NOWHERE,
        properties=draw(st.dictionaries(TEXTS, VALUES, max_size=3)),
        description=draw(DESCRIPTIONS),
        when=draw(VALUES),
        on_error=draw(st.just("ACS::END") | NAMES),
        on_success=draw(st.just("ACS::NEXT") | NAMES),
        outputs=tuple(model.Output(key, type, value, NOWHERE) for key, (type, value) in outputs),
        loop=loop,
        retries=draw(st.none() | st.integers(0, 9) | TEXTS),
        delay_type=draw(st.none() | st.just("Linear")),
    )  # fmt: skip


@st.composite
def templates(draw: st.DrawFn) -> model.Template:
    declared = [draw(parameters(name)) for name, _ in draw(unique(NAMES, st.none()))]
    done = [draw(tasks(name)) for name, _ in draw(unique(NAMES, st.none(), least=1))]
    outputs = draw(unique(NAMES, st.tuples(TYPES, VALUES)))
    return model.Template(
        "t", "", draw(DESCRIPTIONS), tuple(declared), tuple(done),
        tuple(model.Output(key, type, value, NOWHERE) for key, (type, value) in outputs),
        ram_role=draw(TEXTS),
    )  # fmt: skip


def unmarked(value: Any) -> Any:
    """Without where things stand."""
    if isinstance(value, source.Mark):
        return None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        kept = {key: unmarked(v) for key, v in fields.items() if key not in ("marks", "source")}
        return (type(value).__name__, kept)
    if isinstance(value, (tuple, list)):
        return [unmarked(item) for item in value]
    return (
        {key: unmarked(item) for key, item in value.items()} if isinstance(value, dict) else value
    )


@settings(max_examples=properties.examples(40), deadline=None)
@given(templates())
def test_what_is_printed_is_read_as_the_same(template: model.Template) -> None:
    again = parse.parse(printing.dump(template), "t", "t.yml")
    assert repr(unmarked(again)) == repr(unmarked(template))
    once_more = parse.parse(printing.dump(again), "t", "t.yml")
    assert unmarked(once_more) == unmarked(again)


def test_the_guide_is_printed_and_read() -> None:
    template = written.read(written.GUIDE)
    text = printing.dump(template)
    assert unmarked(written.read(text)) == unmarked(template)
    assert "content: |\n" in text


@settings(max_examples=properties.examples(80), deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_a_template_or_a_fault(text: str | bytes) -> None:
    assert all(fault.startswith("t.yml:") for fault in written.refused(text))


@settings(max_examples=properties.examples(60), deadline=None)
@given(st.data())
def test_a_template_with_a_piece_cut_out_is_read_or_told(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(written.GUIDE) - 1))
    length = data.draw(st.integers(1, 40))
    text = written.GUIDE[:start] + written.GUIDE[start + length :]
    found: tuple[source.Fault, ...] = ()
    try:
        assert written.read(text).tasks
    except source.Invalid as error:
        found = error.faults
    assert all(1 <= fault.mark.line <= text.count("\n") + 1 for fault in found)
