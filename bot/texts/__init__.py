"""Everything the bot says, in Chinese and in English, in one place.

A phrase is looked up by its key and filled with facts. Facts are never markup and never phrases:
a ``{`` in somebody's text stays a ``{``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

from bot.texts import (
    absence,
    audit,
    authority,
    batches,
    calendar,
    cards,
    commands,
    core,
    definitions,
    doctor,
    doctor_database,
    forms,
    glass,
    locks,
    oncall,
    quotas,
    reasons,
    reports,
    runs,
    silence,
    standing,
)

LOCALES = ("zh-CN", "en")
PHRASES: dict[str, tuple[str, str]] = {
    **absence.PHRASES,
    **audit.PHRASES,
    **authority.PHRASES,
    **batches.PHRASES,
    **calendar.PHRASES,
    **core.PHRASES,
    **cards.PHRASES,
    **commands.PHRASES,
    **definitions.PHRASES,
    **doctor.PHRASES,
    **doctor_database.PHRASES,
    **forms.PHRASES,
    **oncall.PHRASES,
    **glass.PHRASES,
    **locks.PHRASES,
    **quotas.PHRASES,
    **reasons.PHRASES,
    **reports.PHRASES,
    **runs.PHRASES,
    **silence.PHRASES,
    **standing.PHRASES,
}
_MARKED = re.compile(r"`([^`\n]+)`")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_UNITS = ((86_400, " 天", " d"), (3_600, " 小时", " h"), (60, " 分钟", " min"), (1, " 秒", " s"))


def say(locale: str, key: str, **facts: object) -> str:
    """The phrase ``key`` in ``locale`` ("zh-CN" or "en"), filled with ``facts``.

    Lists are joined as people write them: ``{names}`` gives "Bob, Carol or Dave", ``{names:and}``
    "Bob, Carol and Dave", ``{names:list}`` "Bob, Carol, Dave". A number with ``{n:minute|minutes}``
    brings its noun, a timedelta is written as a duration. KeyError: no such phrase, locale or fact.
    """
    return filled(locale, PHRASES[key], facts)


def filled(locale: str, phrase: tuple[str, str], facts: Mapping[str, object]) -> str:
    """A phrase in ``locale``, filled with ``facts`` as by ``say``. KeyError: no such locale or
    fact."""
    values = {name: _fact(locale, value) for name, value in facts.items()}
    return phrase[_index(locale)].format_map(values)


class Bilingual(str):
    """A text of the configuration that a phrase holds, with the same in Chinese, if there is that.
    Wherever no language is known it is the text itself."""

    chinese: str

    def __new__(cls, text: str, chinese: str = "") -> Bilingual:
        made = super().__new__(cls, text)
        made.chinese = chinese
        return made


def spoken(locale: str, text: str) -> str:
    """A text in a language, where it is there in that."""
    chosen = text.chinese if isinstance(text, Bilingual) and _index(locale) == 0 else ""
    return chosen or str(text)


def plain(text: str) -> str:
    """A phrase for a place that shows no markup: what stands between backticks, without them."""
    return _MARKED.sub(r"\1", text)


def reason(locale: str, code: str, sentence: str) -> str:
    """Why the other side said no: its sentence ``sentence``, with what its ``code`` means in front."""
    key = f"reason.{code}"
    if key not in PHRASES:
        key = "reason.other" if _CHINESE.search(sentence) or not sentence else "reason.foreign"
    return say(locale, key, reason=sentence)


def joined(locale: str, items: Iterable[object], word: str = "or") -> str:
    """Items as a list in a sentence; ``word`` is "or", "and" or "list" (no conjunction)."""
    texts = [str(item) for item in items]
    chinese = _index(locale) == 0
    comma = "、" if chinese else ", "
    if len(texts) < 2 or word == "list":
        return comma.join(texts)
    last = {"or": " 或 ", "and": " 和 "}[word] if chinese else f" {word} "
    return comma.join(texts[:-1]) + last + texts[-1]


def removed(locale: str, why: str) -> str:
    """Why texts are gone, as a sentence; ``why`` as ``Request.removed`` has it, "": they are there."""
    if why == "person":
        return say(locale, "request.removed.person")
    return say(locale, "request.removed", days=why.removesuffix("d")) if why else ""


def duration(locale: str, span: timedelta) -> str:
    """A length of time in its two largest units: "1 d 2 h", "45 s"; a negative one is none."""
    remainder = max(0, int(span.total_seconds()))
    if timedelta() < span < timedelta(seconds=1):
        return ("不到 1 秒", "less than 1 s")[_index(locale)]
    first = next(
        (place for place, unit in enumerate(_UNITS) if remainder >= unit[0]), len(_UNITS) - 1
    )
    parts: list[str] = []
    for size, *names in _UNITS[first : first + 2]:
        count, remainder = divmod(remainder, size)
        if count or not parts:
            parts.append(f"{count}{names[_index(locale)]}")
    return " ".join(parts)


def _index(locale: str) -> int:
    if locale not in LOCALES:
        raise KeyError(f"no locale {locale!r}; there are {', '.join(LOCALES)}")
    return LOCALES.index(locale)


def _fact(locale: str, value: object) -> object:
    if isinstance(value, Bilingual):
        return spoken(locale, value)
    if isinstance(value, timedelta):
        return duration(locale, value)
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return _Items(locale, [_fact(locale, item) for item in items])
    if isinstance(value, int) and not isinstance(value, bool):
        return _Number(value)
    return value


class _Items:
    def __init__(self, locale: str, items: Iterable[object]) -> None:
        self._locale, self._items = locale, items

    def __format__(self, spec: str) -> str:
        return joined(self._locale, self._items, spec or "or")


class _Number(int):
    def __format__(self, spec: str) -> str:
        one, bar, many = spec.partition("|")
        if not bar:
            return format(int(self), spec)
        return f"{int(self)} {one if self == 1 else many}"
