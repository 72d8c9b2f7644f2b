"""When an OA form is read, and read again: events are hints, and answers may lag behind them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot import model
from bot.core.decision import DecisionBuilder

QUIET: dict[str, bool] = {"quiet": True}
"""The context of a look at a form that nobody waits for: only an approved one matters."""
PATIENCE = (2.0, 5.0, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0)
"""Seconds after which a form that is said to be agreed to, and doesn't read so, is read again
before anything is said."""
LATER = (1800.0, 3600.0, 7200.0, 14400.0, 28800.0)
"""Seconds after which it is read again once that was said."""
WATCH = (30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Seconds after which a form about another is read again that is not decided; the last for ever."""
BEFORE_START = "start"
"""What a reading is, by its context: the last one before the form's run starts."""
GONE = 3
"""How often in a row such a form must not be found to count as taken back."""
WAITED = timedelta(minutes=round(sum(PATIENCE) / 60))
"""How long that is, as it is told."""


def lane_of(body: model.FetchForm) -> str:
    return f"form:{body.platform}:{body.instance}"


def read(
    builder: DecisionBuilder,
    body: model.FetchForm,
    why: str,
    context: Mapping[str, object],
    lane: str = "",
) -> None:
    """Read a form, after all that is still to be read of it. ``why`` makes it happen once."""
    key = f"{lane_of(body)}:{why}"
    builder.effects.append(model.NewEffect(key, lane or lane_of(body), body, context=dict(context)))


def before_start(
    builder: DecisionBuilder, form: model.FormOrigin, again: int = 0, **more: object
) -> None:
    """Read the form of an approved request before anything of it starts; ``again``: for how many
    times it was not found."""
    body = model.FetchForm(form.platform, form.tenant, form.form, form.instance)
    lane = lane_of(body)
    why = "-".join(("attached" if more else "start", builder.it.digest[:16], str(again)))
    key = f"{lane}:{why}:{builder.name}:v{builder.it.version}"
    context = {"as": BEFORE_START, "for": form.instance, "digest": builder.it.digest, **more}
    after = PATIENCE[again - 1] if again else 0.0
    builder.queue(key, lane, body, context={**context, "again": again}, after=after)


def wait(
    builder: DecisionBuilder, body: model.FetchForm, after: float, context: Mapping[str, object]
) -> None:
    """Read it again later. Later readings wait in a lane of their own, so that they keep nothing
    up; what they find is read once more in its turn before anything is done about it."""
    effect = builder.view.effect
    assert effect is not None
    key = f"{lane_of(body)}:wait:{effect.id}"
    builder.effects.append(
        model.NewEffect(key, key, body, context={**context, "waited": True}, after=after)
    )


def waited(builder: DecisionBuilder) -> bool:
    """Does this reading come from ``wait``?"""
    return bool(context_of(builder).get("waited"))


def at_once(builder: DecisionBuilder, body: model.FetchForm) -> None:
    """What was read after a while is read once more, in its turn."""
    effect = builder.view.effect
    assert effect is not None
    context = {name: value for name, value in effect.context.items() if name != "waited"}
    read(builder, body, f"again:{effect.id}", context)


def context_of(builder: DecisionBuilder) -> Mapping[str, Any]:
    return builder.view.effect.context if builder.view.effect is not None else {}


def patience(builder: DecisionBuilder, body: model.FetchForm, soon: bool = True) -> bool:
    """A form that should be agreed to is not, as far as can be read: read it again later. True: say
    so now. ``soon`` is False where there is nothing to be patient about."""
    context = context_of(builder)
    tries = int(context.get("tries", 0))
    if not soon and tries < len(PATIENCE):
        tries = len(PATIENCE)
    delays = (*PATIENCE, *LATER)
    if tries < len(delays):
        late = {"late": True} if tries >= len(PATIENCE) else {}
        wait(builder, body, delays[tries], {**context, **late, "tries": tries + 1})
    return tries == len(PATIENCE)


def watch(
    builder: DecisionBuilder, body: model.FetchForm, original: str, gone: int = 0, own: bool = False
) -> None:
    """A form about ``original`` is not decided, or not found: read it again later. ``own``: it is
    that form itself, which waits again."""
    context = context_of(builder)
    turn = int(context.get("watch", 0))
    delay = WATCH[min(turn, len(WATCH) - 1)]
    if turn == 0 and not context.get("quiet"):
        delay = PATIENCE[0]
    more = {"as": "own"} if own else {}
    facts = {"for": original, "watch": turn + 1, "gone": gone, **more}
    wait(builder, body, delay, {**context, **facts})
