"""How long an ack takes at two hundred events a second, which is far more than people can type."""

from __future__ import annotations

from bench import figures, processes
from bench.suite import Suite

RATE = 200.0


async def measure(suite: Suite) -> None:
    config = processes.configuration(processes.FOLDER / "paced", suite.far.url)
    seconds = 3.0 if suite.quick else 5.0
    rows = []
    async with processes.bot(suite.far, config):
        for platform in ("dingtalk", "lark"):
            await suite.far.pace(f"bot@{platform}", RATE, 1.0)
            said = [
                await suite.far.pace(f"bot@{platform}", RATE, seconds) for _ in range(suite.rounds)
            ]
            p50 = 1000 * figures.median(one["p50"] for one in said)
            p99 = 1000 * figures.median(one["p99"] for one in said)
            suite.figures.keep(f"ack.{platform}.p50_ms_at_200", p50)
            suite.figures.keep(f"ack.{platform}.p99_ms_at_200", p99)
            rows.append((platform, p50, p99, 1000 * max(one["p99"] for one in said)))
    suite.figures.keep("ack.p99_ms_at_200", max(row[2] for row in rows))
    figures.rows(
        suite.console,
        f"Paced at {RATE:.0f} events a second: milliseconds to the ack",
        ("", "p50", "p99", "p99 of the worst round"),
        rows,
    )
