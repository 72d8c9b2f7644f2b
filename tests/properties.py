"""How many examples the property tests try: few in ``make test``, many in ``make fuzz``."""

from __future__ import annotations

import os

VARIABLE = "EXAMPLES"


def examples(usual: int) -> int:
    """So many, unless the environment says otherwise."""
    return int(os.environ.get(VARIABLE, usual))
