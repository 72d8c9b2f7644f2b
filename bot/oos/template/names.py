"""Names as people mistype them: the nearest right one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from bot.oos.template import model

PSEUDO = (
    "ACS::RegionId",
    "ACS::AccountId",
    "ACS::ExecutionId",
    "ACS::ExecuteUser",
    "ACS::TaskLoopItem",
    "ACS::CurrentDate",
    "ACS::CurrentUTCTime",
    "ACS::OOSUtilVersion",
    "ACS::TemplateName",
    "ACS::TemplateVersion",
    "ACS::ParentExecutionId",
)
"""Values that every execution has without declaring them."""

LOOP_ITEM = "ACS::TaskLoopItem"
END = "ACS::END"
NEXT = "ACS::NEXT"


def nearest(name: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The known name that was probably meant; empty: none is near. ``alike``: how near, up to 1."""
    written = {model.fold(item): item for item in known}
    folded = model.fold(name)
    if folded in written:
        return written[folded]
    close = difflib.get_close_matches(folded, written, n=1, cutoff=alike)
    return written[close[0]] if close else ""


SURE = 0.9
"""So near that nothing else can be meant."""


def unknown(message: str, name: str, known: Iterable[str]) -> str:
    """A sentence about an unknown name: one that OOS may know, unless it is surely misspelt."""
    return message if nearest(name, known, SURE) else model.Local(message)


def meant(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name; empty where nothing is near."""
    near = nearest(name, known)
    return f", did you mean `{near}`?" if near else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name; where nothing is near, what there is."""
    known = list(known)
    hint = meant(name, known)
    if hint:
        return hint
    if 0 < len(known) <= 8:
        return f"; expected {listed(known)}"
    return ""


def listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them: `a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def kind(value: object) -> str:
    """What a value of a template is, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a mapping"
