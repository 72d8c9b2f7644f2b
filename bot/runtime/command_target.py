"""Carries out what rules ask of the bot itself: a command becomes a request, by the one door."""

from __future__ import annotations

from bot import model
from bot.model import ports


class CommandTarget:
    """Performs ``model.Deliver`` to a command. A try that is repeated after a crash is recognised
    by its id, so it neither asks twice nor forgets the answer."""

    def __init__(self, submit: ports.Submit, clock: ports.Clock) -> None:
        self._submit = submit
        self._clock = clock

    async def perform(self, effect: model.Deliver, attempt: model.Attempt) -> model.Outcome:
        """Ask for the command. Done carries the number of the request, Refused the sentence that
        was said in the group."""
        if not isinstance(effect.to, model.ToCommand):
            return model.Refused("this asks for no command", "unsupported")
        try:
            receipt = await self._submit(ordered(effect, effect.to, self._clock))
        except ports.Closed as closed:
            return model.NotSent(str(closed))
        if receipt.tone == "error":
            return model.Refused(receipt.toast)
        return model.Done(receipt.toast)

    async def close(self) -> None:
        """There is nothing to release."""


def ordered(
    effect: model.Deliver, to: model.ToCommand, clock: ports.Clock
) -> model.CommandRequested:
    """The event by which a rule asks. Its id is new where people sent a refused one once more."""
    event = effect.event
    again = f":{effect.again}" if effect.again else ""
    return model.CommandRequested(
        id=f"ordered:{effect.key}{again}",
        at=clock.now(),
        rule=effect.rule,
        cause=f"{event['source']} {event['id']}",
        command=to.command,
        values=effect.body,
        person=to.person,
        group=to.group,
        platform=to.platform,
        policy=to.policy,
        rules=to.rules,
        timeout=to.timeout,
        causes=to.causes,
    )
