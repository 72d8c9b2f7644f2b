"""Templates read and validated per second, to PyYAML's own parse of the same texts; and what 500
of them add to the start.

PyYAML only makes plain values of the YAML. Reading here also keeps the place of everything, makes
the parts of a template of it and, for a command, checks every name, expression, jump and jq script.
``CSafeLoader`` is PyYAML at its quickest; ``SafeLoader`` is what ``yaml.safe_load`` uses.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from bench import durable, figures, generated, processes
from bench.suite import Suite
from bot.commands import template_check
from bot.oos.template import parse

COUNT = 500
SLOW_COUNT = 50
"""So many are parsed by PyYAML's slow loader: a tenth gives its rate as well."""
STARTS = 3


async def measure(suite: Suite) -> None:
    folder = processes.FOLDER / "templates"
    shutil.rmtree(folder, ignore_errors=True)
    generated.fill(folder, COUNT)
    _rates(suite, folder)
    await _starts(suite)
    shutil.rmtree(folder)


def _rates(suite: Suite, folder: Path) -> None:
    texts = {path.stem: path.read_text("utf-8") for path in sorted(folder.iterdir())}
    few = list(texts.values())[:SLOW_COUNT]
    work: dict[str, tuple[int, Callable[[], object]]] = {
        "validated": (COUNT, lambda: _validated(folder)),
        "read": (COUNT, lambda: [parse.parse(text, name, name) for name, text in texts.items()]),
        "c": (COUNT, lambda: [yaml.load(text, yaml.CSafeLoader) for text in texts.values()]),
        "python": (SLOW_COUNT, lambda: [yaml.load(text, yaml.SafeLoader) for text in few]),
    }
    rates: dict[str, list[float]] = {name: [] for name in work}
    first = _timed(work["validated"][1])
    for _ in range(suite.rounds):
        for name, (count, do) in work.items():
            rates[name].append(count / _timed(do))
    suite.figures.keep("templates.validated_per_second", figures.median(rates["validated"]))
    suite.figures.keep("templates.validated_per_second_first", COUNT / first)
    for name in ("validated", "read"):
        suite.figures.keep(
            f"templates.{name}_times_csafeloader", figures.ratio(rates["c"], rates[name])
        )
        suite.figures.keep(
            f"templates.{name}_times_safeloader", figures.ratio(rates["python"], rates[name])
        )
    size = sum(map(len, texts.values())) / COUNT / 1000
    figures.rows(
        suite.console,
        f"{COUNT} templates of {size:.1f} KB on average; the first time {COUNT / first:.0f}/s",
        ("", "per second", "CSafeLoader takes 1, this", "SafeLoader takes 1, this"),
        [
            (
                label,
                figures.median(rates[name]),
                figures.ratio(rates["c"], rates[name]),
                figures.ratio(rates["python"], rates[name]),
            )
            for label, name in (
                ("read and validated", "validated"),
                ("read", "read"),
                ("yaml.CSafeLoader", "c"),
                ("yaml.SafeLoader", "python"),
            )
        ],
    )


def _validated(folder: Path) -> None:
    """What ``python -m bot template validate`` does. RuntimeError: not all are well."""
    faulty = [checked for checked in template_check.check([folder]) if checked.faults]
    if faulty:
        raise RuntimeError(f"a made-up template is not well: {faulty[0].lines()[0]}")


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


async def _starts(suite: Suite) -> None:
    """Seconds until the bot is connected, with one template and with all of them."""
    counts = (1, COUNT)
    configs = {}
    for count in counts:
        made = {generated.name(n): generated.written(n) for n in range(count)}
        folder = processes.FOLDER / f"start-{count}"
        configs[count] = durable.configuration(folder, suite.far.url, made)
    ready: dict[int, list[float]] = {count: [] for count in counts}
    checked: dict[int, list[float]] = {count: [] for count in counts}
    memory: dict[int, float] = {}
    for _ in range(STARTS):
        for count, config in configs.items():
            checked[count].append(await _check(config))
            async with processes.bot(suite.far, config) as bot:
                ready[count].append(bot.ready)
                memory[count] = bot.weigh().memory
    for count in counts:
        suite.figures.keep(f"templates.ready_seconds_{count}", figures.median(ready[count]))
        suite.figures.keep(f"templates.check_seconds_{count}", figures.median(checked[count]))
        suite.figures.keep(f"templates.memory_mb_{count}", memory[count])
    figures.rows(
        suite.console,
        "Start with templates as commands",
        ("", "python -m bot check, s", "connected after s", "memory MB"),
        [
            (
                f"{count} template{'s' * (count > 1)}",
                figures.median(checked[count]),
                figures.median(ready[count]),
                memory[count],
            )
            for count in counts
        ],
    )
    for config in configs.values():
        shutil.rmtree(config.parent)


async def _check(config: Path) -> float:
    """Seconds that ``python -m bot check`` takes. RuntimeError: it found a fault."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "check", "--config", str(config)),
        cwd=processes.ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"python -m bot check: {said.decode()[-500:]}")
    return time.perf_counter() - began
