"""How many examples the property tests try: few in ``make test``, the usual number in ``make
thorough``, many in ``make fuzz``."""

from __future__ import annotations

import os

VARIABLE = "EXAMPLES"
USUAL = "usual"
SHARE = 5
"""``make test`` tries one of so many, as its time is waited for."""


def examples(usual: int) -> int:
    """The number for a test that usually tries so many."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted == USUAL:
        return usual
    return int(wanted) if wanted else -(-usual // SHARE)
