"""What must not be shown: the values of hidden parameters, and the tokens of robots' addresses.

A hidden value reaches the call that needs it. In everything that people or logs get to see of a
run (what failed and why, outputs, what is asked) it is covered wherever it stands.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from bot import model
from bot.source import masks

SHORTEST = 3
"""Characters; what is shorter is no secret, and covering it would make all else unreadable."""


def without(text: str, secrets: Iterable[object]) -> str:
    """A text in which the secrets are covered, also as Base64, as scripts get them. One that is too
    short to be looked for within a text is covered where it is all of it."""
    for secret in secrets:
        whole = secret if isinstance(secret, str) else model.canonical(secret)
        plain = {whole, *masks.strings(secret)} - {""}
        if text in plain:
            return masks.MASK
        every = {form for each in plain for form in forms(each)}
        for shown in sorted(every, key=len, reverse=True):
            if len(shown) >= SHORTEST:
                text = text.replace(shown, masks.MASK)
    return text


def forms(secret: str) -> tuple[str, ...]:
    """How a secret may stand in a text."""
    return secret, _encoded(secret)


def covered(plan: model.Plan | None, value: object) -> Any:
    """Any value of a run with its plan's secrets covered, in keys and values."""
    secrets = of(plan)
    return masks.changed(value, lambda part: _covered(part, secrets)) if secrets else value


def of(plan: model.Plan | None) -> list[Any]:
    """The values of the plan's hidden parameters that there are."""
    if plan is None:
        return []
    return [value for name in plan.hidden if (value := plan.parameters.get(name))]


def of_call(plan: model.Plan, arguments: object) -> Any:
    """What a call is given, as people may read it. Hidden values go nowhere but to what holds a
    secret by its name, or into a script as Base64, and are covered there: covering them wherever
    they stand would hide what the call does."""
    return _of_call(arguments, _coded(plan))


def of_script(plan: model.Plan, text: str) -> str:
    """A text without the Base64 of what is hidden."""
    return _of_script(text, _coded(plan))


def _coded(plan: model.Plan) -> list[str]:
    """Hidden values as they stand in scripts."""
    texts = [value if isinstance(value, str) else model.canonical(value) for value in of(plan)]
    return [_encoded(text) for text in texts if text]


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()


def _of_call(arguments: object, coded: list[str], pasted: bool = False) -> object:
    if isinstance(arguments, Mapping):
        return {
            key: masks.MASK
            if part and not pasted and masks.SECRET_NAME.fullmatch(str(key))
            else _of_call(part, coded, pasted or str(key).casefold() == "parameters")
            for key, part in arguments.items()
        }
    if isinstance(arguments, list | tuple):
        return [_of_call(part, coded, pasted) for part in arguments]
    return _of_script(arguments, coded) if isinstance(arguments, str) else arguments


def _of_script(text: str, coded: list[str]) -> str:
    """A script, also one that is passed as Base64, without what it holds of secrets."""
    try:
        plain = base64.b64decode(text, validate=True).decode()
    except ValueError:
        plain = ""
    looked = plain if any(one in plain for one in coded) else text
    for one in coded:
        looked = looked.replace(one, masks.MASK)
    return looked


def progress(plan: model.Plan | None, shown: model.RunStatus) -> model.RunStatus:
    """How far a run is, without secrets."""
    if not of(plan):
        return shown
    stages = tuple(replace(one, detail=covered(plan, one.detail)) for one in shown.stages)
    outputs, error = covered(plan, dict(shown.outputs)), covered(plan, shown.error)
    return replace(shown, stages=stages, outputs=outputs, error=error)


def typed(names: Collection[str], text: str) -> str:
    """What somebody typed, for the records, though it may not be a command at all: what is given to
    a parameter of these names, which some template hides, is covered."""
    if names:
        text = re.sub(assignment(names), rf"\1\2{masks.MASK}", text)
    return masks.without_tokens(text)


def assignment(names: Collection[str]) -> str:
    """A pattern for what is typed for parameters of these names: name, sign and value."""
    listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    quoted = r'"[^"]*"?|\'[^\']*\'?|“[^”]*”?|\S+'
    return rf"(?i)(?<!\w)({listed})(\s*[=＝:：]\s*)({quoted})"


def _covered(value: object, secrets: list[object]) -> object:
    """One value without parts."""
    if isinstance(value, str):
        return without(value, secrets)
    same = any(value == one for one in secrets if type(one) is type(value))
    return masks.MASK if same else value
