"""Events received → durably decided → acknowledged, through the real connections.

The load is chat messages that each ask for an operation (``restart web-01 reason="…"``, no two
alike, by 250 people in turn): each is deduplicated, parsed, judged, stored as a request with its
audit entry, its timer and the look-up that it queues, and synced to disk before it is acknowledged.
A click on a card that is none of ours is the lighter event. The SDKs store nothing.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bench import figures, processes
from bench.suite import Suite

IN_FLIGHT = (1, 64, 512)


async def measure(suite: Suite) -> None:
    """Both platforms, each with a fresh store."""
    await _dingtalk(suite)
    await _lark(suite)


async def _dingtalk(suite: Suite) -> None:
    config = processes.configuration(processes.FOLDER / "acks-dingtalk", suite.far.url)
    async with (
        processes.bot(suite.far, config) as bot,
        processes.peer(suite.far, "echo"),
        processes.peer(suite.far, "reply"),
    ):
        ours, echo, reply = "bot@dingtalk", "echo@dingtalk", "reply@dingtalk"
        table = Rounds(suite, "dingtalk", bot)
        for most in IN_FLIGHT:
            taken = await table.rounds(most, ours, echo)
            suite.figures.keep(f"ack.dingtalk.per_second_{most}", figures.median(taken[0]))
            value = figures.ratio(*taken)
            name = "ack.dingtalk.ratio_to_sdk_echo"
            suite.figures.keep(name if most == 64 else f"{name}_{most}", value)
        suite.figures.keep("ack.dingtalk.p50_ms", table.p50[0] * 1000)
        suite.figures.keep("ack.dingtalk.p50_ratio_to_sdk_echo", table.p50[0] / table.p50[1])
        taken = await table.rounds(64, ours, reply)
        suite.figures.keep("ack.dingtalk.ratio_to_sdk_reply", figures.ratio(*taken))
        taken = await table.rounds(64, ours, echo, "click")
        suite.figures.keep("ack.dingtalk.click_per_second_64", figures.median(taken[0]))
        suite.figures.keep("ack.dingtalk.click_ratio_to_sdk_echo", figures.ratio(*taken))
        suite.figures.keep("memory.mb", bot.weigh().memory)
        suite.figures.keep("memory.peak_mb", bot.weigh().peak)
        table.show()
    table.verify()


async def _lark(suite: Suite) -> None:
    config = processes.configuration(processes.FOLDER / "acks-lark", suite.far.url)
    async with (
        processes.bot(suite.far, config) as bot,
        processes.peer(suite.far, "handler"),
    ):
        ours, theirs = "bot@lark", "handler@lark"
        table = Rounds(suite, "lark", bot)
        for most in IN_FLIGHT:
            taken = await table.rounds(most, ours, theirs)
            suite.figures.keep(f"ack.lark.per_second_{most}", figures.median(taken[0]))
            name = "ack.lark.ratio_to_sdk_handler"
            suite.figures.keep(name if most == 64 else f"{name}_{most}", figures.ratio(*taken))
        suite.figures.keep("ack.lark.p50_ms", table.p50[0] * 1000)
        suite.figures.keep("ack.lark.p50_ratio_to_sdk_handler", table.p50[0] / table.p50[1])
        taken = await table.rounds(64, ours, theirs, "click")
        suite.figures.keep("ack.lark.click_per_second_64", figures.median(taken[0]))
        suite.figures.keep("ack.lark.click_ratio_to_sdk_handler", figures.ratio(*taken))
        table.show()
    table.verify()


class Rounds:
    """The rounds of one platform, and what is told of them."""

    def __init__(self, suite: Suite, platform: str, bot: processes.Bot) -> None:
        self._suite, self._platform, self._bot = suite, platform, bot
        self._rows: list[tuple[object, ...]] = []
        self._asked = 0
        self.p50 = (0.0, 0.0)

    async def rounds(
        self, most: int, ours: str, theirs: str, kind: str = "ask"
    ) -> tuple[list[float], list[float]]:
        """Acks per second of both, round by round; the first of each is not counted. ``kind`` is
        what we are sent; the SDK always gets messages, as it would answer a click no quicker."""
        far, seconds = self._suite.far, self._suite.seconds
        rates: dict[str, list[float]] = {ours: [], theirs: []}
        waits: dict[str, list[float]] = {ours: [], theirs: []}
        busy = []
        for number in range(self._suite.rounds + 1):
            for peer in (ours, theirs):
                cpu = self._bot.weigh().cpu
                sent = kind if peer == ours else "ask"
                said = await far.load(peer, most, seconds if number else 0.3, sent)
                if peer == ours and kind == "ask":
                    self._asked += said["acked"]
                if not number:
                    continue
                rates[peer].append(said["rate"])
                if said["p50"]:
                    waits[peer].append(said["p50"])
                if peer == ours:
                    busy.append((said["cpu"], (self._bot.weigh().cpu - cpu) / seconds))
        if most == 1:
            self.p50 = figures.median(waits[ours]), figures.median(waits[theirs])
        driver, bot = (figures.median(part) for part in zip(*busy, strict=True))
        self._rows.append(
            (
                f"{most} in flight" + ("" if kind == "ask" else ", clicks"),
                figures.median(rates[ours]),
                theirs.partition("@")[0],
                figures.median(rates[theirs]),
                figures.ratio(rates[ours], rates[theirs]),
                *(f"{1000 * wait:.2f}" if most == 1 else "" for wait in self.p50),
                f"{bot:.0%} / {driver:.0%}",
            )
        )
        return rates[ours], rates[theirs]

    def show(self) -> None:
        figures.rows(
            self._suite.console,
            f"{self._platform}: acknowledged per second, medians of {self._suite.rounds} rounds",
            ("", "ours", "peer", "its", "ratio", "p50 ms", "its", "CPU bot / driver"),
            self._rows,
        )

    def verify(self) -> None:
        """Everything acknowledged is in the store. Raises RuntimeError."""
        stored = requests_in(self._bot.database)
        if stored != self._asked:
            raise RuntimeError(f"{self._asked} messages acknowledged, {stored} requests stored")


def requests_in(database: Path) -> int:
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT COUNT(*) FROM requests").fetchone()[0])
    finally:
        connection.close()
