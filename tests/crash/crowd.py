"""The people of a platform when the bot dies underneath: whoever gets no answer to a click clicks
again, and nobody says anything twice.
"""

from __future__ import annotations

from typing import Any, Protocol

from sandbox import play
from sandbox.client import Sandbox
from tests.crash import crew

CLICKS = 20
WHICH = "请写明"
"""Words of the question which request is meant. It is asked on DingTalk when the bot dies between
showing the card and noting by what name a reply quotes it: the platform tells that name once only.
"""


class Listener(Protocol):
    """Whom people talk to."""

    async def up(self) -> None:
        """Wait until it is connected to both platforms."""


class Crowd(play.Play):
    """The people of one platform. They see nothing but the groups."""

    def __init__(self, sandbox: Sandbox, platform: str, bot: Listener) -> None:
        super().__init__(sandbox, platform, patience=crew.PATIENCE)
        self.bot = bot

    async def say(self, user: str, text: str, **args: Any) -> str:
        """Say it; where the bot cannot tell which card was quoted, say the number, as it asks."""
        known = await self.ids()
        message = await super().say(user, text, **args)
        if args.get("quote"):
            answer = await self.told(("#1", WHICH), known)
            if WHICH in answer["text"]:
                verb, _, rest = text.partition(" ")
                await super().say(user, f"{verb} 1 {rest}")
        return message

    async def click(self, user: str, card: play.Entry, action: str, **args: Any) -> dict[str, Any]:
        """Press until it is answered; a button that is gone by then needs no pressing."""
        pressed = False
        for _ in range(CLICKS):
            await self.bot.up()
            try:
                answer = await super().click(user, card, action, **args)
            except RuntimeError as refused:
                if pressed and "no button" in str(refused):
                    return {"acked": True, "said": str(refused)}
                raise
            if answer["acked"]:
                return answer
            pressed = True
        raise play.StoryFailed(f"{user} pressed {action} {CLICKS} times and got no answer")
