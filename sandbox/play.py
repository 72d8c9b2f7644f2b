"""The stories, played by the example people against whatever bot is connected.

The demo, the behaviour tests and the crash tests all play these: they see only what people see
(the transcript, the toasts) and what really ran on the machines.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sandbox import world
from sandbox.client import Company

SUCCEEDED = ("成功", "succeeded")
REJECTED = ("已拒绝", "rejected")
EXPIRED = ("已过期", "expired")
CANCELLED = ("已取消", "cancelled")
STOPPED = ("已停止", "stopped")
FAILED = ("失败", "failed")
WAITING = ("等待中", "waiting")
URGENT = ("紧急", "Urgent")
SCHEDULED = ("等待开始时间", "waits for its time")
READ_FIRST = ("这次没有计入：", "Not counted yet:")
"""Before an approval counts, the whole plan was sent to its person."""
LEFT_OUT = ("全文见上方消息", "the whole text is in the messages above")
"""What stands on a card that can be approved and does not hold the whole plan."""
MOST_LOST = 3
"""So often an approval is given again of which no answer came."""
AUDIT = "№"
GROUPS = ("ops", "hr")

Entry = dict[str, Any]


def _is_unread(card: Entry, action: str, answer: Mapping[str, Any]) -> bool:
    """Has the person to read the whole plan first? Where the answer to an approval of a card that
    leaves something out was lost, they press again, too."""
    lost = action == "approve" and not answer.get("acked", True) and has(card["text"], LEFT_OUT)
    return lost or has(answer["said"], READ_FIRST)


class StoryFailed(AssertionError):
    """A story did not go as told; the message says where, and shows the group's last messages."""


def has(text: str, words: str | Sequence[str]) -> bool:
    """Does the text hold this word, or one of these?"""
    return any(word in text for word in ((words,) if isinstance(words, str) else words))


def tips(answer: Any) -> str:
    """The sentence under a card that its answer shows to the clicker: a toast where none exists."""
    for key in ("response", "cardData", "cardParamMap"):
        answer = (answer or {}).get(key) if isinstance(answer, dict | None) else None
    return str((answer or {}).get("tips", ""))


def title(entry: Entry) -> str:
    """The first line of what an entry says."""
    return str(entry["text"]).strip().partition("\n")[0]


def _label(card: Entry, action: str) -> str:
    """What stands on the button; an old card's is called by what it does."""
    for button in card["buttons"]:
        if button["action"] == action:
            return str(button["label"])
    return action


def is_request_card(entry: Entry) -> bool:
    """Is it a card that is or was voted on? A message may come as a card too, where only a card
    can mention people; that one never had buttons nor changed."""
    return entry["kind"] == "card" and bool(entry["buttons"] or entry["history"])


Watcher = Callable[["Play", str, dict[str, str]], Awaitable[None]]


class Play:
    """One platform's groups, with people in them. ``patience``: seconds to wait for the bot."""

    def __init__(self, sandbox: Company, platform: str, patience: float = 20.0) -> None:
        self.sandbox, self.platform, self.patience = sandbox, platform, patience
        self.watcher: Watcher | None = None

    async def tell(self, key: str, **facts: str) -> None:
        """Let whoever watches know of something that is seen in no group."""
        if self.watcher is not None:
            await self.watcher(self, key, facts)

    async def call(self, method: str, **args: Any) -> Any:
        return await self.sandbox.call(self.platform, method, **args)

    async def say(self, user: str, text: str, **args: Any) -> str:
        """Somebody writes to the bot; returns the message's id."""
        return str((await self.call("say", user=user, text=text, **args))["message"])

    async def click(
        self, user: str, card: Entry, action: str, *, again: bool = True, **args: Any
    ) -> dict[str, Any]:
        """Press a button; ``again``: once more, where the whole plan is to be read first."""
        answer, lost = await self._press(user, card, action, **args), 0
        deadline = time.monotonic() + self.patience
        while again and _is_unread(card, action, answer) and time.monotonic() < deadline:
            lost += not answer.get("acked", True)
            if lost > MOST_LOST:
                break
            await asyncio.sleep(0.03)
            try:
                answer = await self._press(user, card, action, **args)
            except RuntimeError as refusal:
                if "no button" not in str(refusal):
                    raise
                break  # the answer that was lost told of a vote that counted
        return answer

    async def _press(self, user: str, card: Entry, action: str, **args: Any) -> dict[str, Any]:
        await self.tell("click", who=user, what=_label(card, action), card=title(card))
        answer: dict[str, Any] = await self.call(
            "click", user=user, card=card["ref"], action=action, **args
        )
        answer["said"] = answer["toast"] or tips(answer["answer"])
        if answer["said"]:
            await self.tell("toast", who=user, said=answer["said"])
        return answer

    async def transcript(self, chat: str = "ops") -> list[Entry]:
        entries: list[Entry] = await self.call("transcript", chat=chat)
        return entries

    async def groups(self) -> list[Entry]:
        """What stands in all groups, with the ``group`` of each entry, as it came."""
        found = [e | {"group": chat} for chat in GROUPS for e in await self.transcript(chat)]
        return sorted(found, key=lambda entry: float(entry["at"]))

    async def until(self, what: str, found: Callable[[list[Entry]], Any], chat: str = "ops") -> Any:
        """Wait until the transcript shows something; StoryFailed if it does not in time."""
        deadline = time.monotonic() + self.patience
        while True:
            entries = await self.transcript(chat)
            if value := found(entries):
                return value
            if time.monotonic() > deadline:
                tail = "\n".join(
                    f"  [{e['kind']}] {e['from']}: {e['text'][:300]}" for e in entries[-6:]
                )
                raise StoryFailed(f"{self.platform}: {what}: not seen in time. Last seen:\n{tail}")
            await asyncio.sleep(0.03)

    def check(self, truth: object, what: str) -> None:
        if not truth:
            raise StoryFailed(f"{self.platform}: {what}")

    async def new_card(self, words: str, known: Sequence[str], chat: str = "ops") -> Entry:
        """The newest card that holds these words, offers Approve, and was not there before."""

        def found(entries: list[Entry]) -> Entry | None:
            for entry in reversed(entries):
                if entry["kind"] == "card" and entry["id"] not in known and words in entry["text"]:
                    offered = {button["action"] for button in entry["buttons"]}
                    return entry if "approve" in offered else None
            return None

        entry: Entry = await self.until(f"a card about {words!r} with buttons", found, chat)
        return entry

    async def ids(self, chat: str = "ops") -> list[str]:
        return [entry["id"] for entry in await self.transcript(chat)]

    async def card_says(self, card: Entry, words: Sequence[str], chat: str = "ops") -> Entry:
        """Wait until this card's title or text holds one of the words."""

        def found(entries: list[Entry]) -> Entry | None:
            for entry in entries:
                if entry["id"] == card["id"] and has(entry["text"], words):
                    return entry
            return None

        entry: Entry = await self.until(f"the card saying {words[0]!r}", found, chat)
        return entry

    async def told(
        self, words: str | Sequence[str], known: Sequence[str], chat: str = "ops", to: str = ""
    ) -> Entry:
        """Wait for a new message of the bot that holds the words (and mentions somebody)."""

        def found(entries: list[Entry]) -> Entry | None:
            for entry in entries:
                if entry["from"] != "bot" or entry["id"] in known or is_request_card(entry):
                    continue
                if has(entry["text"], words) and (not to or to in entry["mentions"]):
                    return entry
            return None

        entry: Entry = await self.until(f"a message with {words!r}", found, chat)
        return entry

    async def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.sandbox.call("aliyun", "runs")
        return found

    async def power(self) -> list[dict[str, Any]]:
        """What really happened to machines: rebooted, started, stopped."""
        found: list[dict[str, Any]] = await self.sandbox.call("aliyun", "power")
        return found


# ----------------------------------------------------------------------------- the stories


async def new_hire(play: Play, employee: str = "E123") -> None:
    """An OA form is agreed to; the account is provisioned, and the group is told with proof."""
    for again in (False, True):
        known, before = await play.ids("hr"), len(await play.runs())
        await play.tell("form", who="alice", employee=employee, role="devops", approver="bob")
        await play.call(
            "form",
            user="alice",
            fields={"emp_id": employee, "role": "devops"},
            approvers=["bob"],
            decision="agree",
        )
        told = await play.told(AUDIT, known, "hr")
        text = told["text"]
        play.check("Alice" in text and "Bob" in text, f"who asked and who approved: {text}")
        play.check(employee in text, f"the output names {employee}: {text}")
        play.check(len(await play.runs()) == before + 1, "it ran once per form")
        if again:
            play.check(has(text, ("nothing to do", "already")), f"the second time: {text}")


async def restart(play: Play, targets: str = "web-01 web-02") -> None:
    """Asked in the group, approved on the card, run, told in the thread."""
    known, before = await play.ids(), len(await play.runs())
    asked = await play.say("alice", f'restart {targets} reason="memory leak"')
    card = await play.new_card("restart", known)
    names = targets.split()
    for word in (*names, "memory leak", "Alice"):
        play.check(word in card["text"], f"the card shows {word}: {card['text']}")
    shown = "\n".join(e["text"] for e in await play.transcript() if e["id"] not in known)
    play.check("systemctl restart" in shown, "the whole script can be read before the vote")
    play.check({"bob", "carol"} <= set(card["mentions"]), f"approvers: {card['mentions']}")
    answer = await play.click("bob", card, "approve")
    play.check(answer["acked"], "the click was acknowledged in time")
    final = await play.card_says(card, SUCCEEDED)
    play.check("Bob" in final["text"], f"the card says who approved: {final['text']}")
    told = await play.told(AUDIT, known, to="alice")
    play.check(has(told["text"], SUCCEEDED), f"the outcome: {told['text']}")
    play.check("Bob" in told["text"], f"the audit reply says who approved: {told['text']}")
    if play.platform == "lark":
        play.check(told["reply_to"] == asked, "the reply stands under the question")
    ran = (await play.runs())[before:]
    machines = {machine.name: machine.id for machine in world.MACHINES}
    play.check(
        sorted(run["instance"] for run in ran) == sorted(machines[name] for name in names),
        f"each instance ran it once: {ran}",
    )


async def two_groups(play: Play) -> None:
    """An SRE and the owner of the databases must agree; nobody counts for both."""
    known, before = await play.ids(), len(await play.runs())
    await play.say("alice", 'restart web-02 reason="both teams"')
    card = await play.new_card("restart", known)
    play.check({"bob", "dave"} <= set(card["mentions"]), f"approvers: {card['mentions']}")
    await play.click("bob", card, "approve")
    await play.card_says(card, ("sre 1/1 · Dave 0/1", "1/1 sre · 0/1 Dave"))
    again = await play.click("bob", card, "approve")
    play.check(has(again["said"], ("已经", "already")), f"bob counts once: {again}")
    play.check(len(await play.runs()) == before, "one group is not enough")
    await play.click("dave", card, "approve")
    final = await play.card_says(card, SUCCEEDED)
    play.check("Bob" in final["text"] and "Dave" in final["text"], f"who agreed: {final['text']}")
    await play.told(AUDIT, known, to="alice")
    play.check(len(await play.runs()) == before + 1, "it ran once")


async def frozen(play: Play) -> None:
    """What is approved in a freeze waits for its end, and starts once as people lift it."""
    known, before = await play.ids(), len(await play.runs())
    await play.say("bob", "freeze restart for 1h the release is under way")
    freeze = await play.new_card("freeze", known)
    await play.click("carol", freeze, "approve")
    await play.card_says(freeze, SUCCEEDED)
    known = await play.ids()
    await play.say("alice", 'restart web-02 reason="memory leak"')
    card = await play.new_card("restart", known)
    play.check("the release is under way" in card["text"], f"why it waits: {card['text']}")
    await play.click("bob", card, "approve")
    await play.card_says(card, SCHEDULED)
    await play.told("cancel", known)
    play.check(len(await play.runs()) == before, "what is frozen does not run")
    asked = await play.ids()
    await play.say("carol", "unfreeze restart the release is done")
    await play.click("bob", await play.new_card("unfreeze", asked), "approve")
    await play.card_says(card, SUCCEEDED)
    await play.told(AUDIT, known, to="alice")
    play.check(len(await play.runs()) == before + 1, "it ran once")


async def escalated(play: Play) -> None:
    """Nobody decides: the approvers are reminded, then Carol, who is on call, gets a message to her
    alone that is urgent, and agrees.

    The configuration must have such a ladder for it, and carol on call.
    """
    carol = "Carol" if play.platform == "lark" else "carol"
    known, alone, before = await play.ids(), await play.ids(carol), len(await play.runs())
    await play.say("alice", 'restart web-03 reason="nobody answers"')
    card = await play.new_card("restart", known)
    await play.told("#", [*known, card["id"]], to="bob")
    alert = await play.told(URGENT, alone, carol)
    play.check("restart" in alert["text"], f"the alert says what waits: {alert['text']}")
    if play.platform == "lark":
        alerted = lambda seen: any(entry["urgent"] == ["carol"] for entry in seen)  # noqa: E731
        await play.until("the alert of Carol", alerted, carol)
    await play.click("carol", card, "approve")
    await play.card_says(card, SUCCEEDED)
    await play.told(AUDIT, known, to="alice")
    play.check(len(await play.runs()) == before + 1, "it ran once")


async def rejected(play: Play) -> None:
    """A stranger, the requester and an approver press buttons; only the approver's counts."""
    known, before = await play.ids(), len(await play.runs())
    await play.say("alice", 'restart web-01 reason="just because"')
    card = await play.new_card("restart", known)
    for user in ("mallory", "dave", "alice"):
        answer = await play.click(user, card, "approve")
        play.check(answer["acked"] and answer["said"], f"{user} is told why not: {answer}")
        now = next(entry for entry in await play.transcript() if entry["id"] == card["id"])
        offered = {button["action"] for button in now["buttons"]}
        play.check("approve" in offered, f"{user}'s click changed nothing")
    await play.click("bob", card, "reject", reason="not during the freeze")
    await play.card_says(card, REJECTED)
    told = await play.told(REJECTED, known, to="alice")
    play.check("Bob" in told["text"], f"who rejected: {told['text']}")
    late = await play.click("carol", card, "approve", revision=0)
    play.check(has(late["said"], REJECTED), f"a late click is told the truth: {late}")
    play.check(len(await play.runs()) == before, "nothing ran")


async def rejected_by_text(play: Play) -> None:
    """Rejecting in words, as a reply to the card."""
    known, before = await play.ids(), len(await play.runs())
    await play.say("alice", 'restart web-02 reason="once more"')
    card = await play.new_card("restart", known)
    await play.say("carol", "reject wait for the release", quote=card["ref"])
    final = await play.card_says(card, REJECTED)
    play.check("Carol" in final["text"], f"who rejected: {final['text']}")
    await play.told("wait for the release", known)
    play.check(len(await play.runs()) == before, "nothing ran")


async def cancelled(play: Play) -> None:
    """The requester takes it back; an outdated button then changes nothing."""
    known, before = await play.ids(), len(await play.runs())
    await play.say("alice", 'restart web-03 reason="mistake"')
    card = await play.new_card("restart", known)
    await play.say("alice", "cancel", quote=card["ref"])
    await play.card_says(card, CANCELLED)
    await play.told(CANCELLED, known)
    late = await play.click("bob", card, "approve", revision=0)
    play.check(has(late["said"], CANCELLED), f"an outdated click is told the truth: {late}")
    play.check(len(await play.runs()) == before, "nothing ran")


async def stopped(play: Play) -> None:
    """A long run is approved by two people and stopped from the card."""
    known, before = await play.ids(), len(await play.runs())
    await play.say("bob", "run web-03 -- echo begun; sleep 300; echo never")
    card = await play.new_card("run", known)
    own = await play.click("bob", card, "approve")
    play.check(own["said"], "the requester cannot approve his own")
    await play.click("carol", card, "approve")

    def stoppable(entries: list[Entry]) -> Entry | None:
        for entry in entries:
            if entry["id"] == card["id"]:
                offered = {button["action"] for button in entry["buttons"]}
                return entry if "stop" in offered else None
        return None

    await play.until("the card offering Stop", stoppable)
    deadline = time.monotonic() + play.patience
    while len(await play.runs()) == before:
        play.check(time.monotonic() < deadline, "the run began")
        await asyncio.sleep(0.03)
    await play.click("bob", card, "stop")
    await play.card_says(card, STOPPED)
    told = await play.told(STOPPED, known, to="bob")
    play.check("never" not in told["text"].split("begun")[-1], f"it was stopped: {told['text']}")


async def expired(play: Play) -> None:
    """Nobody decides: the approvers are reminded, then it expires and says so.

    The configuration must let the ``restart`` command's policy expire within ``patience``.
    """
    known, before = await play.ids(), len(await play.runs())
    await play.say("alice", 'restart db-01 reason="nobody looks"')
    card = await play.new_card("restart", known)
    await play.told("#", [*known, card["id"]], to="bob")
    await play.card_says(card, EXPIRED)
    await play.told(EXPIRED, known, to="alice")
    late = await play.click("bob", card, "approve", revision=0)
    play.check(has(late["said"], EXPIRED), f"a late click is told the truth: {late}")
    play.check(len(await play.runs()) == before, "nothing ran")


async def reboot(play: Play) -> None:
    """A template: approved, it finds the instances, asks again by robot and on the card, and
    reboots them one after the other."""
    known, before = await play.ids(), len(await play.power())
    await play.say("alice", "reboot-with-approval web-01 web-02 rateControl=1")
    card = await play.new_card("reboot-with-approval", known)
    shown = "\n".join(e["text"] for e in await play.transcript() if e["id"] not in known)
    for word in ("web-01", "web-02", "1. find", "2. agree", "3. reboot"):
        play.check(word in shown, f"the plan shows {word}: {shown}")
    await play.click("bob", card, "approve")
    await play.card_says(card, WAITING)
    asked = await play.told("Please agree to reboot", known)
    play.check(len(await play.power()) == before, f"nothing is rebooted before: {asked}")
    second = await play.new_card("agree", [])
    await play.click("carol", second, "approve")
    final = await play.card_says(card, SUCCEEDED)
    play.check("2/2" in final["text"], f"the card says how far it came: {final['text']}")
    told = await play.told(AUDIT, known, to="alice")
    for name in ("Bob", "Carol"):
        play.check(name in told["text"], f"the audit reply says who agreed: {told['text']}")
    acts = [(act["instance"], act["act"]) for act in (await play.power())[before:]]
    wanted = [("i-sandbox0web01", "reboot"), ("i-sandbox0web02", "reboot")]
    play.check(acts == wanted, f"each was rebooted once, in order: {acts}")


async def reboot_rejected(play: Play) -> None:
    """A template whose own approval is rejected: it is cancelled, and nothing is rebooted."""
    known, before = await play.ids(), len(await play.power())
    await play.say("alice", "reboot-with-approval web-03")
    card = await play.new_card("reboot-with-approval", known)
    await play.click("bob", card, "approve")
    await play.card_says(card, WAITING)
    second = await play.new_card("agree", [])
    await play.click("carol", second, "reject", reason="not now")
    await play.card_says(card, CANCELLED)
    told = await play.told(AUDIT, known, to="alice")
    play.check("Carol" in told["text"], f"who rejected: {told['text']}")
    play.check(len(await play.power()) == before, "nothing was rebooted")


async def reboot_failing(play: Play) -> None:
    """A template of which one instance fails: no more are started, and it says so."""
    known, before = await play.ids(), len(await play.power())
    await play.tell("broken", machine="web-01")
    await play.sandbox.call(
        "aliyun", "break_machine", instance="i-sandbox0web01", act="reboot", code="OperationDenied"
    )
    await play.say("alice", "reboot-with-approval web-01 web-02 rateControl=1")
    card = await play.new_card("reboot-with-approval", known)
    await play.click("bob", card, "approve")
    await play.card_says(card, WAITING)
    await play.click("carol", await play.new_card("agree", []), "approve")
    final = await play.card_says(card, FAILED)
    play.check("0/2" in final["text"], f"how far it came: {final['text']}")
    told = await play.told(AUDIT, known, to="alice")
    play.check("OperationDenied" in told["text"], f"why it failed: {told['text']}")
    play.check(len(await play.power()) == before, "nothing was rebooted")
    await play.sandbox.call("aliyun", "mend_machine", instance="i-sandbox0web01")
