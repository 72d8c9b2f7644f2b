"""The process of ``apart``: a pattern and a text a line, as JSON; "yes" or "no" for each.

It runs by its path, isolated, and imports nothing but the standard library. It ends with its input.
"""

from __future__ import annotations

import json
import re
import sys


def main() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pattern, how, text = json.loads(line)
        regex = re.compile(pattern)
        found = regex.search(text) if how == "search" else regex.fullmatch(text)
        sys.stdout.write("yes\n" if found else "no\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
