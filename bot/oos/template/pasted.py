"""What a text lost on its way from a web page: its indentation, or that its lines are numbered."""

from __future__ import annotations

import itertools
import re

_NUMBER = re.compile(r"\s*(\d{1,4})(?:[.):|]|\s|$)")
_INDENTED = re.compile(r"^[^\S\n]+\S", re.MULTILINE)
_NESTED = re.compile(
    r"(?:- +)?(?:Name|Action|Properties|Type|Service|API|Parameters|Outputs|Description|Loop) *:"
)
_NEVER_FIRST = re.compile(r"(?:Action|Properties|Service|API|Loop) *:")
"""What stands at the beginning of no line where indentation is left."""
_FEW = 3


def lost(source: str) -> tuple[int, str] | None:
    """The line where it shows, and what to do; None: nothing is lost that can be seen."""
    first = _NUMBER.match(source)
    begins = first is not None and int(first[1]) <= 1
    indented = source.lstrip().startswith(("{", "[")) or _INDENTED.search(source)
    if indented and not begins:
        return None
    lines = [(at, line) for at, line in enumerate(source.split("\n"), 1) if line.strip()]
    counted = [(at, int(match[1])) for at, line in lines if (match := _NUMBER.match(line))]
    rising = sum(b[1] == a[1] + 1 for a, b in itertools.pairwise(counted))
    steady = rising >= _FEW and rising >= 0.8 * (len(counted) - 1)
    if begins and steady and 2 * len(counted) >= len(lines):
        return counted[0][0], (
            "the lines are numbered, as a web page shows them: copy the text without the numbers, "
            "or take them away"
        )
    if indented:
        return None
    inner = [at for at, line in lines if _NESTED.match(line)]
    sure = any(_NEVER_FIRST.match(line) for _, line in lines)
    if (sure or len(inner) > _FEW) and any(line.startswith("Tasks") for _, line in lines):
        return inner[0], (
            "the lines are not indented: what stands under `Tasks:` and `Parameters:` begins with "
            "spaces, which were lost when the text was copied; copy it from its source"
        )
    return None
