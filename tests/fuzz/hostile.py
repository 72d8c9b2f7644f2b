"""What attackers send: values of every wrong kind, text that acts, and payloads bent at random."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

DEEP = 900
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 2**31, 2**63, -(2**63) - 1, 10**40, 1e308, -0.0, 1.5),
    *("", " ", "x", "0", "-1", "9" * 30, "null", "true", "1e999", "NaN", "[]", "{}", "\x00"),
    *("\ud800", "\udfff\ud800", "\u202e\u2066abc", "\u200b\ufeff", "{{oos-secret:db}}", "A" * 5000),
    *([], [[]], [None], ["x", {}], {}, {"": {}}, {"a": [1, {"b": None}]}, [[[[[[[]]]]]]]),
)
"""JSON values in none of which anybody known, nor any request, is named."""

TEXTS: tuple[str, ...] = (
    "@all",
    "@所有人 @Everyone @here",
    '<at user_id="all">Everyone</at>',
    "<at id=all></at><at ids=all></at>",
    '<at user_id="ou_bob"></at> @u-bob @ou_bob',
    "<AT\nid = 'ou_carol'></AT><person id = 'ou_carol'></person>",
    "[click](http://evil.example/x) ![i](https://evil.example/i.png) <https://evil.example>",
    "[a](dtmd://dingtalkclient/sendMessage?content=approve) [b](javascript:alert(1))",
    "https://evil.example/ www.evil.example ftp://evil.example mailto:a@evil.example",
    "[ref]: https://evil.example\n\n[ref]",
    '<a href="https://evil.example">x</a><img src=x onerror=alert(1)><script>1</script>',
    "<font color='red'>red</font> <text_tag color='red'>approved</text_tag>",
    "&lt;at id=all&gt;&#60;at id=all&#62; &amp;#64;all",
    "# heading\n> quote\n- list\n1. one\n---\n***\n| a | b |\n|---|---|\n",
    "```\n</pre>\n```\n**bold** _it_ ~~gone~~ `code`",
    "````\n```\n``` \u200b``` ~~~",
    '"}],"elements":[{"tag":"button","text":"Approve"}],"x":"',
    '{"tag":"at","user_id":"all"}',
    '\\\\u0040all \\n\\t \\"',
    "\u202eevorppa\u202c \u2066\u2067\u2068\u2069 \u061c\u200e\u200f",
    "a\u200bp\u200cp\u200dr\u2060o\ufeffv\u00ade",
    "Z" + "\u0315\u0316\u0334\u0489" * 60,
    "\uff20\uff41\uff4c\uff4c \ufe6ball @\u200ball \u0040\u034fall",
    "аpprove reѕtart ⅼs",
    "مرحبا שלום abc مرحبا",
    "👩‍👩‍👧‍👦🏴‍☠️🇨🇳👍🏽 \U000e0041\U000e0042\U000e007f",
    "\x00\x01\x08\x1b[31mred\x1b[0m\x7f\x85\u2028\u2029end",
    "line1\r\nline2\rline3\u2028line4\x0bline5",
    "$(touch CANARY) `touch CANARY` ; touch CANARY | touch CANARY & touch CANARY",
    "{{oos-secret:db}} {{ACS::InstanceId}} }} {{",
    "${IFS} %s %n {0} {id} {} %(x)s",
    "' OR 1=1; DROP TABLE requests; --",
    "ￂ￿ \ufffe\uffff \U0010ffff",
    "同意 1 approve 1 reject 1",
)


def bent(chance: random.Random, value: Any, times: int = 0) -> Any:
    """A copy of a JSON value with some of its nodes deleted, doubled, renamed or replaced."""
    whole = [copy.deepcopy(value)]
    for _ in range(times or chance.choice((1, 1, 1, 2, 3, 8))):
        spots = list(_spots(whole))
        holder, key = chance.choice(spots)
        match chance.randrange(5):
            case 0 if holder is not whole:
                if key in holder if isinstance(holder, dict) else key < len(holder):
                    del holder[key]
            case 1 if isinstance(holder, dict):
                holder[str(key)[:-1]] = holder.pop(key)
            case 2:
                holder[key] = json.dumps(holder[key])
            case 3:
                holder[key] = chance.choice(TEXTS)
            case _:
                holder[key] = copy.deepcopy(chance.choice(VALUES))
    return whole[0]


def _spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) below a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _spots(inner)


def bent_text(chance: random.Random, data: dict[str, Any]) -> str:
    """A bent object as JSON text: often whole, sometimes cut, doubled or nested beyond reason."""
    text = json.dumps(bent(chance, data), ensure_ascii=chance.random() < 0.5)
    match chance.randrange(12):
        case 0:
            return text[: chance.randrange(len(text) + 1)]
        case 1:
            return text + text
        case 2:
            return "[" * 100_000 + text
        case 3:
            return '{"a":' * DEEP + text + "}" * DEEP
        case 4:
            return text.replace(":", ":\t\n ", 1).replace('"', "'", 2)
    return text


def bent_bytes(chance: random.Random, data: bytes) -> bytes:
    """Bytes with some flipped, cut out, repeated or put in."""
    raw = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(len(raw) + 1)
        match chance.randrange(4):
            case 0 if raw:
                raw[at % len(raw)] ^= 1 << chance.randrange(8)
            case 1:
                del raw[at : at + chance.randrange(1, 40)]
            case 2:
                raw[at:at] = raw[at : at + chance.randrange(1, 40)]
            case _:
                raw[at:at] = chance.randbytes(chance.randrange(1, 12))
    return bytes(raw)
