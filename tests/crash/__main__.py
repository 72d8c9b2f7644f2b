"""``make crash``: kill the bot at every named point of every story, on both platforms.

Every seed is one story with one death or two. The first seeds die at each checkpoint of each story
once; after them chance chooses. A run of few seeds plays each story on one platform only. Status 0:
everything was kept; 1: something was not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests import postgres
from tests.crash import cases, deaths, stories, transcripts, trial

SEEDS = 200


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--seeds", type=int, help="how many (default: all checkpoints, and ≥ 200)")
    parser.add_argument("--from", dest="first", type=int, default=0, help="the first seed")
    parser.add_argument("--story", action="append", default=[], choices=list(stories.STORIES))
    parser.add_argument("--platform", action="append", default=[], choices=deaths.PLATFORMS)
    parser.add_argument("--kill", action="append", default=[], type=deaths.kill, metavar="DEATH")
    parser.add_argument("--seed", type=int, default=0, help="the seed's number, with --kill")
    parser.add_argument(
        "--transcripts", choices=("compare", "record"), default="no", help="and kill nobody"
    )
    parser.add_argument("--record", action="store_const", dest="transcripts", const="record")
    parser.add_argument(
        "--store", choices=("sqlite", "postgres"), default="sqlite", help="(default: sqlite)"
    )
    parser.add_argument("--jobs", type=int, default=(os.cpu_count() or 1) + 1, help="at once")
    return parser.parse_args()


UNDISTURBED = {
    "ecs:DescribeInvocations": "after a death, to find what was started",
    "oos:CancelExecution": "when people stop what OOS runs",
    "ram:PassRole": "OOS itself judges it, when the execution starts",
}
"""Rights that undisturbed stories don't need, and when they are needed."""


class Board:
    """Prints what comes in."""

    def __init__(self, console: Console, server: postgres.Server | None = None) -> None:
        self.console, self._server = console, server
        self.results: list[trial.Result] = []

    async def play(
        self, wanted: Iterable[cases.Case], jobs: int, use: transcripts.Use = "no"
    ) -> list[trial.Result]:
        """Play cases, so many at once; tells every failure as soon as it is known."""
        waiting, before = iter(wanted), len(self.results)

        async def work() -> None:
            for case in waiting:
                result = await trial.trial(case, use, self._server)
                self.results.append(result)
                self.tell(result)

        await asyncio.gather(*(work() for _ in range(jobs)))
        return self.results[before:]

    def replay(self, case: cases.Case) -> str:
        """The command that plays a case again."""
        return case.replay_on("sqlite" if self._server is None else "postgres")

    def died(self) -> list[tuple[cases.Pair, str]]:
        """Where in which story the bot has died so far."""
        return [
            ((result.case.story, result.case.platform), death.checkpoint)
            for result in self.results
            for death in result.deaths
        ]

    def tell(self, result: trial.Result) -> None:
        case = result.case
        mark = "[red]✗[/red]" if result.faults else "[green]✓[/green]"
        deaths = ", ".join(map(str, case.kills)) or "undisturbed"
        came = "" if len(result.deaths) == len(case.kills) else f" ({len(result.deaths)} came)"
        self.console.print(
            f"{mark} {case.seed:>4} {case.platform:<8} {case.story:<16} {deaths}{came}"
            f" [dim]{result.seconds:.1f} s[/dim]",
            highlight=False,
        )
        for fault in result.faults:
            self.console.print(Text(f"       {fault}", "red"))
        if result.faults:
            self.console.print(
                Text(f"       again: {self.replay(case)}\n       {result.folder}", "yellow")
            )

    def table(self, seconds: float) -> None:
        """Deaths and failures by checkpoint, each failure with the command that repeats it, and in
        the end, alone on its line, how many trials passed and how many failed."""
        counts: dict[str, Counter[str]] = {}
        for result in self.results:
            for number, death in enumerate(result.case.kills):
                row = counts.setdefault(death.name, Counter())
                row["planned"] += 1
                if number < len(result.deaths):
                    row["came"] += 1
                    row["failed"] += bool(result.faults)
                    row[result.case.platform] += 1
        table = Table("death", "planned", "came", *deaths.PLATFORMS, "failures", box=None)
        for column in table.columns[1:]:
            column.justify = "right"
        for name in sorted(counts):
            row = counts[name]
            numbers = [row[key] for key in ("planned", "came", *deaths.PLATFORMS, "failed")]
            style = "red" if row["failed"] else ""
            table.add_row(name, *map(str, numbers), style=style)
        self.console.print(table)
        killed = [result for result in self.results if result.case.kills]
        failed = [result for result in self.results if result.faults]
        died = sum(len(result.deaths) for result in killed)
        for result in failed:
            self.console.print(Text(f"  {self.replay(result.case)}", "red"))
        self.console.print(f"{len(killed)} seeds, {died} deaths in {seconds:.0f} s")
        passed = len(self.results) - len(failed)
        self.console.print(f"{passed} passed, {len(failed)} failed", highlight=False)


async def main(options: argparse.Namespace) -> int:
    on_postgres = options.store == "postgres"
    with postgres.private() if on_postgres else contextlib.nullcontext() as server:
        return await tried(options, server)


async def tried(options: argparse.Namespace, server: postgres.Server | None) -> int:
    """Play what the options say, each bot with a database of that server, or a file."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    board, began = Board(console, server), time.monotonic()
    pairs = cases.chosen(options.story, options.platform)
    try:
        if options.transcripts != "no":
            calm = [cases.Case(0, *pair, ()) for pair in pairs]
            await board.play(calm, options.jobs, options.transcripts)
            idle = idle_rights(board.results)
            if idle and len(pairs) == len(cases.chosen((), ())):
                console.print(
                    f"no story needs what the doctor prints: {', '.join(idle)}", style="red"
                )
                return 1
        elif options.kill:
            exact = [cases.Case(options.seed, *pair, tuple(options.kill)) for pair in pairs]
            await board.play(exact, options.jobs)
        else:
            await everywhere(board, pairs, options)
    finally:
        board.table(time.monotonic() - began)
    return 1 if any(result.faults for result in board.results) else 0


def idle_rights(results: list[trial.Result]) -> list[str]:
    """The actions of the policies that the doctor prints that no story had to be allowed."""
    granted = set().union(*(result.granted for result in results))
    used = set().union(*(result.used for result in results))
    return sorted(granted - used - UNDISTURBED.keys())


async def everywhere(board: Board, pairs: list[cases.Pair], options: argparse.Namespace) -> None:
    """Look what an undisturbed run of each story reaches, and then die there."""
    console = board.console
    if options.seeds and options.seeds < len(pairs):
        pairs = cases.brief(pairs, options.first)
    calm = await board.play([cases.Case(0, *pair, ()) for pair in pairs], options.jobs)
    if any(result.faults for result in calm):
        console.print("Not even the undisturbed stories went as told.", style="red")
        return
    known = {(one.case.story, one.case.platform): one.reached for one in calm}
    reached = {pair: known[pair] for pair in pairs}
    least = cases.needed(reached)
    count = options.seeds or max(SEEDS, least)
    console.print(f"{least} checkpoints of {len(pairs)} stories; {count} seeds")
    await board.play(cases.plan(reached, options.first, count), options.jobs)
    if options.first == 0 and count >= least:
        missed = cases.missed(reached, board.died())
        console.print(f"{len(missed)} checkpoints were missed and are tried once more")
        await board.play(missed, options.jobs)
        for case in cases.missed(reached, board.died()):
            console.print(f"never came: {board.replay(case)}", style="yellow")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
