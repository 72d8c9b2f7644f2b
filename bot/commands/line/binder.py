"""The arguments of one line, read into the values of one command, with or without names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bot import source, texts
from bot.commands import parameters, template_values
from bot.commands.line import formatter, timing, tokenizer
from bot.source import lenient_json, masks, suggest, unicode

if TYPE_CHECKING:
    from bot.commands import registry

_DASHES = "-‐‑‒–—−"
_SURE = re.compile(r"i-[a-z0-9]{6,}|tag:\S+=\S+|[A-Za-z][\w.]*-[\w.-]*\d[\w.-]*", re.ASCII)
_KEY = re.compile(r"(\w[\w-]*)([ \t]*)([=:])")
_NAME = re.compile(r"(\w[\w-]*)[ \t]+(?=[^\s=:])")
_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_LIKE_CODE = re.compile(r"(?=.*[0-9])[0-9A-Fa-f]{6,64}")
CLOSING = ".:!?~"
"""Punctuation that people put behind a word without meaning it."""


class Arguments:
    """One line being read into the values of one command."""

    def __init__(
        self,
        command: registry.Command,
        word: str,
        line: tokenizer.Reader,
        locale: str,
        timed: bool = False,
    ) -> None:
        self.command, self.word, self.line, self.locale = command, word, line, locale
        self.start = line.at
        self.values: dict[str, Any] = {}
        self.names = {
            name.casefold(): parameter
            for parameter in command.parameters
            for name in parameter.names
        }
        for name, parameter in list(self.names.items()):
            self.names.setdefault(name.replace("-", "_"), parameter)
        own = {parameter.name for parameter in command.parameters}
        self.times = [one for one in timing.TIMES if timed and one.name not in own]
        for one in self.times:
            self.names = dict.fromkeys(one.names, one) | self.names
        self.secrets: list[tuple[int, int]] = []
        """From where to where values stand in the line that are never to be shown."""
        self.doubtful = False
        """Was a word taken as an instance that may be the rest of such a value?"""
        self.order = parameters.positional(command.parameters)
        self.reserved: list[parameters.Parameter] = []
        self.script = command.parameter("script")

    def read(self) -> dict[str, Any]:
        """A value for every parameter. Invalid: it cannot be used; Unclosed: a quote."""
        try:
            while self._step():
                pass
        except tokenizer.Unclosed:
            raise
        except source.Invalid as error:
            later = self.names.get(str(error.fault.facts.get("name")))
            if (
                later is None
                or not later.required
                or later in self.reserved
                or not self._ahead(later)
            ):
                raise
            self.reserved.append(later)
            self.values.clear()
            self.secrets.clear()
            self.line.at = self.start
            return self.read()
        missing = [
            parameter
            for parameter in self.command.parameters
            if parameter.required and self._blank(parameter)
        ]
        if missing:
            raise self._missing(missing)
        defaults = {
            p.name: p.default
            for p in self.command.parameters
            if not p.required and p.template_parameter is None
        }
        values = {**defaults, **self.values}
        return {p.name: values[p.name] for p in self.command.parameters if p.name in values}

    @property
    def timing(self) -> str:
        """When it is to start, as it was typed: "at=03:00" or "in=2h"; "": at once. Invalid: both
        were."""
        said = [one for one in self.times if one.name in self.values]
        if len(said) > 1:
            raise source.Invalid.phrase("parse.twice", name=said[0].name, example=self.example())
        return "".join(f"{one.name}={self.values[one.name]}" for one in said)

    # -- reading

    def _step(self) -> bool:
        """Read one argument; False at the end of the line."""
        line, before = self.line, self.line.at
        gap = line.skip()
        if line.done:
            return False
        script = self.script if self.script and self.script.name not in self.values else None
        if script is not None and line.script(before, gap, started=before > self.start):
            self.assign(script, line.rest())
        elif key := self._key():
            self._keyed(key)
        elif line.plain.startswith("@", line.at):
            line.bare()
        elif (targets := self._structured()) is not None:
            self._fill(targets)
        elif line.at_quote():
            self._quoted(line.quoted(), script)
        else:
            self._bare(self._listed() or line.bare(), script)
        return True

    def _listed(self) -> str:
        """Words with commas between them that the next parameter takes as one; "": not so."""
        text, free = self.line.solid_ahead(), [p for p in self._open()[:1] if p.kind == "word"]
        return self.line.solid() if "," in text and any(self._fits(p, text) for p in free) else ""

    def _key(self) -> parameters.Parameter | None:
        """The parameter whose ``name=`` stands here; the reader moves behind it."""
        match = _KEY.match(self.line.plain, self.line.at)
        if match is None:
            return self._spoken()
        if self._is_tag(match):
            return None
        parameter = self.named(match[1])
        if parameter is not None:
            self.line.at = match.end()
            self.line.blanks()
            return parameter
        if match[3] == "=" and not match[2] and not match[1][0].isdigit():
            raise self.unknown(match[1])
        return None

    def _spoken(self) -> parameters.Parameter | None:
        """The parameter whose name stands here without a sign; the reader moves behind it."""
        match = _NAME.match(self.line.plain, self.line.at)
        parameter = self.named(match[1]) if match is not None else None
        if match is None or parameter is None or not parameter.spoken:
            return None
        self.line.at = match.end()
        return parameter

    def _is_tag(self, match: re.Match[str]) -> bool:
        """Is this an instance's tag, as in tag:env=prod, whatever parameters are called?"""
        targets = self.command.parameter("targets") is not None
        return targets and match[1].casefold() == "tag" and match[3] == ":" and not match[2]

    def _structured(self) -> parameters.Parameter | None:
        """The targets of a template, where their JSON begins here without a name."""
        if not lenient_json.begins(self.line.raw, self.line.at):
            return None
        targets = self.command.parameter("targets")
        return targets if targets is not None and targets.template_parameter is not None else None

    def _fill(self, parameter: parameters.Parameter) -> None:
        """Read the value of a template's parameter, which begins here."""
        line, item = self.line, parameter.template_parameter
        assert item is not None
        before = line.at
        line.skip_to_json(template_values.structured(item))
        apart = line.at > 0 and line.raw[line.at - 1].isspace()
        if line.line_ends or (apart and self._key_at(line.at)):
            nothing = source.Invalid.phrase("parse.value", name=parameter.name, value="")
            raise self._explained(parameter, nothing, "")
        try:
            text = template_values.read(item, line, self._special, lambda at: self._key_at(at, "="))
        except tokenizer.Unclosed as unclosed:
            raise (
                tokenizer.Unclosed(unclosed.quote, masks.TYPED) if parameter.secret else unclosed
            ) from None
        if parameter.secret:
            self.secrets.append((before, line.at))
        self.assign(parameter, text)

    def _keyed(self, parameter: parameters.Parameter) -> None:
        line = self.line
        if parameter.template_parameter is not None and (
            parameter.kind == "value" or line.json_ahead()
        ):
            self._fill(parameter)
        elif line.at_quote():
            self.assign(parameter, line.quoted())
        elif parameter.kind == "script":
            self.assign(parameter, line.rest())
        elif line.line_ends or self._key_at(line.at):
            self.assign(parameter, "")
        elif parameter.kind == "text":
            self.assign(parameter, self._free(line.at, keyed=True))
        else:
            self.assign(parameter, line.bare().rstrip(CLOSING))
            while parameter.kind == "targets" and line.comma_ahead() and not self._special():
                self.assign(parameter, line.bare().rstrip(CLOSING))

    def _special(self) -> bool:
        line = self.line
        return line.done or line.at_quote() or self._key_at(line.at)

    def _quoted(self, text: str, script: parameters.Parameter | None) -> None:
        if script is not None and self.values:
            self.assign(script, text)
            return
        free = next((p for p in self.order if p.kind == "text" and p.name not in self.values), None)
        for parameter in self._open():
            if parameter.kind == "text" or (
                parameter.kind == "targets"
                and free is not None
                and self.values.get(parameter.name)
                and not _SURE.fullmatch(text)
            ):
                self.assign(free or parameter, text)
                return
            if self._fits(parameter, text) or self._must(parameter, text, free is not None):
                self.assign(parameter, text)
                return
        raise self._surplus(text)

    def _bare(self, token: str, script: parameters.Parameter | None) -> None:
        start, text = self.line.at - len(token), token.rstrip(CLOSING)
        if not text:
            return
        free = self._takes_free(text)
        for parameter in self._open():
            if parameter.kind == "text":
                if free is not None:
                    self.assign(
                        parameter, self._free(start, keyed=bool(self.values.get("targets")))
                    )
                    return
                continue
            if parameter.kind == "targets" and free is not None:
                continue
            if parameter.kind == "script":
                continue
            if self._fits(parameter, text):
                self.doubtful = self.doubtful or bool(self.secrets)
                self.assign(parameter, text)
                return
            if self._must(parameter, text, False):
                if script is not None and parameter.kind == "targets":
                    raise self._missing([script])
                self.assign(parameter, text)
        raise self._surplus(text)

    def _takes_free(self, text: str) -> parameters.Parameter | None:
        """The free text that may begin with this word. Behind instances it has to be named, unless
        the word is Chinese and the instances' names are not."""
        open_ = self._open()
        free = next((p for p in open_ if p.kind == "text"), None)
        strict = [p for p in open_ if p.kind not in ("text", "script")]
        if unicode.hidden(text) and any(self._fits(p, unicode.visible(text)) for p in strict):
            raise source.Invalid.phrase("parse.hidden", name=strict[0].name)
        if self.command.parameter("targets") is None:
            number = self.command.parameter("request")
            again = number is not None and number.name in self.values and self._fits(number, text)
            if again and free is not None:
                raise self._too_many(text)
            return free
        chinese = bool(_CHINESE.fullmatch(text)) and bool(self.values.get("targets"))
        named = any(_CHINESE.search(target) for target in self.values.get("targets", ()))
        return free if chinese and not named else None

    def _open(self) -> list[parameters.Parameter]:
        """Parameters that a word without a name may still fill, in order."""
        return [
            p
            for p in self.order
            if (p.kind == "targets" or p.name not in self.values) and p not in self.reserved
        ]

    def _ahead(self, parameter: parameters.Parameter) -> bool:
        """Is this parameter named further on, so that no word before that can be meant for it?"""
        return parameter.name not in self.values and any(
            self.named(match[1]) is parameter
            for at, _ in self.line.words(self.line.at)
            if (match := _KEY.match(self.line.plain, at))
        )

    def _fits(self, parameter: parameters.Parameter, text: str) -> bool:
        try:
            parameters.value_of(parameter, text)
        except source.Invalid:
            return False
        return True

    def _must(self, parameter: parameters.Parameter, text: str, other: bool) -> bool:
        """Must this word fill this parameter, so that a error is its fault?"""
        if parameter.kind == "targets":
            return not other
        if parameter.kind == "code":
            return bool(_LIKE_CODE.fullmatch(text))
        near = parameter.kind == "choice" and _near_choice(parameter, text)
        return parameter.required or bool(near)

    def _free(self, start: int, *, keyed: bool) -> str:
        """Free text from ``start`` to the end or to the next ``name=``. Behind a name it ends early
        where a word is surely something else: a value still needed, an instance, a #number; and
        always where a script begins."""
        line, end = self.line, len(self.line.raw)
        needs = keyed and any(
            p.required and p.kind not in ("text", "script") and self._blank(p) for p in self.order
        )
        script = self.script is not None and self.script.name not in self.values
        last = start
        for number, (at, word) in enumerate(line.words(start)):
            if script and ("\n" in line.raw[last:at] or line.script_at(at)):
                end = last
                break
            last = at + len(word)
            ends = self._key_at(at, "=") or self._spoken_at(at)
            if number and (ends or (keyed and (needs or self._sure(word)))):
                end = at
                break
        line.at = end
        text = line.raw[start:end]
        return text if end == len(line.raw) else text.rstrip().rstrip(",，;；、")

    def _sure(self, word: str) -> bool:
        plain = word.rstrip(CLOSING)
        if self.command.parameter("targets") and _SURE.fullmatch(plain):
            return True
        number = self.command.parameter("request")
        free = number is not None and number.name not in self.values
        return free and bool(re.fullmatch(r"#[0-9]+", plain))

    def _key_at(self, at: int, signs: str = "=:") -> bool:
        match = _KEY.match(self.line.plain, at)
        return match is not None and match[3] in signs and self.named(match[1]) is not None

    def _spoken_at(self, at: int) -> bool:
        """Does the name of a parameter without a value stand here, with one behind it that fits?"""
        match = _NAME.match(self.line.plain, at)
        parameter = self.named(match[1]) if match is not None else None
        if match is None or parameter is None or not parameter.spoken:
            return False
        _, word = next(self.line.words(match.end()), (0, ""))
        return parameter.name not in self.values and self._fits(parameter, word.rstrip(CLOSING))

    def named(self, name: str) -> parameters.Parameter | None:
        """The parameter of a name, in any case and with either dash."""
        folded = name.casefold()
        return self.names.get(folded) or self.names.get(folded.replace("-", "_"))

    # -- assigning

    def assign(self, parameter: parameters.Parameter, text: str) -> None:
        name = parameter.name
        have = self.values.get(name, ())
        listed = parameter.kind == "targets" and isinstance(have, tuple)
        if name in self.values and not listed:
            raise source.Invalid.phrase("parse.twice", name=name, example=self.example())
        try:
            value = parameters.value_of(parameter, text)
            if listed and have and not isinstance(value, tuple):
                raise source.Invalid.phrase("parse.twice", name=name)
            if listed and isinstance(value, tuple):
                value = tuple(dict.fromkeys((*have, *value)))
                if parameter.template_parameter is not None:
                    parameters.unmixed(value)
                if len(value) > parameters.MOST_TARGETS:
                    raise source.Invalid.phrase(
                        "parse.too_many_targets", count=len(value), most=parameters.MOST_TARGETS
                    )
        except source.Invalid as error:
            raise self._explained(parameter, error, text) from None
        self.values[name] = value

    def _blank(self, parameter: parameters.Parameter) -> bool:
        value = self.values.get(parameter.name)
        if parameter.kind == "value":
            return parameter.name not in self.values
        return value is None or (isinstance(value, str | tuple) and not _filled(value))

    # -- refusing

    def _explained(
        self, parameter: parameters.Parameter, error: source.Invalid, text: str
    ) -> source.Invalid:
        facts = dict(error.fault.facts)
        if self.secrets and parameter.kind == "targets" and "value" in facts:
            facts["value"] = masks.TYPED
        near = "" if parameter.secret else _near_choice(parameter, text)
        self.values.pop(parameter.name, None) if parameter.kind != "targets" else None
        facts |= {
            "name": parameter.name,
            "label": parameter.label(self.locale),
            "expected": parameter.expected(self.locale),
            "example": self.example({parameter.name: near} if near else {}, parameter),
        }
        return source.Invalid.phrase(error.message, **facts)

    def unknown(self, name: str) -> source.Invalid:
        near = suggest.several(name.casefold(), tuple(self.names))
        known = list(dict.fromkeys(self.names[word].name for word in near))
        takes = [parameter.name for parameter in self.command.parameters]
        key = "hint.did_you_mean" if known else "hint.takes" if takes else "hint.takes_nothing"
        hint = texts.say(self.locale, key, names=known or takes)
        return source.Invalid.phrase(
            "parse.unknown_parameter",
            command=self.command.name,
            name=self._shown(name),
            hint=hint,
            suggestions=tuple(known),
            example=self.example(),
        )

    def _surplus(self, text: str) -> source.Invalid:
        strict = [p for p in self._open() if p.kind not in ("text", "script")]
        if strict:
            return self._explained(
                strict[0],
                source.Invalid.phrase("parse.value", value=self._shown(text)),
                text,
            )
        return self._too_many(text)

    def _shown(self, text: str) -> str:
        """A word that fits nowhere, as it may be repeated: behind a secret it may be its rest."""
        return masks.TYPED if self.secrets else unicode.shown(text)

    def _unshown(self, parameter: parameters.Parameter) -> bool:
        return parameter.secret or (self.doubtful and parameter.kind == "targets")

    def _too_many(self, text: str) -> source.Invalid:
        return source.Invalid.phrase(
            "parse.too_many",
            command=self.command.name,
            value=self._shown(text),
            example=self.example(),
        )

    def _missing(self, missing: list[parameters.Parameter]) -> source.Invalid:
        names = [f"{p.name} ({p.label(self.locale)})" for p in missing]
        example = self.example()
        if missing == [self.script]:
            example = self._split() or example
        return source.Invalid.phrase(
            "parse.missing",
            command=self.command.name,
            names=names,
            missing=tuple(p.name for p in missing),
            example=example,
        )

    def _split(self) -> str:
        """The line as typed, with ``--`` where the script seems to begin; "" if it has none."""
        typed = list(self.line.words(self.start))
        for number, (at, word) in enumerate(typed):
            if number and word.strip(_DASHES) and not _SURE.fullmatch(word.rstrip(",")):
                head = self.line.raw[self.start : at].rstrip(f"{_DASHES} \t").strip()
                tail = self.line.raw[at:].strip()
                return unicode.visible(f"{self.word} {head} -- {tail}")
        return ""

    def example(
        self, better: Mapping[str, object] | None = None, show: parameters.Parameter | None = None
    ) -> str:
        """A complete line: what was typed and fits, and examples for what is missing or wrong."""
        if not better and (not self.values or (show is not None and show.kind == "targets")):
            _, _, rest = self.command.example.partition(self.command.name)
            return self.word + rest
        values: dict[str, Any] = {}
        for parameter in self.command.parameters:
            if better and parameter.name in better:
                values[parameter.name] = better[parameter.name]
            elif not self._blank(parameter) and not self._unshown(parameter):
                values[parameter.name] = self.values[parameter.name]
            elif parameter.required or parameter is show or parameter.name in self.values:
                values[parameter.name] = parameters.sample(parameter)
        line = formatter.spell(self.command, values, self.word, show.name if show else "")
        return unicode.visible(line)


def _filled(value: str | tuple[str, ...]) -> bool:
    """Is there anything in it?"""
    return bool(value.strip() if isinstance(value, str) else value)


def _near_choice(parameter: parameters.Parameter, text: str) -> str:
    near = suggest.several(text.strip().casefold(), parameter.choices)
    return near[0] if near else ""
