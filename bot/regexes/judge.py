"""The process of ``apart``: a pattern and a text a line, as JSON; "yes" or "no" for each.

It runs by its path, isolated, and imports nothing but the standard library. It ends with its input;
and by itself where a question takes long and nobody is there any more to end it.
"""

from __future__ import annotations

import json
import re
import signal
import sys

ALONE = 5.0
"""Seconds after which it takes itself for forgotten: well over what it is given."""


def main() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_REAL, ALONE)  # its signal ends even a search
        pattern, how, text = json.loads(line)
        regex = re.compile(pattern)
        match = regex.search(text) if how == "search" else regex.fullmatch(text)
        sys.stdout.write("yes\n" if match else "no\n")
        sys.stdout.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
