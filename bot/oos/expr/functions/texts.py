"""Functions over text."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from bot.oos.expr import values
from bot.oos.expr.functions import base
from bot.oos.expr.functions.base import Example, Function
from bot.source import suggest

_VARIABLE = re.compile(r"\$\{([\w.:-]+)\}")
_POWERSHELL = {
    char: f"`{char}" for char in "`\"$';|&<>(){}#@,\u2018\u2019\u201a\u201b\u201c\u201d\u201e"
}
_POWERSHELL |= {"\n": "`n", "\r": "`r", "\t": "`t", "\0": "`0"}


def base64_encode(argument: object) -> str:
    return base64.b64encode(base.text(argument).encode("utf-8", "surrogatepass")).decode("ascii")


def base64_decode(argument: object) -> str:
    """Bytes that are no UTF-8 (the output of a Windows console) become U+FFFD."""
    if argument is None:
        return ""
    text = re.sub(r"\s", "", base.text(argument))
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise base.BadArgument(f"expected Base64 text, got {values.brief(argument)}") from None
    return raw.decode("utf-8", "replace")


def join(argument: object) -> str:
    separator, parts = base.items(argument, 2)
    return base.bounded(base.text(separator).join(map(values.printed, base.items(parts))))


def split(argument: object) -> list[str]:
    separator, text = base.items(argument, 2)
    if base.text(separator) == "":
        raise base.BadArgument("expected a separator, got an empty String")
    return base.text(text).split(base.text(separator))


def replace(argument: object) -> str:
    """All at once: what was put in is never replaced again."""
    pairs, text = base.items(argument, 2)
    news = {old: values.printed(new) for old, new in base.mapping(pairs).items()}
    if not news:
        return base.text(text)
    if "" in news:
        raise base.BadArgument("expected the text to replace, got an empty String")
    olds = re.compile("|".join(map(re.escape, sorted(news, key=len, reverse=True))))
    return _substituted(olds, lambda match: news[match.group(0)], base.text(text))


def sub(argument: object) -> str:
    """A variable without a value stays as it is: it may be the shell's."""
    if isinstance(argument, str):
        return argument
    parts = base.items(argument, 1, 2)
    news = base.mapping(parts[1]) if len(parts) == 2 else {}

    def value(match: re.Match[str]) -> str:
        return values.printed(news[match[1]]) if match[1] in news else match[0]

    return _substituted(_VARIABLE, value, base.text(parts[0]))


def _substituted(pattern: re.Pattern[str], value: Any, text: str) -> str:
    parts: list[str] = []
    size = at = 0
    for match in pattern.finditer(text):
        parts += [text[at : match.start()], value(match)]
        size += len(parts[-1]) + len(parts[-2])
        at = match.end()
        if size > values.MOST_TEXT:
            break
    return base.bounded("".join([*parts, text[at:]]))


def contains(argument: object) -> bool:
    text, part = base.items(argument, 2)
    return base.text(part) in base.text(text)


def escape(argument: object) -> str:
    """For PowerShell: a backtick before whatever it could take for syntax, the curved quotes that
    it takes for straight ones included."""
    text, language = base.items(argument, 2)
    if base.text(language).lower() != "powershell":
        near = suggest.meant(base.text(language), ["powershell"])
        raise base.BadArgument(f'expected "powershell", got {values.brief(language)}{near}')
    return "".join(_POWERSHELL.get(char, char) for char in base.text(text))


FUNCTIONS = (
    Function("Base64Encode", "The Base64 of a text (its UTF-8).", "文本（UTF-8）的 Base64 编码。",
        "text", (Example("hello", "aGVsbG8="),), base64_encode),
    Function("Base64Decode", "The text that Base64 stands for.", "Base64 所表示的文本。",
        "base64", (Example("aGVsbG8=", "hello"),), base64_decode),
    Function("Join", "One text of many, with a separator between.", "用分隔符连接列表中的值。",
        "[separator, list]", (Example([",", ["a", "b", "c"]], "a,b,c"),),
        join, wrong=base.takes(2)),
    Function("Split", "The parts of a text between separators.", "按分隔符切分文本。",
        "[separator, text]", (Example([",", "a,b,c"], ["a", "b", "c"]),),
        split, wrong=base.takes(2)),
    Function("Replace", "A text with parts of it replaced, all at once.",
        "替换文本中的片段（同时进行）。", "[{old: new, …}, text]",
        (Example([{"ecs": "rds"}, "my ecs"], "my rds"),
         Example([{"a": "b", "b": "a"}, "ab"], "ba")),
        replace, wrong=base.takes(2)),
    Function("Sub", "A text with `${name}` filled in; other names stay.",
        "填入文本中的 `${名称}`;没有给值的保留原样。", "[text, {name: value, …}]",
        (Example(["Var1: ${Var1}, home: ${HOME}", {"Var1": "v"}], "Var1: v, home: ${HOME}"),),
        sub, wrong=lambda raw: "" if isinstance(raw, str) else base.takes(1, 2)(raw)),
    Function("Escape", "A text safe between PowerShell's double quotes.",
        "转义文本，使其可放入 PowerShell 双引号中。", '[text, "powershell"]',
        (Example(['say "$x"', "powershell"], 'say `"`$x`"'),), escape, wrong=base.takes(2)),
    Function("ContainsSubString", "Is a text part of another?", "文本是否包含另一段文本。",
        "[text, part]", (Example(["hello", "ell"], True), Example(["hello", "x"], False)),
        contains, wrong=base.takes(2), documented=False),
)  # fmt: skip
