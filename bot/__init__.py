"""Countersign: ask, approve, run, tell. These names are what a command file may use."""

from bot.catalog import Command
from bot.command import (
    Act,
    Context,
    Lookup,
    Reply,
    Script,
    lookup,
    operation,
    query,
    vote,
)
from bot.model import Block, Span
from bot.parameters import (
    About,
    Between,
    Code,
    Parameter,
    Pattern,
    RequestNumber,
    ScriptText,
    Targets,
    Text,
    Word,
)

__all__ = [
    "About",
    "Act",
    "Between",
    "Block",
    "Code",
    "Command",
    "Context",
    "Lookup",
    "Parameter",
    "Pattern",
    "Reply",
    "RequestNumber",
    "Script",
    "ScriptText",
    "Span",
    "Targets",
    "Text",
    "Word",
    "lookup",
    "operation",
    "query",
    "vote",
]
