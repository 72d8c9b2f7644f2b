"""Secrets and people replaced in all that a capture keeps, the same way from its beginning to its
end, so that what is kept reads as it did.

It knows those of the configuration from the start, and learns others by the names of what they
stand under. What can't be gone through raises, and must not be kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from bot import redact
from bot.redact import encodings, names
from bot.redact.pseudonyms import Pseudonyms
from bot.source import masks

DEEPEST = 6
"""Texts within texts."""
PASSES = 3
"""So often a value is gone through while it teaches something."""
MOST_PEOPLE = 20_000
"""So many accounts and names are looked for in texts; later ones only where they stand alone."""
MOST_SECRETS, LONGEST_SECRET = 256, 16 << 10
"""So many hidden values are looked for, and so long ones; a longer one is covered where it is."""
SHORT, MOST_RESULTS = 64, 10_000
"""So long a text is, and of so many the result is kept until something is learned: names of fields
and words of the protocol come again and again."""
SHORTEST_NUMBER = 1000
"""A smaller number is no secret that could be looked for."""
AVATAR = "https://example.com/avatar"
_TOKEN = re.compile(r"[a-z0-9]+|[^\x00-\x7f]")
_PAIR = re.compile(
    r"""(?<![\w-])([A-Za-z_][\w-]{1,40})(\\*["']?\s*[:=]\s*\\*["']?)([^\s"'\\&,;{}\[\]<>]+)"""
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MOBILE = re.compile(
    r"(?<![0-9A-Za-z.])((?:\+|00)?86[-\s]?|\(\+?86\)\s?)?[1１][3-9３-９]\d"
    r"(?:(?:[-–.\s]?\d{4}){2}|[-–.\s]?\d{3}[-–.\s]?\d{5}|\d[-–.\s]\d{3}[-–.\s]?\d{4})(?![0-9A-Za-z])"
)
_PHONE = re.compile(r"(?<![0-9A-Za-z])\+(?!861[3-9]\d{9}\b)[1-9]\d{7,14}(?![0-9A-Za-z])")
_TITLE = re.compile(r"([\u4e00-\u9fff·]{2,12}?|[A-Za-z][\w .-]{2,40}?)提交的")
"""How the title of a form begins: with who filed it."""
_SPLIT = re.compile(r"[,;|\s]+")
_NAMING = ("name", "id", "custom_id", "bizAlias", "key", "Key", "ParameterKey")
"""Under these an object that holds a value says whose value it is."""
_NOT_DIGITS = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a configuration says of people and secrets. ``people``: accounts, ids and names;
    ``secrets``: values; ``hidden``: names of parameters whose values are never shown, ``fields``:
    those of forms that such a value is made of; ``words`` stand for themselves, even if somebody is
    called so; ``starts``: how accounts begin."""

    people: Collection[str] = ()
    secrets: Collection[object] = field(default=(), repr=False)
    hidden: Collection[str] = ()
    fields: Collection[str] = ()
    words: Collection[str] = ()
    starts: Collection[str] = ()


class Disguise:
    """One capture's. For one thread."""

    def __init__(self, terms: Terms) -> None:
        self._pseudonyms = Pseudonyms()
        self._words = set(names.PROTOCOL)
        self._hidden: set[str] = set()
        self._fields: set[str] = set()
        self._starts: set[str] = set()
        self._assignment: re.Pattern[str] | None = None
        self._account: re.Pattern[str] | None = None
        self._index: dict[str, list[tuple[str, int]]] = {}
        self._known: set[str] = set()
        self._configured: set[str] = set()
        self._secrets: dict[str, None] = {}
        self._secret: re.Pattern[str] | None = None
        self._depth = 0
        self._results: dict[str, str] = {}
        self._generation = 0
        self.know(terms)

    # ------------------------------------------------------------------------- learning

    def know(self, terms: Terms) -> None:
        """From now on what a configuration says, too; what was known stays so."""
        self._words |= set(map(str.casefold, terms.words))
        self._hidden |= set(map(str.casefold, terms.hidden))
        self._fields |= set(terms.fields)
        self._starts |= set(terms.starts)
        if self._hidden:
            self._assignment = re.compile(redact.assignment(self._hidden))
        if self._starts:
            listed = "|".join(map(re.escape, sorted(self._starts)))
            self._account = re.compile(rf"(?<![A-Za-z0-9])(?:{listed})[\w-]{{3,}}")
        self._configured |= {text for each in terms.secrets for text in _texts(each)}
        self._secret = None
        self._learned()
        for person in terms.people:
            self._learn(person, 2)
            for part in re.split(r"[^\w]+", person):
                self._learn(part, 3)

    def learn_secret(self, value: object) -> None:
        """From now on it is covered wherever it stands, also as Base64."""
        for text in _texts(value):
            if text in self._configured:
                continue
            if text not in self._secrets:
                self._secret = None
                self._learned()
            self._secrets.pop(text, None)
            self._secrets[text] = None
        while len(self._secrets) > MOST_SECRETS:
            self._secrets.pop(next(iter(self._secrets)))

    def learn_person(self, text: str) -> None:
        """From now on this account or name is replaced wherever it stands; the name of a field is
        none."""
        if not names.secret(text) and not names.person(text, {}):
            self._learn(text, 3)

    def _learn(self, text: str, least: int) -> None:
        key = _lower(text.strip())
        first = _TOKEN.search(key)
        short = 5 if key.isdigit() else least if key.isascii() else 2
        if key in self._known or key in self._words or first is None or len(key) < short:
            return
        if len(self._known) < MOST_PEOPLE:
            self._known.add(key)
            self._learned()
            entries = self._index.setdefault(first[0], [])
            entries.append((key, first.start()))
            entries.sort(key=lambda entry: -len(entry[0]))

    def _learned(self) -> None:
        self._generation += 1
        self._results.clear()

    # ------------------------------------------------------------------------- values

    def value(self, value: object) -> Any:
        """Any JSON value, disguised; types and shapes stay. What a later part of it teaches holds
        for the earlier ones, too."""
        for _ in range(PASSES):
            generation, result = self._generation, self._walked(value)
            if generation == self._generation:
                break
        return result

    def _walked(self, value: object) -> Any:
        return masks.changed(value, self._leaf, self._by_name)

    def _by_name(self, name: str, whole: Mapping[str, Any]) -> masks.Change | None:
        part = whole[name]
        hidden = name.casefold() in self._hidden and name.casefold() not in names.PROTOCOL
        if hidden or self._of_hidden_field(name, whole):
            return self._hide
        if names.secret(name):
            return _covered
        if isinstance(part, Mapping) or (isinstance(part, list) and any(map(_parted, part))):
            return None
        if name == "app_name":  # the bot's own
            return self._own
        if names.vocabulary(name) and isinstance(part, str) and part.lower() in names.PROTOCOL:
            return _same
        return self._person if names.person(name, whole) else None

    def _of_hidden_field(self, name: str, whole: Mapping[str, Any]) -> bool:
        if not (self._fields or self._hidden) or not name.lower().endswith("value"):
            return False
        named = (whole.get(key) for key in _NAMING)
        return any(
            text in self._fields or text.casefold() in self._hidden
            for text in named
            if isinstance(text, str)
        )

    def _leaf(self, part: Any) -> Any:
        if isinstance(part, str):
            return self.text(part)
        if isinstance(part, int) and not isinstance(part, bool):
            text = str(abs(part)) if abs(part) < 10**18 else ""
            if text in self._secrets or text in self._configured:
                return 0
            if _MOBILE.fullmatch(text):
                return int(_MOBILE.sub(self._mobile, text))
            if text in self._known:
                return self._pseudonyms.number(part)
        return part

    def _hide(self, part: Any) -> Any:
        """The value of a hidden parameter, which may stand elsewhere, too."""
        if isinstance(part, str):
            self.learn_secret(part)
        return _covered(part)

    def _own(self, part: Any) -> Any:
        if not isinstance(part, str) or _lower(part) in self._known:
            return self._leaf(part)
        self._words.add(part.casefold())
        return part

    def _person(self, part: Any) -> Any:
        if isinstance(part, int) and not isinstance(part, bool) and 0 < abs(part) < 10**18:
            self.learn_person(str(abs(part)))
            return self._pseudonyms.number(part)
        if not isinstance(part, str) or not part or part.casefold() in self._words:
            return part
        if "://" in part:
            return AVATAR
        if part[0] in "[{" and self._depth < DEEPEST:
            return self._people_of(part)
        for each in _SPLIT.split(part):
            self.learn_person(each)
        self.learn_person(part)
        return self._pseudonyms.of(part)

    def _people_of(self, text: str) -> str:
        """A list of people, written as JSON; all else as any text."""
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, list) or any(map(_parted, value)):
            return self.text(text)
        return json.dumps([self._person(each) for each in value], ensure_ascii=text.isascii())

    # ------------------------------------------------------------------------- texts

    def text(self, text: str) -> str:
        """A text, disguised: JSON in it as values are, and what stands encoded in it, too."""
        if len(text) < 2:
            return text
        if len(text) > SHORT or self._depth > 1:
            return self._text(text)
        result = self._results.get(text)
        if result is None:
            result = self._text(text)
            if len(self._results) >= MOST_RESULTS:
                self._results.clear()
            self._results[text] = result
        return result

    def _text(self, text: str) -> str:
        self._depth += 1
        try:
            nested = self._json(text) if self._depth <= DEEPEST else None
            if nested is not None:
                return nested
            if self._depth <= DEEPEST:
                text = encodings.within(text, self.text)
            return self._flat(text)
        finally:
            self._depth -= 1

    def _json(self, text: str) -> str | None:
        """JSON in which something was changed, and None for all else."""
        if text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            value = json.loads(text)
        except ValueError:
            return None
        compact = '": ' not in text and ", " not in text
        separators = (",", ":") if compact else None
        changed = self._walked(value)
        written = json.dumps(changed, ensure_ascii=text.isascii(), separators=separators)
        # what was not changed may, as it was written, hold more than was read
        return None if changed == value and written != text else written

    def _flat(self, text: str) -> str:
        if self._assignment is not None:
            text = self._assignment.sub(self._assigned, text)
        if (pattern := self._secret_pattern()) is not None:
            text = pattern.sub(masks.MASK, text)
        if "=" in text or ":" in text:
            text = masks.without_tokens(_PAIR.sub(self._pair, text))
            text = masks.without_pairs(text, masks.MASK)
        if "@" in text:
            text = _EMAIL.sub(lambda match: self._pseudonyms.of(match[0]), text)
        if (title := _TITLE.match(text)) is not None:
            self.learn_person(title[1])
        text = self._people(text)
        if self._account is not None:
            text = self._account.sub(lambda match: self._person(match[0]), text)
        text = _MOBILE.sub(self._mobile, text)
        return _PHONE.sub(lambda match: f"+{self._pseudonyms.of(match[0][1:])}", text)

    def _secret_pattern(self) -> re.Pattern[str] | None:
        if self._secret is None and (self._secrets or self._configured):
            known = (*self._configured, *self._secrets)
            forms = {form for text in known for form in (*redact.forms(text), quote_plus(text))}
            listed = sorted(forms, key=len, reverse=True)
            self._secret = re.compile("|".join(map(re.escape, listed)))
        return self._secret

    def _assigned(self, match: re.Match[str]) -> str:
        self.learn_secret(match[3].strip("\"'“”"))
        return f"{match[1]}{match[2]}{masks.MASK}"

    def _pair(self, match: re.Match[str]) -> str:
        name, sign, value = match.groups()
        if names.secret(name):
            return f"{name}{sign}{masks.MASK}"
        if names.person(name, {}) and "://" not in value:
            return f"{name}{sign}{self._person(value)}"
        return match[0]

    def _mobile(self, match: re.Match[str]) -> str:
        """A number of China, however it is written."""
        country = match[1] or ""
        rest = match[0][len(country) :]
        digits = iter(self._pseudonyms.of(_NOT_DIGITS.sub("", rest)))
        return country + "".join(next(digits) if each.isdigit() else each for each in rest)

    def _people(self, text: str) -> str:
        """The text with everybody replaced who is known."""
        lower, parts, done = _lower(text), [], 0
        for token in _TOKEN.finditer(lower):
            for key, offset in self._index.get(token[0], ()):
                start = token.start() - offset
                end = start + len(key)
                if start >= done and lower.startswith(key, start) and _ends(lower, end):
                    parts += [text[done:start], self._pseudonyms.of(text[start:end])]
                    done = end
                    break
        return "".join([*parts, text[done:]]) if parts else text


def _texts(secret: object) -> list[str]:
    """How a secret stands in texts; none where it is too short to be looked for, or covered."""
    if isinstance(secret, int | float) and not isinstance(secret, bool):
        secret = "" if abs(secret) < SHORTEST_NUMBER else str(secret)
    return [
        each
        for each in masks.strings(secret)
        if redact.SHORTEST <= len(each) <= LONGEST_SECRET and set(each) != {masks.MASK[0]}
    ]


def _ends(text: str, end: int) -> bool:
    """Does a word end here?"""
    if end >= len(text) or not text[end - 1].isascii() or not text[end - 1].isalnum():
        return True
    return not (text[end].isascii() and text[end].isalnum())


def _lower(text: str) -> str:
    """In lower case, with every character where it was."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)


def _covered(part: Any) -> Any:
    """In place of a secret, of the same type."""
    if isinstance(part, str):
        return part and masks.MASK
    if isinstance(part, bool) or not isinstance(part, int | float):
        return part
    return type(part)(0)


def _parted(part: object) -> bool:
    return isinstance(part, Mapping | list)


def _same(part: Any) -> Any:
    return part
