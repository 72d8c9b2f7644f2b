"""Names that every template knows, and what is said of others."""

from __future__ import annotations

from collections.abc import Iterable

from bot.oos.template import model
from bot.source import suggest

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


def unknown(message: str, name: str, known: Iterable[str]) -> str:
    """A sentence about an unknown name: one that OOS may know, unless it is surely misspelt."""
    return message if suggest.surely(name, known) else model.Local(message)


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
