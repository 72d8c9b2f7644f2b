"""Countersign: ask, approve, run, tell. These names are what a command file may use."""

from bot.commands.api import (
    Act,
    Change,
    Context,
    Lookup,
    Output,
    Reply,
    Script,
    lookup,
    operation,
    query,
    vote,
)
from bot.commands.needs import Need
from bot.commands.parameters import (
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
from bot.commands.registry import Command
from bot.model import AuditRow, Block, File, InstanceResult, Letter, Request, Span

__all__ = [
    "About",
    "Act",
    "AuditRow",
    "Between",
    "Block",
    "Change",
    "Code",
    "Command",
    "Context",
    "File",
    "InstanceResult",
    "Letter",
    "Lookup",
    "Need",
    "Output",
    "Parameter",
    "Pattern",
    "Reply",
    "Request",
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
