"""The example company with the console as its one chat platform."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sandbox import world
from sandbox.console import token_of

TABLE = """\
[console]
socket = "{socket}"
[console.tokens]
"""


def _groups(match: re.Match[str]) -> str:
    return f'platform = "console"\nchat = "{world.DINGTALK_GROUPS[match[1]]}"'


CHANGES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"^lark = .*\n", ""),
    (r'^dingtalk = "u-(\w+)".*$', r'console = "\1"'),
    (r'^\[\[group\]\]\nplatform = "lark"\n(?:.+\n)+', ""),
    (r'^platform = "dingtalk"\nchat = "(cid[^"]+)".*$', _groups),
    (r"^\[\[form\]\].*?(?=^# -{20,} rules)", ""),
    (r"^\[\[(?:budget|quota)\]\]\n(?:.+\n)+", ""),
)


def configured(text: str, socket: str) -> str:
    """The shipped configuration, with the console in place of the platforms and their forms; the
    tokens stand in files beside the other secrets."""
    [folder] = set(re.findall(r'"([^"]*)/dingtalk-client-secret"', text))
    table = TABLE.format(socket=socket)
    table += "".join(f'{who} = {{ file = "{folder}/{file}" }}\n' for file, who in _files())
    text = re.sub(r"^\[dingtalk\].*?(?=^# -{20,} Alibaba)", f"{table}\n", text, flags=re.M | re.S)
    for old, new in CHANGES:
        text = re.sub(old, new, text, flags=re.M | (re.S if ".*?" in old else 0))
    return text


def furnish(path: Path, socket: Path) -> None:
    """Make the configuration at ``path`` one of the console alone; its tokens are put into the
    folder of secrets beside it."""
    for file, who in _files():
        (path.parent / "secrets" / file).write_text(token_of(who), "utf-8")
    path.write_text(configured(path.read_text("utf-8"), str(socket)), "utf-8")


def _files() -> list[tuple[str, str]]:
    return [(f"console-{person.id}", person.id) for person in world.PEOPLE]
