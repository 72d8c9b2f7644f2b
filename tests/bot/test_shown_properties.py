"""Of any template and any values: what a run does stands in what is shown before it, or is marked.

The run is played by the interpreter; every call that it makes is compared with what was told of the
task that makes it, byte for byte: its API, its parameters, its scripts. ``{{ … }}`` of what only
the run can know, and ``••••••(name)`` of what is hidden, are the marks.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.core import plan_preview
from bot.oos.check import hidden, validate
from bot.oos.engine import calls
from bot.oos.parameters import arguments, known_values
from bot.oos.template import library, model, parse, printing
from bot.source import masks
from tests import properties
from tests.bot.oos.outside import Outside

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
TEXTS = st.one_of(
    st.sampled_from(
        [
            "x' ; id >F; echo 'y", "$(id)", "/srv/hook/abcdefgh", "a\nb\n", " lead", "••••••",
            "{{ a }}", "{{ go.out }}", "i-00000002", "https://h/x?access_token=abcdefgh", "", "1",
            "true", "[1]", '{"a": 1}', '"', "\\", "y: z", "- x", "# no", "\ttab", "é\u00a0会签",
        ]
    ),
    st.text(max_size=12),
).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))  # fmt: skip
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "a": TEXTS,
    "b": TEXTS,
    "many": st.lists(TEXTS, max_size=3),
    "count": st.integers(-5, 10**6),
    "word": TEXTS.filter(bool),
}
TYPES = {"a": "String", "b": "String", "many": "List", "count": "Number", "word": "String"}
VISIBLE = ("a", "b", "many", "count")
PARTS = st.sampled_from(
    [
        "{{ a }}", "x {{ b }}", '{"k": "{{ a }}", "n": {{ many }}}', "for i in {{ many }}; do :",
        "{{ count }}", "plain", "rm -r -- '{{ a }}'\necho {{ b }}\n", "{{ ACS::RegionId }}",
        "{{ ACS::TaskLoopItem }}", "{{ word }}",
    ]
)  # fmt: skip


def called(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Expressions that call functions over others."""
    some = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        st.tuples(st.sampled_from(["", " ", "\n"]), some).map(lambda p: {"Fn::Join": list(p)}),
        inner.map(lambda part: {"Fn::Sub": ["a ${x} ${HOME}", {"x": part}]}),
        inner.map(lambda part: {"Fn::Base64Encode": part}),
        inner.map(lambda part: {"Fn::If": [{"Fn::Equals": ["{{ a }}", "1"]}, part, "else"]}),
        inner.map(lambda part: {"Fn::Replace": [{"x": "y"}, part]}),
        st.just({"Fn::Join": ["", ["v='", {"Fn::Base64Encode": "{{ word }}"}, "'\nid"]]}),
    )


EXPRESSIONS = st.recursive(PARTS, called, max_leaves=4)
STRUCTURES = st.recursive(
    EXPRESSIONS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["Name", "Password", "Key"]), inner, max_size=3),
    ),
    max_leaves=4,
)


@st.composite
def tasks(draw: st.DrawFn, name: str, depth: int) -> dict[str, Any]:
    """A task: an API, a script, a product action, or another template with values of its own."""
    kinds = ["api", "script", "product", *(["child", "named"] if depth < 4 else [])]
    kind = draw(st.sampled_from(kinds))
    task: dict[str, Any] = {"Name": name, "Action": "ACS::ExecuteAPI"}
    if kind == "api":
        given = draw(st.dictionaries(st.sampled_from(["X", "Password", "InstanceId"]), STRUCTURES))
        task["Properties"] = {"Service": "ECS", "API": "ActNow", "Parameters": given}
    elif kind == "script":
        content = draw(EXPRESSIONS)
        given = {"CommandContent": content, "WorkingDir": draw(PARTS), "Timeout": "{{ count }}"}
        task["Properties"] = {"Service": "ECS", "API": "RunCommand", "Parameters": given}
    elif kind == "product":
        task["Action"] = "ACS::ECS::RunCommand"
        task["Properties"] = {"instanceId": "i-00000001", "commandType": "RunShellScript"}
        task["Properties"] |= {"commandContent": draw(EXPRESSIONS)}
    else:
        wanted = f"p{depth + 1}" if kind == "child" else "{{ next }}"
        names = draw(st.lists(st.sampled_from(sorted(TYPES)), unique=True))
        given = {key: draw(EXPRESSIONS if TYPES[key] == "String" else PARTS) for key in names}
        task["Action"] = "ACS::Template"
        task["Properties"] = {"TemplateName": wanted, "Parameters": given}
    if draw(st.integers(0, 3)) == 0:
        task["Loop"] = {"Items": draw(st.sampled_from(["{{ many }}", ["u", "v"]]))}
    else:
        text = json.dumps(task, ensure_ascii=False).replace("ACS::TaskLoopItem", "count")
        task = json.loads(text)
    if draw(st.integers(0, 4)) == 0:
        task["When"] = draw(
            st.sampled_from([{"Fn::Equals": ["{{ a }}", "1"]}, {"Fn::Not": [False]}])
        )
    return task


@st.composite
def templates(draw: st.DrawFn, depth: int) -> dict[str, Any]:
    """A template of one or two tasks; ``word`` is hidden in the outermost, and wherever it says."""
    declared: dict[str, Any] = {"next": {"Type": "String", "Default": f"p{depth + 1}"}}
    for name, kind in TYPES.items():
        declared[name] = {"Type": kind, "Default": draw(VALUES[name].filter(plain))}
    if depth == 0 or draw(st.booleans()):
        declared["word"]["NoEcho"] = True
    listed = [draw(tasks(f"t{at}", depth)) for at in range(draw(st.integers(1, 2)))]
    return {"FormatVersion": "OOS-2019-06-01", "Parameters": declared, "Tasks": listed}


def plain(value: Any) -> bool:
    """Is it no expression? A Default would be evaluated."""
    return "{{" not in json.dumps(value, ensure_ascii=False)


@dataclass(slots=True)
class Told(plan_preview._Teller):
    """Also keeps what was told of each task, by its path."""

    way: list[str] = field(default_factory=list)
    given: dict[str, Any] = field(default_factory=dict)
    printed: list[Any] = field(default_factory=list)

    def task(
        self, template: model.Template, task: model.Task, scope: known_values.Scope, depth: int
    ) -> Iterator[str]:
        self.way.append(task.name)
        yield from plan_preview._Teller.task(self, template, task, scope, depth)
        self.way.pop()

    def properties(self, task: model.Task, scope: known_values.Scope) -> Any:
        found = plan_preview._Teller.properties(self, task, scope)
        self.given["/".join(self.way)] = found
        return found


def marked(told: Any) -> bool:
    """Does it say that something is hidden, or known only in the run?"""
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    return "{{" in text or f"{masks.MASK}(word)" in text


def stands(told: Any, actual: Any) -> bool:
    """Is what a call got what was told, wherever that is not marked?"""
    if told == actual and type(told) is type(actual):
        return True
    if isinstance(told, Mapping) and list(told) == ["Fn::Base64Encode"]:
        return stands(told["Fn::Base64Encode"], decoded(actual)) or marked(told)
    called = isinstance(told, Mapping) and any(str(key).startswith("Fn::") for key in told)
    if isinstance(told, Mapping) and isinstance(actual, Mapping) and not called:
        same = {key: part for key, part in told.items() if part is not None}
        return same.keys() == actual.keys() and all(
            stands(part, actual[key]) for key, part in same.items()
        )
    if isinstance(told, list) and isinstance(actual, list) and len(told) == len(actual):
        return all(map(stands, told, actual))
    return marked(told)


def decoded(value: Any) -> Any:
    """The text that Base64 stands for; anything else stands for itself."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (TypeError, ValueError):
        return value


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value


def played(root: model.Template, values: Mapping[str, Any], known: Mapping[str, Any]) -> Outside:
    """A run to its end, each call answered with what templates wait for."""
    done = {"InvocationStatus": "Success", "ExitCode": 0, "Output": "out"}
    answer = {"InvokeId": "t-1", "Invocation": {"InvocationResults": {"InvocationResult": [done]}}}
    run = Outside(root, lambda call: answer, values, known)
    run.play()
    return run


@settings(
    max_examples=properties.examples(200),
    phases=PHASES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_whatever_a_run_does_was_shown_or_marked(data: st.DataObject) -> None:
    texts = [json.dumps(data.draw(templates(depth)), ensure_ascii=False) for depth in range(5)]
    parsed = [parse.parse(text.encode(), f"p{at}", f"p{at}.yml") for at, text in enumerate(texts)]
    root, known = parsed[0], {**library.shipped(), **{each.name: each for each in parsed}}
    folded = {model.fold(name): each for name, each in known.items()}
    if hidden.faults(root, folded) or validate.validate(root, known_templates=folded):
        return  # is refused when it is loaded
    typed = {name: data.draw(VALUES[name]) for name in VALUES if data.draw(st.booleans())}
    values = arguments.bind(root, typed, {"ACS::RegionId": "cn-hangzhou"})
    if isinstance(values, list):
        return
    subject = plan_preview.Subject(root, values, ("word",), known, "cn-hangzhou")
    try:
        shown = plan_preview.text(subject, "en")
    except plan_preview.Unshowable:
        return  # is refused when it is asked for
    teller = Told(subject, "en")
    lines = "\n".join(teller.tasks(root, subject.scope()))
    assert shown.endswith(lines)
    for path, given_ in teller.given.items():
        for line in printing.written(given_).rstrip("\n").split("\n") if given_ else ():
            assert line in lines
        assert yaml.safe_load(printing.written(given_)) == given_, path
    run = played(root, values, known)
    for call in run.made:
        compare(call, teller, lines, values)


def compare(call: calls.Call, teller: Told, lines: str, values: Mapping[str, Any]) -> None:
    what = call.what
    assert isinstance(what, calls.Api)
    assert what.region == "cn-hangzhou"
    path = "/".join(part.split("[")[0].split("#")[0] for part in call.task.split("/"))
    if path in teller.given:
        told = teller.given[path]
        assert (told["Service"], told["API"]) == (what.service, what.api)
        assert stands(told["Parameters"], dict(what.parameters)), (told, what.parameters)
        return
    outer, _, inner = path.rpartition("/")  # a product action: its call, and what it was given
    told = teller.given[outer]
    assert f"{inner}: {what.service} {what.api} " in lines
    for leaf in leaves(what.parameters):
        script = decoded(leaf) if leaf == what.parameters.get("CommandContent") else leaf
        given_ = any(stands(part, script) for part in told.values())
        assert given_ or json.dumps(leaf) in lines or leaf == "t-1", (leaf, told)


@settings(max_examples=properties.examples(100), deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(VISIBLE)), TEXTS, min_size=1), TEXTS)
def test_what_is_printed_can_be_read_back_as_it_was(given_: dict[str, Any], key: str) -> None:
    assert yaml.safe_load(printing.written({key: given_})) == {key: given_}
