"""The types a command's parameters may have, and how what people typed becomes a value.

A command file writes them as annotations: ``targets: Targets``, ``role: Literal["dev", "ops"]``,
``service: Annotated[Word, Pattern(r"[a-z]+", "小写字母", "lower-case letters")] = "nginx"``.
"""

from __future__ import annotations

import functools
import inspect
import json
import re
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from bot import policy, regexes, source, texts
from bot.commands import template_values
from bot.oos.template import model as oos
from bot.source import lenient_json, unicode

Kind = Literal[
    "targets", "word", "text", "choice", "int", "bool", "request", "code", "script", "value"
]

MOST_TEXT = 500
MOST_SCRIPT = 12_000
MOST_TARGETS = 100


@dataclass(frozen=True, slots=True)
class _As:
    kind: Kind


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a word must match as a whole, and how to say that in Chinese and in English."""

    regex: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Between:
    """The least and the greatest number allowed."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class About:
    """What a parameter is, in Chinese and in English; ``example``: a value to show; ``names``:
    other names for ``name=value``; ``spoken``: ``name value`` is the same."""

    zh: str
    en: str
    example: str = ""
    names: tuple[str, ...] = ()
    spoken: bool = False


Targets = Annotated[tuple[str, ...], _As("targets")]
Word = Annotated[str, _As("word")]
Text = Annotated[str, _As("text")]
RequestNumber = Annotated[int, _As("request")]
Code = Annotated[str, _As("code")]
ScriptText = Annotated[str, _As("script")]

_ABOUT: dict[Kind, About] = {
    "targets": About("实例", "instances", "web-01", ("实例", "目标", "target", "instances")),
    "word": About("一个词", "a word"),
    "text": About("文字", "text", "memory leak"),
    "choice": About("选项", "a choice"),
    "int": About("整数", "a whole number", "1"),
    "bool": About("是否", "yes or no", "yes"),
    "request": About("申请编号", "the request's number", "42", ("编号", "request", "id")),
    "code": About("计划短码", "the plan's code", "1a2b3c4d", ("短码", "digest")),
    "script": About("脚本", "the script", "uptime", ("脚本",)),
    "value": About("值", "a value"),
}
_NAMES: dict[str, tuple[str, ...]] = {"reason": ("原因", "理由")}
_WORD = Pattern(
    r"[A-Za-z0-9_][A-Za-z0-9_@%+:./-]{0,127}",
    "字母、数字和 _ @ % + : . / -",
    "letters, digits and _ @ % + : . / -",
)
_TARGET = re.compile(r"tag:[\w.:/@+-]{1,128}=[\w.:/@+-]{1,128}|(?!tag:)[^\W_][\w.:-]{0,127}")
_YES = frozenset({"yes", "y", "true", "on", "1", "是", "对", "真", "开"})
_NO = frozenset({"no", "n", "false", "off", "0", "否", "不", "假", "关"})
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command. ``names``: every word that may stand before ``=``. ``named``: it
    is only taken with a name (a keyword-only parameter of the function). ``spoken``: its name may
    stand before the value without a sign, as in "on web-01". ``template_parameter``:
    the parameter of a template that it fills; where nothing is typed for it, it has no value here,
    as the template's Default is evaluated when the template is bound."""

    name: str
    kind: Kind
    required: bool
    default: object
    about: tuple[str, str]
    example: str
    names: tuple[str, ...] = ()
    pattern: Pattern | None = None
    choices: tuple[str, ...] = ()
    between: Between | None = None
    named: bool = False
    spoken: bool = False
    template_parameter: oos.Parameter | None = None

    @property
    def secret(self) -> bool:
        """Is its value never to be shown (NoEcho)?"""
        return self.template_parameter is not None and self.template_parameter.no_echo

    @property
    def usual(self) -> str:
        """Its default in a few words; empty: none that says anything."""
        if self.template_parameter is not None:
            return template_values.usual(self.template_parameter)
        return "" if self.required or self.default in ("", (), 0) else str(self.default)

    def misfit(self, text: str, allowed: Collection[str] = ()) -> str:
        """What is wrong with a text as its value, where it may only be one of ``allowed`` (none:
        any); "" if nothing is."""
        if not text.strip():
            return f"{self.name} needs a value" if self.required else ""
        try:
            value = value_of(self, text)
        except source.Invalid:
            return f"is no value that {self.name} takes: expected {self.expected('en')}"
        for one in value if isinstance(value, tuple | list) else (value,):
            if allowed and str(one) not in allowed:
                return f"is not among the allowed_values of {self.name}: {', '.join(allowed)}"
        return ""

    def label(self, locale: str) -> str:
        """What it is, in the words of the locale."""
        return self.about[texts.LOCALES.index(locale)]

    def expected(self, locale: str) -> str:
        """What fits, as the end of "expected …"."""
        if self.template_parameter is not None:
            return template_values.expected(self.template_parameter, locale)
        if self.pattern is not None:
            return (self.pattern.zh, self.pattern.en)[texts.LOCALES.index(locale)]
        facts: dict[str, Any] = {"choices": self.choices, "most": MOST_TARGETS}
        if self.between is not None:
            facts |= {"low": self.between.low, "high": self.between.high}
        key = "expected.between" if self.between is not None else f"expected.{self.kind}"
        return texts.say(locale, key, **facts)


def refusal(error: source.Invalid) -> policy.Refusal:
    """What is said of something that was typed and does not fit."""
    return policy.Refusal(error.message, error.fault.facts)


def positional(items: tuple[Parameter, ...]) -> list[Parameter]:
    """What may be typed without a name: everything up to the targets, then text and script only,
    and nothing that the command wants named."""
    order: list[Parameter] = []
    behind = False
    for parameter in items:
        if parameter.named:
            continue
        if not behind or parameter.kind in ("text", "script"):
            order.append(parameter)
        behind = behind or parameter.kind == "targets"
    return order


# ----------------------------------------------------------------------------- values


def value_of(parameter: Parameter, text: str) -> object:
    """The value that ``text`` stands for. Invalid: it does not fit; the refusal says why."""
    if parameter.kind == "text":
        return _text(text)
    if parameter.kind == "script":
        return _script(text)
    if parameter.template_parameter is not None and (
        parameter.kind == "value" or lenient_json.begins(text.lstrip(), 0)
    ):
        return _template_value(parameter, parameter.template_parameter, text)
    if unicode.hidden(text):
        raise source.Invalid.phrase("parse.hidden", name=parameter.name)
    plain = text.translate(unicode.ASCII).strip()
    if parameter.kind == "targets":
        return targets_of(plain)
    value = _VALUES[parameter.kind](parameter, plain)
    if value is None:
        raise source.Invalid.phrase("parse.value", name=parameter.name, value=unicode.shown(plain))
    return value


def _template_value(parameter: Parameter, item: oos.Parameter, text: str) -> Any:
    """The value of a template's parameter; what is secret is not repeated."""
    named = not lenient_json.begins(text.lstrip(), 0) or _listed(text) is not None
    if item.association == "Targets" and named:
        return unmixed(targets_of(text.translate(unicode.ASCII).strip()))
    try:
        return template_values.value(item, text)
    except source.Invalid as error:
        key = "parse.secret" if item.no_echo and "value" in error.message else error.message
        facts = {} if item.no_echo else {"value": unicode.shown(text)}
        named_facts = {"name": parameter.name, **facts, **error.fault.facts}
        raise source.Invalid.phrase(key, **named_facts) from None


def sample(parameter: Parameter) -> object:
    """The value of its example; where a template's parameter has none that fits, "…"."""
    try:
        return value_of(parameter, parameter.example or "…")
    except source.Invalid:
        return "…"


def unmixed(targets: tuple[str, ...]) -> tuple[str, ...]:
    """The targets of a template: either instances or tags, as OOS has them. Invalid: both."""
    tags = [target for target in targets if target.startswith("tag:")]
    if tags and len(tags) < len(targets):
        raise source.Invalid.phrase(
            "parse.targets_mixed", name="targets", value=unicode.shown(tags[0])
        )
    return targets


@functools.lru_cache(maxsize=256)
def targets_of(text: str) -> tuple[str, ...]:
    """Targets as pasted, with commas, semicolons, spaces or line breaks, each once, in order; or as
    events and forms have them, the JSON of a list. Remembered, as one word is tried in several
    places."""
    listed = _listed(text)
    items = [item for item in re.split(r"[\s,;]+", text) if item] if listed is None else listed
    for item in items:
        if not _TARGET.fullmatch(item):
            raise source.Invalid.phrase("parse.value", name="targets", value=unicode.shown(item))
    unique = tuple(dict.fromkeys(items))
    if len(unique) > MOST_TARGETS:
        raise source.Invalid.phrase("parse.too_many_targets", count=len(unique), most=MOST_TARGETS)
    return unique


def _listed(text: str) -> list[str] | None:
    """The texts of the JSON of a list of texts; None: it is not that."""
    if not text.lstrip().startswith("["):
        return None
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return items if items and all(isinstance(each, str) for each in items) else None


def _text(text: str) -> str:
    clean = unicode.visible(text).strip()
    if len(clean) > MOST_TEXT:
        raise source.Invalid.phrase("parse.text_too_long", count=len(clean), most=MOST_TEXT)
    return clean


def _script(text: str) -> str:
    """Kept as it is, but for the carriage returns of a Windows clipboard, which no shell takes."""
    text = text.replace("\r\n", "\n")
    if _BIDI.search(text):
        raise source.Invalid.phrase("parse.script_bidi")
    if any(char not in "\n\r\t" and unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise source.Invalid.phrase("parse.script_control")
    size = len(text.encode())
    if size > MOST_SCRIPT:
        raise source.Invalid.phrase("parse.script_too_long", count=size, most=MOST_SCRIPT)
    return text


def _word(parameter: Parameter, text: str) -> str | None:
    pattern = parameter.pattern or _WORD
    try:
        return text if regexes.compiled(pattern.regex).fullmatch(text) else None
    except regexes.TooSlow:
        return None


def _choice(parameter: Parameter, text: str) -> str | None:
    folded = text.casefold()
    return next((choice for choice in parameter.choices if choice.casefold() == folded), None)


def _int(parameter: Parameter, text: str) -> int | None:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return None
    value = int(text)
    limits = parameter.between
    return value if limits is None or limits.low <= value <= limits.high else None


def _bool(parameter: Parameter, text: str) -> bool | None:
    folded = text.casefold()
    return True if folded in _YES else False if folded in _NO else None


def _request(parameter: Parameter, text: str) -> int | None:
    """A bare number has at most seven digits: eight are a code."""
    match = re.fullmatch(r"#([0-9]{1,12})|([0-9]{1,7})", text)
    return (int(match[1] or match[2]) or None) if match else None


def _code(parameter: Parameter, text: str) -> str | None:
    return text.lower() if re.fullmatch(r"[0-9A-Fa-f]{8}", text) else None


_VALUES: dict[Kind, Callable[[Parameter, str], Any]] = {
    "word": _word,
    "choice": _choice,
    "int": _int,
    "bool": _bool,
    "request": _request,
    "code": _code,
}


# ----------------------------------------------------------------------------- signatures


def of_function(function: Callable[..., Any], context: type) -> tuple[bool, tuple[Parameter, ...]]:
    """Does the function take a context first, and which parameters has it? TypeError: a signature
    that people cannot fill; the message says which part."""
    hints = get_type_hints(function, include_extras=True)
    signature = list(inspect.signature(function).parameters.values())
    takes_context = bool(signature) and hints.get(signature[0].name) is context
    parameters = tuple(_parameter(item, hints) for item in signature[takes_context:])
    names = [name for parameter in parameters for name in parameter.names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TypeError(f"two parameters answer to {', '.join(twice)}")
    for kind in ("targets", "script", "request", "code"):
        if sum(parameter.kind == kind for parameter in parameters) > 1:
            raise TypeError(f"at most one parameter may be of type {kind}")
    return takes_context, parameters


def _parameter(item: inspect.Parameter, hints: dict[str, object]) -> Parameter:
    if item.kind not in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY):
        raise TypeError(f"{item.name}: only plain named parameters can be typed in a chat")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", item.name) or item.name == "tag":
        raise TypeError(f"{item.name}: a parameter's name is lower-case letters, digits and _")
    if item.name not in hints:
        raise TypeError(f"{item.name}: needs a type")
    kind, choices, extras = _kind(item.name, hints[item.name])
    if kind == "targets" and item.name != "targets":
        raise TypeError(f"{item.name}: a parameter of type Targets is called targets")
    about = next((extra for extra in extras if isinstance(extra, About)), _ABOUT[kind])
    pattern = next((extra for extra in extras if isinstance(extra, Pattern)), None)
    between = next((extra for extra in extras if isinstance(extra, Between)), None)
    usual = _ABOUT[kind]
    names = (item.name, *about.names, *_NAMES.get(item.name, ()))
    required = item.default is inspect.Parameter.empty
    example = about.example or (choices[0] if choices else "") or usual.example
    if not example and not required:
        example = str(item.default)
    parameter = Parameter(
        item.name,
        kind,
        required,
        None if required else item.default,
        (about.zh, about.en),
        example,
        tuple(dict.fromkeys(names)),
        pattern if pattern is not None or kind != "word" else _WORD,
        choices,
        between,
        named=item.kind is item.KEYWORD_ONLY,
        spoken=about.spoken,
    )
    _check(parameter)
    return parameter


def _kind(name: str, hint: object) -> tuple[Kind, tuple[str, ...], tuple[object, ...]]:
    extras: tuple[object, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        extras = tuple(rest)
    marked = next((extra for extra in extras if isinstance(extra, _As)), None)
    if marked is not None:
        return marked.kind, (), extras
    if get_origin(hint) is Literal and all(isinstance(arg, str) for arg in get_args(hint)):
        return "choice", get_args(hint), extras
    if hint is bool:
        return "bool", (), extras
    if hint is int:
        return "int", (), extras
    raise TypeError(
        f"{name}: {hint!r} is no type that people can type; see bot.commands.parameters"
    )


def _check(parameter: Parameter) -> None:
    """A default or an example that the parameter itself refuses would fail people later."""
    if parameter.required and not parameter.example:
        raise TypeError(f"{parameter.name}: needs an example: About(…, …, example=…)")
    samples = [parameter.example] if parameter.example else []
    if not parameter.required:
        wanted = {"targets": tuple, "int": int, "request": int, "bool": bool}.get(
            parameter.kind, str
        )
        if type(parameter.default) is not wanted:
            raise TypeError(f"{parameter.name}: its default must be of type {wanted.__name__}")
        if parameter.default and parameter.kind not in ("targets", "bool"):
            samples.append(str(parameter.default))
    for sample in samples:
        try:
            value_of(parameter, sample)
        except source.Invalid as misfit:
            raise TypeError(f"{parameter.name}: {sample!r} does not fit its own type") from misfit
