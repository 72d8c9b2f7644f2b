"""``docs/reference/templates.md``, printed from the actions and functions themselves."""

from __future__ import annotations

import json
from typing import Any

from bot.oos.engine import actions
from bot.oos.expr import functions
from bot.oos.template import library, model, names

_HEAD = """# Templates · 模板

[简体中文](templates.zh-CN.md)

<!-- Printed by `python -m bot docs templates`; a test compares. Edit bot/oos/reference.py. -->

What is understood of the template language of
[Operation Orchestration Service](https://www.alibabacloud.com/help/en/oos/)
(`FormatVersion: OOS-2019-06-01`, YAML or JSON, at most 64 KB).
[Write a runbook](../how-to/write-a-runbook.md) shows how a template becomes a command of the chat.

```sh
python -m bot template validate .
```

names everything that is wrong with the templates of files and folders, each fault with its line
and column, and leaves with 1 if there is any. A template is known to the others by the name of its
file: an action `ACS::ECS::CopyImage` is the template `ACS::ECS::CopyImage.yml`. The
[product actions](#product-actions) below ship with the bot; a file of one's name replaces it. Where
OOS itself has further ones, `--allow-unknown-products` accepts them without their templates. Names
are taken in any case, as on OOS. A template may not run itself, through others or not.
"""
_ACTIONS = """## Actions

Of the properties behind *one of* at least one is needed. *Loops*: the task may have a `Loop`.
*First*: it starts an execution, so only the first task may be one.
*OOS only*: the language knows it, but only OOS itself runs it (`engine = "oos"`).
"""
_PRODUCTS = """## Product actions

These ship with the bot (`bot/oos/products/`): each is a template, with the parameters and outputs
of its page in Alibaba Cloud's documentation and in some cases more. Each makes its call, waits for
the state that it promises, and fails with the reason. Only what reads is tried again.
**Bold** parameters must be given.
"""
_VALUES = """## Values

`{{ parameter }}`, `{{ task.output }}` and the names below stand in any text; alone they keep their
type, inside other text they are printed, lists and objects as JSON. In jq scripts (`ValueSelector`,
`PropertySelector`, `Fn::Jq`) they are values, never a part of the script. A script may be a path
without its first dot. It may not read the environment or the clock, nor define a function that
calls itself; the length of ranges, the number of steps of loops and the length of repeated text are
bounded.
"""
_FUNCTIONS = """## Functions

`{"Fn::Name": argument}` stands for what the function makes of its argument, anywhere in a template
where `{{ references }}` may stand; functions may be nested. Where a List or an object is expected,
its JSON text does, too. Those marked with * are in use in published templates but not documented by
Alibaba Cloud; the others are those of
[its documentation](https://www.alibabacloud.com/help/doc-detail/120677.html).
"""


def page() -> str:
    """The whole page."""
    able = [spec for spec in actions.BUILT_IN.values() if not spec.refusal]
    refused = [spec for spec in actions.BUILT_IN.values() if spec.refusal]
    known = sorted(functions.REGISTRY.values(), key=lambda function: function.name)
    parts = [
        _HEAD,
        _ACTIONS,
        _table("| action | does | needs | may have | |", map(_action, able)),
        "Refused, with the reason:\n",
        _table("| action | |", (f"| `{spec.name}` | {spec.refusal} |" for spec in refused)),
        _PRODUCTS,
        _table("| action | does | takes | gives |", map(_product, library.shipped().values())),
        _VALUES,
        "".join(f"- `{name}`\n" for name in names.PSEUDO),
        _FUNCTIONS,
        _table("| function | argument |", map(_row, known)),
        *map(_section, known),
    ]
    return "\n".join(parts)


def _table(head: str, rows: Any) -> str:
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *rows, ""])


def _action(spec: actions.ActionSpec) -> str:
    needs = [_code(name) for name in spec.required]
    if spec.one_of:
        needs.append("one of " + ", ".join(map(_code, spec.one_of)))
    may = [_code(name) for name in spec.optional if name not in spec.one_of]
    for name, (required, optional) in spec.nested.items():
        inner = [f"{_code(key)} (needed)" for key in required] + [_code(key) for key in optional]
        may.append(f"inside {_code(name)}: {', '.join(inner)}")
    marks = ["loops"] * spec.loops + ["first"] * spec.trigger + ["OOS only"] * bool(spec.elsewhere)
    also = "".join(f", {_code(name)}" for name in spec.aliases)
    cells = (_code(spec.name) + also, spec.about, ", ".join(needs), ", ".join(may))
    return f"| {' | '.join(cells)} | {', '.join(marks)} |"


def _product(template: model.Template) -> str:
    takes = [
        f"**{_code(one.name)}**" if one.required else _code(one.name) for one in template.parameters
    ]
    gives = [_code(output.name) for output in template.outputs]
    about = f"{template.description['en']} · {template.description['zh-cn']}"
    return f"| `{template.name}` | {about} | {', '.join(takes)} | {', '.join(gives)} |"


def _code(name: str) -> str:
    return f"`{name}`"


def _row(function: functions.Function) -> str:
    star = "" if function.documented else " *"
    anchor = f"fn{function.name.lower()}"
    return f"| [Fn::{function.name}](#{anchor}){star} | `{function.shape}` |"


def _section(function: functions.Function) -> str:
    shown = [
        f"{_json({f'Fn::{function.name}': example.argument})}\n→ {_json(example.result)}"
        for example in function.examples
    ]
    about = f"{function.en} · {function.zh}"
    return "\n".join([f"### Fn::{function.name}", "", about, "", "```", *shown, "```", ""])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
