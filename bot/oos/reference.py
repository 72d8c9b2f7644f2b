"""The reference of the template language's functions, written from their registry.

``python -m bot.oos.reference`` writes it into docs/reference/oos-functions.md; a test holds it
there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bot.oos import functions

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "reference" / "oos-functions.md"
_HEAD = """# Functions of templates · 模板函数

<!-- written by python -m bot.oos.reference -->

`{"Fn::Name": argument}` stands for what the function makes of its argument, anywhere in a
template where `{{ references }}` may stand; functions may be nested, and their names are taken in
any case. Where a List or an object is expected, its JSON text does, too. Those marked with * are
in use in published templates but not documented by Alibaba Cloud; the others are those of
[its documentation](https://www.alibabacloud.com/help/doc-detail/120677.html).
"""


def markdown() -> str:
    """The whole page: a table of all functions, then each with its examples."""
    ordered = sorted(functions.REGISTRY.values(), key=lambda function: function.name)
    table = ["| function | argument |", "|---|---|", *map(_row, ordered)]
    return "\n".join([_HEAD, *table, "", *map(_section, ordered)])


def _row(function: functions.Function) -> str:
    star = "" if function.documented else " *"
    anchor = f"fn{function.name.lower()}"
    return f"| [Fn::{function.name}](#{anchor}){star} | `{function.shape}` |"


def _section(function: functions.Function) -> str:
    shown = [
        f"{_json({f'Fn::{function.name}': example.given})}\n→ {_json(example.result)}"
        for example in function.examples
    ]
    about = f"{function.en} · {function.zh}"
    return "\n".join([f"## Fn::{function.name}", "", about, "", "```", *shown, "```", ""])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def main() -> int:
    PAGE.write_text(markdown(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
