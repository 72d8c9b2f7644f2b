"""What a template will do, told before it is voted on: task by task, in order, with the values that
are known by then. It only tells; what runs is decided by the interpreter alone.

Every template that a task runs stands below that task, at whatever depth; a plan that cannot be
told whole is refused. The same is told to the patterns with nothing hidden.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot import model, policy, source, texts
from bot.oos.check import hidden
from bot.oos.engine import actions, flow, units
from bot.oos.expr import expressions, functions, placeholders, values
from bot.oos.parameters import known_values
from bot.oos.template import library, printing
from bot.oos.template import model as oos
from bot.source import masks

MOST = 100_000
"""Characters of a plan: a longer one is not read."""
_CODE = re.compile(r"[;&|`$<>(){}\[\]*?!#~'\"\\\n]")
_INDENT = "   "
_SCRIPTS = frozenset({"commandcontent", "userdata"})


class Unshowable(Exception):
    """The plan cannot be shown as it would run; ``refusal`` says why."""

    def __init__(self, refusal: policy.Refusal) -> None:
        super().__init__(refusal.key)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Subject:
    """What is told: a template with its values. ``hidden``: the parameters that are not shown;
    ``away``: OOS runs it, with product actions of its own."""

    template: oos.Template
    parameters: Mapping[str, Any]
    hidden: tuple[str, ...]
    library: Mapping[str, oos.Template]
    region: str = ""
    away: bool = False

    def scope(self) -> known_values.Scope:
        known = {oos.fold(name): value for name, value in self.parameters.items()}
        facts = {"acs::templatename": self.template.name}
        if self.region:
            facts["acs::regionid"] = self.region
        shown = {oos.fold(name): veil(name) for name in self.hidden}
        return known_values.Scope(known, facts, shown, frozenset(shown))


def stages(template: oos.Template) -> tuple[model.TaskStatus, ...]:
    """The tasks of a template, none begun."""
    return tuple(model.TaskStatus(task.name, task.action) for task in template.tasks)


def veil(name: str) -> str:
    """What is shown in the place of a hidden value."""
    return f"{masks.MASK}({name})"


def text(subject: Subject, locale: str) -> str:
    """The tasks in order, each with what it is given; a template that a task runs stands below it,
    with what it is given put in. Unshowable: it cannot be shown whole."""
    tasks = _Teller(subject, locale).tasks(subject.template, subject.scope())
    above = itertools.chain(_role(subject, locale), _hidden(subject, locale))
    return "\n".join(_bounded(itertools.chain(above, tasks)))


def _role(subject: Subject, locale: str) -> Iterator[str]:
    """The role that OOS would assume: the bot makes its calls as itself."""
    role = known_values.shown_of(subject.template.ram_role, subject.scope())
    if role not in (None, "", {}) and not subject.away:
        yield texts.say(locale, "preview.role", role=model.canonical(role))


def _hidden(subject: Subject, locale: str) -> Iterator[str]:
    """Where the hidden values go."""
    uses = uses_of(subject) if subject.hidden else ()
    for name in subject.hidden:
        mine = [use for use in uses if oos.fold(use.name) == oos.fold(name)]
        for use in mine:
            yield texts.say(locale, "preview.hidden", name=name, task=use.task, path=use.path)
        if not mine:
            yield texts.say(locale, "preview.hidden.unused", name=name)


def real(subject: Subject) -> str:
    """The same with every value as it is, and each text once more without the marks of YAML: for
    the patterns, never for people. Unshowable: it cannot be shown whole."""
    teller = _Teller(subject, "en")
    lines = list(_bounded(teller.tasks(subject.template, subject.scope().open)))
    return "\n".join([*lines, *dict.fromkeys(teller.texts)])


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    count = 0
    for line in lines:
        count += len(line) + 1
        if count > MOST:
            raise Unshowable(policy.Refusal("refused.plan_too_long", {"most": MOST}))
        yield line


_RETRIES = {
    "Retries": "retries",
    "Delay": "delay",
    "DelayType": "delay_type",
    "BackOff": "back_off",
    "MaxRetryInterval": "max_retry_interval",
}


@dataclass(slots=True)
class _Teller:
    """``texts``: every text that was told, as it is."""

    subject: Subject
    locale: str
    texts: list[str] = field(default_factory=list)

    def tasks(
        self, template: oos.Template, scope: known_values.Scope, indent: str = "", depth: int = 0
    ) -> Iterator[str]:
        """The lines of a template's tasks."""
        if depth > flow.DEEPEST:
            facts = {"name": template.name, "most": flow.DEEPEST}
            raise Unshowable(policy.Refusal("refused.plan_too_deep", facts))
        for name, value in template.conditions.items():
            said = self.inline(value, scope)
            yield indent + texts.say(self.locale, "preview.condition", name=name, value=said)
        for number, task in enumerate(template.tasks, 1):
            about = _about(task, self.locale)
            times = self.times(task, scope)
            yield f"{indent}{number}. {task.name}: {task.action}{times}{about}"
            for line in self.task(template, task, scope, depth):
                yield indent + _INDENT + line

    def task(
        self, template: oos.Template, task: oos.Task, scope: known_values.Scope, depth: int
    ) -> Iterator[str]:
        if task.when is not None:
            when = self.inline(task.when, scope)
            yield texts.say(self.locale, "preview.when", condition=when)
        yield from self.loop(task, scope)
        yield from self.retries(task, scope)
        yield from self.yaml(self.properties(task, scope))
        for name in dict.fromkeys(_pasted(task.properties, scope)):
            yield texts.say(self.locale, "preview.pasted", name=name)
        for output in task.outputs:
            selector = self.inline(output.value, scope)
            yield texts.say(self.locale, "preview.output", name=output.name, selector=selector)
        yield from self.child(task, scope, depth)
        for key, target, usual in (
            ("preview.on_error", task.on_error, "acs::end"),
            ("preview.on_success", task.on_success, "acs::next"),
        ):
            if target and oos.fold(target) != usual:
                yield texts.say(self.locale, key, task=target)

    # ------------------------------------------------------------------ loops

    def times(self, task: oos.Task, scope: known_values.Scope) -> str:
        """How often a task is done, and how fast."""
        if task.loop is None:
            return ""
        items = known_values.shown_of(task.loop.items, scope)
        many = str(len(items)) if isinstance(items, list) else str(items)
        rate = task.loop.rate
        if isinstance(rate, oos.RateControl) and rate.batch is None:
            count = self.inline(rate.concurrency, scope)
            errors = self.inline(rate.max_errors, scope)
            return f" × {many} ({self.say('preview.pace', count=count, errors=errors)})"
        settings = {name: getattr(rate, name) for name in flow._RATE} if _plain(rate) else rate
        return f" × {many} ({self.inline(settings, scope)})"

    def loop(self, task: oos.Task, scope: known_values.Scope) -> Iterator[str]:
        """The items, where they are known."""
        if task.loop is not None:
            items = known_values.shown_of(task.loop.items, scope)
            if isinstance(items, list):
                yield self.say("preview.items", items=self.noted(model.canonical(items)))

    def retries(self, task: oos.Task, scope: known_values.Scope) -> Iterator[str]:
        """How often it is done again, and when, where the template says so."""
        settings = {name: getattr(task, field) for name, field in _RETRIES.items()}
        said = [f"{name}: {self.inline(value, scope)}"
                for name, value in settings.items() if value is not None]  # fmt: skip
        if said:
            yield self.say("preview.retries", given=", ".join(said))
        spec = actions.find(task.action)
        if spec is not None and spec.does is units.WaitUnit and flow.changes(task):
            yield self.say("preview.repeats")

    # ------------------------------------------------------------------ templates in it

    def child(self, task: oos.Task, scope: known_values.Scope, depth: int) -> Iterator[str]:
        """The template that a task runs. Of one that ships with the bot, its calls; what it is
        given stands above."""
        if actions.keeps_to_itself(task.action):
            return
        template = self.named(task, scope)
        if template is None or (self.subject.away and _ships(template)):
            yield "| " + self.say("preview.away")
            return
        if template.name == task.action and _ships(template):
            for line in _calls(template, task, scope):
                yield "| " + line
            return
        arguments = task.properties
        if oos.fold(task.action) == "acs::template":
            arguments = _property(task.properties, "parameters") or {}
            if not isinstance(arguments, Mapping):
                arguments = dict(known_values.evaluated(arguments, scope.open)[1] or {})
        inner = known_values.inner(template, arguments, scope, veil)
        for line in self.tasks(template, inner, "", depth + 1):
            yield "| " + line

    def named(self, task: oos.Task, scope: known_values.Scope) -> oos.Template | None:
        """The template, as the run finds it; None: there is none here, OOS has it. Unshowable: only
        the run will know which one it is."""
        name: Any = task.action
        if oos.fold(task.action) == "acs::template":
            known, name = known_values.evaluated(_property(task.properties, "templatename"), scope)
            if not known:
                raise Unshowable(policy.Refusal("refused.plan_template", {"task": task.name}))
        template = flow.template_of(self.subject.library, str(name))
        if template is None and oos.fold(task.action) == "acs::template" and not self.subject.away:
            facts = {"task": task.name, "name": str(name)[:80]}
            raise Unshowable(policy.Refusal("refused.plan_no_template", facts))
        return template

    # ------------------------------------------------------------------ values

    def properties(self, task: oos.Task, scope: known_values.Scope) -> Any:
        """What a task is given. The address of a robot is a secret but for where it leads."""
        properties = known_values.shown_of(task.properties, scope)
        if oos.fold(task.action) in ("acs::notify", "acs::approve"):
            for key, hook in properties.items():
                if oos.fold(key) == "webhook" and isinstance(hook, dict):
                    hook_properties = _property(task.properties, key) or {}
                    properties[key] = self.hook(task, hook, hook_properties, scope)
            return properties
        return self.converted(task, properties, scope)

    def converted(
        self, task: oos.Task, properties: dict[str, object], scope: known_values.Scope
    ) -> dict[str, Any]:
        """What a template is given, as its parameters of text have it: a number is text there."""
        if actions.keeps_to_itself(task.action):
            return properties
        child = self.named(task, scope)
        if child is None:
            return properties
        texts_of = {oos.fold(item.name) for item in child.parameters if item.type == "String"}
        if oos.fold(task.action) != "acs::template":
            return {key: _as_text(key, value, texts_of) for key, value in properties.items()}
        for key, part in properties.items():
            if oos.fold(key) == "parameters" and isinstance(part, dict):
                inner = {name: _as_text(name, value, texts_of) for name, value in part.items()}
                return {**properties, key: inner}
        return properties

    def hook(
        self, task: oos.Task, hook: dict[str, object], properties: object, scope: known_values.Scope
    ) -> dict[str, Any]:
        """An address that is hidden must be that of a chat's robot, so that all that happens there
        is a message. Unshowable: it is not."""
        raw = _property(properties, "uri") if isinstance(properties, Mapping) else None
        known, uri = known_values.evaluated(raw, scope.open)
        uri = str(uri or "") if known else ""
        named = (oos.fold(name) for name, _, _ in expressions.references(raw))
        covered = any(name in scope.hidden for name in named)
        if covered and not (known and (masks.robot(uri) or not uri.strip())):
            raise Unshowable(policy.Refusal("refused.plan_address", {"task": task.name}))
        if not uri.strip():
            return hook
        shown = masks.without_tokens(uri) if masks.robot(uri) else uri
        return {key: shown if oos.fold(key) == "uri" else value for key, value in hook.items()}

    def inline(self, value: object, scope: known_values.Scope) -> str:
        shown = known_values.shown_of(value, scope)
        self.note(shown)
        return shown if isinstance(shown, str) else model.canonical(shown)

    def yaml(self, value: object) -> Iterator[str]:
        self.note(value)
        if value:
            yield from _lines(json.dumps(value, ensure_ascii=False))

    def note(self, value: object) -> None:
        """Keep every text of a value for the patterns."""
        if isinstance(value, str):
            self.texts.append(value)
        elif isinstance(value, Mapping):
            for key, part in value.items():
                self.texts.append(str(key))
                self.note(part)
        elif isinstance(value, list | tuple):
            for part in value:
                self.note(part)

    def noted(self, said: str) -> str:
        self.texts.append(said)
        return said

    def say(self, key: str, **facts: object) -> str:
        return texts.say(self.locale, key, **facts)


def _as_text(name: str, value: object, texts_of: set[str]) -> object:
    """A value of a parameter that is text, as the run converts it."""
    bare = isinstance(value, int | float) and oos.fold(name) in texts_of
    return values.printed(value) if bare else value


def _plain(rate: object) -> bool:
    return isinstance(rate, oos.RateControl)


def _about(task: oos.Task, locale: str) -> str:
    """What its author says of a task, in the language at hand if it was said in that."""
    said = task.description
    text = said.get(locale.lower()) or said.get(locale.partition("-")[0]) or said.get("en") or ""
    return f" · {' '.join(text.split())}" if text else ""


def _ships(template: oos.Template) -> bool:
    """Is it a product action just as it ships with the bot?"""
    own = library.shipped().get(template.name)
    return own is not None and own.source == template.source


def _calls(template: oos.Template, task: oos.Task, scope: known_values.Scope) -> Iterator[str]:
    """The calls of a product action with what it was not given; the names of what it was given
    stay, for that stands above."""
    names = {oos.fold(name) for name in task.properties}
    inner = known_values.inner(template, {}, scope, veil)
    known = {name: value for name, value in inner.known.items() if name not in names}
    shown = {name: value for name, value in inner.shown.items() if name not in names}
    rest = replace(inner, known=known, shown=shown)
    for each in template.tasks:
        service, api = (_property(each.properties, name) or "" for name in ("service", "api"))
        called = known_values.shown_of(_property(each.properties, "parameters") or {}, rest)
        named = f"{service} {api}" if api else each.action
        yield f"{each.name}: {named} {model.canonical(called)}"


def _property(properties: Mapping[str, object], folded: str) -> Any:
    wanted = oos.fold(folded)
    return next((value for name, value in properties.items() if oos.fold(name) == wanted), None)


# ----------------------------------------------------------------------------- pasted values


def _pasted(
    properties: object, scope: known_values.Scope, script: bool = False, called: bool = False
) -> Iterator[str]:
    """Parameters whose values become parts of a script, and hold what a shell does not take for
    plain text. A script that is a parameter as a whole is told as it is. ``called``: within a
    function, which puts texts together."""
    if isinstance(properties, Mapping):
        for key, part in properties.items():
            name = oos.fold(str(key))
            function = functions.find(str(key)) if name.startswith("fn::") else None
            encodes = name == "fn::base64encode"
            inner = called or (script and function is not None and not encodes)
            yield from _pasted(part, scope, script or name in _SCRIPTS, inner)
    elif isinstance(properties, list | tuple):
        for part in properties:
            yield from _pasted(part, scope, script, called)
    elif isinstance(properties, str) and script:
        parts = placeholders.split(properties)
        for each in parts if len(parts) > 1 or called else ():
            if isinstance(each, str) or each.output is not None:
                continue
            value = scope.known.get(oos.fold(each.name))
            hides = oos.fold(each.name) in scope.hidden
            if value is not None and not hides and _CODE.search(values.printed(value)):
                yield str(each)


@functools.lru_cache(maxsize=512)
def _lines(text: str) -> tuple[str, ...]:
    """A value, given as JSON, in lines of YAML, remembered: a plan is told twice before it is
    voted on, and most of it is alike each time that somebody asks."""
    return tuple(printing.written(json.loads(text)).rstrip("\n").split("\n"))


def uses_of(subject: Subject) -> tuple[hidden.Use, ...]:
    """Where hidden values go."""
    known = {oos.fold(name): item for name, item in subject.library.items()}
    return hidden.uses(subject.template, known)


def faults_of(subject: Subject) -> list[source.Fault]:
    """Where hidden values could decide what is done."""
    known = {oos.fold(name): item for name, item in subject.library.items()}
    return hidden.faults(subject.template, known)
