"""``python -m adapters.console --as alice``: the console in a terminal.

Where the bot listens and the token of the person are read from ``[console]`` of bot.toml, or given:
``--url`` or ``--socket``, and ``--token-file`` or the environment variable COUNTERSIGN_TOKEN. Where
standard input is no terminal, its lines are said one after the other, each once the bot has nothing
more to say to the one before.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from adapters.console import client, joining, terminal


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m adapters.console",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--as", dest="account", default="", help="who you are in [console.tokens]")
    parser.add_argument("--config", type=Path, default=Path("bot.toml"), help="default: bot.toml")
    parser.add_argument("--chat", default="", help="where you begin; default: the first group")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--url", default="", help="where the bot listens, http://127.0.0.1:17310")
    place.add_argument("--socket", type=Path, help="the Unix socket on which it listens")
    parser.add_argument("--token-file", type=Path, help="a file that holds the token alone")
    return parser.parse_args(argv)


async def main(options: argparse.Namespace) -> None:
    address, token = joining.of(options)
    line = client.Client(address, token)
    try:
        await terminal.Terminal(line, options.chat).run()
    finally:
        await line.close()


def run(argv: list[str]) -> int:
    """The status to leave with: 0 left, 1 it can't be joined."""
    try:
        with terminal.terminal_settings():
            asyncio.run(main(arguments(argv)))
    except KeyboardInterrupt:
        print()
        return 0
    except (joining.Unusable, client.Refused, client.Unreachable) as fault:
        print(fault, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
