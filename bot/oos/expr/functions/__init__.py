"""The functions of the template language: ``{"Fn::Name": arguments}``.

One registry entry each, from which docs/reference/templates.md is written. Source of the
documented ones: https://www.alibabacloud.com/help/doc-detail/120677.html
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.oos.expr.functions import arithmetic, base, jq, lists, logic, packages, texts, times
from bot.source import suggest

PREFIX = "Fn::"
Function = base.Function
BadArgument = base.BadArgument
REGISTRY: Mapping[str, base.Function] = {
    function.name: function
    for module in (texts, lists, logic, times, arithmetic, jq, packages)
    for function in module.FUNCTIONS
}
_FOLDED = {name.casefold(): function for name, function in REGISTRY.items()}


def find(name: str) -> base.Function | None:
    """The function of a name, with or without ``Fn::``, in any case; None: there is none."""
    folded = name.casefold().removeprefix(PREFIX.casefold())
    return _FOLDED.get(folded)


def nearest(name: str) -> str:
    """``, did you mean `Fn::X`?`` for a name that is no function's, or nothing."""
    return suggest.meant(name, [f"{PREFIX}{known}" for known in REGISTRY])
